"""What those who keep places and those at the desk find on the start page."""

from __future__ import annotations

from flask import url_for

from portal.api import Actor, NavItem, Todo
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from . import permissions
from .queries import presence


def nav(actor: Actor) -> list[NavItem]:
    """Return the staff's places on the desk."""
    places = (
        ("bookings.now", _l("场地签到和钥匙"), "bookings.now", "person-check", permissions.DESK),
        ("bookings.keep", _l("场馆和房间"), "bookings.keep_venues", "building", permissions.MANAGE),
    )
    return [
        NavItem(key=key, label=label, endpoint=endpoint, icon=icon, order=23, staff=True)
        for key, label, endpoint, icon, permission in places
        if actor.can(permission)
    ]


def todos(actor: Actor) -> list[Todo]:
    """Return the appeals that wait for an answer, and what should be back."""
    if not actor.is_staff or not actor.can(permissions.DESK):
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
