"""The sheet a center keeps its rooms in, a row for each time, read as what it wants of which room."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from portal.api import gettext as _
from portal.api import lazy_gettext as _l
from portal.api import ngettext, sheet_kit, sheet_values

from . import typed
from .calendar_reading import BYTES, EVENTS, Incoming
from .queries.agreements import organizations
from .queries.places import Room

LIMITS = sheet_kit.Limits(upload_bytes=BYTES, unpacked_bytes=20 * 1024 * 1024, rows=5000)
_SECONDS = re.compile(r"(?:.* )?(\d{1,2}:\d{2}):\d{2}(?:\.\d+)?", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row: the number it has in the sheet, its room, what it wants, and what to look at."""

    number: int
    room: Room | None
    event: Incoming
    warnings: tuple[str, ...] = ()


def _day(cell: sheet_kit.Cell, where: sheet_kit.Where) -> date:
    """Read a whole day: a month alone is none."""
    found = sheet_values.dates.day(cell, where)
    text = sheet_values.text.as_text(cell)
    month = isinstance(cell, Decimal) and (cell != cell.to_integral_value() or len(text) == 6)
    if month or isinstance(cell, str) and sheet_values.dates.whole_day(text.split(" ")[0]) is None:
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
    elif isinstance(cell, Decimal) and cell != cell.to_integral_value():
        found = None  # 9.3 is 9:18, 9:30 or 9:03
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


def profile(rooms: Sequence[Room]) -> sheet_kit.Profile:
    """Return the sheet to fill in, its rooms to choose from."""
    said = Counter(one.name for one in rooms)
    names = tuple(one.name if said[one.name] == 1 else _long(one) for one in rooms)
    return replace(
        PROFILE,
        columns=tuple(
            replace(column, choices=names) if column.name == "room" else column for column in COLUMNS
        ),
    )


def read(data: bytes, filename: str, rooms: Sequence[Room]) -> tuple[list[Row], list[str]]:
    """Return the rows of a sheet and what was noticed about it; raises ``sheet_kit.SheetError`` in words.

    ``rooms`` are those that may be booked. A row that cannot be read is there too, with what is wrong.
    """
    table, others = sheet_kit.best_table(sheet_kit.read_tables(data, filename, LIMITS), PROFILE)
    mapping = sheet_kit.recognise(table, PROFILE)
    found = [(number, cells) for number, cells in sheet_kit.data_rows(table, mapping) if cells is not None]
    shown = [(number, cells) for number, cells in found if number not in table.hidden.rows]
    if not shown:
        raise sheet_kit.SheetError(_("表头下面没有看得见的数据，没有登记。"))
    if len(shown) > EVENTS:
        raise sheet_kit.SheetError(
            ngettext(
                "表里有%(num)s行，一次最多%(most)s行。请分几次传。",
                "表里有%(num)s行，一次最多%(most)s行。请分几次传。",
                len(shown),
                most=EVENTS,
            )
        )
    notices = [str(one) for one in (*table.notices, *sheet_kit.unseen_columns(table, mapping))]
    if mapping.extra:
        notices.append(_("这些列没有用到：%(names)s。", names="、".join(mapping.extra)))
    if len(shown) < len(found):
        hidden = len(found) - len(shown)
        notices.append(ngettext("表里隐藏的%(num)s行没有读。", "表里隐藏的%(num)s行没有读。", hidden))
    if others:
        notices.append(
            _("只读了“%(name)s”这张表，没有读：%(others)s。", name=table.name, others="、".join(others))
        )
    judged = sheet_kit.judge_rows(shown, PROFILE, mapping, lambda _rows: None, date1904=table.date1904)
    known = organizations([row.values["organization"] for row in judged if row.values.get("organization")])
    return [_row(row, rooms, known) for row in judged], notices


def _row(row: sheet_kit.Row, rooms: Sequence[Room], known: dict[str, int]) -> Row:
    values = row.values
    title = values.get("title", "")
    room: Room | None = None
    problems = [str(one) for one in row.reasons]
    if "room" in values:
        room, wrong = _room(values["room"], rooms)
        problems += [wrong] if wrong else []
    if problems or room is None:
        return Row(
            number=row.number, room=None, event=Incoming(uid="", title=title, problem="".join(problems))
        )
    span = typed.span_of(values["day"], values["start"], values["end"])
    name = values.get("organization", "")
    warnings = [str(one) for one in row.warnings]
    if name and name not in known:
        warnings.append(_("没有登记过叫“%(name)s”的单位，写进备注。", name=name))
    event = Incoming(
        # The room has one booking at a time: nothing of what a row says besides is needed to know it again.
        uid=f"sheet:{span.start:%Y%m%dT%H%M%z}/{(span.end - span.start) // timedelta(minutes=1)}",
        title=title,
        spans=(span,),
        headcount=values["headcount"],
        contact_name=values["contact"],
        phone=values.get("phone", ""),
        organization_id=known.get(name),
        note=_("单位：%(name)s", name=name) if name and name not in known else "",
    )
    return Row(number=row.number, room=room, event=event, warnings=tuple(warnings))


def _room(text: str, rooms: Sequence[Room]) -> tuple[Room | None, str]:
    """Return the room of that name, written with its venue or without, or what is wrong with it."""
    wanted = _bare(text)
    found = [one for one in rooms if wanted in (_bare(one.name), _bare(one.venue + one.name))]
    if len(found) == 1:
        return found[0], ""
    if found:
        listed = "、".join(_long(one) for one in found[:3])
        return None, _(
            "有几间房叫“%(name)s”，请连场馆一起写，比如：%(names)s。", name=text[:30], names=listed
        )
    return None, _("没有您能登记的房间叫“%(name)s”，请照系统里的名字写。", name=text[:30])


def _long(room: Room) -> str:
    return f"{room.venue} {room.name}"


def _bare(text: str) -> str:
    return re.sub(r"[·•\-—]", "", typed.plain(text))
