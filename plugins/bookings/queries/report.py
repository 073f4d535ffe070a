"""How rooms were used: hours booked, used and open, by room and venue; nobody is named (criterion 22)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from portal.api import clock, rows, session

from ..hours import Hours, Interval
from ..models import BookingsClosure, BookingsOccurrence
from ..verdicts import LONGEST
from . import places
from .places import Room
from .requests import sharing

#: A room is somebody's in these states; it was used where somebody came.
BOOKED = ("approved", "checked_in", "completed", "no_show")
_TIME: Any = BookingsOccurrence.__table__.c
_CLOSED: Any = BookingsClosure.__table__.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """Minutes of a room in a period, and how many times it was booked.

    ``used`` are booked minutes for which somebody checked in; ``open`` are opening hours without closures.
    """

    booked: int = 0
    used: int = 0
    open: int = 0
    times: int = 0

    def __add__(self, other: Use) -> Use:
        """Return both together."""
        return Use(
            booked=self.booked + other.booked,
            used=self.used + other.used,
            open=self.open + other.open,
            times=self.times + other.times,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A room and its use."""

    room: Room
    use: Use


def report(first: date, last: date, *, within: Callable[[Room], bool]) -> list[Line]:
    """Return the use of each room ``within`` says yes to, from ``first`` to ``last`` (both included).

    Rooms out of use are there as far as they were booked. Few queries, whatever there is.
    """
    listed = [room for room in places.rooms(every=True) if within(room)]
    if not listed:
        return []
    begins, stops = clock.at(first), clock.at(last + timedelta(days=1))
    booked, used, times = _bookings(begins, stops, {room.id for room in listed})
    closed = _closures(begins, stops, {room.venue_id for room in listed})
    hours = Hours(listed, first - timedelta(days=1), last)
    beside = sharing(listed, listed)
    found = []
    for room in listed:
        own = booked.get(room.id, [])
        if not room.active and not own:
            continue
        shut = list(closed.get((room.venue_id, None), ()))
        shut += [part for other in beside[room.id] for part in closed.get((room.venue_id, other), ())]
        open_then = _clipped(hours.intervals(room, begins, stops), begins, stops) if room.active else []
        found.append(
            Line(
                room=room,
                use=Use(
                    booked=_minutes(_merged(own)),
                    used=_minutes(_merged(used.get(room.id, []))),
                    open=_minutes(_without(open_then, _merged(shut))),
                    times=times.get(room.id, 0),
                ),
            )
        )
    return found


def _bookings(
    begins: datetime, stops: datetime, room_ids: set[int]
) -> tuple[dict[int, list[Interval]], dict[int, list[Interval]], dict[int, int]]:
    booked: dict[int, list[Interval]] = defaultdict(list)
    used: dict[int, list[Interval]] = defaultdict(list)
    times: dict[int, int] = defaultdict(int)
    statement = rows(
        BookingsOccurrence, _TIME.room_id, _TIME.starts_at, _TIME.ends_at, _TIME.arrived_at
    ).where(
        _TIME.state.in_(BOOKED),
        _TIME.starts_at < stops,
        # Nobody may take a room for longer: without it all years before would be read, and left out.
        _TIME.starts_at > begins - LONGEST,
        _TIME.ends_at > begins,
    )
    for room_id, start, end, arrived in session.execute(statement):
        if room_id not in room_ids:
            continue
        part = max(start, begins), min(end, stops)
        booked[room_id].append(part)
        times[room_id] += 1
        if arrived is not None:
            used[room_id].append(part)
    return booked, used, times


def _closures(
    begins: datetime, stops: datetime, venue_ids: set[int]
) -> dict[tuple[int, int | None], list[Interval]]:
    found: dict[tuple[int, int | None], list[Interval]] = defaultdict(list)
    statement = rows(
        BookingsClosure, _CLOSED.venue_id, _CLOSED.room_id, _CLOSED.starts_at, _CLOSED.ends_at
    ).where(_CLOSED.state == "closed", _CLOSED.starts_at < stops, _CLOSED.ends_at > begins)
    for venue_id, room_id, start, end in session.execute(statement):
        if venue_id in venue_ids:
            found[venue_id, room_id].append((start, end))
    return found


def _clipped(intervals: Iterable[Interval], begins: datetime, stops: datetime) -> list[Interval]:
    return [
        (max(start, begins), min(end, stops)) for start, end in intervals if start < stops and end > begins
    ]


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Return what is covered, each minute once: what a room let go was had by somebody else in turn."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _without(intervals: Sequence[Interval], holes: Sequence[Interval]) -> list[Interval]:
    """Return ``intervals`` without what ``holes`` cover; both ordered, neither with overlaps."""
    found: list[Interval] = []
    for start, end in intervals:
        at = start
        for begins, stops in holes:
            if stops <= at or begins >= end:
                continue
            if begins > at:
                found.append((at, begins))
            at = max(at, stops)
        if at < end:
            found.append((at, end))
    return found


def _minutes(intervals: Iterable[Interval]) -> int:
    return sum(int((end - start).total_seconds()) // 60 for start, end in intervals)
