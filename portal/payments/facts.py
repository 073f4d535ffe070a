"""Write down that a channel holds money: one transaction, the same for every way the news arrives.

A fact is never refused. It becomes one sealed entry in the books and one receipt, whatever our own state
says; finding its place (the months it pays) is a second step that may fail without losing the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from portal import crypto
from portal.database import everything, in_scope, in_verb, session, swap, transaction
from portal.failpoints import failpoint
from portal.ledger import Posting, chart, post_to
from portal.payments import allocation, inbox
from portal.payments.accounts import Receiver
from portal.payments.cases import open_case
from portal.payments.contract import Notification, PaymentFact
from portal.payments.models import MOVES, PaymentAttempt, PaymentFactRow
from portal.payments.purpose import FactInfo
from portal.payments.receipts import Staff, Written, actor_of, receipt_posting, write_fact
from portal.payments.taking import take

# Built once: these run for every word of every channel. The session narrows entities to the scope.
_ATTEMPT = (
    select(PaymentAttempt)
    .where(
        PaymentAttempt.out_trade_no == bindparam("number"),
        PaymentAttempt.account_id == bindparam("account_id"),
    )
    .with_for_update()
    .execution_options(populate_existing=True)
)
_KNOWN = select(PaymentFactRow).where(
    PaymentFactRow.account_id == bindparam("account_id"),
    PaymentFactRow.provider_txn_id == bindparam("transaction"),
)
_CREDITED = select(PaymentFactRow.id).where(
    PaymentFactRow.account_id == bindparam("account_id"),
    PaymentFactRow.out_trade_no == bindparam("number"),
    PaymentFactRow.booked == "credit",
)


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What became of a fact; ``fresh`` is False when it had been written down before."""

    fresh: bool
    fact_uid: str = ""
    booked: str = ""  # credit, suspense, or "" when there was nothing to book


def apply_fact(
    fact: PaymentFact,
    *,
    account: Receiver,
    notification: Notification | None = None,
    body: bytes = b"",
    staff: Staff | None = None,
) -> Applied:
    """Record a verified fact about ``account``; any number of times, in any order, it counts once.

    ``notification`` and ``body`` go to the inbox in the same transaction.
    """
    inside = in_verb()
    placing, again = True, True
    with in_scope({account.district_id}, write=account.district_id):
        while True:
            try:
                with transaction():
                    if notification is not None:
                        inbox.accept(notification, account=account, body=body)
                        failpoint("notify.after_inbox")
                    applied = _apply(fact, account, staff, placing=placing, inside=inside)
                    failpoint("notify.before_commit")
                return applied
            except allocation.StillWaiting:
                # Nothing was written; the money is, now without looking for its place.
                placing = False
            except IntegrityError:
                # Somebody wrote the same fact meanwhile (PostgreSQL): now it is a known one.
                if inside or not again:
                    raise
                again = False


def _apply(
    fact: PaymentFact, account: Receiver, staff: Staff | None, *, placing: bool, inside: bool
) -> Applied:
    taken = take(fact, account) if placing and not inside else None
    if taken is not None:
        row, _ = _to_member(fact, account, taken, staff, placing=True, inside=False)
        return Applied(fresh=True, fact_uid=row.uid, booked=row.booked)
    # The row lock makes copies of one notification wait for each other on PostgreSQL.
    attempt = session.scalar(_ATTEMPT, {"number": fact.out_trade_no, "account_id": account.id})
    known = session.scalar(_KNOWN, {"transaction": fact.provider_txn_id, "account_id": account.id})
    if known is not None:
        return _seen_before(fact, known, account)
    if fact.currency != "CNY":
        _case("foreign_currency", fact, account, attempt)
        return Applied(fresh=True)
    trouble = _trouble(fact, account, attempt)
    if trouble or attempt is None:
        row = _to_suspense(fact, account, attempt, trouble or "unknown_order", staff)
    else:
        late = staff is None and attempt.state in ("failed", "closed")
        row, placed = _to_member(fact, account, attempt, staff, placing=placing, inside=inside, late=late)
        _mark_paid(attempt, fact, allocation_state="done" if placed else "waiting", late=late)
    return Applied(fresh=True, fact_uid=row.uid, booked=row.booked)


def _seen_before(fact: PaymentFact, known: PaymentFactRow, account: Receiver) -> Applied:
    if fact.total_fen != known.total_fen or fact.out_trade_no != known.out_trade_no:
        # Never an update: the first one is in the books, a person looks at the difference.
        attempt = session.get(PaymentAttempt, known.attempt_id) if known.attempt_id else None
        _case("changed_amount", fact, account, attempt)
    return Applied(fresh=False, fact_uid=known.uid, booked=known.booked)


