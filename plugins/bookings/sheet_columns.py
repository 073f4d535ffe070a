"""The columns of the sheet a center keeps its rooms in, under the names centers give them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from portal.api import lazy_gettext as _l
from portal.api import sheet_kit, sheet_values

from . import typed

_SECONDS = re.compile(r"(?:.* )?(\d{1,2}:\d{2}):\d{2}(?:\.\d+)?", re.ASCII)


def _day(cell: sheet_kit.Cell, where: sheet_kit.Where) -> date:
    """Read a whole day: a month alone is none."""
    text = sheet_values.text.as_text(cell)
    try:
        found = sheet_values.dates.day(cell, where)
    except sheet_kit.CellError:
        found = None  # its words are those of a birthday, for which a month is enough
    month = isinstance(cell, Decimal) and (cell != cell.to_integral_value() or len(text) == 6)
    typed_badly = isinstance(cell, str) and sheet_values.dates.whole_day(text.split(" ")[0]) is None
    if found is None or month or typed_badly:
        raise sheet_kit.CellError(
            _l("%(label)s“%(value)s”看不懂，请写成2026-03-05这样。", label=where.label, value=text[:30])
        )
    return found


def _minute(cell: sheet_kit.Cell, where: sheet_kit.Where) -> int:
    """Read a time of day as people type it, or as Excel keeps it: a part of a day."""
    text = sheet_values.text.as_text(cell).strip()
    found: int | None
    if isinstance(cell, Decimal) and 0 < cell < 1:
        found = round(cell * 1440)
    elif isinstance(cell, Decimal) and (cell == 1 or cell != cell.to_integral_value()):
        found = None  # 9.3 is 9:18, 9:30 or 9:03; 1 is 01:00, or the 24:00 that Excel keeps as a day
    else:
        exact = _SECONDS.fullmatch(text)
        found = typed.minute(exact[1] if exact else text)
    if found is None:
        raise sheet_kit.CellError(
            _l("%(label)s“%(value)s”看不懂，请写成09:30这样。", label=where.label, value=text[:30])
        )
    return found


def _phone(cell: sheet_kit.Cell, where: sheet_kit.Where) -> str:
    found = typed.phone(sheet_values.text.as_text(cell))
    if found is None:
        raise sheet_kit.CellError(
            _l("%(label)s看不懂，请写11位手机号，或者带区号的座机。", label=where.label)
        )
    return found


def _column(name: str, header: str, *aliases: str, **more: Any) -> sheet_kit.Column:
    return sheet_kit.Column(name=name, header=header, aliases=aliases, **more)


COLUMNS = (
    _column("number", "序号", width=6),
    _column("day", "日期", "预约日期", "使用日期", parse=_day, required=True),
    _column("start", "开始", "开始时间", "起始时间", parse=_minute, required=True, width=10),
    _column("end", "结束", "结束时间", "截止时间", parse=_minute, required=True, width=10),
    _column("room", "房间", "场地", "场所", "会议室", "房间名称", "场地名称", required=True, width=18),
    _column(
        "title",
        "用途",
        "事由",
        "活动名称",
        "活动内容",
        "会议名称",
        parse=sheet_values.text.text(80),
        required=True,
        data_class=2,
        width=24,
    ),
    _column(
        "organization",
        "单位",
        "使用单位",
        "申请单位",
        "组织",
        parse=sheet_values.text.text(100),
        data_class=2,
        width=24,
    ),
    _column(
        "contact", "联系人", "负责人", "申请人", parse=sheet_values.text.text(40), required=True, data_class=2
    ),
    _column("phone", "电话", "联系电话", "手机", "手机号", "联系方式", parse=_phone, data_class=2),
    _column(
        "headcount",
        "人数",
        "参加人数",
        "参会人数",
        parse=sheet_values.numbers.whole(1, 99_999),
        required=True,
        width=8,
    ),
)
PROFILE = sheet_kit.Profile(
    name="bookings_calendar",
    title="场地预约登记表",
    columns=COLUMNS,
    notes=(
        _l("一行是一次。时间写成09:30这样，24:00是当天结束。"),
        _l("单位写系统里登记的名称；没有登记过的，写进备注。"),
    ),
)
TEMPLATE = f"{PROFILE.title}模板.xlsx"
