"""Checking in: by the code at the door of a room, and at the desk for whoever comes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from flask import abort, g, request, url_for

from portal.api import crypto, go, once, render, required_version, requires, say, signed_in
from portal.api import gettext as _

from .. import permissions
from ..actors import hands
from ..models import BookingsOccurrence
from ..policy import policies
from ..presence import asks, door
from ..queries import places
from ..queries import presence as reads
from ..service import desk, handing
from ..verdicts import Refused
from ..words import STATES, hours_words, when_words
from . import bookings

#: What the buttons do, and what is said then.
ACTS: dict[str, Callable[..., None]] = {
    "in": desk.check_in,
    "undo": desk.undo,
    "leave": desk.leave,
}


@bookings.get("/keep/arrive/<uid>")
@signed_in
def arrive(uid: str) -> Any:
    """Show whoever scanned the code at a door their booking there or their organization's, one button."""
    return _door(uid)


@bookings.post("/keep/arrive/<uid>")
@signed_in
@once
def arrive_act(uid: str) -> Any:
    """Check in to an own booking, take that back, or leave."""
    row = reads.one(request.form.get("time", ""))
    mine = {one.id for one in reads.in_hands(hands(g.actor), _around(uid))}
    if row is None or row.id not in mine:
        abort(404)
    if request.form.get("act") == "in" and not _at_the_door(uid):
        return _door(uid, said=_("请扫门口的码签到，或者到服务台签到。"))
    try:
        _do(row)
    except Refused as refused:
        return _door(uid, said=str(refused.refusals[0].text))
    return go(url_for("bookings.arrive", uid=uid, door=request.args.get("door")))


def _at_the_door(uid: str) -> bool:
    """Tell whether the address is the poster's, and not one put together from the room's page at home."""
    return crypto.same(request.args.get("door", ""), door(uid))


@bookings.get("/keep/now")
@requires("bookings.desk")
def now() -> Any:
    """Show who should be there now, and find a booking by its code."""
    return _desk()


@bookings.post("/keep/now")
@requires("bookings.desk")
def search_now() -> Any:
    """Find a booking by the code somebody says; it stands in no address."""
    return _desk()


@bookings.post("/keep/now/<uid>")
@requires("bookings.desk")
@once
def now_act(uid: str) -> Any:
    """Check somebody in at the desk, take that back, or note that they left."""
    row = reads.one(uid)
    if row is None or row.room_id not in reads.rooms_of(g.actor, permissions.DESK):
        abort(404)
    try:
        _do(row)
    except Refused as refused:
        return _desk(said=str(refused.refusals[0].text))
    return go(url_for("bookings.now"))


def _do(row: BookingsOccurrence) -> None:
    act = request.form.get("act", "")
    if act not in ACTS:
        abort(400)
    ACTS[act](g.actor, row, version=required_version())
    words = {
        "in": _("签到好了。"),
        "undo": _("签到撤回了。"),
        "leave": _("记下了，剩下的时间放出来了。谢谢。"),
    }
    lent = handing.open_of(row) if act == "leave" else []
    things = _("、").join(one.what for one in lent)
    say(_("记下了，剩下的时间放出来了。还没还的：%(things)s。", things=things) if lent else words[act])


def _around(uid: str) -> list[int]:
    """Return a room and those that share a part with it: a hall has several doors."""
    room = places.room(uid=uid)
    if room is None:
        abort(404)
    return sorted(places.neighbours([room.id]))


def _door(uid: str, *, said: str = "") -> Any:
    around = _around(uid)
    return render(
        "bookings/keep_arrive.html",
        block="content" if said else None,
        status=422 if said else 200,
        room=places.room(uid=uid),
        times=reads.in_hands(hands(g.actor), around),
        at_the_door=_at_the_door(uid),
        states=STATES,
        when=when_words,
        said=said,
    )


def _desk(*, said: str = "") -> Any:
    typed = re.sub(r"\D", "", unicodedata.normalize("NFKC", request.form.get("code", "")))
    rooms = reads.rooms_of(g.actor, permissions.DESK)
    listed = reads.expected(rooms, code=typed)
    known = policies(g.district, rooms.values()) if rooms else {}
    nothing = request.endpoint == "bookings.search_now" and not typed
    return render(
        "bookings/keep_now.html",
        block="content" if said else None,
        status=422 if said or nothing else 200,
        expected=listed,
        asks=any(asks(one) for one in known.values()),
        out={one.occurrence_uid for one in reads.out(rooms)},
        code=typed,
        states=STATES,
        hours=hours_words,
        said=said,
    )