def _trouble(fact: PaymentFact, account: Receiver, attempt: PaymentAttempt | None) -> str:
    """Return the kind of case that keeps this money from the member, or nothing."""
    if attempt is None:
        with everything():
            elsewhere = session.scalar(
                select(PaymentAttempt.id).where(PaymentAttempt.out_trade_no == fact.out_trade_no)
            )
        return "unknown_order" if elsewhere is None else "wrong_account"
    if fact.total_fen != attempt.amount_fen:
        return "wrong_amount"
    paid = session.scalar(_CREDITED, {"number": fact.out_trade_no, "account_id": account.id})
    return "" if paid is None else "second_transaction"


def _to_suspense(
    fact: PaymentFact,
    account: Receiver,
    attempt: PaymentAttempt | None,
    kind: str,
    staff: Staff | None,
) -> Written:
    case = _case(kind, fact, account, attempt)
    receipt = receipt_posting(fact, account, chart.suspense(case.uid), staff, case_uid=case.uid)
    row = write_fact(
        fact,
        account,
        attempt_id=attempt.id if attempt else None,
        booked="suspense",
        uid=crypto.new_uid(),
        entry_id=_post_alone(receipt, fact, account, staff),
        staff=staff,
    )
    case.fact_id = row.id
    if attempt is not None and attempt.state != "paid":
        # The channel holds money for this order: nobody may pay it again, and nothing is allocated.
        _mark_paid(attempt, fact, allocation_state="", outcome=kind)
    return row


def _to_member(
    fact: PaymentFact,
    account: Receiver,
    attempt: Any,
    staff: Staff | None,
    *,
    placing: bool,
    inside: bool,
    late: bool = False,
) -> tuple[Written, bool]:
    """Write a fact to the member's credit and from there to its places; tell whether they were found.

    ``attempt`` is the entity or the row that ``take`` returns.
    """
    receipt = receipt_posting(fact, account, chart.member_credit(attempt.member_id), staff)
    info = FactInfo(
        uid=crypto.new_uid(),
        provider=account.provider,
        account=account.slug,
        amount_fen=fact.total_fen,
        paid_at=fact.paid_at,
        source=fact.source,
        provider_txn_id=fact.provider_txn_id,
        received_by=staff.received_by if staff else None,
        confirmed_by=staff.confirmed_by if staff else None,
    )
    actor, placed = actor_of(fact, account, staff), None
    if placing:
        # Places are looked for first and everything is posted at the end: the book's lock is taken last.
        placed = allocation.attempt_places(
            attempt, info, account=account, receipt=receipt, actor=actor, late=late, inside=inside
        )
    entry_id = placed.receipt_id if placed else None
    row = write_fact(
        fact,
        account,
        attempt_id=attempt.id,
        booked="credit",
        uid=info.uid,
        entry_id=entry_id or _post_alone(receipt, fact, account, staff),
        staff=staff,
    )
    failpoint("notify.after_fact")
    if placed is None:
        allocation.retry_later(row)
    else:
        allocation.note_surplus(row, attempt, account, left=fact.total_fen - placed.fen)
    return row, placed is not None


def _post_alone(receipt: Posting, fact: PaymentFact, account: Receiver, staff: Staff | None) -> int:
    """Write the entry of received money without any allocation; return its id."""
    [posted] = post_to(
        district_id=account.district_id,
        purpose=account.purpose,
        postings=[receipt],
        actor=actor_of(fact, account, staff),
    )
    return posted.entry_id


def _mark_paid(
    attempt: PaymentAttempt,
    fact: PaymentFact,
    *,
    allocation_state: str,
    late: bool | None = None,
    outcome: str = "",
) -> None:
    if attempt.state == "paid":
        # PAID by money that went to suspense; this is the right sum, and finds its place now.
        swap(attempt, version=None, states=["paid"], allocation=allocation_state, outcome=outcome)
        return
    was_over = attempt.state in ("failed", "closed")
    swap(
        attempt,
        version=None,
        states=[state for state, moves in MOVES.items() if "paid" in moves],
        state="paid",
        paid_at=fact.paid_at,
        late=was_over if late is None else late,
        allocation=allocation_state,
        outcome=outcome,
        instruction=None,
        openid_sealed=None,
        client_ip="",
    )


def _case(kind: str, fact: PaymentFact, account: Receiver, attempt: PaymentAttempt | None) -> Any:
    case, _ = open_case(
        account=account,
        kind=kind,
        # The same news again is the same case; another sum for the same transaction is another one.
        dedupe_key=f"{kind}:{account.slug}:{fact.provider_txn_id}:{fact.total_fen}",
        amount_fen=fact.total_fen,
        attempt_id=attempt.id if attempt else None,
        detail={
            "order": fact.out_trade_no,
            "transaction": fact.provider_txn_id,
            "currency": fact.currency,
            "asked_fen": attempt.amount_fen if attempt else None,
            "source": fact.source.value,
        },
    )
    return case
