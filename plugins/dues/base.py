"""How the base comes about: from items of pay, from a quarter's income, from the pay really drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

from .calculation import BaseRefused
from .rate_table import Formula, RateTable, RateTableError, Rule


@dataclass(frozen=True, kw_only=True)
class BaseFromItems:
    """A base (fen) with the items that were added, subtracted and left out, each in fen."""

    base_fen: int
    formula: Formula
    added: Mapping[str, int]
    subtracted: Mapping[str, int]
    left_out: Mapping[str, int]
    rule: Rule


def formula_of(table: RateTable, unit_kind: str) -> Formula:
    """Return the formula for a kind of unit; raise ``RateTableError`` naming those there are."""
    try:
        return table.formulas[unit_kind]
    except KeyError:
        known = ", ".join(table.formulas)
        raise RateTableError(f"no formula for {unit_kind!r}; there are {known}") from None


def named_items(
    formula: Formula, cells: Mapping[str, int], names: Mapping[str, tuple[str, ...]]
) -> dict[str, int]:
    """Return what stands in a sheet's columns under the names ``formula`` gives them; nothings are left out.

    ``names`` says what a column may be called: 年金 is 职业年金 in an institution, 企业年金 in an enterprise.
    """
    known = {*formula.add, *formula.subtract, *formula.left_out}
    return {
        next((name for name in names[column] if name in known), names[column][0]): fen
        for column, fen in cells.items()
        if fen and column in names
    }


def base_from_pay_items(formula: Formula, items: Mapping[str, int]) -> BaseFromItems:
    """Return the base out of items of pay in fen, as the 党费核算表 lists them.

    Raises ``BaseRefused``: ``unknown_item`` for an item the formula does not name (a guess would move people
    between brackets), ``missing`` when nothing is added, ``negative`` when deductions exceed the pay.

    Source: 组电明字〔2017〕5号, item 1; formulas per kind of unit in ``rates/``.
    """
    known = {*formula.add, *formula.subtract, *formula.left_out}
    if set(items) - known:
        raise BaseRefused("unknown_item")
    if any(fen < 0 for fen in items.values()):
        raise BaseRefused("negative")
    added = {name: items[name] for name in formula.add if name in items}
    subtracted = {name: items[name] for name in formula.subtract if name in items}
    if not added:
        raise BaseRefused("missing")
    base_fen = sum(added.values()) - sum(subtracted.values())
    if base_fen < 0:
        raise BaseRefused("negative")
    return BaseFromItems(
        base_fen=base_fen,
        formula=formula,
        added=added,
        subtracted=subtracted,
        left_out={name: items[name] for name in formula.left_out if name in items},
        rule=formula.rule,
    )


def last_quarter_average(net_income_fen: int) -> int:
    """Return the monthly average (fen, half up) of a quarter's net income, declared by the member.

    Raises ``BaseRefused`` for a loss. Source: 中组发〔2008〕3号, item 3.
    """
    if net_income_fen < 0:
        raise BaseRefused("negative")
    return (net_income_fen * 2 + 3) // 6
