"""A member's months in a row: which are owed, which may be paid now, and what is missing to say so.

Pure: it takes what the database knows and returns what the pages show. The same lines decide what the pay
form accepts, so that page and form cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from .months import distance, month_of, shifted, span
from .rate_table import Limits

PAYABLE = ("open", "partly_paid", "reduced", "expected")


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """An approved assessment: from ``from_month`` on, ``amount_fen`` a month, until a later one begins."""

    id: int
    from_month: str
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class Known:
    """A month that is on the books already."""

    id: int
    month: str
    state: str
    due_fen: int
    relief_fen: int
    paid_fen: int
    assessment_id: int


@dataclass(frozen=True, kw_only=True)
class MonthLine:
    """One month as the member sees it (fen). ``obligation_id`` is None while it is not on the books yet."""

    month: str
    state: str
    due_fen: int
    relief_fen: int
    paid_fen: int
    assessment_id: int
    obligation_id: int | None
    #: How many months before (negative) or after (positive) the current one.
    ahead: int

    @cached_property
    def open_fen(self) -> int:
        if self.state not in PAYABLE:
            return 0
        return self.due_fen - self.relief_fen - self.paid_fen

    @property
    def is_arrears(self) -> bool:
        return self.ahead < 0 and self.open_fen > 0


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Paying up to and including ``through``: the months it takes and their sum (fen)."""

    through: str
    months: tuple[str, ...]
    total_fen: int


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """All months of a member, oldest first, and the choices that may be paid now.

    ``missing`` names what has to be known before anything can be said (codes, the words are in ``words``);
    ``ask_branch_first`` is set when more months are open than may be paid back without the branch.
    """

    lines: tuple[MonthLine, ...]
    choices: tuple[Choice, ...]
    missing: tuple[str, ...]
    ask_branch_first: bool
    unpaid_in_a_row: int

    @property
    def arrears(self) -> tuple[MonthLine, ...]:
        return tuple(line for line in self.lines if line.is_arrears)

    @property
    def owed(self) -> tuple[MonthLine, ...]:
        """Return the open months up to and including the current one, oldest first."""
        return tuple(line for line in self.lines if line.ahead <= 0 and line.open_fen > 0)

    @property
    def later(self) -> tuple[MonthLine, ...]:
        """Return the open months after the current one, which may be paid ahead."""
        return tuple(line for line in self.lines if line.ahead > 0 and line.open_fen > 0)

    @property
    def done(self) -> tuple[MonthLine, ...]:
        """Return the months with nothing open, latest first; later ones only where somebody has paid."""
        closed = [line for line in self.lines if line.open_fen <= 0]
        kept = [line for line in closed if line.ahead <= 0 or line.state != "settled"]
        return tuple(reversed(kept))

    @property
    def owed_fen(self) -> int:
        """Return what is open up to and including the current month (fen)."""
        return sum(line.open_fen for line in self.lines if line.ahead <= 0)

    @property
    def paid_through(self) -> str | None:
        """Return the last month before the first open one, or None when nothing is settled."""
        settled = None
        for line in self.lines:
            if line.open_fen > 0:
                break
            settled = line.month
        return settled

    def choice(self, through: str) -> Choice | None:
        """Return the choice that ends with ``through``, or None when that may not be paid now."""
        return next((choice for choice in self.choices if choice.through == through), None)


def first_month(*, start_month: str | None, paid_through: str | None, joined_on: date | None) -> str | None:
    """Return the first month a member owes here, or None while it cannot be known.

    Nobody owes anything before the branch's start month. Somebody who joined after it owes from the month of
    the branch meeting (中组发〔2008〕3号: 从支部大会通过其为预备党员之日起交纳党费).
    """
    if start_month is None:
        return None
    if paid_through is not None:
        return max(start_month, shifted(paid_through, 1))
    if joined_on is not None and month_of(joined_on) >= start_month:
        return month_of(joined_on)
    return None


def missing_facts(
    *, branch: bool, start_month: str | None, first: str | None, fixed: Sequence[Fixed]
) -> tuple[str, ...]:
    """Return what is missing before a month can be said to be owed: codes, most basic first."""
    if not branch:
        return ("branch",)
    missing = []
    if start_month is None:
        missing.append("start_month")
    elif first is None:
        missing.append("paid_through")
    if not fixed:
        missing.append("assessment")
    return tuple(missing)


def timeline(
    *,
    today: date,
    first: str | None,
    missing: tuple[str, ...],
    fixed: Sequence[Fixed],
    known: Iterable[Known],
    limits: Limits,
    consent_from: str | None = None,
) -> Timeline:
    """Lay out the months from the first owed one to the last that may be paid ahead.

    ``consent_from`` is the earliest month the branch has agreed to take late.
    """
    current = month_of(today)
    on_books = {each.month: each for each in known}
    months = set(on_books)
    if first is not None and not missing:
        months.update(span(first, shifted(current, limits.prepayment_months)))
    lines = [
        line
        for month in sorted(months)
        if (line := _line(month, on_books.get(month), fixed, distance(current, month))) is not None
    ]
    open_back = [line for line in lines if line.is_arrears]
    oldest_allowed = shifted(current, -limits.back_payment_months)
    if consent_from is not None:
        oldest_allowed = min(oldest_allowed, consent_from)
    ask_first = any(line.month < oldest_allowed for line in open_back)
    return Timeline(
        lines=tuple(lines),
        choices=() if ask_first else _choices(lines, limits),
        missing=missing,
        ask_branch_first=ask_first,
        unpaid_in_a_row=_run(lines),
    )


def fixed_for(month: str, fixed: Sequence[Fixed]) -> Fixed | None:
    """Return the assessment in force in ``month``: the latest that had begun."""
    begun = [each for each in fixed if each.from_month <= month]
    return max(begun, key=lambda each: each.from_month) if begun else None


def _line(month: str, known: Known | None, fixed: Sequence[Fixed], ahead: int) -> MonthLine | None:
    if known is not None:
        return MonthLine(
            month=month,
            state=known.state,
            due_fen=known.due_fen,
            relief_fen=known.relief_fen,
            paid_fen=known.paid_fen,
            assessment_id=known.assessment_id,
            obligation_id=known.id,
            ahead=ahead,
        )
    found = fixed_for(month, fixed)
    if found is None:
        return None
    return MonthLine(
        month=month,
        state="expected" if found.amount_fen else "settled",
        due_fen=found.amount_fen,
        relief_fen=0,
        paid_fen=0,
        assessment_id=found.id,
        obligation_id=None,
        ahead=ahead,
    )


def _choices(lines: Sequence[MonthLine], limits: Limits) -> tuple[Choice, ...]:
    """Every stretch of open months that starts with the oldest: no month can be passed over."""
    choices = []
    months: list[str] = []
    total = 0
    for line in lines:
        if line.ahead > limits.prepayment_months:
            break
        if line.open_fen > 0:
            months.append(line.month)
            total += line.open_fen
            choices.append(Choice(through=line.month, months=tuple(months), total_fen=total))
    return tuple(choices)


def _run(lines: Sequence[MonthLine]) -> int:
    """Return how many past months in a row are open, counted back from last month."""
    run = 0
    for line in reversed([line for line in lines if line.ahead < 0]):
        if line.open_fen <= 0:
            break
        run += 1
    return run
