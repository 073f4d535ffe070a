"""What the bookings put before their staff: places on the desk, and what waits for them."""

from __future__ import annotations

from flask import url_for

from portal.api import Actor, NavItem, Todo, clock
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from . import actors, permissions
from .queries import places, presence, requests

#: Key, words, endpoint, icon, permission, order; the other places stand side by side on each of these pages.
PLACES = (
    ("bookings.day", _l("场地日程"), "bookings.desk_day", "calendar3", permissions.SEE, 21),
    ("bookings.counter", _l("替人约场地"), "bookings.desk_counter", "calendar-check", permissions.DESK, 21),
    ("bookings.report", _l("场地使用情况"), "bookings.report", "bar-chart", permissions.REPORT, 21),
    ("bookings.now", _l("场地签到和钥匙"), "bookings.now", "person-check", permissions.DESK, 23),
    ("bookings.keep", _l("场馆和房间"), "bookings.keep_venues", "building", permissions.MANAGE, 23),
)


def nav(actor: Actor) -> list[NavItem]:
    """Return the staff's places on the desk."""
    return [
        NavItem(key=key, label=label, endpoint=endpoint, icon=icon, order=order, staff=True)
        for key, label, endpoint, icon, permission, order in PLACES
        if actor.can(permission)
    ]


def todos(actor: Actor) -> list[Todo]:
    """Return what waits for this person: requests, appeals, and what should be back."""
    return [*_to_answer(actor), *_at_the_desk(actor)] if actor.is_staff else []


def _to_answer(actor: Actor) -> list[Todo]:
    """Return how many requests wait, and when the first of them must be answered."""
    if not actor.can(permissions.APPROVE):
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


def _at_the_desk(actor: Actor) -> list[Todo]:
    """Return the appeals that wait for an answer, and what should be back."""
    if not actor.can(permissions.DESK):
        return []
    rooms = presence.rooms_of(actor, permissions.DESK)
    if not rooms:
        return []
    late = sum(one.overdue for one in presence.out(rooms))
    waiting = sum(one.account_id != actor.account_id for one in presence.points(rooms, appealed=True))
    found = (
        (late, "bookings.out", _("借出的钥匙、设备过了还的时间"), url_for("bookings.handovers")),
        (waiting, "bookings.appeals", _("没到场的说明等您答复"), url_for("bookings.staff_points")),
    )
    return [
        Todo(key=key, label=label, url=url, count=count, order=24)
        for count, key, label, url in found
        if count
    ]
