"""What follows from not turning up: half points for a while, and an approval first when they are full."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func

from portal.api import clock, crypto, rows, session

from .models import BookingsBooking, BookingsOccurrence, BookingsPoint
from .policy import Policy

_POINT: Any = BookingsPoint.__table__.c
#: A missed booking and one cancelled late, in half points (services/bookings d.14, d.15).
MISSED, LATE = 2, 1


def halves(account_id: int) -> int:
    """Return the half points that count against an account now; contested ones do until they are answered."""
    found = rows(BookingsPoint, func.coalesce(func.sum(_POINT.halves), 0)).where(
        _POINT.account_id == account_id, _POINT.expires_at > clock.now(), _POINT.state != "lifted"
    )
    return int(session.execute(found).scalar_one())


def full(policy: Policy, account_id: int | None) -> bool:
    """Tell whether so many count that this person's bookings need an approval now."""
    if not policy.points or account_id is None:
        return False
    now = clock.now()
    newest = rows(BookingsPoint, func.max(_POINT.given_at)).where(
        _POINT.account_id == account_id, _POINT.expires_at > now, _POINT.state != "lifted"
    )
    last = session.execute(newest).scalar_one()
    if last is None or now >= last + timedelta(days=policy.points_approval_days):
        return False
    return halves(account_id) >= policy.points_limit * 2


def give(booking: BookingsBooking, row: BookingsOccurrence, *, why: str, policy: Policy) -> None:
    """Write a point down, in the transaction of what it is for; once for one occurrence (its key)."""
    now = clock.now()
    session.add(
        BookingsPoint(
            uid=crypto.new_uid(),
            district_id=row.district_id,
            occurrence_id=row.id,
            account_id=booking.account_id,
            why=why,
            halves=LATE if why == "late" else MISSED,
            given_at=now,
            expires_at=now + timedelta(days=policy.points_days),
        )
    )
