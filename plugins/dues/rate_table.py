"""The dated rate tables: what a category pays, and which rule says so.

Tables are read from ``rates/*.toml`` once. A later table names the one it ``extends``; the table in force on
a day is the latest one that had begun. Assessments keep the version they were made with, so that a new table
never changes an approved year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

MARKS = ("CONFIRMED", "FROM MEMORY", "local")
BASE_KINDS = ("monthly", "drawn_this_month", "last_quarter_average", "basic_pension", "agreed", "none")

#: Rates are counted in ten-thousandths, so that Python and SQL do the same integer arithmetic.
RATE_UNIT = 10_000


class RateTableError(ValueError):
    """A rate table does not hold together; the message says where."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Where a figure comes from, and how sure that is (CONFIRMED, FROM MEMORY or local)."""

    source: str
    mark: str


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """Bases above ``above`` fen, up to and including ``up_to`` fen (None: no upper edge), take one rate."""

    above: int
    up_to: int | None
    rate_bp: int

    @property
    def rate(self) -> Decimal:
        return Decimal(self.rate_bp) / RATE_UNIT

    def holds(self, base_fen: int) -> bool:
        return (base_fen > self.above or self.above == 0) and (self.up_to is None or base_fen <= self.up_to)


@dataclass(frozen=True, kw_only=True)
class Category:
    """One kind of member: by brackets, a fixed amount, or an amount agreed within a range (fen)."""

    code: str
    label: str
    base_kind: str
    rule: Rule
    brackets: tuple[Bracket, ...] = ()
    bracket_rule: Rule | None = None
    fixed_fen: int | None = None
    least_fen: int | None = None
    most_fen: int | None = None

    @property
    def needs_base(self) -> bool:
        """Whether a member of this category has a base (or an agreed amount) that somebody must say."""
        return self.fixed_fen is None

    @property
    def takes_pay_items(self) -> bool:
        """Whether the base is worked out of a payslip's items; others declare one sum (domain.md §1.4)."""
        return self.base_kind == "monthly"


@dataclass(frozen=True, kw_only=True)
class Rounding:
    code: str
    label: str
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class Norm:
    """The monthly amount that is generally not exceeded (fen)."""

    monthly_fen: int
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class Limits:
    prepayment_months: int
    back_payment_months: int
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class Voluntary:
    """From ``large_dues_min`` fen in one voluntary payment, the whole sum goes to the Centre."""

    large_dues_min: int
    receipt_by: str
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class ReviewMonths:
    """After how many unpaid months in a row who is told; ``meeting`` puts it before the branch meeting."""

    tell_member: tuple[int, ...]
    branch_task: tuple[int, ...]
    meeting: int
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class ReliefChain:
    """Who approves a reduction or waiver, in order; some categories have their own, shorter chain."""

    default: tuple[str, ...]
    by_category: Mapping[str, tuple[str, ...]]
    rule: Rule

    def of(self, category: str) -> tuple[str, ...]:
        return self.by_category.get(category, self.default)


@dataclass(frozen=True, kw_only=True)
class Formula:
    """Which items of pay make the base in one kind of unit."""

    code: str
    label: str
    add: tuple[str, ...]
    subtract: tuple[str, ...]
    left_out: tuple[str, ...]
    rule: Rule

    def names(self, item: str) -> bool:
        """Tell whether the formula says what becomes of an item of pay."""
        return item in self.add or item in self.subtract or item in self.left_out


@dataclass(frozen=True, kw_only=True)
class UnitFormulas:
    """Which formula the people of a kind of unit follow; ``default`` where that kind is not known."""

    default: str
    by_unit: Mapping[str, str]
    rule: Rule

    def of(self, unit_kind: str | None) -> str:
        return self.by_unit.get(unit_kind or "", self.default)


@dataclass(frozen=True, kw_only=True)
class Remittance:
    """The share of a year's dues handed upward, and the (month, day) of the next year it is due by."""

    level: str
    share_bp: int
    deadline: tuple[int, int] | None
    rule: Rule


@dataclass(frozen=True, kw_only=True)
class RateTable:
    version: str
    valid_from: date
    title: str
    categories: Mapping[str, Category]
    roundings: Mapping[str, Rounding]
    default_rounding: str
    policy: str
    policy_rule: Rule
    limits: Limits
    voluntary: Voluntary
    review: ReviewMonths
    relief: ReliefChain
    formulas: Mapping[str, Formula]
    unit_formulas: UnitFormulas
    remittances: Mapping[str, Remittance]
    norm: Norm | None = None

    def category(self, code: str) -> Category:
        """Return the category, or raise ``RateTableError`` naming those there are."""
        try:
            return self.categories[code]
        except KeyError:
            known = ", ".join(self.categories)
            raise RateTableError(f"unknown category {code!r}; there are {known}") from None


@dataclass(frozen=True)
class RateTables:
    """All tables, oldest first."""

    tables: Sequence[RateTable]
    by_version: Mapping[str, RateTable] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_version", {table.version: table for table in self.tables})

    def on(self, day: date) -> RateTable:
        """Return the table in force on ``day``; raise ``RateTableError`` for a day before the first."""
        for table in reversed(self.tables):
            if table.valid_from <= day:
                return table
        raise RateTableError(f"no rate table is in force on {day.isoformat()}")

    def version(self, version: str) -> RateTable:
        try:
            return self.by_version[version]
        except KeyError:
            raise RateTableError(f"unknown rate table {version!r}") from None
