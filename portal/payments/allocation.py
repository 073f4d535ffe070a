"""Find the place of received money: the purpose says where, the books write it, a failure waits."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

from sqlalchemy import select

from portal import clock, jobs
from portal.database import session, swap, transaction, trouble
from portal.ledger import LedgerError, Posting, chart, post_to
from portal.payments import purposes
from portal.payments.accounts import Receiver
from portal.payments.cases import open_case
from portal.payments.models import MerchantAccount, PaymentAttempt, PaymentFactRow
from portal.payments.purpose import Allocation, FactInfo
from portal.payments.receipts import Written

log = logging.getLogger(__name__)


class StillWaiting(RuntimeError):
    """The purpose could not place the money yet; nothing of the transaction may stay."""


class Placed(NamedTuple):
    """How much of the money found its place (fen), and the entry of its receipt when one was posted."""

    fen: int
    receipt_id: int | None


def attempt_places(
    attempt: Any,
    fact: FactInfo,
    *,
    account: Receiver,
    receipt: Posting | None,
    actor: str,
    late: bool,
    inside: bool,
) -> Placed | None:
    """Ask the purpose, and post ``receipt`` with the allocations.

    When it fails, nothing of it may stay, neither of the purpose's nor of this. ``inside`` of somebody
    else's transaction a savepoint sees to that, and the answer is None. Else raises StillWaiting: the
    whole transaction is rolled back and the caller begins again without asking.
    """
    info = purposes.attempt_info(attempt, late=late or attempt.late)
    try:
        with session.begin_nested() if inside else nullcontext():
            found = list(purposes.purpose_of(attempt.purpose).allocate(info, fact))
            placed = _checked(found, fact)
            postings = [_posting(number, one, attempt, fact) for number, one in enumerate(found)]
            if receipt is not None:
                postings.insert(0, receipt)
            posted = post_to(
                district_id=account.district_id, purpose=account.purpose, postings=postings, actor=actor
            )
    except Exception as error:
        if trouble(error) is not None:
            raise  # nobody's mistake: nothing can be recorded now, and the channel comes again
        # Whatever a plugin does wrong, the money is recorded; the log has ids only.
        log.exception("allocation of attempt %s failed, the money waits as credit", attempt.uid)
        if not inside:
            raise StillWaiting(f"attempt {attempt.uid}") from error
        return None
    return Placed(placed, posted[0].entry_id if receipt is not None else None)


def _checked(found: Sequence[Allocation], fact: FactInfo) -> int:
    if any(type(one.amount_fen) is not int or one.amount_fen <= 0 for one in found):
        raise LedgerError("an allocation is a positive number of fen")
    placed = sum(one.amount_fen for one in found)
    if placed > fact.amount_fen:
        raise LedgerError("more allocated than received")
    return placed


def _posting(number: int, one: Allocation, attempt: Any, fact: FactInfo) -> Posting:
    return Posting(
        idem=f"alloc:{fact.uid}:{number}",
        kind="allocation",
        effective_date=clock.civil(fact.paid_at),
        occurred_at=fact.paid_at,
        lines=(
            (chart.member_credit(attempt.member_id), one.amount_fen),
            (one.to, -one.amount_fen),
            *one.memo,
        ),
        meta={"reference": one.reference, **one.meta},
    )


def retry_later(row: Written) -> None:
    """Queue the search for this money's place."""
    jobs.enqueue(
        "payments.allocate",
        {"fact": row.uid},
        dedupe_key=row.uid,
        district_id=row.district_id,
        not_before=clock.now(),
    )


def note_surplus(row: Written | PaymentFactRow, attempt: Any, account: Receiver, *, left: int) -> None:
    """Open a case when part of the money found no place; it stays the member's credit."""
    if left > 0:
        open_case(
            account=account,
            kind="surplus",
            dedupe_key=f"surplus:{row.uid}",
            amount_fen=left,
            attempt_id=attempt.id,
            fact_id=row.id,
            member_id=attempt.member_id,
            detail={"late": attempt.late},
        )


def allocate_waiting(payload: Mapping[str, Any]) -> None:
    """Try again to place one fact's money. Raises: StillWaiting, so that the queue tries later."""
    with transaction():
        row = session.scalars(select(PaymentFactRow).where(PaymentFactRow.uid == payload["fact"])).one()
        attempt = session.scalars(
            select(PaymentAttempt)
            .where(PaymentAttempt.id == row.attempt_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).one()
        if attempt.allocation != "waiting":
            return
        account = session.get_one(MerchantAccount, row.account_id)
        info = purposes.fact_info(row, account)
        placed = attempt_places(
            attempt, info, account=account, receipt=None, actor="system", late=attempt.late, inside=False
        )
        assert placed is not None  # not inside of another transaction: it raises
        swap(attempt, version=None, states=["paid"], allocation="done")
        note_surplus(row, attempt, account, left=row.total_fen - placed.fen)
