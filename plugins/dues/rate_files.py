"""Read the rate tables from TOML and refuse those that do not hold together."""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from .amounts import parse_yuan
from .rate_table import (
    BASE_KINDS,
    MARKS,
    RATE_UNIT,
    Bracket,
    Category,
    Formula,
    Limits,
    Norm,
    RateTable,
    RateTableError,
    RateTables,
    ReliefChain,
    Remittance,
    ReviewMonths,
    Rounding,
    Rule,
    UnitFormulas,
    Voluntary,
)

HERE = Path(__file__).parent / "rates"


@cache
def rate_tables() -> RateTables:
    """Return the tables that come with the plugin; read once, they are part of the program."""
    return load(HERE)


def load(folder: Path) -> RateTables:
    """Read every table of ``folder``; raise ``RateTableError`` naming the file and the fault."""
    raw: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
            raw[content["version"]] = content
        except (tomllib.TOMLDecodeError, KeyError) as fault:
            raise RateTableError(f"{path.name}: {fault}") from fault
    tables = []
    for version, content in raw.items():
        try:
            tables.append(build(_extended(content, raw)))
        except RateTableError:
            raise
        except (KeyError, TypeError, ValueError, InvalidOperation) as fault:
            raise RateTableError(f"{version}: {fault!r}") from fault
    if not tables:
        raise RateTableError(f"no rate tables in {folder}")
    tables.sort(key=lambda table: table.valid_from)
    if len({table.valid_from for table in tables}) != len(tables):
        raise RateTableError("two tables begin on the same day")
    return RateTables(tuple(tables))


