"""A clock that can be moved: expiry and resend schedules of days run in moments."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))


class VirtualClock:
    """Wall time plus an offset.

    Business times (expiry, schedules, success_time) follow `now`. Signatures and the five-minute skew check
    follow `wire`, which is moved only on request: the other side's clock is usually the wall's.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._wire_offset = 0.0
        self.moved = threading.Condition()

    def time(self) -> float:
        """Return business time in seconds since the epoch."""
        return time.time() + self._offset

    def now(self) -> datetime:
        """Return business time, aware, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def wire(self) -> int:
        """Return the time put into signatures, whole seconds since the epoch."""
        return int(time.time() + self._wire_offset)

    def advance(self, seconds: float, *, wire: bool = False) -> None:
        """Move business time forward (or back); with `wire` the signatures' time as well."""
        with self.moved:
            self._offset += seconds
            if wire:
                self._wire_offset += seconds
            self.moved.notify_all()

    def reset(self) -> None:
        """Return to wall time."""
        with self.moved:
            self._offset = self._wire_offset = 0.0
            self.moved.notify_all()


def china_time(instant: float) -> str:
    """Write seconds since the epoch the way WeChat does: RFC 3339 with +08:00."""
    return datetime.fromtimestamp(instant, CHINA).isoformat(timespec="seconds")
