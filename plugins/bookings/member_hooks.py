"""What the start page shows of one's own bookings: what comes next, and the offer that waits for a word."""

from __future__ import annotations

from flask import url_for

from portal.api import Actor, Card, NavItem, Todo
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from . import permissions, words
from .actors import hands
from .queries import mine

NAV = NavItem(key="bookings", label=_l("约场地"), endpoint="bookings.find", icon="calendar3", order=40)


def nav() -> list[NavItem]:
    """Return the place in the navigation: everybody may look, who asks for a room logs in."""
    return [NAV]


def card(actor: Actor) -> list[Card]:
    """Return the booking that comes next, or nothing; an offer stands among what is to do."""
    if actor.account_id is None or not actor.can(permissions.BOOK):
        return []
    coming = mine.next_line(actor.account_id)
    if coming is None:
        # Who is no member comes for a room, if for anything.
        return [] if actor.member_id is not None or actor.is_staff else [_invitation()]
    label, _tone = words.STATES[coming.state]
    return [
        Card(
            key="bookings",
            title=_("下一个场地预约"),
            value=words.soon_words(coming.starts_at),
            text=_(
                "%(when)s，%(place)s，%(state)s。",
                when=words.when_words(coming.starts_at, coming.ends_at),
                place=f"{coming.venue} {coming.room}",
                state=label,
            ),
            url=url_for("bookings.show", booking_uid=coming.uid),
            action=_("看这个预约"),
            order=30,
        )
    ]


def _invitation() -> Card:
    return Card(
        key="bookings",
        title=_("约场地"),
        text=_("读书、排练、开会，按时间和人数找一间房。"),
        url=url_for("bookings.find"),
        action=_("去找房间"),
        order=30,
    )


def todos(actor: Actor) -> list[Todo]:
    """Return the offers that wait for this person's word, those to an organization of theirs too."""
    if actor.account_id is None or not actor.can(permissions.BOOK):
        return []
    return [
        Todo(
            key=f"bookings.offer.{one.uid}",
            label=_(
                "候补的%(room)s有了，留到%(until)s", room=one.room, until=words.until_words(one.hold_until)
            ),
            url=url_for("bookings.wish", wish_uid=one.uid),
            order=5,
        )
        for one in mine.wishes(hands(actor), states=("offered",))
    ]
