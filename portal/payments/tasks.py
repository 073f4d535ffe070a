"""The jobs about money: ask, close, allocate, sweep. They never obey a switch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal import clock, jobs
from portal.database import everything, in_scope, session
from portal.payments import allocation
from portal.payments.calling import by_uid
from portal.payments.models import OPEN, PaymentAttempt, PaymentFactRow
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
    for uid in _each(
        select(PaymentAttempt.uid, PaymentAttempt.district_id).where(
            PaymentAttempt.state.in_(OPEN),
            PaymentAttempt.expires_at < clock.now() - timedelta(minutes=5),
        )
    ):
        attempt = by_uid(uid)
        if attempt is not None:
            close_attempt(attempt)
    for uid in _each(
        select(PaymentFactRow.uid, PaymentFactRow.district_id)
        .join(PaymentAttempt, PaymentAttempt.id == PaymentFactRow.attempt_id)
        .where(
            PaymentFactRow.booked == "credit",
            PaymentAttempt.allocation == "waiting",
            PaymentFactRow.recorded_at < clock.now() - timedelta(hours=1),
        )
    ):
        with suppress(allocation.StillWaiting):
            allocation.allocate_waiting({"fact": uid})


def _each(found: Any) -> Iterator[str]:
    """Yield the names found in all districts, each within the scope of its own."""
    with everything():
        rows = session.execute(found.limit(_SWEEP)).all()
    session.rollback()
    for uid, district_id in rows:
        with in_scope({district_id}, write=district_id):
            yield uid
