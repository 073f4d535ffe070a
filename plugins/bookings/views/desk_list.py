"""Find bookings by name, number, title, state and day; page by page, and as a sheet with the same rights."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, abort, g, request, url_for

from portal.api import (
    audit,
    civil,
    clock,
    district,
    hands_out,
    render,
    requires,
    searching,
    sheet_kit,
    transaction,
)
from portal.api import gettext as _

from .. import permissions, typed
from ..models.booking import STATES as ALL_STATES
from ..queries import desk_list as queries
from ..queries import places
from ..queries.desk_list import BadCursor, Filter, Line
from ..queries.places import Room
from ..words import STATES, day_words, hours_words
from . import bookings
from .desk import reached, tabs, venues

PAGE = 50
#: Rows of one sheet; who needs more says which days.
MOST = 5000
_KEPT = ("venue", "state", "from", "to", "sort")

searching.by_post(bookings, "/desk/list", "desk_list", permissions.SEE, keep=_KEPT)


@bookings.get("/desk/list")
@requires("bookings.see")
def desk_list() -> Any:
    """List times of bookings at the venues this person sees."""
    rooms, wanted, errors = _asked(request.args)
    try:
        after = request.args.get("after", "")
        found = [] if errors else queries.lines(wanted, after=after, limit=PAGE + 1)
    except BadCursor:
        abort(400)
    shown = found[:PAGE]
    named = {room.id: room for room in rooms}
    kept = {name: request.args[name] for name in _KEPT if request.args.get(name)}
    sealed = request.args.get("q", "")
    return render(
        "bookings/desk_list.html",
        status=422 if errors else 200,
        errors=errors,
        tabs=tabs(),
        lines=[_shown(line, named[line.room_id]) for line in shown],
        wanted=wanted,
        kept=kept,
        q=sealed,
        text=wanted.text,
        chips=_chips(wanted, kept, sealed),
        venues=venues(rooms),
        states=[(state, str(STATES[state][0])) for state in ALL_STATES],
        after=queries.cursor(shown[-1], wanted.sort) if len(found) > PAGE else None,
        most=MOST,
    )


@bookings.post("/desk/list/export")
@hands_out
@requires("bookings.see")
def desk_list_export() -> Response:
    """Hand out what the list shows, and no more; the export is on record (rule K13)."""
    rooms, wanted, errors = _asked(request.form)
    if errors:
        abort(400)
    kind = request.form.get("as", "xlsx")
    if kind not in ("xlsx", "csv"):
        abort(400)
    named = {room.id: room for room in rooms}
    found = queries.lines(wanted, limit=MOST)
    headers, lines = table(found, named)
    with transaction():
        audit.record(
            "bookings.list.export",
            ("district", district().id),
            actor=g.actor,
            district=district(),
            detail={"rows": len(lines), "kind": kind},
        )
    title = _("场地预约")
    name = f"{district().name}{title}{clock.today():%Y%m%d}.{kind}"
    if kind == "csv":
        response = Response(b"".join(sheet_kit.write_csv(headers, lines)), content_type=sheet_kit.CSV)
    else:
        stream = io.BytesIO()
        sheet_kit.write_xlsx(stream, headers, lines, name=title, widths=[16] * len(headers))
        response = Response(stream.getvalue(), content_type=sheet_kit.XLSX)
    response.headers["Content-Disposition"] = sheet_kit.content_disposition(name)
    return response


def table(found: Sequence[Line], named: Mapping[int, Room]) -> tuple[list[str], list[list[Any]]]:
    """Return the sheet's headers and rows: the columns of the screen, the number masked as there."""
    headers = [
        _("日期"),
        _("时间"),
        _("场馆"),
        _("房间"),
        _("做什么用"),
        _("组织"),
        _("联系人"),
        _("电话"),
        _("人数"),
        _("状态"),
    ]
    lines = [
        [
            civil(line.start),
            hours_words(line.start, line.end),
            named[line.room_id].venue,
            named[line.room_id].name,
            line.title,
            line.organization,
            line.who,
            _masked(line),
            line.headcount,
            str(STATES[line.state][0]),
        ]
        for line in found
    ]
    return headers, lines


def _masked(line: Line) -> str:
    return f"****{line.phone_tail}" if line.phone_tail else ""


def _shown(line: Line, room: Room) -> dict[str, Any]:
    return {
        "line": line,
        "day": day_words(clock.civil(line.start)),
        "hours": hours_words(line.start, line.end),
        "room": room,
        "phone": _masked(line),
        "state": STATES[line.state],
        "url": url_for("bookings.desk_show", uid=line.booking_uid),
    }


def _asked(sent: Any) -> tuple[list[Room], Filter, dict[str, str]]:
    """Return the rooms within reach, what the address or the form asks for of them, and what is no day."""
    rooms = reached(permissions.SEE, places.rooms(every=True))
    venue, state, sort = sent.get("venue", ""), sent.get("state", ""), sent.get("sort", "time")
    first, last = sent.get("from", "").strip(), sent.get("to", "").strip()
    days = [typed.day_of(said, ahead=False) if said else None for said in (first, last)]
    errors = {
        name: _("日期看不懂，请写成2026-11-01这样。")
        for name, said, day in (("from", first, days[0]), ("to", last, days[1]))
        if said and day is None
    }
    if days[0] is not None and days[1] is not None and days[1] < days[0]:
        errors["to"] = _("这一天在开始的日子前面，请换一天。")
    chosen = [room for room in rooms if not venue or room.venue_uid == venue]
    if venue and not chosen or state and state not in ALL_STATES:
        abort(404)
    text = searching.typed() if sent is request.args else sent.get("q", "")
    if not any((first, last, text, state)):
        days[0] = clock.today()
    found = Filter(
        room_ids=frozenset(room.id for room in chosen),
        text=text,
        state=state,
        first=days[0],
        last=days[1],
        sort=sort if sort.removeprefix("-") in queries.SORTS else "time",
    )
    return rooms, found, errors


def _chips(wanted: Filter, kept: dict[str, str], sealed: str) -> list[tuple[str, str]]:
    """Return the conditions in words, each with the address without it."""
    words = {
        "state": str(STATES[wanted.state][0]) if wanted.state else "",
        "from": _("%(day)s起", day=civil(wanted.first)) if wanted.first and kept.get("from") else "",
        "to": _("到%(day)s", day=civil(wanted.last)) if wanted.last else "",
    }
    asked = {**kept, **({"q": sealed} if sealed else {})}
    found = [(wanted.text, "q")] if sealed else []
    found += [(said, name) for name, said in words.items() if said]
    chips = []
    for said, name in found:
        rest: dict[str, Any] = {key: value for key, value in asked.items() if key != name}
        chips.append((said, url_for("bookings.desk_list", **rest)))
    return chips
