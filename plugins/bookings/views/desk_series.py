"""Move all times to come of somebody's series: the page its owner has, and the owner is told."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import abort, g, url_for

from portal.api import once, requires

from .. import actors, permissions
from ..queries.places import room_of
from ..service import desk as work
from . import bookings
from .afterwards import draws_afterwards
from .desk_record import record_of
from .move_all import Way, asked, moved


@bookings.get("/desk/<uid>/move-all")
@requires("bookings.desk")
def desk_move_all(uid: str) -> Any:
    """Show the hours of a series, to be changed for every time to come."""
    return asked(_way(uid))


@bookings.post("/desk/<uid>/move-all")
@requires("bookings.desk")
@draws_afterwards
@once
def desk_move_all_to(uid: str) -> Any:
    """Preview where every time to come would go, then move them: all, or those that are free."""
    return moved(_way(uid))


def _way(uid: str) -> Way:
    found = record_of(uid)
    if not work.may(g.actor, permissions.DESK, found.booking, found.rooms.values()):
        abort(403)
    room = room_of(found.booking)
    return Way(
        booking=found.booking,
        room=room,
        asker=actors.of_booking(g.actor, found.booking, room),
        verb=partial(work.move_all, g.actor),
        action=url_for("bookings.desk_move_all_to", uid=uid),
        back=url_for("bookings.desk_show", uid=uid),
        staff=not found.own,
    )
