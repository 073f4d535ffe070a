"""When rooms are free on a day: their open hours without the slots that anybody has. Nobody is named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from portal.api import claims, clock

from ..hours import Hours
from ..verdicts import Span
from .places import Room


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """A room's day: when it is open, and the parts of that which are free and which are not."""

    opens: tuple[Span, ...]
    free: tuple[Span, ...]
    busy: tuple[Span, ...]


def of_day(rooms: Sequence[Room], day: date, *, running: bool = False) -> dict[int, Day]:
    """Return the day of each room; what of it is over counts as neither free nor busy.

    ``running``: the slot that runs is not over yet; without it nobody can book it any more.
    """
    hours = Hours(rooms, day, day)
    midnight = clock.at(day)
    taken: dict[int, set[int]] = {}
    for grid in sorted({room.grid for room in rooms}):
        units = [unit for room in rooms if room.grid == grid for unit in room.units]
        taken |= claims.busy(units, claims.slots(midnight, midnight + timedelta(days=1), grid))
    return {room.id: _of(room, hours, taken, midnight, running) for room in rooms}


def _of(room: Room, hours: Hours, taken: dict[int, set[int]], midnight: datetime, running: bool) -> Day:
    gone = set().union(*(taken.get(unit, ()) for unit in room.units))
    opens = [
        Span(start=midnight + timedelta(minutes=first), end=midnight + timedelta(minutes=last))
        for first, last in hours.windows(room, clock.civil(midnight))
    ]
    first = _slot(clock.now(), room.grid, up=not running)
    free: list[Span] = []
    busy: list[Span] = []
    for window in opens:
        for span, is_taken in _runs(window, gone, room.grid, first):
            (busy if is_taken else free).append(span)
    return Day(opens=tuple(opens), free=tuple(free), busy=tuple(busy))


def _runs(window: Span, gone: set[int], grid: int, least: int) -> Iterator[tuple[Span, bool]]:
    first, last = max(_slot(window.start, grid, up=True), least), _slot(window.end, grid, up=False)
    marks = [first, *_changes(range(first, last), gone), last]
    for begin, end in pairwise(marks):
        if begin < end:
            yield (
                Span(
                    start=claims.instant(begin, grid).astimezone(clock.SHANGHAI),
                    end=claims.instant(end, grid).astimezone(clock.SHANGHAI),
                ),
                begin in gone,
            )


def _changes(slots: Iterable[int], gone: set[int]) -> Iterator[int]:
    before: bool | None = None
    for slot in slots:
        is_taken = slot in gone
        if before is not None and is_taken != before:
            yield slot
        before = is_taken


def _slot(at: datetime, grid: int, *, up: bool) -> int:
    seconds, step = int(at.timestamp()), grid * 60
    return -(-seconds // step) if up else seconds // step
