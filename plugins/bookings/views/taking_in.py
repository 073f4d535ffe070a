"""Take a calendar file in: choose it, see what each event would become, then do it."""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode, b64encode
from datetime import timedelta
from itertools import zip_longest
from typing import Any

from flask import abort, g, request, url_for

from portal.api import clock, district, go, ngettext, once, render, requires, say, sentences
from portal.api import gettext as _

from .. import actors, calendar_reading, permissions, typed, verdicts
from ..calendar_reading import Incoming, Unreadable
from ..policy import policy_of
from ..queries import places
from ..queries.places import Room
from ..service import taking_in as service
from ..service.asking import Contact
from ..service.taking_in import Line
from . import bookings

FIELDS = ("room", "headcount", "contact_name", "skip")


@bookings.get("/take-in")
@requires(permissions.DESK)
def take_in() -> Any:
    """Ask for a calendar file and its room."""
    return _ask({})


def _ask(errors: dict[str, str]) -> Any:
    rooms = [
        (room.uid, f"{room.venue} · {room.name}")
        for room in places.rooms()
        if actors.reaches(g.actor, permissions.DESK, room)
    ]
    sent = {name: request.form.get(name, "") for name in FIELDS}
    return render(
        "bookings/take_in.html",
        status=422 if errors else 200,
        rooms=rooms,
        typed=sent,
        # As they stand in the form: the file comes first.
        errors={name: errors[name] for name in ("file", *FIELDS) if name in errors},
        kilobytes=calendar_reading.BYTES // 1024,
        most=calendar_reading.EVENTS,
    )


@bookings.post("/take-in")
@requires(permissions.DESK)
def take_in_look() -> Any:
    """Show what each event of the file would become; nothing is written."""
    room, headcount, errors = _said()
    file = request.files.get("file")
    data = b""
    if file is None or not file.filename:
        errors["file"] = _("请选一个日历文件。")
    else:
        data = file.stream.read(calendar_reading.BYTES + 1)
    if errors or room is None:
        return _ask(errors)
    try:
        events = _read(room, data)
    except Unreadable as refused:
        return _ask({"file": str(refused)})
    lines = service.plan(
        room, events, asker=actors.for_somebody(g.actor, room), skip=_skip(), headcount=headcount
    )
    return render(
        "bookings/take_in_check.html",
        lead=f"{room.venue} · {room.name}",
        back=(_("从日历文件登记预约"), url_for("bookings.take_in")),
        commit=url_for("bookings.take_in_commit"),
        lines=[shown(line) for line in lines],
        counts=counts_of(lines),
        when=verdicts.clock_words,
        hidden={**{name: request.form.get(name, "") for name in FIELDS}, "packed": pack(data)},
    )


@bookings.post("/take-in/commit")
@requires(permissions.DESK)
@once
def take_in_commit() -> Any:
    """Take the same file in; it is read and judged anew, as if it had just come."""
    room, headcount, errors = _said()
    if errors or room is None:
        return _ask(errors)
    try:
        events = _read(room, unpack(request.form.get("packed", "")))
    except Unreadable as refused:
        return _ask({"file": str(refused)})
    done = service.take_in(
        room,
        events,
        asker=actors.for_somebody(g.actor, room),
        contact=Contact(name=request.form["contact_name"].strip()),
        headcount=headcount,
        skip=_skip(),
        by=int(g.actor.account_id),
    )
    say(_said_of(counts_of(done)))
    return go(url_for("bookings.take_in"))


def _said() -> tuple[Room | None, int, dict[str, str]]:
    """Return the room, the number of people, and what is wrong with the form."""
    errors: dict[str, str] = {}
    uid = request.form.get("room", "")
    room = places.room(uid=uid) if uid else None
    if uid and (room is None or not actors.reaches(g.actor, permissions.DESK, room)):
        abort(404)
    if room is None:
        errors["room"] = _("请选一间房。")
    headcount = typed.whole(request.form.get("headcount", "")) or 0
    if headcount < 1:
        errors["headcount"] = _("请填每次大约来多少人。")
    if not request.form.get("contact_name", "").strip():
        errors["contact_name"] = _("请写联系人怎么称呼。")
    return room, headcount, errors


def _skip() -> bool:
    return request.form.get("skip") == "1"


def _read(room: Room, data: bytes) -> list[Incoming]:
    ahead = timedelta(days=policy_of(district(), room).series_ahead_days)
    return calendar_reading.read(data, until=clock.now() + ahead)


def pack(data: bytes) -> str:
    """Return a file as the check page carries it: what is taken in is what was looked at."""
    return b64encode(zlib.compress(data)).decode()


def unpack(text: str) -> bytes:
    """Return the file that a page carried; 400 for what is none."""
    try:
        return zlib.decompressobj().decompress(b64decode(text, validate=True), calendar_reading.BYTES + 1)
    except (binascii.Error, ValueError, zlib.error):
        abort(400)


def counts_of(lines: list[Line]) -> dict[str, int]:
    """Return how many events end how."""
    return {name: sum(line.verdict == name for line in lines) for name in service.VERDICTS}


def shown(line: Line) -> dict[str, Any]:
    """Return what the check page says of an event."""
    event = line.event
    times: list[tuple[Any, Any]] = list(zip_longest(event.spans, line.was))
    if any(line.was):  # what changes is what is looked for
        times.sort(key=lambda pair: pair[1] is None)
    return {
        "title": event.title or _("日历里的活动"),
        "verdict": line.verdict,
        "title_was": line.title_was,
        "times": times[:3],
        "more": max(0, len(times) - 3),
        "reasons": line.reasons,
        "cut": event.cut,
    }


def _said_of(counts: dict[str, int]) -> str:
    words = [
        ngettext("新登记%(n)s个活动。", "新登记%(n)s个活动。", counts["new"], n=counts["new"])
        if counts["new"] or not any(counts[name] for name in ("changed", "ended", "cannot"))
        else "",
        ngettext("改了%(n)s个。", "改了%(n)s个。", counts["changed"], n=counts["changed"])
        if counts["changed"]
        else "",
        ngettext("取消了%(n)s个。", "取消了%(n)s个。", counts["ended"], n=counts["ended"])
        if counts["ended"]
        else "",
        ngettext("%(n)s个没有登记。", "%(n)s个没有登记。", counts["cannot"], n=counts["cannot"])
        if counts["cannot"]
        else "",
        _("再选一次这个文件，能看到每个的原因，登记过的不会重复。") if counts["cannot"] else "",
    ]
    return str(sentences(*[word for word in words if word]))
