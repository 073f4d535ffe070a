"""The chart of accounts (payments.md §5.2): which accounts exist and how each is named.

Debits are positive, credits negative. An account is named by a stable id (``member_id`` and the like);
names of persons and places stay outside the books.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What an account is; memo accounts form their own zero-sum pair beside the money."""

    CASH = "cash"
    BANK = "bank"
    CHANNEL = "channel"
    TRANSIT = "transit"
    CREDIT = "credit"
    SUSPENSE = "suspense"
    PAYABLE = "payable"
    INCOME = "income"
    EXPENSE = "expense"
    MEMO = "memo"


class Account(NamedTuple):
    """Name one account of a book; ``code`` is unique there, the rest serves sums and never changes."""

    code: str
    kind: Kind
    member_id: int | None = None
    organization_id: int | None = None
    period: str | None = None  # YYYY-MM


def cash(holder: int) -> Account:
    """Name the cash drawer of one person (account id)."""
    return Account(code=f"1001:cash:{holder}", kind=Kind.CASH)


def bank(reference: str) -> Account:
    """Name a bank account by the portal's own short reference, never its number."""
    return Account(code=f"1002:bank:{reference}", kind=Kind.BANK)


def channel(slug: str) -> Account:
    """Name the money held by a payment channel for one merchant account."""
    return Account(code=f"1010:channel:{slug}", kind=Kind.CHANNEL)


def member_credit(member_id: int) -> Account:
    """Name what a member has paid and nobody has allocated yet."""
    return Account(code=f"2100:credit:{member_id}", kind=Kind.CREDIT, member_id=member_id)


def suspense(case_uid: str) -> Account:
    """Name money that is ours to explain: one account per case."""
    return Account(code=f"2300:suspense:{case_uid}", kind=Kind.SUSPENSE)


def income(heading: str, *, organization_id: int, period: str) -> Account:
    """Name income of one branch and month under a heading: 4001 dues, 4002 back-payments, 4003 voluntary."""
    return Account(
        code=f"{heading}:{organization_id}:{period}",
        kind=Kind.INCOME,
        organization_id=organization_id,
        period=period,
    )


def assessed(member_id: int, period: str) -> Account:
    """Name what a member is assessed for a month. Memo: dues are not a legal receivable."""
    return Account(
        code=f"9001:assessed:{member_id}:{period}", kind=Kind.MEMO, member_id=member_id, period=period
    )


def assessment_control() -> Account:
    """Name the other side of every memo line."""
    return Account(code="9002:control", kind=Kind.MEMO)
