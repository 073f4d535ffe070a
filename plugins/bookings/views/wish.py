"""The waiting list, seen by whoever stands in it: the place in line, and the offer while it is held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, g, url_for

from portal.api import Conflict, clock, go, once, render, required_version, requires, say
from portal.api import gettext as _

from .. import permissions, words
from ..actors import hands
from ..models import BookingsWish
from ..queries import mine as reads
from ..queries import places, venues
from ..service import waiting
from ..verdicts import NotFree, Refusal, Refused
from . import bookings
from .afterwards import afterwards, draws_afterwards


@bookings.get("/wishes")
@requires(permissions.BOOK)
def wishes() -> Any:
    """Show one's places on waiting lists, those over too."""
    return render("bookings/wishes.html", block="content", wishes=reads.wishes(hands(g.actor)), words=words)


@bookings.get("/wishes/<wish_uid>")
@requires(permissions.BOOK)
def wish(wish_uid: str) -> Any:
    """Show a place in line, or the offer and until when it is held."""
    return _page(_wish_or_404(wish_uid))


@bookings.post("/wishes/<wish_uid>/take")
@requires(permissions.BOOK)
@draws_afterwards
@once
def take_wish(wish_uid: str) -> Any:
    """Take what is offered."""
    found = _wish_or_404(wish_uid)
    try:
        booking = waiting.take(found, version=required_version(), by=g.actor.account_id)
    except Conflict:
        return afterwards(lambda: _page(_wish_or_404(wish_uid), changed=True))
    except Refused as wrong:
        over = wrong.refusals
        return afterwards(lambda: _page(_wish_or_404(wish_uid), against=over))
    except NotFree as gone:
        (verdict,) = gone.verdicts
        return afterwards(lambda: _page(_wish_or_404(wish_uid), against=verdict.refusals))
    say(_("交上去了。") if reads.waits(booking.id) else _("约好了。"))
    return go(url_for("bookings.show", booking_uid=booking.uid))


@bookings.post("/wishes/<wish_uid>/leave")
@requires(permissions.BOOK)
@draws_afterwards
@once
def leave_wish(wish_uid: str) -> Any:
    """Decline what is offered, or leave the line."""
    found = _wish_or_404(wish_uid)
    try:
        state = waiting.leave(found, version=required_version(), by=g.actor.account_id)
    except Conflict:
        return afterwards(lambda: _page(_wish_or_404(wish_uid), changed=True))
    say(_("好的，让给下一位了。") if state == "declined" else _("不排了。"))
    return go(url_for("bookings.wish", wish_uid=wish_uid))


def _wish_or_404(uid: str) -> BookingsWish:
    found = reads.wish(uid, hands(g.actor))
    if found is None:
        abort(404)
    return found


def _page(found: BookingsWish, *, changed: bool = False, against: Sequence[Refusal] = ()) -> Any:
    room = places.room_of(found)
    held = found.state == "offered" and found.hold_until is not None and found.hold_until > clock.now()
    return render(
        "bookings/wish.html",
        block="content",
        status=409 if changed else 422 if against else 200,
        wish=found,
        room=room,
        venue=venues.venue(room.venue_id),
        held=held,
        changed=changed,
        against=[one.text for one in against],
        over_quota=any(one.code == "quota" for one in against),
        before=waiting.places_before(found) if found.state == "waiting" else 0,
        booking_uid=reads.uid_of(found.booking_id) if found.booking_id else None,
        words=words,
    )