def _extended(
    content: Mapping[str, Any], raw: Mapping[str, Mapping[str, Any]], seen: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Lay ``content`` over the table it extends."""
    parent = content.get("extends")
    if parent is None:
        return dict(content)
    if parent not in raw or parent in seen:
        raise RateTableError(f"{content['version']}: cannot extend {parent!r}")
    return _merged(_extended(raw[parent], raw, (*seen, content["version"])), content)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def build(content: Mapping[str, Any]) -> RateTable:
    """Make one table out of parsed TOML; raise ``RateTableError`` where it does not hold together."""
    if type(content["valid_from"]) is not date:
        raise RateTableError(f"{content['version']}: valid_from is not a date")
    sets = {name: (_brackets(name, body), _rule(body)) for name, body in content["bracket_sets"].items()}
    rounding = content["rounding"]
    table = RateTable(
        version=content["version"],
        valid_from=content["valid_from"],
        title=content["title"],
        categories={code: _category(code, body, sets) for code, body in content["categories"].items()},
        roundings={
            code: Rounding(code=code, label=body["label"], rule=_rule(body))
            for code, body in rounding["options"].items()
        },
        default_rounding=rounding["default"],
        policy=content["fixing"]["policy"],
        policy_rule=_rule(content["fixing"]),
        limits=Limits(
            prepayment_months=_months(content["limits"]["prepayment_months"]),
            back_payment_months=_months(content["limits"]["back_payment_months"]),
            rule=_rule(content["limits"]),
        ),
        voluntary=Voluntary(
            large_dues_min=parse_yuan(content["voluntary"]["large_dues_min"]),
            receipt_by=content["voluntary"]["receipt_by"],
            rule=_rule(content["voluntary"]),
        ),
        review=_review(content["review"]),
        relief=_relief(content["relief"]),
        formulas={code: _formula(code, body) for code, body in content["formulas"].items()},
        unit_formulas=_unit_formulas(content["unit_formulas"]),
        remittances={level: _remittance(level, body) for level, body in content["remittance"].items()},
        norm=_norm(content.get("norm")),
    )
    if table.default_rounding not in table.roundings or set(table.roundings) - {"fen", "jiao", "yuan_up"}:
        raise RateTableError(f"{table.version}: rounding options are fen, jiao and yuan_up")
    if table.policy not in ("annual_fixed", "follow_change"):
        raise RateTableError(f"{table.version}: unknown fixing policy {table.policy!r}")
    if unknown := set(table.relief.by_category) - set(table.categories):
        raise RateTableError(f"{table.version}: relief for unknown categories {sorted(unknown)}")
    named = {table.unit_formulas.default, *table.unit_formulas.by_unit.values()}
    if unknown := named - set(table.formulas):
        raise RateTableError(f"{table.version}: units follow unknown formulas {sorted(unknown)}")
    return table


def _rule(body: Mapping[str, Any]) -> Rule:
    if not body["source"].strip() or body["mark"] not in MARKS:
        raise RateTableError(f"a rule needs a source and one of the marks {MARKS}: {body!r}")
    return Rule(source=body["source"], mark=body["mark"])


def _months(number: object) -> int:
    if type(number) is not int or number < 1:
        raise RateTableError(f"not a number of months: {number!r}")
    return number


def _ten_thousandths(text: str) -> int:
    exact = Decimal(text) * RATE_UNIT
    if exact != int(exact) or not 0 < exact < RATE_UNIT:
        raise RateTableError(f"not a rate of whole ten-thousandths between 0 and 1: {text!r}")
    return int(exact)


def _brackets(name: str, body: Mapping[str, Any]) -> tuple[Bracket, ...]:
    """Chain the brackets edge to edge, so that a gap or an overlap cannot be written down."""
    brackets: list[Bracket] = []
    above = 0
    for position, entry in enumerate(body["brackets"], start=1):
        last = position == len(body["brackets"])
        if last is ("up_to" in entry):
            raise RateTableError(f"{name}: the last bracket, and only that, has no upper edge")
        up_to = None if last else parse_yuan(entry["up_to"])
        if up_to is not None and up_to <= above:
            raise RateTableError(f"{name}: the edges do not rise at {entry['up_to']}")
        brackets.append(Bracket(above=above, up_to=up_to, rate_bp=_ten_thousandths(entry["rate"])))
        above = up_to or above
    rates = [bracket.rate_bp for bracket in brackets]
    if not rates or rates != sorted(set(rates)):
        raise RateTableError(f"{name}: the rates do not rise")
    return tuple(brackets)


def _category(
    code: str, body: Mapping[str, Any], sets: Mapping[str, tuple[tuple[Bracket, ...], Rule]]
) -> Category:
    ways = [way for way in ("brackets", "fixed", "range") if way in body]
    if len(ways) != 1:
        raise RateTableError(f"{code}: exactly one of brackets, fixed or range")
    common: dict[str, Any] = {"code": code, "label": body["label"], "rule": _rule(body)}
    if ways == ["fixed"]:
        return Category(**common, base_kind="none", fixed_fen=parse_yuan(body["fixed"]))
    if ways == ["range"]:
        least, most = parse_yuan(body["range"]["least"]), parse_yuan(body["range"]["most"])
        if not 0 < least <= most:
            raise RateTableError(f"{code}: the range is empty")
        return Category(**common, base_kind="agreed", least_fen=least, most_fen=most)
    if body["base"] not in BASE_KINDS:
        raise RateTableError(f"{code}: unknown kind of base {body['base']!r}")
    brackets, bracket_rule = sets[body["brackets"]]
    return Category(**common, base_kind=body["base"], brackets=brackets, bracket_rule=bracket_rule)


def _norm(body: Mapping[str, Any] | None) -> Norm | None:
    return None if body is None else Norm(monthly_fen=parse_yuan(body["monthly"]), rule=_rule(body))


def _review(body: Mapping[str, Any]) -> ReviewMonths:
    return ReviewMonths(
        tell_member=tuple(_months(number) for number in body["tell_member"]),
        branch_task=tuple(_months(number) for number in body["branch_task"]),
        meeting=_months(body["meeting"]),
        rule=_rule(body),
    )


def _relief(body: Mapping[str, Any]) -> ReliefChain:
    chains = {key: tuple(value) for key, value in body.items() if key not in ("source", "mark")}
    for key, chain in chains.items():
        if not chain or set(chain) - {"branch", "committee"}:
            raise RateTableError(f"relief {key}: a chain of branch and committee")
    default = chains.pop("default")
    return ReliefChain(default=default, by_category=chains, rule=_rule(body))


def _formula(code: str, body: Mapping[str, Any]) -> Formula:
    groups = [tuple(body[key]) for key in ("add", "subtract", "left_out")]
    names = [name for group in groups for name in group]
    if len(names) != len(set(names)) or not groups[0]:
        raise RateTableError(f"formula {code}: an item stands in two places, or nothing is added")
    return Formula(
        code=code,
        label=body["label"],
        add=groups[0],
        subtract=groups[1],
        left_out=groups[2],
        rule=_rule(body),
    )


def _unit_formulas(body: Mapping[str, Any]) -> UnitFormulas:
    by_unit = {kind: code for kind, code in body.items() if kind not in ("default", "source", "mark")}
    return UnitFormulas(default=body["default"], by_unit=by_unit, rule=_rule(body))


def _remittance(level: str, body: Mapping[str, Any]) -> Remittance:
    deadline = None
    if "deadline" in body:
        month, day = (int(part) for part in body["deadline"].split("-"))
        date(2001, month, day)  # raises for a day no year has
        deadline = (month, day)
    return Remittance(
        level=level, share_bp=_ten_thousandths(body["share"]), deadline=deadline, rule=_rule(body)
    )
