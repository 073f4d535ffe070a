"""Keep venues: the list, what is said of one, taking it out of use."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for

from portal.api import gettext as _
from portal.api import go, once, render, required_version, requires, say, session

from .. import permissions, typed
from ..actors import covers
from ..models import BookingsRoom, BookingsVenue
from ..queries import keeping as reads
from ..queries import places
from ..queries.places import Room
from ..service import keeping
from ..verdicts import Refused
from ..words import ROOM_KINDS, features_words
from . import bookings
from .keeping_forms import number, point, refusals, text

#: So many are seen at a glance.
FEW = 8


@bookings.get("/keep/venues")
@requires("bookings.manage")
def keep_venues() -> Any:
    """Show the venues within reach, those alone that match what was typed."""
    every, q = reads.venues(g.actor, permissions.MANAGE), request.args.get("q", "").strip()[:60]
    wanted = typed.plain(q).casefold()
    return render(
        "bookings/keep_venues.html",
        venues=[one for one in every if wanted in typed.plain(one.name + one.owner).casefold()],
        q=q,
        search=len(every) > FEW,
    )


@bookings.route("/keep/venues/new", methods=["GET", "POST"])
@requires("bookings.manage")
@once
def keep_venue_new() -> Any:
    """Make a venue: the district's own house, or one that an organization shares."""
    if request.method == "GET":
        return _form(None)
    values, errors = _values()
    if not covers(g.actor, permissions.MANAGE, _path_of(values["owner_id"])):
        errors["owner"] = _("请选您自己的组织。")
    if errors:
        return _form(None, errors=errors)
    try:
        made = keeping.make_venue(by=g.actor, kind=_kind(), **values)
    except Refused as refused:
        return _form(None, errors=refusals(refused))
    say(_("记下了。接下来添房间，写开放时间。"))
    return go(url_for("bookings.keep_venue", uid=made.uid))


@bookings.get("/keep/venues/<uid>")
@requires("bookings.manage")
def keep_venue(uid: str) -> Any:
    """Show a venue with its rooms, and where each thing is kept."""
    venue = venue_at(uid)
    rooms = places.rooms(venue_id=venue.id, every=True)
    return render(
        "bookings/keep_venue.html",
        venue=venue,
        rooms=rooms,
        kinds=ROOM_KINDS,
        features=features_words,
        upcoming=reads.upcoming([room.id for room in rooms]),
    )


@bookings.route("/keep/venues/<uid>/edit", methods=["GET", "POST"])
@requires("bookings.manage")
@once
def keep_venue_edit(uid: str) -> Any:
    """Change what is said of a venue."""
    venue = venue_at(uid)
    if request.method == "GET":
        return _form(venue)
    values, errors = _values()
    if not covers(g.actor, permissions.MANAGE, _path_of(values["owner_id"])):
        errors["owner"] = _("请选您自己的组织。")
    if errors:
        return _form(venue, errors=errors)
    try:
        keeping.change_venue(venue, version=required_version(), by=g.actor, **values)
    except Refused as refused:
        return _form(venue, errors=refusals(refused))
    say(_("改好了。"))
    return go(url_for("bookings.keep_venue", uid=uid))


@bookings.post("/keep/venues/<uid>/use")
@requires("bookings.manage")
@once
def keep_venue_use(uid: str) -> Any:
    """Take a venue out of use, or back into it; what is booked stays."""
    venue = venue_at(uid)
    active = request.form.get("active") == "1"
    keeping.change_venue(venue, version=required_version(), by=g.actor, active=active)
    say(_("又可以约了。") if active else _("不再开放预约，已经约好的照常。"))
    return go(url_for("bookings.keep_venue", uid=uid))


def venue_at(uid: str, permission: str = permissions.MANAGE) -> BookingsVenue:
    """Return a venue this person keeps; 404 otherwise."""
    found = reads.venue(uid)
    if found is None or not covers(g.actor, permission, reads.owner_path(found)):
        abort(404)
    return found


def room_at(uid: str, permission: str = permissions.MANAGE) -> tuple[BookingsVenue, BookingsRoom, Room]:
    """Return a room this person keeps: its venue, its row, and as verbs see it; 404 otherwise."""
    row, room = reads.room(uid), places.room(uid=uid)
    if row is None or room is None or not covers(g.actor, permission, room.owner_path):
        abort(404)
    return session.get_one(BookingsVenue, row.venue_id), row, room


def _path_of(owner_id: int | None) -> str:
    if owner_id is None:
        return ""
    known = {number for number, _name in reads.owners(g.actor, permissions.MANAGE)}
    if owner_id not in known:
        return ""
    return reads.owner_path(BookingsVenue(owner_id=owner_id))


def _kind() -> str:
    # The center is the district's; an organization shares its own house.
    everywhere = g.actor.reach(permissions.MANAGE).everywhere
    return "center" if everywhere and request.form.get("kind") == "center" else "shared"


def _values() -> tuple[dict[str, Any], dict[str, str]]:
    lat, lng, errors = point()
    values = {
        "name": text("name", 80),
        "owner_id": number("owner"),
        "address": text("address", 200),
        "contact_phone": text("contact_phone", 40),
        "key_how": text("key_how", 200),
        "about": text("about", 300),
        "lat": lat,
        "lng": lng,
    }
    return values, errors


def _form(venue: BookingsVenue | None, *, errors: dict[str, str] | None = None) -> Any:
    return render(
        "bookings/keep_venue_form.html",
        block="content" if errors else None,
        status=422 if errors else 200,
        venue=venue,
        owners=reads.owners(g.actor, permissions.MANAGE),
        everywhere=g.actor.reach(permissions.MANAGE).everywhere,
        typed=request.form,
        errors=errors or {},
    )
