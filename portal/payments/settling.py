"""Ask what became of an attempt, and bring it to its end: whoever is not sure says so and asks again."""

from __future__ import annotations

import logging
from datetime import timedelta

from portal import clock
from portal.database import session, swap, transaction
from portal.failpoints import failpoint
from portal.payments.calling import call, queue, window_over
from portal.payments.contract import Closed, NotFound, NotPaid, Ok, PaymentFact
from portal.payments.facts import apply_fact
from portal.payments.models import OPEN, MerchantAccount, PaymentAttempt

log = logging.getLogger(__name__)

#: A bank's late success after a close.
ASK_AFTER_CLOSE = timedelta(minutes=30)


def check_attempt(attempt: PaymentAttempt) -> PaymentAttempt:
    """Ask the channel what became of an attempt, and record the answer."""
    ask(attempt)
    return attempt


def ask(attempt: PaymentAttempt) -> bool:
    """Ask the channel what became of an attempt, and record the answer; tell whether there was one."""
    if attempt.state == "new":
        return False
    outcome = call(attempt, lambda provider: provider.query(attempt.out_trade_no))
    failpoint("query.after_http")
    if not isinstance(outcome, Ok):
        return False
    if isinstance(outcome.value, PaymentFact):
        _record(attempt, outcome.value)
    elif isinstance(outcome.value, Closed):
        _end(attempt, "closed")
    elif isinstance(outcome.value, NotFound) and window_over(attempt):
        _end(attempt, "never_created")
    session.refresh(attempt)
    return True


def close_attempt(attempt: PaymentAttempt) -> PaymentAttempt:
    """Bring an attempt to its end at the channel: close, then ask. It stays CLOSING while nobody is sure."""
    with transaction():
        session.refresh(attempt, with_for_update=True)
        if attempt.state not in OPEN:
            return attempt
        if attempt.state == "new":
            # Never sent: the state before sending is written down first.
            swap(attempt, version=attempt.version, states=["new"], state="closed", outcome="never_sent")
            return attempt
        if attempt.state != "closing":
            swap(attempt, version=attempt.version, states=["creating", "pending"], state="closing")
    failpoint("close.after_persist")
    outcome = call(attempt, lambda provider: provider.close(attempt.out_trade_no))
    failpoint("close.after_http")
    closed = isinstance(outcome, Ok) and isinstance(outcome.value, Closed)
    answer = call(attempt, lambda provider: provider.query(attempt.out_trade_no))
    value = answer.value if isinstance(answer, Ok) else None
    if isinstance(value, PaymentFact):
        _record(attempt, value)
    elif isinstance(value, Closed) or (closed and not isinstance(value, NotPaid)):
        _end(attempt, "closed")
    elif isinstance(value, NotFound) and window_over(attempt):
        _end(attempt, "never_created")
    session.refresh(attempt)
    return attempt


def _end(attempt: PaymentAttempt, outcome: str) -> None:
    """Write down that the channel holds no open order under this number."""
    with transaction():
        session.refresh(attempt, with_for_update=True)
        if attempt.state not in ("creating", "pending", "closing"):
            return
        if attempt.state == "creating" and outcome == "never_created":
            swap(attempt, version=attempt.version, states=["creating"], state="failed", outcome=outcome)
            return
        if attempt.state != "closing":
            swap(attempt, version=attempt.version, states=["creating", "pending"], state="closing")
        swap(
            attempt,
            version=attempt.version,
            states=["closing"],
            state="closed",
            outcome=outcome,
            instruction=None,
        )
        queue("payments.query", attempt, "late", clock.now() + ASK_AFTER_CLOSE)


def _record(attempt: PaymentAttempt, fact: PaymentFact) -> None:
    account = session.get_one(MerchantAccount, attempt.account_id)
    if fact.account != account.slug or fact.out_trade_no != attempt.out_trade_no:
        # A provider that answers another question is not believed.
        log.error("provider %s answered for another order", account.provider)
        return
    apply_fact(fact, account=account)
