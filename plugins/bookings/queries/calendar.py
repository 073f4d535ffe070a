"""What stands in which room when: the desk's day and week, read with few statements whatever there is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from portal.api import clock, rows, session

from ..hours import Hours
from ..models import BookingsBooking, BookingsClosure, BookingsOccurrence, BookingsWish
from ..verdicts import LONGEST
from .places import Room

_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c
_CLOSURE: Any = BookingsClosure.__table__.c
_WISH: Any = BookingsWish.__table__.c
#: What a calendar shows: who comes, who is here, who was.
SHOWN = ("requested", "approved", "checked_in", "completed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Busy:
    """A time of a booking. ``known``: whoever looks may read whose it is; else it is only taken."""

    id: int
    uid: str
    version: int
    room_id: int
    start: datetime
    end: datetime
    state: str
    competes: bool
    booking_uid: str
    title: str
    who: str
    phone_tail: str
    headcount: int
    account_id: int | None
    known: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Shut:
    """A closed time of one room, or of every room of a venue (``room_id`` None)."""

    venue_id: int
    room_id: int | None
    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A time that is held for somebody on the waiting list."""

    room_id: int
    start: datetime
    end: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Board:
    """Everything that rooms show over some days."""

    rooms: tuple[Room, ...]
    days: tuple[date, ...]
    busy: tuple[Busy, ...]
    held: tuple[Held, ...]
    shut: tuple[Shut, ...]
    hours: Hours
    #: Room id -> the rooms shown that share a part with it.
    beside: Mapping[int, tuple[Room, ...]]

    def of(self, room: Room, day: date) -> list[Busy]:
        """Return what stands in one room on one day, by its begin."""
        return [one for one in self.busy if one.room_id == room.id and _on(one, day)]

    def around(self, room: Room, day: date) -> list[Busy]:
        """Return what stands that day in rooms that share a part with this one: a hall, or its parts."""
        return [
            one
            for one in self.busy
            if one.room_id != room.id
            and _on(one, day)
            and any(other.id == room.id for other in self.beside[one.room_id])
        ]

    def closed(self, room: Room, day: date) -> list[Shut]:
        """Return the closures of a room on a day."""
        return [one for one in self.shut if self.shuts(one, room) and _on(one, day)]

    def shuts(self, one: Shut, room: Room) -> bool:
        """Tell whether a closure closes a room: its own, its house's, or that of a hall or part of it."""
        if one.room_id is None:
            return one.venue_id == room.venue_id
        return one.room_id == room.id or room in self.beside.get(one.room_id, ())


def _on(one: Busy | Shut, day: date) -> bool:
    return one.start < clock.at(day + timedelta(days=1)) and one.end > clock.at(day)


def board(
    rooms: Sequence[Room],
    days: Sequence[date],
    *,
    every: Iterable[Room],
    seen: Collection[int],
    own: int | None,
    states: Sequence[str] = SHOWN,
) -> Board:
    """Return what stands in ``rooms`` on ``days`` (civil, rising), in five statements.

    ``every`` are all rooms there are, for halls and their parts; ``seen`` the ids of rooms whose bookings the
    asker may read, ``own`` the account whose bookings are the own.
    """
    beside = _beside(rooms, every)
    first, last = clock.at(days[0]), clock.at(days[-1] + timedelta(days=1))
    wanted = sorted(beside)
    venues = sorted({room.venue_id for room in rooms})
    return Board(
        rooms=tuple(rooms),
        days=tuple(days),
        busy=tuple(busy(wanted, first, last, seen=seen, own=own, states=states)),
        held=tuple(_held(wanted, first, last)),
        shut=tuple(_shut(venues, first, last)),
        hours=Hours(rooms, days[0], days[-1]),
        beside=beside,
    )


def busy(
    room_ids: Sequence[int],
    first: datetime,
    last: datetime,
    *,
    seen: Collection[int],
    own: int | None,
    states: Sequence[str] = SHOWN,
) -> list[Busy]:
    """Return the times of bookings that touch ``first`` to ``last`` in these rooms, by begin; one statement.

    What this person may not read has no title, no name and nobody's account in it.
    """
    found = (
        rows(
            BookingsOccurrence,
            _TIME.id,
            _TIME.uid,
            _TIME.version,
            _TIME.room_id,
            _TIME.starts_at.label("start"),
            _TIME.ends_at.label("end"),
            _TIME.state,
            _TIME.competes,
            _BOOKING.uid.label("booking_uid"),
            _BOOKING.title,
            _BOOKING.contact_name.label("who"),
            _BOOKING.phone_tail,
            _BOOKING.headcount,
            _BOOKING.account_id,
        )
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .where(
            _TIME.room_id.in_(room_ids),
            _TIME.state.in_(states),
            _TIME.starts_at < last,
            _TIME.ends_at > first,
            # The index goes by the begin.
            _TIME.starts_at > first - LONGEST,
        )
        .order_by(_TIME.starts_at, _TIME.id)
    )
    return [_masked(Busy(**row._asdict()), seen, own) for row in session.execute(found)]


def _masked(one: Busy, seen: Collection[int], own: int | None) -> Busy:
    if one.room_id in seen or own is not None and one.account_id == own:
        return one
    return Busy(
        id=one.id,
        uid="",
        version=0,
        room_id=one.room_id,
        start=one.start,
        end=one.end,
        state=one.state,
        competes=one.competes,
        booking_uid="",
        title="",
        who="",
        phone_tail="",
        headcount=0,
        account_id=None,
        known=False,
    )


def _held(room_ids: Sequence[int], first: datetime, last: datetime) -> list[Held]:
    found = rows(BookingsWish, _WISH.room_id, _WISH.starts_at, _WISH.ends_at).where(
        _WISH.room_id.in_(room_ids),
        _WISH.state == "offered",
        _WISH.starts_at < last,
        _WISH.ends_at > first,
    )
    return [Held(room_id=room_id, start=start, end=end) for room_id, start, end in session.execute(found)]


def _shut(venue_ids: Sequence[int], first: datetime, last: datetime) -> list[Shut]:
    found = rows(
        BookingsClosure,
        _CLOSURE.venue_id,
        _CLOSURE.room_id,
        _CLOSURE.starts_at.label("start"),
        _CLOSURE.ends_at.label("end"),
        _CLOSURE.reason,
    ).where(
        _CLOSURE.venue_id.in_(venue_ids),
        _CLOSURE.state == "closed",
        _CLOSURE.starts_at < last,
        _CLOSURE.ends_at > first,
    )
    return [Shut(**row._asdict()) for row in session.execute(found.order_by(_CLOSURE.starts_at))]


def _beside(rooms: Sequence[Room], every: Iterable[Room]) -> dict[int, tuple[Room, ...]]:
    """Return for each room that shares a part with those shown, itself included, which of them it touches."""
    by_unit: dict[int, list[Room]] = {}
    for room in rooms:
        for unit in room.units:
            by_unit.setdefault(unit, []).append(room)
    found: dict[int, tuple[Room, ...]] = {}
    for other in every:
        touched = {room.id: room for unit in other.units for room in by_unit.get(unit, ())}
        if touched:
            found[other.id] = tuple(room for key, room in sorted(touched.items()) if key != other.id)
    return found
