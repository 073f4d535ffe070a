"""The sentences of the dues pages that say why; ``ux.md`` "Words" sets their tone."""

from __future__ import annotations

from collections.abc import Iterable

from portal.api import gettext as _
from portal.api import month, sentences

from .amounts import percent, short_yuan, yuan
from .base import BaseFromItems
from .calculation import Explanation
from .category_words import on_screen
from .rate_table import Category, Formula, RateTable


def why(explanation: Explanation, table: RateTable) -> str:
    """Return the one sentence that says why a member pays this amount."""
    kind = table.category(explanation.category)
    amount = yuan(explanation.computed_fen)
    if explanation.bracket is None:
        label = on_screen(kind.label)
        if kind.fixed_fen is not None:
            return _("按“%(kind)s”这一类，每月固定交%(amount)s元。", kind=label, amount=amount)
        return _(
            "按“%(kind)s”这一类，每月交%(least)s元到%(most)s元，支部定的是每月%(amount)s元。",
            kind=label,
            least=short_yuan(kind.least_fen or 0),
            most=short_yuan(kind.most_fen or 0),
            amount=amount,
        )
    sentence = _(
        "%(base)s，%(bracket)s，按%(rate)s算，每月%(amount)s元。",
        base=_base(kind.base_kind, explanation.base_fen or 0),
        bracket=_bracket(explanation),
        rate=percent(explanation.bracket.rate),
        amount=amount,
    )
    if explanation.norm_applied:
        norm = short_yuan(explanation.amount_fen)
        sentence = sentences(
            sentence, _("一般每月不超过%(norm)s元，所以按%(norm)s元交，想多交由您自愿。", norm=norm)
        )
    return sentence


def _base(base_kind: str, base_fen: int) -> str:
    base = short_yuan(base_fen)
    match base_kind:
        case "basic_pension":
            return _("基本养老金每月%(base)s元", base=base)
        case "last_quarter_average":
            return _("上季度平均每月收入%(base)s元", base=base)
        case "drawn_this_month":
            return _("当月实际领取%(base)s元", base=base)
    return _("核定基数每月%(base)s元", base=base)


def _bracket(explanation: Explanation) -> str:
    bracket = explanation.bracket
    assert bracket is not None
    if bracket.up_to is None:
        return _("超过%(above)s元", above=short_yuan(bracket.above))
    if bracket.above == 0:
        return _("不超过%(up_to)s元", up_to=short_yuan(bracket.up_to))
    return _(
        "在%(above)s元到%(up_to)s元这一档",
        above=short_yuan(bracket.above),
        up_to=short_yuan(bracket.up_to),
    )


def base_refused(reason: str) -> str:
    """Return what to do about a base that was refused."""
    return {
        "missing": _("请填写每月的基数。"),
        "negative": _("基数不能小于0，请核对各项工资和扣款。"),
        "too_large": _("这个数太大了，请核对是不是多写了几位，单位是元。"),
        "below_range": _("比规定的最低数少，请由支部在规定的范围里定。"),
        "above_range": _("比规定的最高数多，多出的部分属于自愿多交，请由支部在规定的范围里定。"),
        "unknown_item": _("表里有不认识的工资项目，请对照公式改名或删去。"),
    }[reason]


def only_this(kind: Category) -> str:
    """Return what to write for somebody whose base does not come from a payslip's items."""
    what = {
        "basic_pension": _("基本养老金"),
        "last_quarter_average": _("上季度平均每月的收入"),
        "drawn_this_month": _("当月实际领取的薪酬"),
        "agreed": _("支部定的每月数"),
    }[kind.base_kind]
    return _(
        "“%(kind)s”不按工资条的项目算，请只在基数一栏写%(what)s。", kind=on_screen(kind.label), what=what
    )


def formula_words(formula: Formula) -> str:
    """Return a formula as people write it: what is added, what is taken off."""
    minus = "".join(f" − {on_screen(item)}" for item in formula.subtract)
    return " + ".join(on_screen(item) for item in formula.add) + minus


def item_list(items: Iterable[str]) -> str:
    """Return items of pay one after the other."""
    return _("、").join(on_screen(item) for item in items)


def derived(items: BaseFromItems) -> str:
    """Return the sum a base came from, by which unit's formula."""
    parts = [f"{on_screen(name)} {short_yuan(fen)}" for name, fen in items.added.items()]
    minus = [f" − {on_screen(name)} {short_yuan(fen)}" for name, fen in items.subtracted.items()]
    return _(
        "按“%(formula)s”的公式：%(sum)s = %(base)s元。",
        formula=on_screen(items.formula.label),
        sum=" + ".join(parts) + "".join(minus),
        base=short_yuan(items.base_fen),
    )


def too_far_ahead(latest: str, limit: int) -> str:
    """Return what to do about a month later than dues may be paid ahead."""
    return _(
        "党费最多预交%(limit)s个月，今天最晚只能写到%(latest)s，请核对年份和月份。",
        limit=limit,
        latest=month(latest),
    )


def edges(explanation: Explanation, table: RateTable) -> list[tuple[str, bool]]:
    """Return the brackets of a category in words, and which one is this member's."""
    found = []
    for bracket in table.category(explanation.category).brackets:
        rate = percent(bracket.rate)
        if bracket.above == 0 and bracket.up_to is not None:
            said = _("%(up_to)s元及以下：%(rate)s", up_to=short_yuan(bracket.up_to), rate=rate)
        elif bracket.up_to is None:
            said = _("%(above)s元以上：%(rate)s", above=short_yuan(bracket.above), rate=rate)
        else:
            said = _(
                "%(above)s元以上到%(up_to)s元：%(rate)s",
                above=short_yuan(bracket.above),
                up_to=short_yuan(bracket.up_to),
                rate=rate,
            )
        found.append((said, bracket == explanation.bracket))
    return found


def next_door(explanation: Explanation) -> list[str]:
    """Return what changes at the edges of the member's bracket: the whole amount takes one rate."""
    pairs = [explanation.edges[at : at + 2] for at in range(0, len(explanation.edges), 2)]
    return [
        _(
            "基数%(below)s元交%(less)s元，%(above)s元交%(more)s元。",
            below=short_yuan(below.base_fen),
            less=yuan(below.amount_fen),
            above=short_yuan(above.base_fen),
            more=yuan(above.amount_fen),
        )
        for below, above in pairs
    ]
