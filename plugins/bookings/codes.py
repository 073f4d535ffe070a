"""The short code of a booking: said at the door, printed on the slip, typed by whoever checks people in."""

from __future__ import annotations

#: Of the random part of a uid; read out in two halves.
LENGTH = 6


def short(uid: str) -> str:
    """Return the code of a booking; it is looked for among one day's, where it is as good as unique."""
    return f"{uid[-LENGTH:-3]} {uid[-3:]}"
