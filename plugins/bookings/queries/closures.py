"""Reads of closures: those there are, and who is inside one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from portal.api import Account, rows, session

from ..models import BookingsBooking, BookingsClosure, BookingsRoom, BookingsVenue
from . import places
from .places import Room

_CLOSURE: Any = BookingsClosure.__table__.c
_VENUE: Any = BookingsVenue.__table__.c
_ROOM: Any = BookingsRoom.__table__.c
_ACCOUNT: Any = Account.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Closed:
    """A closure as the list shows it; ``room`` is empty where all of a venue is closed."""

    uid: str
    venue: str
    room: str
    start: datetime
    end: datetime
    reason: str
    state: str
    by: str


def closures(
    venue_ids: Collection[int], *, now: datetime, past: bool = False, limit: int = 100
) -> list[Closed]:
    """Return the closures of these venues that are not over (``past``: those that are or were lifted)."""
    over = (_CLOSURE.ends_at <= now) | (_CLOSURE.state == "lifted")
    found = (
        rows(
            BookingsClosure,
            _CLOSURE.uid,
            _VENUE.name.label("venue"),
            func.coalesce(_ROOM.name, "").label("room"),
            _CLOSURE.starts_at.label("start"),
            _CLOSURE.ends_at.label("end"),
            _CLOSURE.reason,
            _CLOSURE.state,
            func.coalesce(_ACCOUNT.display_name, "").label("by"),
        )
        .join(BookingsVenue, _VENUE.id == _CLOSURE.venue_id)
        .outerjoin(BookingsRoom, _ROOM.id == _CLOSURE.room_id)
        .outerjoin(Account, _ACCOUNT.id == _CLOSURE.closed_by)
        .where(_CLOSURE.venue_id.in_(sorted(venue_ids)), over if past else ~over)
        .order_by(_CLOSURE.starts_at.desc() if past else _CLOSURE.starts_at, _CLOSURE.id)
        .limit(limit)
    )
    return [Closed(**row._asdict()) for row in session.execute(found)]


def of_room(room: Room, start: datetime, end: datetime) -> list[Any]:
    """Return the closures of a room, a hall's parts among them, that touch a time: (start, end, reason)."""
    return of_rooms([room], start, end)[room.id]


def of_rooms(rooms: Sequence[Room], start: datetime, end: datetime) -> dict[int, list[Any]]:
    """Return the same for each of some rooms, in two statements."""
    near = places.neighbours(room.id for room in rooms)
    found = (
        rows(
            BookingsClosure,
            _CLOSURE.venue_id,
            _CLOSURE.room_id,
            _CLOSURE.starts_at,
            _CLOSURE.ends_at,
            _CLOSURE.reason,
        )
        .where(
            _CLOSURE.venue_id.in_(sorted({room.venue_id for room in rooms})),
            _CLOSURE.state == "closed",
            _CLOSURE.room_id.is_(None) | _CLOSURE.room_id.in_(sorted(near)),
            _CLOSURE.starts_at < end,
            _CLOSURE.ends_at > start,
        )
        .order_by(_CLOSURE.starts_at, _CLOSURE.id)
    )
    every = session.execute(found).all()
    touching = {
        room.id: {other for other, units in near.items() if not set(units).isdisjoint(room.units)}
        for room in rooms
    }
    return {
        room.id: [
            row
            for row in every
            if row.venue_id == room.venue_id and (row.room_id is None or row.room_id in touching[room.id])
        ]
        for room in rooms
    }


def closure(uid: str) -> BookingsClosure | None:
    """Return the closure of that name in this district."""
    return session.scalar(select(BookingsClosure).where(BookingsClosure.uid == uid))


def venue(venue_id: int) -> BookingsVenue:
    """Return a venue; a room's is never deleted."""
    return session.get_one(BookingsVenue, venue_id)


def titles(booking_ids: Collection[int]) -> dict[int, tuple[str, str, str]]:
    """Return uid, title and contact of bookings."""
    if not booking_ids:
        return {}
    found = rows(BookingsBooking, _BOOKING.id, _BOOKING.uid, _BOOKING.title, _BOOKING.contact_name).where(
        _BOOKING.id.in_(sorted(booking_ids))
    )
    return {row.id: (row.uid, row.title, row.contact_name) for row in session.execute(found)}
