"""Money becomes paid months: oldest first, the rest stays the same member's credit, nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import bindparam, select

from portal.api import Conflict, clock, crypto, ledger, transaction

from ..models import DuesObligation, DuesVoucher
from ..models.obligation import PAYABLE
from . import books, obligations, vouchers
from .receipts import Part, Receipt

_OPEN = (
    select(DuesObligation)
    .where(
        DuesObligation.district_id == bindparam("in_district"),
        DuesObligation.member_id == bindparam("of_member"),
        DuesObligation.month.in_(bindparam("the_months", expanding=True)),
        DuesObligation.state.in_(PAYABLE),
    )
    .order_by(DuesObligation.month)
    .with_for_update()
)


def settle(receipt: Receipt) -> tuple[DuesVoucher, list[Part]]:
    """Let a receipt pay its months and issue its voucher, inside the caller's transaction.

    Months that have been paid meanwhile take nothing, and what is left over stays the member's credit
    (payments.md §4.6): it looks at what is owed now, not when the payment began. The caller posts the parts.
    """
    with transaction():
        obligations.ensure(
            district_id=receipt.district_id, member_id=receipt.member_id, months=receipt.months
        )
        parts = _take(receipt)
        return vouchers.issue(receipt, parts), parts


def use_credit(
    *, district_id: int, member_id: int, months: Sequence[str], source_key: str, actor: str
) -> DuesVoucher:
    """Pay months out of what the member has paid too much before; the same ``source_key`` pays once.

    Raises ``Conflict`` when there is no credit, or no open month among those asked for.
    """
    with transaction() as current:
        known = current.scalar(select(DuesVoucher).where(DuesVoucher.source_key == source_key))
        if known is not None:
            return known
        credit = books.credit_of(district_id, member_id)
        receipt = Receipt(
            district_id=district_id,
            member_id=member_id,
            months=tuple(months),
            amount_fen=credit,
            source_key=source_key,
            paid_on=clock.today(),
            way="credit",
        )
        obligations.ensure(district_id=district_id, member_id=member_id, months=months)
        parts = _take(receipt) if credit > 0 else []
        if not parts:
            raise Conflict("nothing to pay, or nothing to pay it with")
        books.post(district_id, _postings(receipt, parts), actor=actor)
        return vouchers.issue(receipt, parts, from_credit=True)


def income_of(part: Part, *, paid_on: date) -> ledger.Account:
    """Name the income account a part belongs to."""
    month = part.obligation.month
    return books.dues_income(organization_id=part.obligation.organization_id, month=month, paid_on=paid_on)


def _take(receipt: Receipt) -> list[Part]:
    with transaction() as current:
        found = current.scalars(
            _OPEN,
            {
                "in_district": receipt.district_id,
                "of_member": receipt.member_id,
                "the_months": list(receipt.months),
            },
        ).all()
        left = receipt.amount_fen
        parts = []
        for each in found:
            amount = min(each.open_fen, left)
            if amount <= 0:
                break
            left -= amount
            obligations.change(each, paid_fen=each.paid_fen + amount)
            parts.append(Part(obligation=each, amount_fen=amount))
    return parts


def _postings(receipt: Receipt, parts: Sequence[Part]) -> list[ledger.Posting]:
    return [
        ledger.Posting(
            idem=vouchers.entry_key(receipt.source_key, number),
            kind="allocation",
            effective_date=receipt.paid_on,
            lines=(
                (ledger.chart.member_credit(receipt.member_id), part.amount_fen),
                (income_of(part, paid_on=receipt.paid_on), -part.amount_fen),
                *books.memo_paid(
                    member_id=receipt.member_id, month=part.obligation.month, fen=part.amount_fen
                ),
            ),
        )
        for number, part in enumerate(parts)
    ]


def new_source_key() -> str:
    """Return a key for a payment out of credit, made with the form that asks for it."""
    return f"credit:{crypto.new_uid()}"
