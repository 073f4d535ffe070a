"""What the desk's pages share: the rooms somebody reaches, days in addresses, and the places side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from flask import abort, g, redirect, request, url_for

from portal.api import clock, requires
from portal.api import gettext as _

from .. import actors, permissions, typed
from ..queries.places import Room
from . import bookings

#: Columns of a day, or rows of a week, on one page; more are on the next.
ROOMS = 40
_PLACES = (
    ("bookings.desk_day", permissions.SEE),
    ("bookings.desk_week", permissions.SEE),
    ("bookings.desk_counter", permissions.DESK),
    ("bookings.desk_requests", permissions.APPROVE),
    ("bookings.desk_list", permissions.SEE),
    ("bookings.desk_closures", permissions.MANAGE),
)


@bookings.get("/desk/")
@requires("bookings.see")
def desk() -> Any:
    """Lead to today."""
    return redirect(url_for("bookings.desk_day"), 303)


def tabs() -> list[tuple[str, str, bool]]:
    """Return the desk's places for this person: words, address, whether this page belongs to it."""
    words = (_("一天"), _("一周"), _("替人约"), _("等答复"), _("查预约"), _("停用"))
    return [
        (words[number], url_for(endpoint), (request.endpoint or "").startswith(endpoint))
        for number, (endpoint, permission) in enumerate(_PLACES)
        if g.actor.can(permission)
    ]


def reached(permission: str, rooms: Sequence[Room]) -> list[Room]:
    """Return those of the rooms where this person has a permission."""
    return actors.reached(g.actor, permission, rooms)


def venues(rooms: Sequence[Room]) -> list[tuple[str, str]]:
    """Return the venues of rooms as choices, in their order."""
    return list({room.venue_uid: (room.venue_uid, room.venue) for room in rooms}.values())


def usual(rooms: Sequence[Room], near: Sequence[Room]) -> list[Room]:
    """Return the rooms a page begins with: the center's, else the own, else all."""
    center = [room for room in rooms if room.venue_kind == "center"]
    own = {room.id for room in near}
    return [room for room in center if room.id in own] or list(near) or center or list(rooms)


def day_asked(name: str = "on") -> date:
    """Return the day in the address, today where there is none; 404 for what is no day."""
    found, error = day_typed(name)
    if error:
        abort(404)
    return found


def day_typed(name: str) -> tuple[date, str]:
    """Return the day in the address, and what to say of it where it is none: then it is today."""
    said = request.args.get(name, "").strip()
    if not said:
        return clock.today(), ""
    found = typed.day_of(said, ahead=False)
    if found is None:
        return clock.today(), _("日期看不懂，请写成2026-11-01这样。")
    if not date(2000, 1, 1) <= found <= clock.today() + timedelta(days=3650):
        return clock.today(), _("这一天太早或者太远，请换一天。")
    return found, ""


def time_errors(day: Any, start: int | None, end: int | None) -> dict[str, str]:
    """Return what cannot be read of a day and its two times."""
    errors = {}
    if day is None:
        errors["day"] = _("日期看不懂，请写成2026-11-01这样。")
    if start is None:
        errors["start"] = _("几点开始看不懂，请写成9:00这样。")
    if end is None:
        errors["end"] = _("几点结束看不懂，请写成10:30这样。")
    return errors


def versions_sent(name: str) -> dict[str, int]:
    """Return the ticked records with the version each was read at: values like ``<uid>.<version>``."""
    found = {}
    for value in request.form.getlist(name):
        uid, _dot, version = value.partition(".")
        if not version.isascii() or not version.isdigit() or len(version) > 9:
            abort(400)
        found[uid] = int(version)
    return found
