"""Turn resources, events, open hours and closures into the columns of a calendar; nothing is changed.

One column is one resource on one civil day. What lies outside of the open hours widens the axis instead of
vanishing: a booking from before the hours changed must still be seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from portal import clock

#: Minutes of one step of the axis, which is also the grid of the claims.
GRID = 15
DAY = 24 * 60
_HOUR = 60


class Span(NamedTuple):
    """Minutes of a civil day: from ``start`` up to, and without, ``end`` (0 to 1440)."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarResource:
    """A thing that can be taken for a time: a room, a counter, a car. ``url`` leads to its own calendar."""

    id: int | str
    name: str
    url: str = ""
    sub: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarEvent:
    """Something that takes a resource from ``start`` to ``end`` (aware instants).

    ``movable``: whoever looks may move and resize it; then ``version`` is the one the page has read.
    ``tone``: ok, warn, bad, info or quiet.
    """

    id: int | str
    resource_id: int | str
    start: datetime
    end: datetime
    title: str
    url: str = ""
    sub: str = ""
    tone: str = "info"
    movable: bool = False
    version: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarClosure:
    """A time (aware instants) in which a resource, or every one (None), cannot be taken, and why."""

    start: datetime
    end: datetime
    reason: str
    resource_id: int | str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """The part of an event that lies in one column; ``lane`` of ``lanes`` that stand side by side."""

    event: CalendarEvent
    start: int
    end: int
    lane: int = 0
    lanes: int = 1
    from_before: bool = False
    goes_on: bool = False

    @property
    def movable(self) -> bool:
        """Tell whether it can be dragged: only what the column shows whole."""
        return self.event.movable and not (self.from_before or self.goes_on)


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One resource on one day: its events by start, when it is open, and when and why it is closed."""

    resource: CalendarResource
    day: date
    pieces: tuple[Piece, ...]
    opens: tuple[Span, ...]
    closed: tuple[tuple[Span, str], ...]

    def free(self, start: int, end: int) -> bool:
        """Tell whether it is open and not taken from ``start`` to ``end``, minutes of the day."""
        within = any(span.start <= start and end <= span.end for span in self.opens)
        taken = any(start < span.end and span.start < end for span, _reason in self.closed)
        return (
            within and not taken and not any(start < piece.end and piece.start < end for piece in self.pieces)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """Columns by resource and, within it, by day; the axis ``first`` to ``last`` is whole hours."""

    resources: tuple[CalendarResource, ...]
    days: tuple[date, ...]
    columns: tuple[Column, ...]
    first: int
    last: int
    grid: int = GRID

    @property
    def mode(self) -> str:
        """Name what is shown: ``day`` (resources side by side), ``week`` (one's days) or ``all`` (both)."""
        if len(self.days) == 1:
            return "day"
        return "week" if len(self.resources) == 1 else "all"

    @property
    def hours(self) -> tuple[int, ...]:
        """Return the beginning of each hour of the axis, in minutes of the day."""
        return tuple(range(self.first, self.last, _HOUR))


def calendar_plan(
    *,
    resources: Sequence[CalendarResource],
    events: Iterable[CalendarEvent],
    days: Sequence[date],
    opens: Callable[[CalendarResource, date], Sequence[tuple[int, int]]] | None = None,
    closures: Iterable[CalendarClosure] = (),
    hours: tuple[int, int] = (8 * 60, 18 * 60),
) -> Calendar:
    """Lay events out over ``days`` (civil days of Asia/Shanghai, rising).

    ``opens`` names the open minutes of a resource on a day (none: closed all day); without it ``hours`` hold
    for all. Every event that touches a shown day of a shown resource stands in each column it touches once,
    cut at midnight; others are left out.

    Raises:
        ValueError: an event or closure that ends before it begins, days twice or out of order.
    """
    if list(days) != sorted(set(days)):
        raise ValueError("days must rise")
    known = {resource.id for resource in resources}
    taken: dict[tuple[Any, date], list[Piece]] = {}
    for event in events:
        if event.resource_id in known:
            for day, span in _cut(event.start, event.end, days):
                before, after = _edge(day, 0) > event.start, _edge(day, 1) < event.end
                piece = Piece(event=event, start=span.start, end=span.end, from_before=before, goes_on=after)
                taken.setdefault((event.resource_id, day), []).append(piece)
    shut: dict[tuple[Any, date], list[tuple[Span, str]]] = {}
    for closure in closures:
        for day, span in _cut(closure.start, closure.end, days):
            shut.setdefault((closure.resource_id, day), []).append((span, closure.reason))
    columns = []
    for resource in resources:
        for day in days:
            named = opens(resource, day) if opens is not None else (hours,)
            columns.append(
                Column(
                    resource=resource,
                    day=day,
                    pieces=_in_lanes(taken.get((resource.id, day), [])),
                    opens=tuple(Span(*one) for one in named),
                    closed=tuple(sorted(shut.get((resource.id, day), []) + shut.get((None, day), []))),
                )
            )
    first, last = _axis(columns, hours)
    return Calendar(
        resources=tuple(resources), days=tuple(days), columns=tuple(columns), first=first, last=last
    )


def _edge(day: date, plus: int) -> datetime:
    """Return midnight in Asia/Shanghai ``plus`` days after ``day``."""
    return clock.at(day + timedelta(days=plus))


def _cut(start: datetime, end: datetime, days: Sequence[date]) -> Iterable[tuple[date, Span]]:
    """Return the minutes of each of the days that lie from ``start`` to ``end``."""
    if end <= start:
        raise ValueError("it ends before it begins")
    start, end = start.astimezone(clock.SHANGHAI), end.astimezone(clock.SHANGHAI)
    for day in days:
        if start.date() > day or end.date() < day:
            continue
        since = 0 if start.date() < day else start.hour * 60 + start.minute
        # A begun minute is taken to its end.
        until = DAY if end.date() > day else end.hour * 60 + end.minute + bool(end.second or end.microsecond)
        if since < until:
            yield day, Span(since, until)


def _in_lanes(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Give pieces that overlap lanes of their own; each group of touching ones shares its width evenly.

    A piece counts as at least two steps long: a shorter block could not be pressed with a finger.
    """
    pieces = sorted(pieces, key=lambda piece: (piece.start, -piece.end, str(piece.event.id)))
    done: list[Piece] = []
    group: list[tuple[Piece, int]] = []
    ends: list[int] = []
    for piece in pieces:
        if ends and piece.start >= max(ends):
            done += _wide(group, len(ends))
            group, ends = [], []
        until = max(piece.end, piece.start + 2 * GRID)
        free = next((lane for lane, end in enumerate(ends) if end <= piece.start), None)
        if free is None:
            free = len(ends)
            ends.append(until)
        else:
            ends[free] = until
        group.append((piece, free))
    return tuple(done + _wide(group, len(ends)))


def _wide(group: list[tuple[Piece, int]], lanes: int) -> list[Piece]:
    return [
        Piece(
            event=piece.event,
            start=piece.start,
            end=piece.end,
            lane=lane,
            lanes=lanes,
            from_before=piece.from_before,
            goes_on=piece.goes_on,
        )
        for piece, lane in group
    ]


def _axis(columns: Sequence[Column], hours: tuple[int, int]) -> tuple[int, int]:
    """Return the first and the last minute that something open or taken touches, in whole hours."""
    starts = [span.start for column in columns for span in column.opens]
    ends = [span.end for column in columns for span in column.opens]
    starts += [piece.start for column in columns for piece in column.pieces]
    ends += [piece.end for column in columns for piece in column.pieces]
    first, last = min(starts, default=hours[0]), max(ends, default=hours[1])
    return first // _HOUR * _HOUR, min(DAY, -(-last // _HOUR) * _HOUR)


def clock_time(minute: int) -> str:
    """Write minutes of a day as ``HH:MM``; 1440 is ``24:00``."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
