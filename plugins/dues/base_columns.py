"""The columns of the 党费核算表 as staff write it (domain.md §8.5), and what its cells may say."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from portal.api import SheetColumn, sheet_kit, sheet_values
from portal.api import lazy_gettext as _l

from .rate_files import rate_tables
from .sheets import CODES, NAMES

#: Column of the sheet -> what the formulas (rates/) call it.
ITEMS: dict[str, tuple[str, ...]] = {
    "basic": ("基本工资",),
    "position": ("职务工资",),
    "grade": ("级别工资",),
    "post": ("岗位工资",),
    "scale": ("薪级工资",),
    "merit": ("基础性绩效", "绩效工资"),
    "allowance": ("津贴补贴",),
    "bonus": ("固定奖金",),
    "living": ("生活补贴",),
    "work": ("工作性补贴",),
    "pension": ("养老保险",),
    "annuity": ("职业年金", "企业年金"),
    "housing": ("住房公积金",),
    "medical": ("医疗保险",),
    "unemployment": ("失业保险",),
    "tax": ("所得税",),
    "deductions": ("扣款合计",),
}
#: What the sheet calls the formulas (rates/): the column 单位类型.
FORMULAS = {formula.label: code for table in rate_tables().tables for code, formula in table.formulas.items()}
_NOTHING = {"-", "—", "--", "/", "无", "0"}
_FOUR = re.compile(r"[0-9]{3}[0-9X]")
#: From here on a number without a sign is a percentage: rates are at most 0.02 or at least 0.5 percent.
_PERCENT_FROM = Decimal("0.1")


def money(cell: sheet_kit.Cell, where: sheet_kit.Where) -> int:
    """Read yuan into fen; a dash is nothing."""
    if isinstance(cell, str) and sheet_values.text.compact(cell) in _NOTHING:
        return 0
    return sheet_values.money.fen(cell, where)


def ratio(cell: sheet_kit.Cell, where: sheet_kit.Where) -> Decimal:
    """Read a rate: 1.5%, 百分之1.5, 1.5, or 0.015 as a percent cell of Excel holds it."""
    text = sheet_values.text.compact(sheet_values.text.as_text(cell))
    percent = text.endswith("%") or text.startswith("百分之")
    try:
        number = Decimal(text.removesuffix("%").removeprefix("百分之"))
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or not 0 <= number <= 100:
        raise sheet_kit.CellError(
            _l(
                "%(label)s“%(value)s”看不懂，请写成1.5%%这样。",
                label=where.label,
                value=sheet_kit.shown(cell),
            )
        )
    return number / 100 if percent or number >= _PERCENT_FROM else number


def last_four(cell: sheet_kit.Cell, where: sheet_kit.Where) -> str:
    """Read the last four of an id; of a whole id only these are kept."""
    text = sheet_values.text.compact(sheet_values.text.as_text(cell)).upper()[-4:].rjust(4, "0")
    if not _FOUR.fullmatch(text):
        raise sheet_kit.CellError(_l("%(label)s看不懂，请只写最后4位，例如123X。", label=where.label))
    return text


def _sum(name: str, header: str, *aliases: str, **more: Any) -> SheetColumn:
    return SheetColumn(name=name, header=header, aliases=aliases, parse=money, data_class=3, **more)


COLUMNS = (
    SheetColumn(name="number", header="序号", width=6),
    SheetColumn(
        name="name",
        header="姓名",
        aliases=("党员姓名",),
        parse=sheet_values.text.person_name,
        required=True,
        data_class=2,
    ),
    SheetColumn(
        name="last_four",
        header="身份证号后4位",
        aliases=("身份证后四位", "身份证号后四位", "身份证后4位", "身份证号", "身份证号码", "公民身份号码"),
        parse=last_four,
        data_class=3,
        note=_l("支部里有同名的同志时才要写"),
    ),
    SheetColumn(
        name="category",
        header="党费类别",
        aliases=("人员类别", "类别"),
        parse=sheet_values.text.choice(CODES, hint=[names[0] for names in NAMES.values()]),
        choices=tuple(names[0] for names in NAMES.values()),
        data_class=3,
        note=_l("不写就是原来登记的类别，没登记过的按“按月领工资”"),
    ),
    SheetColumn(
        name="formula",
        header="单位类型",
        aliases=("计算公式", "单位性质"),
        parse=sheet_values.text.choice({**FORMULAS, "事业": "public_institution", "公务员": "civil_service"}),
        choices=tuple(FORMULAS),
        data_class=2,
        note=_l("不写就按本人所在单位的性质"),
    ),
    _sum("basic", "基本工资"),
    _sum("position", "职务工资", "职务"),
    _sum("grade", "级别工资", "级别"),
    _sum("post", "岗位", "岗位工资"),
    _sum("scale", "薪级", "薪级工资"),
    _sum("merit", "基础性绩效", "基础性绩效工资", "基础绩效", "基础绩效工资"),
    _sum("allowance", "津贴补贴", "津补贴"),
    _sum("bonus", "固定奖金"),
    _sum("living", "生活补贴"),
    _sum("work", "工作性补贴"),
    _sum("pension", "养老", "养老保险", "基本养老保险"),
    _sum("annuity", "职业年金", "年金", "企业年金"),
    _sum("housing", "公积金", "住房公积金"),
    _sum("medical", "医疗", "医疗保险", "基本医疗保险"),
    _sum("unemployment", "失业", "失业保险"),
    _sum("tax", "所得税", "个人所得税", "个税"),
    _sum("deductions", "扣款合计"),
    _sum("base", "税后工资总额", "税后工资", "党费基数", "计算基数", "党费计算基数", "基本养老金"),
    SheetColumn(name="ratio", header="交纳比例", aliases=("缴纳比例", "比例"), parse=ratio, data_class=3),
    _sum("monthly", "每月应交", "月应交", "月应缴", "每月应缴"),
    SheetColumn(name="together", header="共交", aliases=("全年应交", "合计"), data_class=3),
    SheetColumn(name="remark", header="备注", width=24, data_class=2),
)

PROFILE = sheet_kit.Profile(
    name="dues_bases",
    title="党费核算表",
    columns=COLUMNS,
    notes=(
        _l("金额写元。可以写各项工资和扣款，也可以只写税后工资总额；两样都写时要对得上。"),
        _l("每月应交按规定再算一遍，和表上的数不一样会告诉您差多少。"),
    ),
)
