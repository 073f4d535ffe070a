"""What follows from not turning up: half points for a while, and an approval first when they are full."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from portal.api import clock, crypto, rows, session, swap

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
    """Tell whether this person's bookings need an approval now."""
    return until(policy, account_id) is not None


def until(policy: Policy, account_id: int | None) -> datetime | None:
    """Return until when this person's bookings need an approval; None where they need none for points.

    For ``points_approval_days`` from the point that made it too many, also when an older one ends meanwhile.
    """
    if not policy.points or account_id is None:
        return None
    lasts = timedelta(days=policy.points_approval_days)
    since = clock.now() - lasts
    counted = rows(BookingsPoint, _POINT.given_at, _POINT.expires_at, _POINT.halves).where(
        _POINT.account_id == account_id, _POINT.expires_at > since, _POINT.state != "lifted"
    )
    found = session.execute(counted).all()
    too_many = [
        last.given_at
        for last in found
        if last.given_at > since
        and sum(one.halves for one in found if one.given_at <= last.given_at < one.expires_at)
        >= policy.points_limit * 2
    ]
    return max(too_many) + lasts if too_many else None


def give(booking: BookingsBooking, row: BookingsOccurrence, *, why: str, policy: Policy) -> None:
    """Write a point down, in the transaction of what it is for.

    One occurrence has one row: who moved it late and then did not come has both in it, and may contest it
    anew. What was lifted or is over counts no more.
    """
    now = clock.now()
    halves_now = LATE if why == "late" else MISSED
    until = now + timedelta(days=policy.points_days)
    had = session.scalar(select(BookingsPoint).where(BookingsPoint.occurrence_id == row.id))
    if had is not None:
        counts = had.state != "lifted" and had.expires_at > now
        open_ = had.state == "appealed"
        swap(
            had,
            version=None,
            states=("counts", "appealed", "upheld", "lifted"),
            why=why,
            halves=halves_now + (had.halves if counts else 0),
            given_at=now,
            expires_at=until,
            state="appealed" if open_ else "counts",
            appeal=had.appeal if open_ else "",
            answer="",
            answered_by=None,
        )
        return
    session.add(
        BookingsPoint(
            uid=crypto.new_uid(),
            district_id=row.district_id,
            occurrence_id=row.id,
            account_id=booking.account_id,
            why=why,
            halves=halves_now,
            given_at=now,
            expires_at=until,
        )
    )
