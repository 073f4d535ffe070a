"""The dues book: which entry stands for which event. All sums are read from here in the end."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from portal.api import clock, ledger

from ..months import month_of

PURPOSE = "dues"
#: Income headings (payments.md §5.2): a month paid in time or ahead, and one paid late.
DUES, BACK_PAYMENTS = "4001:dues", "4002:back"


def book(district_id: int) -> Any:
    """Return the district's dues book, opened when it is the first time."""
    return ledger.open_book(district_id=district_id, purpose=PURPOSE)


def assessed(*, member_id: int, month: str, fen: int, idem: str) -> ledger.Posting:
    """Write down that a member is to pay ``fen`` more for a month (less, when negative). Memo only."""
    return ledger.Posting(
        idem=idem,
        kind="dues.assessed",
        effective_date=clock.today(),
        lines=(
            (ledger.chart.assessed(member_id, month), fen),
            (ledger.chart.assessment_control(), -fen),
        ),
    )


def relieved(*, member_id: int, month: str, fen: int, idem: str) -> ledger.Posting:
    """Write down that a decision took ``fen`` off what a member is to pay for a month. Memo only."""
    return ledger.Posting(
        idem=idem,
        kind="dues.relieved",
        effective_date=clock.today(),
        lines=(
            (ledger.chart.assessed(member_id, month), -fen),
            (ledger.chart.assessment_control(), fen),
        ),
    )


def dues_income(*, organization_id: int, month: str, paid_on: date) -> ledger.Account:
    """Name where a paid month counts: dues, or back-payments when it is paid after its month."""
    heading = BACK_PAYMENTS if month < month_of(paid_on) else DUES
    return ledger.chart.income(heading, organization_id=organization_id, period=month)


def memo_paid(*, member_id: int, month: str, fen: int) -> tuple[tuple[ledger.Account, int], ...]:
    """Return the memo lines beside an allocation: the member owes ``fen`` less for the month."""
    return (
        (ledger.chart.assessed(member_id, month), -fen),
        (ledger.chart.assessment_control(), fen),
    )


def post(district_id: int, postings: Iterable[ledger.Posting], *, actor: str) -> None:
    """Write the postings, all or none."""
    wanted = list(postings)
    if wanted:
        ledger.post_many(book=book(district_id), postings=wanted, actor=actor)


def credit_of(district_id: int, member_id: int) -> int:
    """Return what a member has paid and no month has used yet (fen)."""
    # A credit is a liability: the ledger carries it as a negative sum.
    account = ledger.chart.member_credit(member_id)
    return -ledger.balance_in(district_id=district_id, purpose=PURPOSE, account=account)
