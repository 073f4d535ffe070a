"""Named places where a crash test may kill the process; nothing at all otherwise (payments.md §5.4)."""

from __future__ import annotations

import os
import signal

_armed = os.environ.get("PORTAL_FAILPOINT", "")


def failpoint(name: str) -> None:
    """Die here, as by a power cut, when ``PORTAL_FAILPOINT`` names this place."""
    if _armed and name == _armed:
        os.kill(os.getpid(), signal.SIGKILL)
