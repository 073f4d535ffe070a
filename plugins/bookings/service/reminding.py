"""Remind: those who have to answer before a request runs out, and those who have booked before it begins.

``reminded_at`` is written by whoever comes first, without touching the version: an open form stays good.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, update

from portal.api import clock, district, session, transaction, who_may, within_scope

from .. import messages, permissions
from ..models import BookingsBooking, BookingsOccurrence
from ..queries.places import room_of

_TIME: Any = BookingsOccurrence.__table__


def approvers(booking_id: int, rows: Collection[int]) -> int:
    """Remind everybody who may answer these requests of one booking, once; return how many are told."""
    with transaction():
        if not _first(rows, state="requested", since=None):
            return 0
        booking = session.get_one(BookingsBooking, booking_id)
        row = session.scalars(
            select(BookingsOccurrence)
            .where(BookingsOccurrence.id.in_(sorted(rows)))
            .order_by(BookingsOccurrence.starts_at)
        ).first()
        assert row is not None  # it was just marked
        room = room_of(row)
        # Nobody answers an own request (rule K12).
        told = {one.account_id for one in who_may(permissions.APPROVE, district(), path=room.owner_path)}
        for account_id in sorted(told - {booking.account_id}):
            key = f"to_answer:{row.id}:{row.version}:{account_id}"
            messages.tell("to_answer", booking, row, room, key=key, to=account_id)
    return len(told - {booking.account_id})


def people(row_id: int, *, since: datetime) -> bool:
    """Remind whoever has booked that their time comes; ``since`` is when this reminder fell due."""
    with transaction():
        if not _first([row_id], state="approved", since=since):
            return False
        row = session.get_one(BookingsOccurrence, row_id)
        booking = session.get_one(BookingsBooking, row.booking_id)
        key = f"reminder:{row.id}:{since:%Y%m%d%H%M}"
        messages.tell("reminder", booking, row, room_of(row), key=key)
    return True


def _first(rows: Collection[int], *, state: str, since: datetime | None) -> bool:
    """Mark the rows as reminded; tell whether nobody had done it before."""
    before = _TIME.c.reminded_at.is_(None)
    if since is not None:
        before = or_(before, _TIME.c.reminded_at < since)
    marked = (
        update(_TIME)
        .where(_TIME.c.id.in_(sorted(rows)), _TIME.c.state == state, before)
        .values(reminded_at=clock.now())
    )
    done: Any = session.execute(within_scope(marked, _TIME.c.district_id))
    return bool(done.rowcount)
