"""Keep rooms: make one, a hall from parts, change it, take it out of use, its poster for the door."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, request, url_for

from portal.api import claims, go, once, render, required_version, requires, say
from portal.api import gettext as _

from ..codes import drawn
from ..models import BookingsRoom, BookingsVenue
from ..presence import door
from ..queries import keeping as reads
from ..queries import places
from ..service import keeping
from ..verdicts import Refused
from ..words import FEATURES, ROOM_KINDS
from . import bookings
from .keeping import room_at, venue_at
from .keeping_forms import number, refusals, text


@bookings.route("/keep/venues/<uid>/rooms/new", methods=["GET", "POST"])
@requires("bookings.manage")
@once
def keep_room_new(uid: str) -> Any:
    """Make a room, or a hall from rooms there are."""
    venue = venue_at(uid)
    if request.method == "GET":
        return _form(venue, None)
    errors, values = _values()
    grid = number("grid")
    parts = reads.parts(venue.id, request.form.getlist("parts"))
    if grid not in claims.GRIDS and not parts:
        errors["grid"] = _("请选一格多少分钟。")
    if errors:
        return _form(venue, None, errors=errors)
    try:
        made = keeping.make_room(
            venue, parts=parts, by=g.actor, grid_minutes=grid or claims.DEFAULT_GRID, **values
        )
    except Refused as refused:
        return _form(venue, None, errors=refusals(refused))
    say(_("%(room)s添好了。", room=made.name))
    return go(url_for("bookings.keep_venue", uid=uid))


@bookings.route("/keep/rooms/<uid>/edit", methods=["GET", "POST"])
@requires("bookings.manage")
@once
def keep_room_edit(uid: str) -> Any:
    """Change what is said of a room; its grid and its parts stay."""
    venue, row, _room = room_at(uid)
    if request.method == "GET":
        return _form(venue, row)
    errors, values = _values()
    if errors:
        return _form(venue, row, errors=errors)
    try:
        keeping.change_room(row, version=required_version(), by=g.actor, **values)
    except Refused as refused:
        return _form(venue, row, errors=refusals(refused))
    say(_("改好了。"))
    return go(url_for("bookings.keep_venue", uid=venue.uid))


@bookings.post("/keep/rooms/<uid>/use")
@requires("bookings.manage")
@once
def keep_room_use(uid: str) -> Any:
    """Take a room out of use, or back into it; what is booked stays."""
    venue, row, _room = room_at(uid)
    active = request.form.get("active") == "1"
    keeping.change_room(row, version=required_version(), by=g.actor, active=active)
    say(_("又可以约了。") if active else _("不再开放预约，已经约好的照常。"))
    return go(url_for("bookings.keep_venue", uid=venue.uid))


@bookings.get("/keep/rooms/<uid>/poster")
@requires("bookings.manage")
def keep_poster(uid: str) -> Any:
    """Show the sheet for the door of a room, with the code by which people check in."""
    venue, _row, room = room_at(uid)
    address = current_app.config["PUBLIC_URL"] + url_for("bookings.arrive", uid=uid, door=door(uid))
    # Highest correction: a door is dirty, badly lit, half covered.
    code = drawn(address, error="h")
    return render("bookings/keep_poster.html", room=room, venue=venue, address=address, code=code)


def _values() -> tuple[dict[str, str], dict[str, Any]]:
    errors: dict[str, str] = {}
    seats, limit = number("capacity"), number("fire_limit")
    if not text("name", 60):
        errors["name"] = _("请写房间名称。")
    if seats is None:
        errors["capacity"] = _("请填有多少座位，写数字。")
    if limit is None:
        errors["fire_limit"] = _("请填消防限员多少人，写数字。")
    kind = request.form.get("kind", "")
    if kind not in ROOM_KINDS:
        errors["kind"] = _("请选是什么房间。")
    return errors, {
        "name": text("name", 60),
        "kind": kind,
        "floor": text("floor", 20),
        "capacity": seats or 0,
        "fire_limit": limit or 0,
        "features": [key for key in FEATURES if key in request.form.getlist("features")],
        "step_free": request.form.get("step_free") == "1",
        "about": text("about", 300),
        "position": number("position") or 0,
    }


def _form(venue: BookingsVenue, row: BookingsRoom | None, *, errors: dict[str, str] | None = None) -> Any:
    there = places.rooms(venue_id=venue.id, every=True)
    own = next((room for room in there if row is not None and room.id == row.id), None)
    made_of = [
        room.name
        for room in there
        if own is not None and room.id != own.id and set(room.units) < set(own.units)
    ]
    return render(
        "bookings/keep_room_form.html",
        block="content" if errors else None,
        status=422 if errors else 200,
        venue=venue,
        row=row,
        rooms=[room for room in there if room.active and len(room.units) == 1],
        made_of=made_of,
        grids=claims.GRIDS,
        kinds=list(ROOM_KINDS.items()),
        features=list(FEATURES.items()),
        upcoming=reads.upcoming([row.id]) if row is not None else 0,
        typed=request.form,
        chosen=request.form.getlist("features")
        if request.method == "POST"
        else (row.features if row else []),
        parts=request.form.getlist("parts"),
        errors=errors or {},
    )
