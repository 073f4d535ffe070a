"""Order at the channel: two transactions with the network between them.

An outcome is success, a definite no, or unknown; unknown is cleared up by asking again with the same number,
never by a new one.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from flask import current_app

from portal import clock, crypto
from portal.database import session, swap, transaction
from portal.districts.models import District
from portal.failpoints import failpoint
from portal.payments.calling import call, fresh_instruction, queue
from portal.payments.contract import (
    CreateReq,
    Flow,
    Ok,
    Outcome,
    PayInstruction,
    RejectCategory,
    Rejected,
    Unknown,
)
from portal.payments.models import MerchantAccount, PaymentAttempt
from portal.payments.settling import ask, check_attempt, close_attempt

log = logging.getLogger(__name__)

#: The longest a call to the channel takes.
CALL_LASTS = timedelta(seconds=15)
#: When an open order is asked about, counted from sending it (payments.md §1.5).
ASK_AFTER = (5, 30, 60, 180, 300, 600, 1800)


def send_create(attempt: PaymentAttempt, *, openid: str = "") -> PaymentAttempt:
    """Order at the channel, and keep what the payer's browser must do next.

    Asked again it orders the same number with the same parameters (an unknown outcome, a stale instruction).
    """
    with transaction():
        # A second click waits for the first one here, and then finds its work under way or done.
        session.refresh(attempt, with_for_update=True)
        now, first = clock.now(), attempt.sent_at is None
        if attempt.state not in ("new", "creating", "pending") or attempt.expires_at <= now:
            return attempt
        if fresh_instruction(attempt) or _under_way(attempt):
            return attempt
        values: dict[str, Any] = {"sent_at": now, "outcome": ""}
        if attempt.state == "new":
            values["state"] = "creating"
            if openid:
                values["openid_sealed"] = crypto.encrypt("payment_attempt.openid_sealed", attempt.uid, openid)
        swap(attempt, version=attempt.version, states=["new", "creating", "pending"], **values)
        for seconds in ASK_AFTER:
            queue("payments.query", attempt, str(seconds), now + timedelta(seconds=seconds))
    failpoint("create.after_persist")
    # Ours to read: where our database is away, that is no outcome of the channel's.
    wanted = _create_req(attempt)
    outcome = call(attempt, lambda provider: provider.create(wanted))
    failpoint("create.after_http")
    if isinstance(outcome, Rejected) and outcome.category is RejectCategory.PAID:
        return check_attempt(attempt)
    with transaction():
        # A notification may have been faster than the answer to our own call.
        session.refresh(attempt, with_for_update=True)
        _take_create_outcome(attempt, outcome, first=first)
        failpoint("create.before_commit")
    if attempt.state == "closing":
        return close_attempt(attempt)
    return attempt


def clear_up(attempt: PaymentAttempt) -> PaymentAttempt:
    """Do what the payer's "look again" does: ask what became of an attempt, and lead on from there.

    Where the answer to the order itself was lost (the channel's reply, our database, this machine) the
    channel may hold an order that nobody was ever shown. Asking alone says "not paid" for as long as it is
    valid; the same number ordered again says where to pay it.
    """
    if ask(attempt) and attempt.state == "creating":
        return send_create(attempt)
    return attempt


#: States in which an answer to the order still means something.
UNANSWERED = ("creating", "pending")


def _under_way(attempt: PaymentAttempt) -> bool:
    """Tell whether another request is waiting for the channel's answer right now."""
    if attempt.state != "creating" or attempt.outcome or attempt.sent_at is None:
        return False
    return clock.now() < attempt.sent_at + CALL_LASTS


def _take_create_outcome(attempt: PaymentAttempt, outcome: Outcome[PayInstruction], *, first: bool) -> None:
    if attempt.state not in UNANSWERED:
        return
    version = attempt.version
    if isinstance(outcome, Ok):
        swap(
            attempt,
            version=version,
            states=UNANSWERED,
            state="pending",
            instruction=_kept(outcome.value),
            outcome="",
        )
    elif isinstance(outcome, Unknown):
        swap(attempt, version=version, outcome=f"unknown:{outcome.cause}"[:60])
    elif outcome.category is RejectCategory.RATE:
        swap(attempt, version=version, outcome="unknown:rate")
    else:
        if outcome.category is RejectCategory.CONFIG:
            log.error("channel refuses account %s: %s", attempt.account_id, outcome.code)
        # Only the very first answer proves that nothing was ever ordered under this number.
        definite = first and outcome.category not in (RejectCategory.CLOSED, RejectCategory.DUPLICATE)
        state = "failed" if definite else "closing"
        said = f"rejected:{outcome.code}"[:60]
        swap(attempt, version=version, states=UNANSWERED, state=state, outcome=said)


def _create_req(attempt: PaymentAttempt) -> CreateReq:
    account = session.get_one(MerchantAccount, attempt.account_id)
    code = session.get_one(District, attempt.district_id).code
    session.commit()
    base = current_app.config["PUBLIC_URL"]
    openid = ""
    if attempt.openid_sealed:
        openid = crypto.decrypt("payment_attempt.openid_sealed", attempt.uid, attempt.openid_sealed)
    return CreateReq(
        out_trade_no=attempt.out_trade_no,
        amount_fen=attempt.amount_fen,
        description=attempt.description,
        flow=Flow(attempt.flow),
        expires_at=attempt.expires_at,
        notify_url=f"{base}/hooks/{account.provider}/{account.slug}/pay",
        return_url=f"{base}/d/{code}/pay/{attempt.uid}?back=1",
        openid=openid,
        client_ip=attempt.client_ip,
    )


def _kept(instruction: PayInstruction) -> dict[str, Any]:
    valid = instruction.valid_until
    return {
        "flow": instruction.flow.value,
        "jsapi": dict(instruction.jsapi) if instruction.jsapi else None,
        "redirect_url": instruction.redirect_url,
        "code_url": instruction.code_url,
        "bridge_url": instruction.bridge_url,
        "valid_until": valid.isoformat() if valid else None,
    }
