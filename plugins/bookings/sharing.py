"""What sharing venues and receiving visits put before staff: places on the desk, and what waits for them."""

from __future__ import annotations

from flask import url_for

from portal.api import Actor, NavItem, Todo
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from . import permissions
from .queries import agreements, visits

AGREEMENTS = NavItem(
    key="bookings.agreements",
    label=_l("共享协议"),
    endpoint="bookings.agreements",
    icon="file-earmark-text",
    order=44,
    staff=True,
)
VISITS = NavItem(
    key="bookings.visits",
    label=_l("参观接待"),
    endpoint="bookings.visits_desk",
    icon="people",
    order=43,
    staff=True,
)


def nav(actor: Actor) -> list[NavItem]:
    """Return the staff's places on the desk; groups are received at the center, by the district's own."""
    found = [AGREEMENTS] if actor.is_staff and actor.can(permissions.REPORT) else []
    if actor.is_staff and actor.reach(permissions.DESK).everywhere:
        found.append(VISITS)
    return found


def todos(actor: Actor) -> list[Todo]:
    """Return agreements that wait for a signature or end soon, and visits that wait for the desk."""
    if not actor.is_staff:
        return []
    found: list[Todo] = []
    reach = actor.reach(permissions.MANAGE)
    if reach:
        turns = agreements.to_sign(reach)
        if turns:
            # Both sides' turns at once are looked for in the whole list.
            url = url_for("bookings.agreements", state=next(iter(turns)) if len(turns) == 1 else None)
            count, label = sum(turns.values()), _("共享协议等您签")
            found.append(Todo(key="bookings.sign", label=label, url=url, count=count, order=45))
        count, due = agreements.ending_soon(reach)
        if count:
            url = url_for("bookings.agreements", state="soon")
            text = _("共享协议快到期，要不要续")
            found.append(Todo(key="bookings.ending", label=text, url=url, count=count, due=due, order=46))
    if actor.reach(permissions.DESK).everywhere:
        count, due = visits.waiting()
        if count:
            text = _("参观接待等您安排")
            url = url_for("bookings.visits_desk")
            found.append(Todo(key="bookings.visits", label=text, url=url, count=count, due=due, order=43))
    return found
