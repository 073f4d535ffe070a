"""When somebody may check in, when it is too late, and what counts as used: one answer for all."""

from __future__ import annotations

from datetime import datetime, timedelta

from portal.api import crypto

from .policy import Policy
from .verdicts import Span

#: Digits of a booking's short code: enough for the bookings of one day, and told over the counter.
DIGITS = 6


def code(uid: str) -> str:
    """Return the short code of an occurrence, which only this installation can make."""
    return f"{int(crypto.mac('bookings.code', uid.encode())[:15], 16) % 10**DIGITS:0{DIGITS}d}"


def door(uid: str) -> str:
    """Return what only the poster of a room says: who reads it is, or was, at the door."""
    return crypto.mac("bookings.door", uid.encode())[:10]


def window(starts_at: datetime, ends_at: datetime, policy: Policy) -> Span:
    """Return when one may check in, half-open: ``grace_before`` minutes before to ``grace_after`` after.

    Where nothing is let go for want of a check-in the room stays theirs, and who comes late is welcome.
    """
    late = min(starts_at + timedelta(minutes=policy.grace_after), ends_at) if policy.release else ends_at
    return Span(start=starts_at - timedelta(minutes=policy.grace_before), end=late)


def asks(policy: Policy) -> bool:
    """Tell whether it matters here that people check in."""
    return policy.release or policy.points


def missed(starts_at: datetime, ends_at: datetime, policy: Policy, now: datetime) -> bool:
    """Tell whether it is too late to come."""
    return asks(policy) and now >= window(starts_at, ends_at, policy).end


def used(state: str, policy: Policy) -> bool:
    """Tell whether a time that is over was used; where nobody asks, what was not called off was."""
    return state == "checked_in" or state == "approved" and not asks(policy)
