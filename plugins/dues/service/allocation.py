"""Money becomes paid months: oldest first, the rest stays the same member's credit, nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, bindparam, or_, select, update

from portal.api import (
    Conflict,
    clock,
    connection,
    crypto,
    forget,
    ledger,
    prepared,
    rows,
    run_ready,
    transaction,
    within_scope,
)
from portal.api import gettext as _

from .. import messages
from ..models import DuesObligation, DuesVoucher
from ..models.obligation import PAYABLE
from . import books, obligations, order, vouchers
from .receipts import Issued, Owed, Part, Receipt

T: Any = DuesObligation.__table__


def settle(receipt: Receipt) -> tuple[Issued, list[Part]]:
    """Let a receipt pay its months and issue its voucher, inside the caller's transaction.

    Months that have been paid meanwhile take nothing, and what is left over stays the member's credit
    (payments.md §4.6): it looks at what is owed now, not when the payment began. The caller posts the parts.
    """
    with transaction():
        parts, assessed = _take(receipt)
        issued = vouchers.issue(receipt, parts)
        books.post(receipt.district_id, assessed, actor=obligations.SYSTEM)
        return issued, parts


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
        parts, assessed = _take(receipt) if credit > 0 else ([], [])
        if not parts:
            raise Conflict(_("现在没有要交的月份，或者没有预存的钱可以抵。请返回看看。"))
        issued = vouchers.issue(receipt, parts, from_credit=True)
        books.post(district_id, assessed, actor=obligations.SYSTEM)
        books.post(district_id, _postings(receipt, parts), actor=actor)
        # It was read before the book was held: another form may have paid other months with it.
        if books.credit_of(district_id, member_id) < 0:
            raise Conflict(_("预存的钱刚才已经用掉了。请返回看看。"))
        return current.get_one(DuesVoucher, issued.id)


def income_of(part: Part, *, paid_on: date) -> ledger.Account:
    """Name the income account a part belongs to."""
    month = part.obligation.month
    return books.dues_income(organization_id=part.obligation.organization_id, month=month, paid_on=paid_on)


def _take(receipt: Receipt) -> tuple[list[Part], list[ledger.Posting]]:
    """Pay the months; return the parts, and the entries of months put on the books, to be posted last."""
    whole = _paid_whole(receipt) if len(receipt.months) == 1 else None
    if whole is not None:
        return [Part(obligation=whole, amount_fen=receipt.amount_fen)], []
    left = receipt.amount_fen
    parts = []
    months, assessed = _months(receipt)
    for each in months:
        amount = min(each.due_fen - each.relief_fen - each.paid_fen, left)
        if each.state not in PAYABLE or amount <= 0:
            continue
        left -= amount
        obligations.change_row(each, paid_fen=each.paid_fen + amount)
        owed = Owed(each.id, each.organization_id, each.month, each.reader_id)
        parts.append(Part(obligation=owed, amount_fen=amount))
    return parts, assessed


def _paid_whole(receipt: Receipt) -> Owed | None:
    """Pay the receipt's one month if it is owed to the fen, in one step; None when it must be looked at."""
    named = {
        "in_district": receipt.district_id,
        "of_member": receipt.member_id,
        "the_month": receipt.months[0],
        "the_sum": receipt.amount_fen,
        "when_paid": clock.now(),
    }
    found = run_ready(_owed_to_the_fen(), named).one()
    if found is None:
        return None
    paid = Owed._make(found)
    forget(DuesObligation, paid.id)
    return paid


def _months(receipt: Receipt) -> tuple[Sequence[Row[Any]], list[ledger.Posting]]:
    """Lock the receipt's months and return them, oldest first; whoever pays ahead puts them on the books.

    With the entries that say so, which are posted last (``order``).
    """
    wanted = set(receipt.months)
    if not wanted:
        return [], []
    named = {
        "in_district": receipt.district_id,
        "of_member": receipt.member_id,
        "the_first": min(wanted),
        "the_last": max(wanted),
    }
    with transaction():
        assessed = order.ensure(
            district_id=receipt.district_id, member_id=receipt.member_id, months=receipt.months
        )
        found = connection().execute(_on_books(), named)
        return [row for row in found if row.month in wanted], assessed


@prepared
def _owed_to_the_fen() -> Any:
    # The sum and the state are asked for and changed in one step: whoever is second finds nothing owed.
    return (
        within_scope(update(T), T.c.district_id)
        .where(
            T.c.district_id == bindparam("in_district"),
            T.c.member_id == bindparam("of_member"),
            T.c.month == bindparam("the_month"),
            or_(*(T.c.state == state for state in PAYABLE)),
            T.c.due_fen - T.c.relief_fen - T.c.paid_fen == bindparam("the_sum", type_=T.c.paid_fen.type),
        )
        .values(
            version=T.c.version + 1,
            paid_fen=T.c.due_fen - T.c.relief_fen,
            state="paid",
            settled_at=bindparam("when_paid", type_=T.c.settled_at.type),
        )
        .returning(
            T.c.id,
            T.c.organization_id,
            T.c.month,
            messages.reader_of(bindparam("of_member")).label("reader_id"),
        )
    )


@prepared
def _on_books() -> Select[Any]:
    return (
        rows(
            DuesObligation,
            T.c.id,
            T.c.organization_id,
            T.c.month,
            T.c.state,
            T.c.due_fen,
            T.c.relief_fen,
            T.c.paid_fen,
            T.c.version,
            messages.reader_of(bindparam("of_member")).label("reader_id"),
        )
        .where(
            T.c.district_id == bindparam("in_district"),
            T.c.member_id == bindparam("of_member"),
            T.c.month.between(bindparam("the_first"), bindparam("the_last")),
        )
        .order_by(T.c.month)
        .with_for_update(of=T)
    )


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
