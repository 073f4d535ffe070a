"""What a fact leaves behind: its entry in the books, and the row that names both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import select

from portal import clock, crypto
from portal.database import insert_row, session
from portal.ledger import Account, Posting, chart
from portal.payments.accounts import Receiver
from portal.payments.contract import PaymentFact, Source
from portal.payments.models import PaymentAttempt, PaymentFactRow


@dataclass(frozen=True, kw_only=True)
class Staff:
    """The two people behind money taken by hand (account ids); cash lies with the receiver."""

    received_by: int
    confirmed_by: int


def receipt_posting(
    fact: PaymentFact,
    account: Receiver,
    credit: Account,
    staff: Staff | None,
    case_uid: str | None = None,
) -> Posting:
    """Make the entry of received money: where it is held now, and the account it is owed to (``credit``)."""
    held = chart.channel(account.slug)
    if staff is not None:
        by_bank = account.settings.get("means") == "bank"
        held = chart.bank(account.slug) if by_bank else chart.cash(staff.received_by)
    meta: dict[str, Any] = {"order": fact.out_trade_no, "source": fact.source.value}
    return Posting(
        idem=f"pay:{account.provider}:{account.slug}:{fact.provider_txn_id}",
        kind="receipt",
        effective_date=clock.civil(fact.paid_at),
        occurred_at=fact.paid_at,
        lines=((held, fact.total_fen), (credit, -fact.total_fen)),
        meta=meta,
        case_uid=case_uid,
    )


class Written(NamedTuple):
    """A fact that has been written down; ``booked`` says where: credit or suspense."""

    id: int
    uid: str
    district_id: int
    booked: str


def write_fact(
    fact: PaymentFact,
    account: Receiver,
    *,
    attempt_id: int | None,
    booked: str,
    uid: str,
    entry_id: int,
    staff: Staff | None,
) -> Written:
    """Write the row of a fact whose entry has been posted."""
    fact_id = insert_row(
        PaymentFactRow,
        uid=uid,
        district_id=account.district_id,
        account_id=account.id,
        out_trade_no=fact.out_trade_no,
        provider_txn_id=fact.provider_txn_id,
        state=fact.state.value,
        total_fen=fact.total_fen,
        paid_at=fact.paid_at,
        payer_index=crypto.blind_index("payment_fact.payer", fact.payer_ref) if fact.payer_ref else "",
        raw_sha256=fact.raw_sha256,
        source=fact.source.value,
        recorded_at=clock.now(),
        attempt_id=attempt_id,
        booked=booked,
        entry_id=entry_id,
        received_by=staff.received_by if staff else None,
        confirmed_by=staff.confirmed_by if staff else None,
    )
    return Written(id=fact_id, uid=uid, district_id=account.district_id, booked=booked)


def actor_of(fact: PaymentFact, account: Receiver, staff: Staff | None) -> str:
    """Name who wrote a receipt into the books: the channel, or the colleague who confirmed."""
    if fact.source is Source.STAFF and staff is not None:
        return f"account:{staff.confirmed_by}"
    return f"channel:{account.slug}"


def attempts_behind(fact_uids: Iterable[str]) -> dict[str, str]:
    """Return the attempt of each fact that came of one, by the facts' names, within the scope."""
    wanted = list(fact_uids)
    if not wanted:
        return {}
    found = (
        select(PaymentFactRow.uid, PaymentAttempt.uid.label("attempt"))
        .join(PaymentAttempt, PaymentAttempt.id == PaymentFactRow.attempt_id)
        .where(PaymentFactRow.uid.in_(wanted))
    )
    return {row.uid: row.attempt for row in session.execute(found)}


def facts_of(attempt_uids: Iterable[str]) -> dict[str, str]:
    """Return the attempt each recorded fact came of, by the fact's name, for these attempts."""
    wanted = list(attempt_uids)
    if not wanted:
        return {}
    found = (
        select(PaymentFactRow.uid, PaymentAttempt.uid.label("attempt"))
        .join(PaymentAttempt, PaymentAttempt.id == PaymentFactRow.attempt_id)
        .where(PaymentAttempt.uid.in_(wanted))
    )
    return {row.uid: row.attempt for row in session.execute(found.order_by(PaymentFactRow.id))}


def fact_uids(attempt_uid: str) -> list[str]:
    """Return the names of the facts recorded for an attempt, first one first, within the scope."""
    return list(
        session.scalars(
            select(PaymentFactRow.uid)
            .join(PaymentAttempt, PaymentAttempt.id == PaymentFactRow.attempt_id)
            .where(PaymentAttempt.uid == attempt_uid)
            .order_by(PaymentFactRow.id)
        )
    )
