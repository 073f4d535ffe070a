"""Reads of venues and rooms, with the units a room claims."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import select

from portal.api import Organization, rows, session

from ..models import BookingsRoom, BookingsRoomUnit, BookingsVenue

_ROOM: Any = BookingsRoom.__table__.c
_VENUE: Any = BookingsVenue.__table__.c
_PART: Any = BookingsRoomUnit.__table__.c
_OWNER: Any = Organization.__table__.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A room as pages and verbs see it; ``grid`` in minutes, ``units`` in the order of their ids."""

    id: int
    uid: str
    name: str
    kind: str
    floor: str
    capacity: int
    fire_limit: int
    grid: int
    features: tuple[str, ...]
    step_free: bool
    about: str
    active: bool
    venue_id: int
    venue_uid: str
    venue: str
    venue_kind: str
    address: str
    lat: float | None
    lng: float | None
    owner_id: int | None
    owner_path: str
    units: tuple[int, ...] = field(default=())


class Placed(Protocol):
    """Whatever lies in a room."""

    @property
    def room_id(self) -> int: ...


def rooms(
    *,
    ids: Collection[int] | None = None,
    uids: Collection[str] | None = None,
    venue_id: int | None = None,
    every: bool = False,
) -> list[Room]:
    """Return the rooms of the district (these only, of one venue only), center first, by venue and place.

    Those out of use are left out unless they are named, or ``every`` is asked for.
    """
    found = (
        rows(
            BookingsRoom,
            _ROOM.id,
            _ROOM.uid,
            _ROOM.name,
            _ROOM.kind,
            _ROOM.floor,
            _ROOM.capacity,
            _ROOM.fire_limit,
            _ROOM.grid_minutes.label("grid"),
            _ROOM.features,
            _ROOM.step_free,
            _ROOM.about,
            (_ROOM.active & _VENUE.active).label("active"),
            _ROOM.venue_id,
            _VENUE.uid.label("venue_uid"),
            _VENUE.name.label("venue"),
            _VENUE.kind.label("venue_kind"),
            _VENUE.address,
            _VENUE.lat,
            _VENUE.lng,
            _VENUE.owner_id,
            _OWNER.path.label("owner_path"),
        )
        .join(BookingsVenue, _VENUE.id == _ROOM.venue_id)
        .outerjoin(Organization, _OWNER.id == _VENUE.owner_id)
        .order_by(_VENUE.kind, _VENUE.name, _VENUE.id, _ROOM.position, _ROOM.id)
    )
    if ids is not None:
        found = found.where(_ROOM.id.in_(sorted(ids)))
    if uids is not None:
        found = found.where(_ROOM.uid.in_(sorted(uids)))
    if venue_id is not None:
        found = found.where(_ROOM.venue_id == venue_id)
    if ids is None and uids is None and not every:
        found = found.where(_ROOM.active, _VENUE.active)
    listed = [row._asdict() for row in session.execute(found)]
    parts = units_of(row["id"] for row in listed)
    return [
        Room(
            **{
                **row,
                "features": tuple(row["features"]),
                "owner_path": row["owner_path"] or "",
                "active": bool(row["active"]),
                "units": parts.get(row["id"], ()),
            }
        )
        for row in listed
    ]


def room(*, id: int | None = None, uid: str | None = None) -> Room | None:
    """Return one room, in use or not; None where this district has none of that name."""
    found = rooms(ids=None if id is None else [id], uids=None if uid is None else [uid])
    return found[0] if len(found) == 1 else None


def room_of(row: Placed) -> Room:
    """Return the room of a booking, of one of its times or of a wish; a room is never deleted."""
    found = room(id=row.room_id)
    assert found is not None
    return found


def units_of(room_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Return the units of each room, ordered."""
    wanted = sorted(set(room_ids))
    if not wanted:
        return {}
    found: dict[int, list[int]] = {}
    for room_id, unit_id in session.execute(
        rows(BookingsRoomUnit, _PART.room_id, _PART.unit_id)
        .where(_PART.room_id.in_(wanted))
        .order_by(_PART.room_id, _PART.unit_id)
    ):
        found.setdefault(room_id, []).append(unit_id)
    return {room_id: tuple(units) for room_id, units in found.items()}


def neighbours(room_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Return every room that shares a unit with one of these, itself included, with all its units.

    A hall and the rooms it is made of: who frees one may free another, and locks the units of all.
    """
    wanted = sorted(set(room_ids))
    if not wanted:
        return {}
    own = select(_PART.unit_id).where(_PART.room_id.in_(wanted))
    around = session.scalars(rows(BookingsRoomUnit, _PART.room_id).where(_PART.unit_id.in_(own)).distinct())
    return units_of(around)
