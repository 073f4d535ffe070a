"""What other pages show of the wall."""

from __future__ import annotations

from flask import url_for

from portal.api import Actor, Card, Hidden, NavItem, Todo, ngettext
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from . import queries

NAV = NavItem(key="wall", label=_l("心愿墙"), endpoint="wall.wishes", icon="heart", order=140)


def nav(actor: Actor) -> list[NavItem]:
    """Return the place in the navigation of whoever may look."""
    return [NAV] if actor.can("wall.read") else []


def cards(actor: Actor) -> list[Card]:
    """Return a card for the start page of whoever may write."""
    if not actor.can("wall.write"):
        return []
    count = queries.count()
    text = ngettext("有%(num)s个心愿等着认领。", "有%(num)s个心愿等着认领。", count) if count else ""
    url = url_for("wall.wishes")
    return [Card(key="wall", title=_("心愿墙"), text=text, url=url, action=_("去看看"), order=140)]


def todos(actor: Actor) -> list[Todo]:
    """Return the open wishes as work for the staff."""
    count = queries.count() if actor.can("wall.grant") else 0
    if not count:
        return []
    return [Todo(key="wall", label=_("有心愿等着认领"), url=url_for("wall.wishes"), count=count, order=140)]


def hidden() -> list[Hidden]:
    """Return what nobody would see while the wall is switched off."""
    count = queries.count()
    text = ngettext("%(num)s个心愿", "%(num)s个心愿", count)
    return [Hidden(text=text, count=count)] if count else []
