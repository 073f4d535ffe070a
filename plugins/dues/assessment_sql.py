"""The rule as one SQL expression, for assessing a whole district in one statement.

Built from the same rate table as ``calculation.explain``; a test compares the two for thousands of bases.
"""

from sqlalchemy import ColumnElement, Integer, and_, case, literal, null

from .calculation import LARGEST_BASE
from .rate_table import RATE_UNIT, Category, RateTable


def amount_expression(
    table: RateTable,
    *,
    category: ColumnElement[str],
    base_fen: ColumnElement[int],
    rounding: str,
    apply_norm: ColumnElement[bool],
) -> ColumnElement[int]:
    """Return the monthly amount in fen for each row; NULL where ``explain`` would refuse the base."""
    computed = case(
        *(
            (category == code, _amount_in(kind, base_fen=base_fen, rounding=rounding))
            for code, kind in table.categories.items()
        ),
        else_=null(),
    )
    if table.norm is None:
        return computed
    norm = literal(table.norm.monthly_fen, Integer)
    return case((and_(apply_norm, computed > norm), norm), else_=computed)


def _amount_in(kind: Category, *, base_fen: ColumnElement[int], rounding: str) -> ColumnElement[int]:
    if kind.fixed_fen is not None:
        return literal(kind.fixed_fen, Integer)
    if kind.least_fen is not None and kind.most_fen is not None:
        return case((base_fen.between(kind.least_fen, kind.most_fen), base_fen), else_=null())
    steps = []
    for bracket in kind.brackets:
        upper = LARGEST_BASE if bracket.up_to is None else bracket.up_to
        lower = 0 if bracket.above == 0 else bracket.above + 1
        steps.append((base_fen.between(lower, upper), _rounded(base_fen * bracket.rate_bp, rounding)))
    return case(*steps, else_=null())


def _rounded(amount: ColumnElement[int], rounding: str) -> ColumnElement[int]:
    if rounding == "fen":
        return (amount + RATE_UNIT // 2) // RATE_UNIT
    if rounding == "jiao":
        return (amount + 10 * RATE_UNIT // 2) // (10 * RATE_UNIT) * 10
    if rounding == "yuan_up":
        return (amount + 100 * RATE_UNIT - 1) // (100 * RATE_UNIT) * 100
    raise ValueError(f"unknown rounding {rounding!r}")
