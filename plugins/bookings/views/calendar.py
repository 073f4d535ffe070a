"""Calendars: the secret link of one's own bookings, a room's busy times, one booking as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, abort, current_app, g, request, url_for

from portal.api import (
    civil,
    district_ref,
    go,
    looking_at,
    once,
    public,
    render,
    requires,
    say,
    slow_down,
)
from portal.api import gettext as _

from .. import actors, calendar_file, permissions
from ..calendar_file import Entry
from ..codes import drawn
from ..models import BookingsFeed
from ..queries import feeds as reads
from ..queries import mine as own_bookings
from ..queries import places
from ..queries.places import Room
from ..service import feeds
from ..verdicts import Refused
from . import bookings, feed


@feed.get("/<token>.ics")
@public
def public_calendar(token: str) -> Response:
    """Hand a calendar to whoever has its link; every reason why not looks the same."""
    slow_down("bookings.feed", a_minute=current_app.config["FINDS_A_MINUTE"])
    found = reads.by_token(token)
    if found is None:
        abort(404)
    here = district_ref(found.district_id)
    if "bookings" not in here.plugins_on:
        abort(404)
    with looking_at(here):
        if found.room_id is None:
            entries, name, changed = _mine(found.account_id)
        else:
            room = places.room(id=found.room_id)
            if room is None or not room.active:
                abort(404)
            entries, changed = reads.busy(room), None
            name = _("%(room)s 已约时间", room=f"{room.venue} {room.name}")
    return _answer(entries, name, changed=changed)


def _mine(account_id: int) -> tuple[list[Entry], str, datetime | None]:
    entries = reads.mine(account_id)
    return entries, _("场地预约"), max((one.changed for one in entries), default=None)


def _answer(entries: Sequence[Entry], name: str, *, changed: datetime | None) -> Response:
    body = calendar_file.write(entries, name=name)
    response = _file(body, "bookings.ics")
    # Kept and asked about again each time: an ended link is gone at once.
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(hashlib.sha256(body).hexdigest()[:32])
    if changed is not None:
        response.last_modified = changed
    response.make_conditional(request)
    return response


def _file(body: bytes, name: str) -> Response:
    response = Response(body, content_type="text/calendar; charset=utf-8")
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@bookings.get("/<uid>/calendar.ics")
@requires(permissions.BOOK)
def one_calendar(uid: str) -> Response:
    """Hand out one of my own bookings as a file for a calendar."""
    found = own_bookings.booking(uid, actors.hands(g.actor))
    if found is None:
        abort(404)
    body = calendar_file.write(reads.of_booking(found.id), name=_("场地预约"))
    return _file(body, f"booking-{found.uid}.ics")


@bookings.get("/calendar")
@requires(permissions.BOOK)
def calendar() -> Any:
    """Show my link, how a phone takes it, and how to end it."""
    found = reads.own(_account())
    return render(
        "bookings/calendar.html",
        link=None if found is None else _shown(found),
        has_office=bool(actors.offices(g.actor)),
        for_rooms=g.actor.can(permissions.MANAGE),
    )


@bookings.post("/calendar/<any(make, anew, end):act>")
@requires(permissions.BOOK)
@once
def calendar_act(act: str) -> Any:
    """Make my link, make it anew, or end it."""
    account_id = _account()
    if act == "make":
        feeds.make_own(account_id=account_id)
        say(_("日历链接做好了，按下面的办法加到手机里。"))
    elif act == "anew":
        feeds.make_anew(account_id=account_id)
        say(_("换了新链接，旧链接已经失效。请在手机里删掉旧的日历，再加新的。"))
    else:
        found = reads.own(account_id)
        if found is not None:
            feeds.revoke(found, by=account_id)
        say(_("日历链接停用了，用旧链接再也看不到您的预约。"))
    return go(url_for("bookings.calendar"))


@bookings.get("/calendar/rooms")
@requires(permissions.MANAGE)
def room_calendars() -> Any:
    """Show the links that say when rooms are busy."""
    return _rooms_page()


def _rooms_page(*, error: str = "", status: int = 200) -> Any:
    mine = _managed()
    return render(
        "bookings/room_calendars.html",
        status=status,
        rooms=[(room.uid, f"{room.venue} · {room.name}") for room in mine.values() if room.active],
        chosen=request.form.get("room", ""),
        links=[(mine[one.room_id], _shown(one)) for one in reads.of_rooms(mine) if one.room_id in mine],
        error=error,
    )


@bookings.post("/calendar/rooms/make")
@requires(permissions.MANAGE)
@once
def room_calendar_make() -> Any:
    """Make a link to a room's busy times."""
    uid = request.form.get("room", "")
    if not uid:
        return _rooms_page(error=_("请选一间房。"), status=422)
    room = places.room(uid=uid)
    if room is None or room.id not in _managed():
        abort(404)
    try:
        feeds.make_for_room(room, by=g.actor)
    except Refused as refused:
        return _rooms_page(error=refused.refusals[0].text, status=422)
    say(_("链接做好了，里面只有哪些时间已约，没有事由和单位。"))
    return go(url_for("bookings.room_calendars"))


@bookings.post("/calendar/rooms/end")
@requires(permissions.MANAGE)
@once
def room_calendar_end() -> Any:
    """End a link to a room's busy times."""
    mine = _managed()
    found = reads.by_uid(request.form.get("link", ""))
    if found is None or found.room_id not in mine:
        abort(404)
    feeds.revoke_of_room(found, mine[found.room_id], by=g.actor)
    say(_("这个链接停用了。"))
    return go(url_for("bookings.room_calendars"))


def _managed() -> dict[int, Room]:
    found = actors.reached(g.actor, permissions.MANAGE, places.rooms(every=True))
    return {room.id: room for room in found}


def _shown(found: BookingsFeed) -> dict[str, Any]:
    path = url_for("bookings_feed.public_calendar", token=feeds.token(found.uid))
    address = reads.address(path)
    phone = "webcal://" + address.partition("://")[2]
    return {
        "uid": found.uid,
        "made": civil(found.made_at),
        "address": address,
        "phone": phone,
        # Phones that read the code open their calendar at once.
        "qr": drawn(phone),
    }


def _account() -> int:
    account_id = g.actor.account_id
    if account_id is None:
        abort(404)
    return int(account_id)
