"""Money taken by hand: cash, POS or transfer, written down by one person and confirmed by another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from hashlib import sha256

from sqlalchemy import select

from portal import clock, crypto
from portal.database import in_scope, transaction
from portal.payments import numbers, purposes
from portal.payments.contract import Flow, PaymentFact, Source
from portal.payments.facts import Applied, apply_fact
from portal.payments.models import MerchantAccount, PaymentAttempt
from portal.payments.purpose import PayLine
from portal.payments.receipts import Staff


class FourEyes(PermissionError):
    """Nobody confirms money that was handed to them (rule K12)."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """One member's money on a sheet; ``reference`` names the row of the paper and is unique per account."""

    reference: str
    member_id: int
    lines: tuple[PayLine, ...]
    paid_on: date


def record_receipts(
    receipts: Sequence[Receipt], *, account: MerchantAccount, received_by: int, confirmed_by: int
) -> list[Applied]:
    """Record a whole sheet of money taken by hand, all of it or nothing; again it changes nothing.

    ``received_by`` and ``confirmed_by`` are account ids of two people. Cash then lies in the receiver's
    drawer; with ``settings["means"] == "bank"`` the money is at the bank. Each line is booked before the next
    looks for its place: a purpose that locks rows takes those of all lines before (architecture.md, Locks).

    Raises: FourEyes, ValueError.
    """
    if received_by == confirmed_by:
        raise FourEyes("the same person received and confirms")
    staff = Staff(received_by=received_by, confirmed_by=confirmed_by)
    with in_scope({account.district_id}, write=account.district_id), transaction():
        return [_record(one, account, staff) for one in receipts]


def _record(one: Receipt, account: MerchantAccount, staff: Staff) -> Applied:
    number = _number(one, account)
    total = sum(line.amount_fen for line in one.lines)
    with transaction() as current:
        paid_at = _instant(one.paid_on)
        if not current.scalar(select(PaymentAttempt.id).where(PaymentAttempt.out_trade_no == number)):
            made = PaymentAttempt(
                uid=crypto.new_uid(),
                district_id=account.district_id,
                account_id=account.id,
                out_trade_no=number,
                form_token=f"staff:{number}",
                purpose=account.purpose,
                member_id=one.member_id,
                payer_account_id=None,
                lines=[{"reference": line.reference, "amount_fen": line.amount_fen} for line in one.lines],
                amount_fen=total,
                flow=Flow.OFFLINE.value,
                # The money is here already; it was never asked for, so there is nothing to close.
                state="failed",
                late=False,
                description="",
                created_at=clock.now(),
                expires_at=clock.now(),
            )
            made.description = str(
                purposes.purpose_of(account.purpose).describe(purposes.attempt_info(made)).channel_text
            )[:127]
            current.add(made)
            current.flush()
        fact = PaymentFact(
            account=account.slug,
            out_trade_no=number,
            provider_txn_id=one.reference,
            total_fen=total,
            paid_at=paid_at,
            raw_sha256=sha256(repr(one).encode()).hexdigest(),
            source=Source.STAFF,
        )
        return apply_fact(fact, account=account, staff=staff)


def _number(one: Receipt, account: MerchantAccount) -> str:
    # The same row of the same sheet is the same number, however often it is sent.
    digest = sha256(f"{account.uid}:{one.reference}".encode()).hexdigest()[:16].upper()
    return f"D{numbers.base36(account.district_id)}{one.paid_on.strftime('%y%m%d')}{digest}"


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=clock.SHANGHAI)
