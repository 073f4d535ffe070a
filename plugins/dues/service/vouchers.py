"""Vouchers: numbered without gaps, voided but never taken away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from werkzeug.exceptions import Forbidden

from portal.api import (
    Actor,
    Member,
    audit,
    clock,
    crypto,
    insert_row,
    insert_rows,
    is_postgresql,
    ledger,
    run_ready,
    session,
    swap,
    transaction,
)

from .. import messages
from ..models import DuesObligation, DuesVoucher, DuesVoucherLine, DuesVoucherSeries
from . import books, obligations
from .places import path_of
from .receipts import Issued, Part, Receipt

SERIES: Any = DuesVoucherSeries.__table__
_RAISED = (
    update(SERIES)
    .where(SERIES.c.organization_id == bindparam("the_organization"), SERIES.c.year == bindparam("the_year"))
    .values(last_number=SERIES.c.last_number + 1)
    .returning(SERIES.c.last_number)
)


def issue(receipt: Receipt, parts: Sequence[Part], *, from_credit: bool = False) -> Issued:
    """Write the voucher of a receipt with the branch's next number of the year."""
    first = parts[0].obligation if parts else None
    organization_id = first.organization_id if first else _branch_of(receipt.member_id)
    used = sum(part.amount_fen for part in parts)
    total = used if from_credit else receipt.amount_fen
    own: dict[str, Any] = {
        "district_id": receipt.district_id,
        "member_id": receipt.member_id,
        "token": crypto.new_secret_name(),
        "organization_id": organization_id,
        "year": receipt.paid_on.year,
        "total_fen": total,
        "credit_fen": total - used,
    }
    with transaction():
        own["number"] = _next_number(receipt.district_id, organization_id, receipt.paid_on.year)
        voucher_id = insert_row(
            DuesVoucher,
            **own,
            source_key=receipt.source_key,
            paid_on=receipt.paid_on,
            way=receipt.way,
            issued_at=clock.now(),
        )
        insert_rows(
            DuesVoucherLine,
            [
                {
                    "district_id": receipt.district_id,
                    "voucher_id": voucher_id,
                    "obligation_id": part.obligation.id,
                    "month": part.obligation.month,
                    "amount_fen": part.amount_fen,
                }
                for part in parts
            ],
        )
        audit.record(
            "dues.voucher.issue",
            ("dues_voucher", voucher_id),
            actor=None,
            district=receipt.district_id,
            detail={"source": receipt.source_key},
        )
        issued = Issued(id=voucher_id, **own)
        reader_id = first.reader_id if first else messages.account_of(receipt.member_id)
        messages.voucher_issued(issued, [part.obligation.month for part in parts], reader_id=reader_id)
    return issued


def void(voucher: DuesVoucher, *, version: int, reason: str, by: Actor) -> None:
    """Declare a voucher void: its months are open again, the money is the member's credit.

    The number stays. Raises ValueError without a reason (rule K10), ``Forbidden`` for the member and for
    whoever lacks the permission, ``Conflict`` when it is void already.
    """
    if not reason.strip():
        raise ValueError("reason")
    if not by.can("dues.void", path_of(voucher.organization_id)):
        raise Forbidden("dues.void")
    if by.member_id == voucher.member_id:
        raise Forbidden("own voucher")
    with transaction():
        swap(
            voucher,
            version=version,
            states=("valid",),
            state="void",
            void_reason=reason.strip(),
            voided_by=by.account_id,
            voided_at=clock.now(),
        )
        lines = lines_of(voucher)
        months = {row.id: row for row in _months_of(lines)}
        for line in lines:
            month = months[line.obligation_id]
            obligations.change(month, paid_fen=month.paid_fen - line.amount_fen)
        book = books.book(voucher.district_id)
        for number in range(len(lines)):
            entry = ledger.entry_by_idem(book, entry_key(voucher.source_key, number))
            assert entry is not None  # the line and its entry were written in one transaction
            ledger.reverse(entry, reason=reason.strip(), actor=f"account:{by.account_id}")
        audit.record(
            "dues.voucher.void", ("dues_voucher", voucher.id), actor=by, district=voucher.district_id
        )


def entry_key(source_key: str, number: int) -> str:
    """Return the idempotency key of the entry behind a voucher's line, as ``portal.payments`` writes it."""
    return f"alloc:{source_key}:{number}"


def lines_of(voucher: DuesVoucher) -> Sequence[DuesVoucherLine]:
    """Return the months on a voucher, oldest first."""
    return session.scalars(
        select(DuesVoucherLine)
        .where(DuesVoucherLine.voucher_id == voucher.id, DuesVoucherLine.district_id == voucher.district_id)
        .order_by(DuesVoucherLine.month)
    ).all()


def hold_numbers(*, district_id: int, organization_ids: Iterable[int], year: int) -> None:
    """Lock the series of several branches by id, beginning those that have given no number yet.

    For a sheet whose vouchers belong to more than one branch (``order``).
    """
    wanted = sorted(set(organization_ids))
    dialect = postgresql if is_postgresql() else sqlite
    with transaction() as current:
        for organization_id in wanted:
            current.execute(_begun(dialect, district_id, organization_id, year))
        several = select(SERIES.c.id).where(SERIES.c.organization_id.in_(wanted), SERIES.c.year == year)
        current.execute(several.order_by(SERIES.c.organization_id).with_for_update()).all()


def _months_of(lines: Sequence[DuesVoucherLine]) -> Sequence[DuesObligation]:
    return obligations.locked(DuesObligation.id.in_([line.obligation_id for line in lines]))


def _begun(dialect: Any, district_id: int, organization_id: int, year: int) -> Any:
    own = {"district_id": district_id, "organization_id": organization_id, "year": year, "last_number": 0}
    new = dialect.insert(SERIES).values(own)
    return new.on_conflict_do_nothing(index_elements=["organization_id", "year"])


def _next_number(district_id: int, organization_id: int, year: int) -> int:
    """Raise the series inside this transaction: whoever rolls back gives the number back."""
    with transaction() as current:
        named = {"the_organization": organization_id, "the_year": year}
        number = run_ready(_RAISED, named).value()
        if number is None:
            dialect = postgresql if is_postgresql() else sqlite
            current.execute(_begun(dialect, district_id, organization_id, year))
            number = current.execute(_RAISED, named).scalar_one()
        return int(number)


def _branch_of(member_id: int) -> int:
    found = session.scalar(select(Member.organization_id).where(Member.id == member_id))
    if found is None:
        raise LookupError("a receipt for a member without a branch")
    return int(found)
