"""The venues: a list and a map by walking minutes, and a page of each with how to get in."""

from __future__ import annotations

from math import isfinite
from typing import Any

from flask import abort, current_app, g, request, url_for

from portal.api import MapPlace, around, district, ngettext, place_plan, public, render, slow_down
from portal.api import gettext as _

from .. import actors, agreement_words, permissions, walking, words
from ..agreements import window_words
from ..queries import places
from ..queries import venue_list as queries
from ..queries.holders import has_booking_at
from . import bookings

#: Degrees beyond which no map is drawn; nobody lives there.
MOST_NORTH = 85


@bookings.get("/venues/")
@public
def venues() -> Any:
    """List the venues, the nearest first."""
    slow_down("bookings.find", a_minute=current_app.config["FINDS_A_MINUTE"])
    starts = around.starts()
    point, key, name = _start(starts)
    typed = request.args.get("q", "").strip()[:40]
    seats = min(max(request.args.get("seats", 0, type=int), 0), 10_000)
    step_free, open_now = request.args.get("step_free") == "1", request.args.get("open") == "1"
    found = queries.listed(typed=typed, start=point, seats=seats, step_free=step_free, open_now=open_now)
    on_map = [one for one in found if one.lat is not None and abs(one.lat) <= MOST_NORTH]
    plan = place_plan(
        [
            MapPlace(
                id=one.uid,
                name=one.name,
                lat=one.lat,
                lng=one.lng,
                url=url_for("bookings.venue", uid=one.uid),
                text=line(one),
                minutes=one.minutes,
                tone=tone(one),
            )
            for one in on_map
            if one.lat is not None and one.lng is not None
        ],
        origin=point,
        rings=walking.rings(walking.pace(district())),
    )
    return render(
        "bookings/venues.html",
        venues=found,
        plan=plan,
        nowhere=[one for one in found if one not in on_map],
        line=line,
        typed=typed,
        seats=seats or "",
        step_free=step_free,
        open_now=open_now,
        starts=[(one.key, one.name) for one in starts],
        start=key,
        start_name=name,
        here=point if key == "here" else None,
    )


def _start(starts: list[around.Start]) -> tuple[around.Point | None, str, str]:
    """Return where walking begins: what was chosen, the phone's place, or the center."""
    lat, lng = request.args.get("lat", type=float), request.args.get("lng", type=float)
    sound = lat is not None and lng is not None and isfinite(lat) and isfinite(lng)
    if sound and lat is not None and lng is not None and abs(lat) <= MOST_NORTH and abs(lng) <= 180:
        return (lat, lng), "here", _("您现在的位置")
    chosen = request.args.get("from", "")
    for one in starts:
        if one.key == chosen or not chosen:
            return (one.lat, one.lng), one.key, one.name
    return None, "", ""


def line(one: queries.Listed) -> str:
    """Say in a line what a venue has and whether it can be had now."""
    parts = [
        _("还没有生效的协议") if not one.usable else _("现在开放") if one.open_now else _("现在没开"),
        ngettext("最多坐%(n)s人", "最多坐%(n)s人", one.seats, n=one.seats)
        if one.seats
        else _("还没登记房间"),
        *([_("无台阶")] if one.step_free else []),
        one.address,
    ]
    return " · ".join(part for part in parts if part)


def tone(one: queries.Listed) -> str:
    """Return the colour of a venue's dot; the words of it stand in its line."""
    return "quiet" if not one.usable else "ok" if one.open_now else "info"


@bookings.get("/venues/<uid>")
@public
def venue(uid: str) -> Any:
    """Show one venue: rooms, hours, the agreement in plain words, how one gets in."""
    row = queries.venue(uid)
    if row is None or not row.active:
        abort(404)
    rooms = places.rooms(venue_id=row.id)
    owner = queries.owner_of(row)
    agreements = queries.agreements_of(row)
    known = agreement_words.names(one for row_ in agreements for one in row_.named_ids)
    return render(
        "bookings/venue.html",
        venue=row,
        owner=owner,
        rooms=rooms,
        hours=[window_words(one) for one in queries.hours_of(row)],
        agreements=[
            (one, agreement_words.STATES[one.state], agreement_words.facts(one, known)) for one in agreements
        ],
        kinds=words.ROOM_KINDS,
        features=words.features_words,
        room_url=lambda room: f"/d/{district().code}/bookings/rooms/{room.uid}",
        # Where the key lies is said to those who have a booking, and to those who hand it out.
        knows_key=_knows_key(row.id, rooms),
        keeps=bool(rooms)
        and g.actor.is_authenticated
        and actors.reaches(g.actor, permissions.MANAGE, rooms[0]),
    )


def _knows_key(venue_id: int, rooms: list[places.Room]) -> bool:
    if not g.actor.is_authenticated:
        return False
    if rooms and actors.reaches(g.actor, permissions.DESK, rooms[0]):
        return True
    return has_booking_at(actors.hands(g.actor), venue_id)
