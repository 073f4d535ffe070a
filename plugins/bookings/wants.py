"""From a room and a time to the slots that make it up: the room's units, its buffers, pieces of equipment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_

from portal.api import claims, rows, session

from .models import BookingsEquipment, BookingsEquipmentUnit
from .queries.places import Room
from .verdicts import Refusal, Span, off_grid

OCCURRENCE = "bookings.occurrence"
CLOSURE = "bookings.closure"
WISH = "bookings.wish"

_KIND: Any = BookingsEquipment.__table__.c
_PIECE: Any = BookingsEquipmentUnit.__table__.c
_UNIT: Any = claims.ClaimUnit.__table__.c


def of_room(room: Room, span: Span, *, before: int, after: int, kind: str = "use") -> list[claims.Want]:
    """Return the slots of a room for a time, with buffers (minutes) before and after it.

    Raises: claims.OffGrid, claims.EmptySpan.
    """
    used = claims.slots(span.start, span.end, room.grid)
    ahead, behind = claims.widened(used, before=before, after=after, grid=room.grid)
    around = "buffer" if kind == "use" else kind
    return [
        claims.Want(unit_id=unit, span=part, kind=name)
        for unit in room.units
        for part, name in ((ahead, around), (used, kind), (behind, around))
        if part
    ]


def of_piece(unit_id: int, grid: int, span: Span) -> claims.Want:
    """Return the slots of a piece of equipment for a time; its own grid, rounded outward."""
    minutes = grid * 60
    first = int(span.start.timestamp()) // minutes
    last = -(-int(span.end.timestamp()) // minutes)
    return claims.Want(unit_id=unit_id, span=range(first, last))


def on_grid(room: Room, span: Span) -> list[Refusal]:
    """Return what the room's grid has against a time: the field and the nearest that fit."""
    found = []
    for field, at in (("start", span.start), ("end", span.end)):
        nearest = claims.nearest(at, room.grid)
        if nearest is not None:
            found.append(off_grid(nearest, field))
    return found


def pieces_of(needs: Mapping[int, int], *, venue_id: int) -> dict[int, list[int]]:
    """Return the units of the pieces that work, of each kind of equipment wanted at a venue, ordered."""
    wanted = sorted(kind for kind, number in needs.items() if number > 0)
    if not wanted:
        return {}
    found: dict[int, list[int]] = {}
    statement = (
        rows(BookingsEquipmentUnit, _PIECE.equipment_id, _PIECE.unit_id)
        .join(BookingsEquipment, _KIND.id == _PIECE.equipment_id)
        .where(
            and_(
                _PIECE.equipment_id.in_(wanted), _KIND.venue_id == venue_id, _KIND.active, _PIECE.fault == ""
            )
        )
        .order_by(_PIECE.equipment_id, _PIECE.unit_id)
    )
    for kind, unit_id in session.execute(statement):
        found.setdefault(kind, []).append(unit_id)
    return found


def grids_of(unit_ids: Iterable[int]) -> dict[int, int]:
    """Return the grid (minutes) of each unit without locking it: for a forecast."""
    wanted = sorted(set(unit_ids))
    if not wanted:
        return {}
    found = rows(claims.ClaimUnit, _UNIT.id, _UNIT.grid_minutes).where(_UNIT.id.in_(wanted))
    return {row.id: row.grid_minutes for row in session.execute(found)}


def choose(
    pieces: Mapping[int, Sequence[int]],
    needs: Mapping[int, int],
    grids: Mapping[int, int],
    span: Span,
    *,
    apart_from: Iterable[claims.Holder] = (),
) -> tuple[list[claims.Want], list[int]]:
    """Pick free pieces for a time; return their slots, and the kinds of which too few are free.

    Their units must be locked; a piece that came to them meanwhile, repaired or new, is left alone.
    """
    spared = tuple(apart_from)
    chosen: list[claims.Want] = []
    lacking: list[int] = []
    for kind, number in sorted(needs.items()):
        if number <= 0:
            continue
        every = [of_piece(unit, grids[unit], span) for unit in pieces.get(kind, ()) if unit in grids]
        busy = {clash.unit_id for clash in claims.taken(every, apart_from=spared)}
        free = [want for want in every if want.unit_id not in busy]
        if len(free) < number:
            lacking.append(kind)
        chosen += free[:number]
    return chosen, lacking
