"""Talk to the channel about one attempt: never inside a transaction, never with an exception coming out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal import clock, jobs
from portal.database import in_verb, session
from portal.payments.contract import Outcome, Unknown
from portal.payments.models import MerchantAccount, PaymentAttempt
from portal.payments.providers import provider_of
from portal.registry import NotAvailable

log = logging.getLogger(__name__)

#: From when on "no such order" is true: a create call may be under way until its own time-outs are over.
CREATE_WINDOW = timedelta(seconds=60)


def by_uid(uid: str) -> PaymentAttempt | None:
    """Return an attempt by its public name, within the scope."""
    return session.scalar(select(PaymentAttempt).where(PaymentAttempt.uid == uid))


def call(attempt: PaymentAttempt, ask: Callable[[Any], Outcome[Any]]) -> Outcome[Any]:
    """Call the channel outside any transaction; whatever goes wrong is an unknown outcome."""
    assert not in_verb(), "no network inside a transaction"
    account = session.get_one(MerchantAccount, attempt.account_id)
    session.commit()  # ends the read transaction: SQLite's lock is not held while we wait
    try:
        return ask(provider_of(account))
    except NotAvailable:
        return Unknown(cause="provider_missing")
    except Exception:
        log.exception("provider %s failed", account.provider)
        session.rollback()  # it may have been our own database: what follows needs a session that works
        return Unknown(cause="provider_error")


def fresh_instruction(attempt: PaymentAttempt) -> dict[str, Any] | None:
    """Return what the payer's browser must do next, if it can still be done."""
    found = attempt.instruction
    if attempt.state != "pending" or not found or attempt.expires_at <= clock.now():
        return None
    valid = found.get("valid_until")
    if valid and clock.now() >= datetime.fromisoformat(valid):
        return None
    return found


def window_over(attempt: PaymentAttempt) -> bool:
    """Tell whether a create call can no longer be under way."""
    return attempt.sent_at is not None and clock.now() > attempt.sent_at + CREATE_WINDOW


def queue(name: str, attempt: PaymentAttempt, step: str, at: datetime) -> None:
    """Queue a step about an attempt, once."""
    jobs.enqueue(
        name,
        {"attempt": attempt.uid},
        dedupe_key=f"{attempt.uid}:{step}",
        district_id=attempt.district_id,
        not_before=at,
        priority=2,
    )
