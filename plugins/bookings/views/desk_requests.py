"""What waits for an answer, the nearest deadline first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import abort, g, request

from portal.api import clock, render, requires
from portal.api import gettext as _

from .. import permissions, typed
from ..queries import places, requests
from ..queries.places import Room
from ..queries.requests import Near, Waiting
from ..words import STATES, day_words, hours_words, in_brackets, left_words
from . import bookings
from .desk import reached, tabs, venues

PAGE = 30


@bookings.get("/desk/requests")
@requires("bookings.approve")
def desk_requests() -> Any:
    """Show what waits at the venues this person answers for."""
    every = places.rooms(every=True)
    rooms = reached(permissions.APPROVE, every)
    venue = request.args.get("venue", "")
    chosen = [room for room in rooms if room.venue_uid == venue] if venue else rooms
    if venue and not chosen:
        abort(404)
    found = requests.waiting({room.id for room in chosen}, after=_after(), limit=PAGE + 1)
    shown = found[:PAGE]
    by_id = {room.id: room for room in every}
    shared = requests.sharing([by_id[one.room_id] for one in shown], every)
    near = requests.around([(one.room_id, one.start, one.end) for one in shown], shared)
    last = shown[-1] if len(found) > PAGE else None
    seen = {room.id for room in reached(permissions.SEE, every)}
    known = [one if one.room_id in seen else replace(one, title=_("已约")) for one in near]
    return render(
        "bookings/desk_requests.html",
        tabs=tabs(),
        lines=[_line(one, by_id[one.room_id], known, shared[one.room_id]) for one in shown],
        venues=venues(rooms),
        after=f"{last.answer_by.astimezone(clock.SHANGHAI):%Y-%m-%dT%H:%M}~{last.id}" if last else None,
    )


def _after() -> tuple[datetime, int] | None:
    said = request.args.get("after", "")
    if not said:
        return None
    at, _mark, number = said.partition("~")
    found = typed.instant(at)
    if found is None or not number.isascii() or not number.isdigit() or len(number) > 9:
        abort(400)
    return found, int(number)


def _line(one: Waiting, room: Room, near: Sequence[Near], shared: set[int]) -> dict[str, Any]:
    others = [other for other in near if other.room_id in shared and other.booking_id != one.id]
    clashing = [other for other in others if other.start < one.end and other.end > one.start]
    before = [other for other in others if other.end <= one.start]
    behind = [other for other in others if other.start >= one.end]
    return {
        "one": one,
        "room": room,
        "day": day_words(clock.civil(one.start)),
        "hours": hours_words(one.start, one.end),
        "left": left_words(one.answer_by),
        "own": one.account_id is not None and one.account_id == g.actor.account_id,
        "clashing": [_beside(other) for other in clashing],
        "around": [_beside(other) for other in (*before[-1:], *behind[:1])],
    }


def _beside(other: Near) -> tuple[str, str]:
    return hours_words(other.start, other.end), in_brackets(other.title, STATES[other.state][0])
