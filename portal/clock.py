"""The one clock of the house: instants in UTC, civil days in Asia/Shanghai (rule K8)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

#: What is dated further ahead than this was written by a clock that was wrong: machines differ by less.
ASTRAY = timedelta(days=1)

# Tests move the clock; production never touches it.
_offset = timedelta()
_frozen: datetime | None = None


#: What a plugin may ask the clock for; ``SHANGHAI`` is the zone of every civil day.
__all__ = ["SHANGHAI", "at", "civil", "frozen", "is_moved", "month", "moved", "now", "today"]


def now() -> datetime:
    """Return this instant, aware, in UTC."""
    if _frozen is not None:
        return _frozen
    return datetime.now(UTC) + _offset


def is_moved() -> bool:
    """Tell whether a test holds or moves the clock."""
    return _frozen is not None or bool(_offset)


def today() -> date:
    """Return the civil day in Asia/Shanghai."""
    return civil(now())


def month() -> str:
    """Return the civil month in Asia/Shanghai as ``YYYY-MM``."""
    return today().strftime("%Y-%m")


def civil(instant: datetime) -> date:
    """Return the civil day in Asia/Shanghai on which an aware instant falls."""
    return instant.astimezone(SHANGHAI).date()


def at(day: date, minutes: int = 0) -> datetime:
    """Return the instant so many minutes after a civil day in Asia/Shanghai begins; 1440 is its end.

    Aware, and written in Shanghai's time; a ``datetime`` is no civil day (TypeError).
    """
    if isinstance(day, datetime):
        raise TypeError("an instant has no first minute: say which civil day it falls on")
    return datetime.combine(day, time(), SHANGHAI) + timedelta(minutes=minutes)


@contextmanager
def frozen(at: datetime | date) -> Iterator[None]:
    """Hold the clock at an aware instant, or at 10:00 in Shanghai on a civil day. For tests."""
    global _frozen
    before = _frozen
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day, 10, tzinfo=SHANGHAI)
    _frozen = at.astimezone(UTC)
    try:
        yield
    finally:
        _frozen = before


@contextmanager
def moved(by: timedelta) -> Iterator[None]:
    """Let the clock run, shifted by ``by``. For tests and the demo."""
    global _offset
    before, _offset = _offset, _offset + by
    try:
        yield
    finally:
        _offset = before
