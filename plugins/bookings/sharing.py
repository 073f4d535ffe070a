"""What sharing venues and receiving visits put before staff: places on the desk, and what waits for them."""

from __future__ import annotations

from flask import url_for

from portal.api import Actor, NavItem, Todo
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from . import permissions
from .queries import agreements, owners

AGREEMENTS = NavItem(
    key="bookings.agreements",
    label=_l("共享协议"),
    endpoint="bookings.agreements",
    icon="file-earmark-text",
    order=44,
    staff=True,
)


def nav(actor: Actor) -> list[NavItem]:
    """Return the staff's places on the desk."""
    return [AGREEMENTS] if actor.is_staff and actor.can(permissions.REPORT) else []


def todos(actor: Actor) -> list[Todo]:
    """Return agreements that wait for a signature or end soon, and requests for the own shared venue."""
    if not actor.is_staff:
        return []
    found: list[Todo] = []
    reach = actor.reach(permissions.MANAGE)
    if reach:
        count = agreements.to_sign(reach)
        if count:
            state = "signed_a" if reach.everywhere else "draft"
            url = url_for("bookings.agreements", state=state)
            found.append(Todo(key="bookings.sign", label=_("共享协议等您签"), url=url, count=count, order=45))
        count, due = agreements.ending_soon(reach)
        if count:
            url = url_for("bookings.agreements", state="soon")
            text = _("共享协议快到期，要不要续")
            found.append(Todo(key="bookings.ending", label=text, url=url, count=count, due=due, order=46))
    approving = actor.reach(permissions.APPROVE)
    if approving and not approving.everywhere:
        # The district's own desk has its list of requests; an owner is told of theirs here.
        for venue in owners.waiting(approving):
            url = url_for("bookings.venue", uid=venue.uid)
            text = _("%(venue)s有申请等您答复", venue=venue.name)
            key = f"bookings.owner.{venue.uid}"
            found.append(Todo(key=key, label=text, url=url, count=venue.count, due=venue.due, order=44))
    return found
