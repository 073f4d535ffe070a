"""Judge the rows of a 党费核算表: whose it is, which base, and whether the sheet's own sums are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from portal.api import gettext as _
from portal.api import sentences, sheet_kit, sheet_values

from .amounts import percent, short_yuan, yuan
from .base import BaseFromItems, base_from_pay_items, formula_of, named_items
from .base_columns import ITEMS
from .calculation import BaseRefused, Explanation, explain
from .category_words import on_screen
from .rate_files import rate_tables
from .rate_table import Category, Formula
from .words import base_refused, derived, only_this, why

#: A difference below this (fen) is somebody's rounding, not a mistake.
ROUNDING = 10


@dataclass(frozen=True, kw_only=True)
class Known:
    """A member of the branch and what is fixed or proposed for this person (fen)."""

    member_id: int
    name: str
    last_four: str
    #: What kind of unit this person works in: it says which formula the items of pay follow.
    unit_kind: str | None = None
    category: str | None = None
    base_fen: int | None = None
    amount_fen: int | None = None
    #: A proposal that waits: (category, base, first month).
    waiting: tuple[str, int | None, str] | None = None
    #: The latest approved assessment begins in this month.
    from_month: str | None = None


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """What a good row proposes."""

    member_id: int
    category: str
    base_fen: int | None
    amount_fen: int
    sentence: str
    #: The formula a monthly wage follows ("": the category has none), and the sum in words.
    formula: str
    derived: str


class Judge:
    """Judges rows against one branch's people; writes nothing."""

    def __init__(
        self, people: Sequence[Known], *, from_month: str, on: date, rounding: str, this_month: str
    ) -> None:
        self.from_month, self.on, self.rounding, self.this_month = from_month, on, rounding, this_month
        self.table = rate_tables().on(on)
        self.by_name: dict[str, list[Known]] = {}
        for known in people:
            self.by_name.setdefault(_key(known.name), []).append(known)
        self.seen: dict[int, int] = {}

    def __call__(self, rows: Sequence[sheet_kit.Row]) -> None:
        """Set the verdict and the target of each readable row."""
        for row in rows:
            self._judge(row)

    def _judge(self, row: sheet_kit.Row) -> None:
        known = self._member(row)
        if known is None:
            return
        category = row.values.get("category") or known.category or "salaried"
        kind = self.table.category(category)
        cells = {name: row.values[name] for name in ITEMS if row.values.get(name)}
        base_fen: int | None = row.values.get("base")
        if not kind.needs_base and (base_fen is not None or cells) and "category" not in row.values:
            called = on_screen(kind.label)
            row.refuse(
                _("登记的类别是“%(kind)s”，不按工资交。类别变了，请加一列“党费类别”写明。", kind=called)
            )
            return
        formula = self._formula(row, known, kind)
        items = self._items(row, kind, formula, cells)
        if row.reasons:
            return
        if items is not None:
            base_fen = items.base_fen
        try:
            found = explain(category, base_fen, on=self.on, rounding=self.rounding, table=self.table)
        except BaseRefused as refused:
            row.refuse(base_refused(refused.reason))
            return
        sentence = why(found, self.table)
        self._ratio(row, found)
        self._monthly(row, found, sentence)
        if not row.reasons:
            row.target = Proposed(
                member_id=known.member_id,
                category=found.category,
                base_fen=found.base_fen,
                amount_fen=found.amount_fen,
                sentence=sentence,
                formula=formula.code if formula else "",
                derived=derived(items) if items is not None else "",
            )
            self._verdict(row, known, found)

    def _member(self, row: sheet_kit.Row) -> Known | None:
        name, four = row.values["name"], row.values.get("last_four")
        found = self.by_name.get(_key(name), [])
        if not found:
            row.refuse(_("姓名“%(name)s”不在这个支部，请核对姓名，或看看是不是选错了支部。", name=name))
            return None
        if four is not None:
            found = [one for one in found if one.last_four == four]
            if not found:
                row.refuse(_("“%(name)s”的身份证号后4位和登记的不一样，请核对。", name=name))
                return None
        if len(found) > 1:
            row.refuse(
                _(
                    "支部里有%(count)s位“%(name)s”，请加一列“身份证号后4位”写明是哪一位。",
                    count=len(found),
                    name=name,
                )
            )
            return None
        first = self.seen.setdefault(found[0].member_id, row.number)
        if first != row.number:
            row.refuse(_("“%(name)s”和第%(first)s行是同一个人，请只留一行。", name=name, first=first))
            return None
        return found[0]

    def _formula(self, row: sheet_kit.Row, known: Known, kind: Category) -> Formula | None:
        """Return the formula of this person's kind of unit, or the one the row names; only wages have one."""
        if not kind.takes_pay_items:
            return None
        said: str | None = row.values.get("formula")
        return formula_of(self.table, said or self.table.unit_formulas.of(known.unit_kind))

    def _items(
        self, row: sheet_kit.Row, kind: Category, formula: Formula | None, cells: Mapping[str, int]
    ) -> BaseFromItems | None:
        """Work the base out of the items; where the total stands too they must agree."""
        if not cells or not kind.needs_base:
            return None
        if formula is None:
            row.refuse(only_this(kind))
            return None
        items = named_items(formula, cells, ITEMS)
        foreign = [item for item in items if not formula.names(item)]
        if foreign:
            row.refuse(
                _(
                    "“%(formula)s”的公式里没有%(items)s。请写明单位类型，或只写税后工资总额。",
                    formula=on_screen(formula.label),
                    items=_("、").join(on_screen(item) for item in foreign),
                )
            )
            return None
        try:
            computed = base_from_pay_items(formula, items)
        except BaseRefused as refused:
            row.refuse(base_refused(refused.reason))
            return None
        total: int | None = row.values.get("base")
        if total is not None and total != computed.base_fen:
            row.refuse(
                _(
                    "税后工资总额写的是%(said)s元，按各项工资和扣款算是%(computed)s元，差%(less)s元，请核对。",
                    said=yuan(total),
                    computed=yuan(computed.base_fen),
                    less=yuan(abs(total - computed.base_fen)),
                )
            )
        return computed

    def _ratio(self, row: sheet_kit.Row, found: Explanation) -> None:
        said = row.values.get("ratio")
        if said is None or found.rate is None or said == found.rate:
            return
        row.refuse(
            _(
                "交纳比例写的是%(said)s，基数%(base)s元应该按%(rate)s。",
                said=percent(said),
                base=short_yuan(found.base_fen or 0),
                rate=percent(found.rate),
            )
        )

    def _monthly(self, row: sheet_kit.Row, found: Explanation, sentence: str) -> None:
        said = row.values.get("monthly")
        if said is None:
            return
        less = min(abs(said - found.amount_fen), abs(said - found.computed_fen))
        words = _(
            "每月应交写的是%(said)s元，按规定是%(amount)s元，差%(less)s元。",
            said=yuan(said),
            amount=yuan(found.amount_fen),
            less=yuan(less),
        )
        if less >= ROUNDING:
            row.refuse(words + sentence)
        elif less:
            row.warnings.append(sentences(words, _("按规定的数登记。")))

    def _verdict(self, row: sheet_kit.Row, known: Known, found: Explanation) -> None:
        proposal = (found.category, found.base_fen, self.from_month)
        in_force = (known.category, known.base_fen, known.amount_fen)
        if known.waiting == proposal or (
            known.waiting is None and in_force == (found.category, found.base_fen, found.amount_fen)
        ):
            row.verdict = sheet_kit.Verdict.SAME
            return
        if self.from_month < self.this_month and known.from_month is not None:
            row.refuse(_("“%(name)s”已经核定过，不能改以前的月份。请选本月或以后的月份。", name=known.name))
            return
        if known.waiting is not None:
            row.warnings.append(_("原来有一份等确认的核定，导入后以这张表为准。"))
        row.verdict = sheet_kit.Verdict.NEW if known.amount_fen is None else sheet_kit.Verdict.CHANGED
        row.changes = tuple(_changes(known, found))


def _changes(known: Known, found: Explanation) -> list[sheet_kit.Change]:
    pairs = (
        ("base", _("基数"), known.base_fen, found.base_fen),
        ("monthly", _("每月应交"), known.amount_fen, found.amount_fen),
    )
    return [
        sheet_kit.Change(
            field=field,
            label=label,
            old="" if old is None else yuan(old),
            new="" if new is None else yuan(new),
        )
        for field, label, old, new in pairs
        if old != new
    ]


def _key(name: str) -> str:
    return str(sheet_values.text.compact(name)).lower()


def fingerprint(rows: Sequence[sheet_kit.Row]) -> str:
    """Name what a commit would do, so that nobody commits something else than what was shown."""
    import hashlib

    told: list[Mapping[str, Any] | tuple[Any, ...]] = [
        (row.number, row.verdict.value, row.target and (row.target.member_id, row.target.amount_fen))
        for row in rows
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:32]
