"""What the bookings put before their staff: places on the desk, and what waits for them."""

from __future__ import annotations

from flask import url_for

from portal.api import Actor, NavItem, Todo, clock
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from . import actors, permissions
from .queries import places, requests

#: The other places stand side by side on each of these pages.
PLACES = (
    ("bookings.day", _l("场地日程"), "bookings.desk_day", "calendar3", permissions.SEE),
    ("bookings.counter", _l("替人约场地"), "bookings.desk_counter", "calendar-check", permissions.DESK),
    ("bookings.report", _l("场地使用情况"), "bookings.report", "bar-chart", permissions.REPORT),
)


def nav(actor: Actor) -> list[NavItem]:
    """Return the staff's places on the desk."""
    return [
        NavItem(key=key, label=label, endpoint=endpoint, icon=icon, order=21, staff=True)
        for key, label, endpoint, icon, permission in PLACES
        if actor.can(permission)
    ]


def todos(actor: Actor) -> list[Todo]:
    """Return how many requests wait for this person, and when the first of them must be answered."""
    if not actor.is_staff or not actor.can(permissions.APPROVE):
        return []
    rooms = None
    if not actor.reach(permissions.APPROVE).everywhere:
        every = places.rooms(every=True)
        rooms = {room.id for room in actors.reached(actor, permissions.APPROVE, every)}
    number, due = requests.count(rooms)
    if not number:
        return []
    return [
        Todo(
            key="bookings.requests",
            label=_("场地申请等您答复"),
            url=url_for("bookings.desk_requests"),
            count=number,
            due=clock.civil(due) if due is not None else None,
            order=20,
        )
    ]
