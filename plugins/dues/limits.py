"""The limits of the rules: how far ahead and back people pay, large dues, unpaid months, who approves.

Everything here warns or names the next person; nothing decides about a member.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from .months import shifted
from .rate_table import RATE_UNIT, Category, RateTable, Rule


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a number of months may be paid without asking the branch first."""

    accepted: bool
    months: int
    limit: int
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class Review:
    """Who should look, after how many unpaid months in a row.

    ``overdue`` from the first month, ``tell_member`` and ``branch_task`` when this very month is one of the
    table's steps, ``self_withdrawal_review`` when the branch meeting should have it on its agenda.
    """

    unpaid_months: int
    overdue: bool
    tell_member: bool
    branch_task: bool
    self_withdrawal_review: bool
    rule: Rule

    @property
    def flag(self) -> str | None:
        return "overdue" if self.overdue else None


@dataclass(frozen=True, kw_only=True)
class VoluntaryGift:
    """Where a voluntary payment goes: from the limit on, whole to the Centre (fen)."""

    amount_fen: int
    is_large_dues: bool
    remit_to_centre_fen: int
    receipt_by: str | None
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class RemittanceDue:
    """What a level hands upward of a year's dues (fen), and by when."""

    remit_fen: int
    due_on: date | None
    rule: Rule


def prepayment(table: RateTable, months: int) -> Verdict:
    """Say whether ``months`` may be paid ahead."""
    limit = table.limits.prepayment_months
    return Verdict(accepted=0 < months <= limit, months=months, limit=limit, rule=table.limits.rule)


def latest_paid_through(table: RateTable, month: str) -> str:
    """Return the last month anybody can have paid for in ``month``: no further ahead than may be paid."""
    return shifted(month, table.limits.prepayment_months)


def back_payment(table: RateTable, months: int) -> Verdict:
    """Say whether ``months`` may be paid late; more than the limit asks for the branch first."""
    limit = table.limits.back_payment_months
    return Verdict(accepted=0 < months <= limit, months=months, limit=limit, rule=table.limits.rule)


def longest_unpaid_run(paid: Iterable[bool | int]) -> int:
    """Return the most months in a row that were not paid; a paid month in between starts anew."""
    longest = run = 0
    for month in paid:
        run = 0 if month else run + 1
        longest = max(longest, run)
    return longest


def review(table: RateTable, unpaid_months: int, *, valid_reason: bool = False) -> Review:
    """Say who should look after ``unpaid_months`` in a row; an accepted reason keeps it off the agenda.

    Source: 中组发〔2008〕3号, item 11. The branch meeting decides and a higher body approves; a program never
    changes anybody's standing.
    """
    steps = table.review
    return Review(
        unpaid_months=unpaid_months,
        overdue=unpaid_months > 0 and not valid_reason,
        tell_member=unpaid_months in steps.tell_member,
        branch_task=unpaid_months in steps.branch_task and not valid_reason,
        self_withdrawal_review=unpaid_months >= steps.meeting and not valid_reason,
        rule=steps.rule,
    )


def voluntary_gift(table: RateTable, amount_fen: int) -> VoluntaryGift:
    """Say where a voluntary extra goes. Raises ValueError for nothing or less."""
    if amount_fen <= 0:
        raise ValueError("a voluntary payment is more than nothing")
    large = amount_fen >= table.voluntary.large_dues_min
    return VoluntaryGift(
        amount_fen=amount_fen,
        is_large_dues=large,
        remit_to_centre_fen=amount_fen if large else 0,
        receipt_by=table.voluntary.receipt_by if large else None,
        rule=table.voluntary.rule,
    )


def agreed_amount_is_standard(category: Category, amount_fen: int) -> bool:
    """Say whether an amount a branch agreed on lies within the category's range (fen)."""
    if category.least_fen is None or category.most_fen is None:
        return False
    return category.least_fen <= amount_fen <= category.most_fen


def relief_chain(table: RateTable, category: str) -> tuple[str, ...]:
    """Return who approves a reduction or waiver for a member of ``category``, in order."""
    table.category(category)
    return table.relief.of(category)


def remittance(table: RateTable, level: str, collected_fen: int, *, year: int) -> RemittanceDue:
    """Return what ``level`` hands upward for the dues collected in ``year`` (fen, half up).

    Raises KeyError for a level the table does not name: those shares are set locally.
    """
    rule = table.remittances[level]
    due_on = date(year + 1, *rule.deadline) if rule.deadline else None
    remit = (collected_fen * rule.share_bp + RATE_UNIT // 2) // RATE_UNIT
    return RemittanceDue(remit_fen=remit, due_on=due_on, rule=rule.rule)
