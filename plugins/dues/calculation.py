"""What a member pays a month, and why: the one place the rule is applied.

The set-based assessment (``assessment_sql``) is built from the same table and tested against this module.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .rate_files import rate_tables
from .rate_table import RATE_UNIT, Bracket, Category, RateTable, RateTableError, Rule

#: A base above this (fen, 100 million yuan a month) is a slip of the pen, not a salary.
LARGEST_BASE = 10_000_000_000


class BaseRefused(ValueError):
    """The base cannot be used for this category; ``reason`` is a code, the words are in ``words``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Edge:
    """What changes at the edge of a bracket: this base (fen) takes this rate and gives this amount (fen)."""

    base_fen: int
    rate: Decimal
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """An amount with everything that led to it; all sums in fen.

    ``computed_fen`` is the rounded amount before the monthly norm, ``amount_fen`` what is due, ``exact`` the
    unrounded amount in yuan. ``edges`` are the amounts on both sides of the bracket's edges.
    """

    category: str
    base_fen: int | None
    on: date
    version: str
    amount_fen: int
    computed_fen: int
    exact: Decimal
    rate: Decimal | None
    bracket: Bracket | None
    edges: tuple[Edge, ...]
    rounding: str
    rounding_rule: Rule
    rule: Rule
    norm_fen: int | None
    norm_applied: bool

    @property
    def above_norm_fen(self) -> int:
        """What the member may give on top of the norm, voluntarily (fen)."""
        return self.computed_fen - self.amount_fen if self.norm_applied else 0


def explain(
    category: str,
    base_fen: int | None = None,
    *,
    on: date,
    rounding: str | None = None,
    apply_norm: bool = True,
    table: RateTable | None = None,
) -> Explanation:
    """Return what a member of ``category`` pays for a month, and why.

    ``base_fen`` is the base in fen; for farmers the agreed monthly amount; fixed categories take none.
    ``apply_norm=False`` keeps the computed amount above the monthly norm (the member's choice is recorded).
    Raises ``RateTableError`` for an unknown category, rounding or a day without a table, ``BaseRefused`` for
    a base that is missing, not allowed, or out of range.

    Source: 中组发〔2008〕3号, 组电明字〔2017〕5号; whole amount at one rate (全额累进).
    """
    table = table or rate_tables().on(on)
    kind = table.category(category)
    rounding = rounding or table.default_rounding
    if rounding not in table.roundings:
        raise RateTableError(f"unknown rounding {rounding!r}")
    base_fen = _checked_base(kind, base_fen)
    bracket = _bracket_of(kind, base_fen)
    if bracket is None:
        computed = kind.fixed_fen if kind.fixed_fen is not None else base_fen or 0
        exact = Decimal(computed) / 100
    else:
        assert base_fen is not None
        computed = rounded(base_fen * bracket.rate_bp, rounding)
        exact = Decimal(base_fen * bracket.rate_bp) / (100 * RATE_UNIT)
    norm = table.norm.monthly_fen if table.norm else None
    norm_applied = apply_norm and norm is not None and computed > norm
    return Explanation(
        category=category,
        base_fen=base_fen,
        on=on,
        version=table.version,
        amount_fen=norm if norm is not None and norm_applied else computed,
        computed_fen=computed,
        exact=exact,
        rate=bracket.rate if bracket else None,
        bracket=bracket,
        edges=_edges(kind, bracket, rounding),
        rounding=rounding,
        rounding_rule=table.roundings[rounding].rule,
        rule=kind.bracket_rule or kind.rule,
        norm_fen=norm,
        norm_applied=norm_applied,
    )


def rounded(amount: int, rounding: str) -> int:
    """Round ``amount`` (fen times ten-thousandths) to fen: half up to the fen or jiao, or up to the yuan.

    Amounts are never negative, so floor division is enough, and SQL can do the same.
    """
    if rounding == "fen":
        return (amount + RATE_UNIT // 2) // RATE_UNIT
    if rounding == "jiao":
        return (amount + 10 * RATE_UNIT // 2) // (10 * RATE_UNIT) * 10
    if rounding == "yuan_up":
        return (amount + 100 * RATE_UNIT - 1) // (100 * RATE_UNIT) * 100
    raise RateTableError(f"unknown rounding {rounding!r}")


def _checked_base(kind: Category, base_fen: int | None) -> int | None:
    if not kind.needs_base:
        # A fixed amount does not depend on what somebody earns, so nobody is asked and nothing is kept.
        return None
    if base_fen is None:
        raise BaseRefused("missing")
    if base_fen < 0:
        raise BaseRefused("negative")
    if base_fen > LARGEST_BASE:
        raise BaseRefused("too_large")
    if kind.least_fen is not None and kind.most_fen is not None:
        if base_fen < kind.least_fen:
            raise BaseRefused("below_range")
        if base_fen > kind.most_fen:
            raise BaseRefused("above_range")
    return base_fen


def _bracket_of(kind: Category, base_fen: int | None) -> Bracket | None:
    if base_fen is None:
        return None
    return next((bracket for bracket in kind.brackets if bracket.holds(base_fen)), None)


def _edges(kind: Category, bracket: Bracket | None, rounding: str) -> tuple[Edge, ...]:
    """Return the amounts just below, at and just above the edges of ``bracket``."""
    if bracket is None:
        return ()
    bases: list[int] = []
    if bracket.above:
        bases += [bracket.above, bracket.above + 1]
    if bracket.up_to is not None:
        bases += [bracket.up_to, bracket.up_to + 1]
    edges = []
    for base_fen in bases:
        there = _bracket_of(kind, base_fen)
        assert there is not None
        amount = rounded(base_fen * there.rate_bp, rounding)
        edges.append(Edge(base_fen=base_fen, rate=there.rate, amount_fen=amount))
    return tuple(edges)
