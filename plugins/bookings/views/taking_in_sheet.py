"""Take in the sheet a center keeps its rooms in: choose it, see what each row would become, then do it."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, g, request, url_for

from portal.api import gettext as _
from portal.api import go, ngettext, once, render, requires, say, sentences, sheet_kit

from .. import actors, permissions, sheet_columns, sheet_reading, verdicts
from ..queries import places
from ..queries.places import Room
from ..service import taking_in as service
from ..service.asking import Contact
from ..service.taking_in import Line
from ..sheet_reading import Row
from . import bookings
from .taking_in import counts_of, pack, shown, unpack

#: So many rows are named in a sentence.
FEW = 10


@bookings.get("/take-in/sheet")
@requires(permissions.DESK)
def take_in_sheet() -> Any:
    """Ask for the sheet."""
    return _ask()


@bookings.get("/take-in/sheet/template.xlsx")
@requires(permissions.DESK)
def take_in_template() -> Response:
    """Hand out the empty sheet, its rooms to choose from."""
    stream = io.BytesIO()
    sheet_kit.write_template(stream, sheet_reading.profile(_rooms()))
    response = Response(stream.getvalue(), content_type=sheet_kit.XLSX)
    response.headers["Content-Disposition"] = sheet_kit.content_disposition(sheet_columns.TEMPLATE)
    return response


@bookings.post("/take-in/sheet")
@requires(permissions.DESK)
def take_in_sheet_look() -> Any:
    """Show what each row would become; nothing is written."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return _ask(_("请先选一个文件。"))
    data, name = file.stream.read(sheet_reading.BYTES + 1), file.filename[:120]
    try:
        rows, notices = sheet_reading.read(data, name, _rooms())
    except sheet_kit.SheetError as refused:
        return _ask(str(refused))
    planned: dict[int, list[Line]] = {}
    for room, there in _by_room(rows):
        asker = actors.for_somebody(g.actor, room)
        events = [row.event for row in there]
        planned[room.id] = service.plan(room, events, asker=asker, skip=False, headcount=0)
    lines = [(row, planned[row.room.id].pop(0) if row.room is not None else _wrong(row)) for row in rows]
    return render(
        "bookings/take_in_check.html",
        sheet=True,
        lead=name,
        notices=notices,
        back=(_("从Excel表登记预约"), url_for("bookings.take_in_sheet")),
        commit=url_for("bookings.take_in_sheet_commit"),
        lines=[_shown(row, line) for row, line in lines],
        counts=counts_of([line for _row, line in lines]),
        when=verdicts.clock_words,
        hidden={"packed": pack(data), "name": name},
    )


@bookings.post("/take-in/sheet/commit")
@requires(permissions.DESK)
@once
def take_in_sheet_commit() -> Any:
    """Take the same sheet in; it is read and judged anew, as if it had just come."""
    data = unpack(request.form.get("packed", ""))
    try:
        rows, _notices = sheet_reading.read(data, request.form.get("name", "")[:120], _rooms())
    except sheet_kit.SheetError as refused:
        return _ask(str(refused))
    done = [(row, _wrong(row)) for row in rows if row.room is None]
    for room, there in _by_room(rows):
        taken = service.take_in(
            room,
            [row.event for row in there],
            asker=actors.for_somebody(g.actor, room),
            contact=Contact(name=""),
            headcount=0,
            skip=False,
            by=int(g.actor.account_id),
        )
        done += zip(there, taken, strict=True)
    new = sum(line.verdict == "new" for _row, line in done)
    words = [ngettext("新登记%(n)s个预约。", "新登记%(n)s个预约。", new, n=new)]
    say(str(sentences(*words, *_left_out([row.number for row, line in done if line.verdict == "cannot"]))))
    return go(url_for("bookings.take_in_sheet"))


def _ask(error: str = "") -> Any:
    return render(
        "bookings/take_in_sheet.html",
        status=422 if error else 200,
        errors={"file": error} if error else {},
        headers="、".join(column.header for column in sheet_columns.COLUMNS[1:]),
        kilobytes=sheet_reading.BYTES // 1024,
        most=sheet_reading.EVENTS,
    )


def _rooms() -> list[Room]:
    return [room for room in places.rooms() if actors.reaches(g.actor, permissions.DESK, room)]


def _by_room(rows: list[Row]) -> list[tuple[Room, list[Row]]]:
    found: dict[int, tuple[Room, list[Row]]] = {}
    for row in rows:
        if row.room is not None:
            found.setdefault(row.room.id, (row.room, []))[1].append(row)
    return list(found.values())


def _wrong(row: Row) -> Line:
    return Line(event=row.event, verdict="cannot", reasons=(row.event.problem,))


def _left_out(numbers: list[int]) -> list[str]:
    """Say which rows were not taken in; why stands on the page before, which the same file shows again."""
    if not numbers:
        return []
    named = _("、").join(str(number) for number in sorted(numbers)[:FEW])
    if len(numbers) > FEW:
        named = _("%(rows)s等", rows=named)
    return [
        ngettext(
            "%(n)s个没有登记：第%(rows)s行。",
            "%(n)s个没有登记：第%(rows)s行。",
            len(numbers),
            n=len(numbers),
            rows=named,
        ),
        _("改好后再选一次这个文件，登记过的不会重复。"),
    ]


def _shown(row: Row, line: Line) -> dict[str, Any]:
    place = row.room.name if row.room is not None else ""
    title = " ".join(part for part in (place, row.event.title) if part)
    return {
        **shown(line),
        "title": _("第%(number)s行 %(title)s", number=row.number, title=title),
        "reasons": (*line.reasons, *(row.warnings if line.verdict == "new" else ())),
    }
