"""The promise behind every booking: each living one has exactly its slots, and no slot belongs to two.

A closure has every slot of its rooms in it that nobody keeps; a lifted one has none.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from plugins.bookings.models import (
    BookingsBooking,
    BookingsClosure,
    BookingsEquipmentUnit,
    BookingsOccurrence,
    BookingsWish,
)
from plugins.bookings.models.booking import LIVE
from plugins.bookings.queries import places
from plugins.bookings.verdicts import Span
from plugins.bookings.wants import CLOSURE, OCCURRENCE, WISH, of_piece, of_room
from portal.api import claims, session


def wrong() -> list[str]:
    """Return what does not hold, a sentence each; pieces of equipment are counted apart."""
    rooms = {room.id: room for room in places.rooms(every=True)}
    of_rooms = {unit for room in rooms.values() for unit in room.units}
    there: dict[tuple[str, int], set[tuple[int, int, str]]] = {}
    seen: set[tuple[int, int]] = set()
    found: list[str] = []
    for row in session.execute(select(claims.Claim.__table__)):
        if row.unit_id not in of_rooms:
            continue
        if (row.unit_id, row.slot) in seen:
            found.append(f"slot {row.slot} of unit {row.unit_id} twice")
        seen.add((row.unit_id, row.slot))
        there.setdefault((row.holder_type, row.holder_id), set()).add((row.unit_id, row.slot, row.kind))
    for one in session.scalars(select(BookingsOccurrence).execution_options(populate_existing=True)):
        holds = one.state in (*LIVE, "completed", "no_show") and not one.competes
        found += _differs(OCCURRENCE, one, rooms, there, "use" if holds else None)
    for wish in session.scalars(select(BookingsWish).execution_options(populate_existing=True)):
        found += _differs(WISH, wish, rooms, there, "held" if wish.state == "offered" else None)
    for closure in session.scalars(select(BookingsClosure).execution_options(populate_existing=True)):
        found += _closed(closure, rooms, there.pop((CLOSURE, closure.id), set()), seen)
    return found + [f"{kind} {number} has slots and is not there" for kind, number in there]


def _closed(
    closure: BookingsClosure, rooms: Any, has: set[tuple[int, int, str]], taken: set[tuple[int, int]]
) -> list[str]:
    """Hold a closure's slots against all of its rooms in its time, but for those that are somebody else's."""
    span = Span(start=closure.starts_at, end=closure.ends_at)
    within = {
        (unit, slot)
        for room in rooms.values()
        if closure.state == "closed" and closure.venue_id == room.venue_id
        if closure.room_id in (None, room.id)
        for unit in room.units
        for slot in of_piece(unit, room.grid, span).span
    }
    mine = {(unit, slot) for unit, slot, _kind in has}
    own = within - (taken - mine)
    found = [
        f"closure {closure.id} has slots of the kind {kind}" for kind in {one[2] for one in has} - {"closed"}
    ]
    if mine != own:
        found.append(f"closure {closure.id} ({closure.state}) lacks {own - mine}, has besides {mine - own}")
    return found


def _differs(kind: str, one: Any, rooms: Any, there: Any, use: str | None) -> list[str]:
    has = there.pop((kind, one.id), set())
    own = set()
    if use is not None:
        span = Span(start=one.starts_at, end=one.ends_at)
        for want in of_room(
            rooms[one.room_id], span, before=one.buffer_before, after=one.buffer_after, kind=use
        ):
            own |= {(want.unit_id, slot, want.kind) for slot in want.span}
    if one.state in ("no_show", "completed") and has < own:
        # What was left of it was let go: the end, never a part before what is still held.
        until: dict[int, int] = {}
        for unit, slot, _kind in has:
            until[unit] = max(slot, until.get(unit, slot))
        gone = [(unit, slot) for unit, slot, _kind in own - has if slot < until.get(unit, slot)]
        return [f"{kind} {one.id} ({one.state}) let go of {gone} and holds what comes after"] if gone else []
    return [] if has == own else [f"{kind} {one.id} ({one.state}) has {len(has)} slots, not {len(own)}"]


def pieces_wrong() -> list[str]:
    """Return living occurrences that have more or fewer pieces than they wanted, or at other times."""
    found = []
    pieces = {row.unit_id: row.equipment_id for row in session.scalars(select(BookingsEquipmentUnit))}
    for one in session.scalars(select(BookingsOccurrence).execution_options(populate_existing=True)):
        needs = session.get_one(BookingsBooking, one.booking_id).needs
        had: dict[int, dict[int, set[int]]] = {}
        for unit_id, slot, _kind in claims.held(claims.Holder(OCCURRENCE, one.id)):
            if unit_id in pieces:
                had.setdefault(pieces[unit_id], {}).setdefault(unit_id, set()).add(slot)
        wanted = {int(kind): number for kind, number in needs.items()} if one.state in LIVE else {}
        if one.competes:
            wanted = {}
        counts = {kind: len(units) for kind, units in had.items()}
        whole = set(claims.slots(one.starts_at, one.ends_at, 15))
        times = [slots == whole for units in had.values() for slots in units.values()]
        if counts != wanted or not all(times):
            found.append(f"{one.id} ({one.state}) has {counts}, wanted {wanted}, its time {times}")
    return found
