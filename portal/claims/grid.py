"""Time as whole numbers: a slot is the count of a unit's grid since 1970-01-01 00:00 UTC.

Whole numbers cannot overlap by a second, and every grid of GRIDS falls on the hour in Asia/Shanghai.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: Minutes a unit may be divided into; each divides the hour.
GRIDS = (5, 10, 15, 20, 30, 60)
DEFAULT_GRID = 15

_START = datetime(1970, 1, 1, tzinfo=UTC)


class EmptySpan(ValueError):
    """The end is not after the start."""


class OffGrid(ValueError):
    """A time between two slots; ``nearest`` are the slots' beginnings around it (aware, UTC)."""

    def __init__(self, at: datetime, nearest: tuple[datetime, datetime]) -> None:
        super().__init__(at.isoformat())
        self.at, self.nearest = at, nearest


def slots(start: datetime, end: datetime, grid: int) -> range:
    """Return the slots from ``start`` up to ``end`` (aware instants, half-open) on a grid of minutes.

    Raises:
        EmptySpan: the end is not after the start.
        OffGrid: one of them lies between two slots.
    """
    if end <= start:
        raise EmptySpan
    return range(_slot(start, grid), _slot(end, grid))


def instant(slot: int, grid: int) -> datetime:
    """Return when a slot begins, in UTC."""
    return _START + timedelta(minutes=slot * grid)


def widened(span: range, *, before: int, after: int, grid: int) -> tuple[range, range]:
    """Return the slots of the buffers before and after ``span``; minutes are rounded up to whole slots."""
    return (
        range(span.start - _up(before, grid), span.start),
        range(span.stop, span.stop + _up(after, grid)),
    )


def _up(minutes: int, grid: int) -> int:
    return -(-minutes // grid)


def nearest(at: datetime, grid: int) -> tuple[datetime, datetime] | None:
    """Return the beginnings of the slots around ``at`` (UTC), or None where it is one itself."""
    whole, rest = divmod(at - _START, timedelta(minutes=grid))
    return (instant(whole, grid), instant(whole + 1, grid)) if rest else None


def _slot(at: datetime, grid: int) -> int:
    around = nearest(at, grid)
    if around is not None:
        raise OffGrid(at, around)
    return (at - _START) // timedelta(minutes=grid)
