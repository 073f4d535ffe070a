"""The jobs about money: ask, close, allocate, sweep. They never obey a switch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal import clock, jobs
from portal.database import everything, in_scope, session
from portal.payments import allocation
from portal.payments.calling import by_uid
from portal.payments.models import OPEN, PaymentAttempt
from portal.payments.settling import check_attempt, close_attempt

#: How long an order that nobody can tell about waits before it is asked about again.
ASK_AGAIN = timedelta(minutes=2)
_SWEEP = 200


@jobs.job("payments.query")
def query(payload: Mapping[str, Any]) -> None:
    """Ask the channel about one attempt: the notification may never come."""
    attempt = by_uid(payload["attempt"])
    if attempt is not None and attempt.state != "paid":
        check_attempt(attempt)


@jobs.job("payments.expire")
def expire(payload: Mapping[str, Any]) -> None:
    """Close one attempt whose time is over; come back until the channel has confirmed its end."""
    attempt = by_uid(payload["attempt"])
    if attempt is None:
        return
    if close_attempt(attempt).state in OPEN:
        raise jobs.Postpone(clock.now() + ASK_AGAIN)


@jobs.job("payments.allocate")
def allocate(payload: Mapping[str, Any]) -> None:
    """Find the place of money that is still a member's credit."""
    allocation.allocate_waiting(payload)


@jobs.job("payments.sweep", every=timedelta(minutes=10))
def sweep(_payload: Mapping[str, Any]) -> None:
    """Look after whatever fell out of the queue (a restored backup, a dead letter)."""
    with everything():
        overdue = session.execute(
            select(PaymentAttempt.uid, PaymentAttempt.district_id)
            .where(
                PaymentAttempt.state.in_(OPEN),
                PaymentAttempt.expires_at < clock.now() - timedelta(minutes=5),
            )
            .order_by(PaymentAttempt.expires_at)
            .limit(_SWEEP)
        ).all()
    session.rollback()
    for uid, district_id in overdue:
        with in_scope({district_id}, write=district_id):
            attempt = by_uid(uid)
            if attempt is not None:
                close_attempt(attempt)
