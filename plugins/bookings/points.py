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
    """Tell whether this person's bookings need an approval now.

    For ``points_approval_days`` from the point that made it too many, also when an older one ends meanwhile.
    """
    if not policy.points or account_id is None:
        return False
    since = clock.now() - timedelta(days=policy.points_approval_days)
    counted = rows(BookingsPoint, _POINT.given_at, _POINT.expires_at, _POINT.halves).where(
        _POINT.account_id == account_id, _POINT.expires_at > since, _POINT.state != "lifted"
    )
    found = session.execute(counted).all()
    return any(
        sum(one.halves for one in found if one.given_at <= last.given_at < one.expires_at)
        >= policy.points_limit * 2
        for last in found
        if last.given_at > since
    )


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
