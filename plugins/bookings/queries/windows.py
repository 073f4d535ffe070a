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
    """A room's day: when it is open, and the parts of that which are free, taken, and closed for a time."""

    opens: tuple[Span, ...]
    free: tuple[Span, ...]
    busy: tuple[Span, ...]
    shut: tuple[Span, ...]


def of_day(rooms: Sequence[Room], day: date, *, running: bool = False) -> dict[int, Day]:
    """Return the day of each room; what of it is over counts as neither free nor busy.

    ``running``: the slot that runs is not over yet; without it nobody can book it any more.
    """
    hours = Hours(rooms, day, day)
    midnight = clock.at(day)
    taken: dict[int, dict[int, str]] = {}
    for grid in sorted({room.grid for room in rooms}):
        units = [unit for room in rooms if room.grid == grid for unit in room.units]
        taken |= claims.kinds(units, claims.slots(midnight, midnight + timedelta(days=1), grid))
    return {room.id: _of(room, hours, taken, midnight, running) for room in rooms}


def _of(room: Room, hours: Hours, taken: dict[int, dict[int, str]], midnight: datetime, running: bool) -> Day:
    gone: dict[int, str] = {}
    for unit in room.units:
        for slot, kind in taken.get(unit, {}).items():
            # A hall of which one part is closed and the other taken is taken.
            gone[slot] = "shut" if kind == "closed" and gone.get(slot) != "busy" else "busy"
    opens = [
        Span(start=midnight + timedelta(minutes=first), end=midnight + timedelta(minutes=last))
        for first, last in hours.windows(room, clock.civil(midnight))
    ]
    first = _slot(clock.now(), room.grid, up=not running)
    found: dict[str, list[Span]] = {"free": [], "busy": [], "shut": []}
    for window in opens:
        for span, state in _runs(window, gone, room.grid, first):
            found[state].append(span)
    return Day(opens=tuple(opens), **{state: tuple(spans) for state, spans in found.items()})


def _runs(window: Span, gone: dict[int, str], grid: int, least: int) -> Iterator[tuple[Span, str]]:
    first, last = max(_slot(window.start, grid, up=True), least), _slot(window.end, grid, up=False)
    marks = [first, *_changes(range(first, last), gone), last]
    for begin, end in pairwise(marks):
        if begin < end:
            yield (
                Span(
                    start=claims.instant(begin, grid).astimezone(clock.SHANGHAI),
                    end=claims.instant(end, grid).astimezone(clock.SHANGHAI),
                ),
                gone.get(begin, "free"),
            )


def _changes(slots: Iterable[int], gone: dict[int, str]) -> Iterator[int]:
    before: str | None = None
    for slot in slots:
        state = gone.get(slot, "free")
        if before is not None and state != before:
            yield slot
        before = state


def _slot(at: datetime, grid: int, *, up: bool) -> int:
    seconds, step = int(at.timestamp()), grid * 60
    return -(-seconds // step) if up else seconds // step
