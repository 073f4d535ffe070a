"""The sheet a center keeps its rooms in, a row for each time, read as what it wants of which room."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from portal.api import gettext as _
from portal.api import ngettext, sheet_kit

from . import typed
from .calendar_reading import BYTES, EVENTS, Incoming
from .queries.agreements import organizations
from .queries.places import Room
from .sheet_columns import COLUMNS, PROFILE

LIMITS = sheet_kit.Limits(upload_bytes=BYTES, unpacked_bytes=20 * 1024 * 1024, rows=5000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row: the number it has in the sheet, its room, what it wants, and what to look at."""

    number: int
    room: Room | None
    event: Incoming
    warnings: tuple[str, ...] = ()


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
