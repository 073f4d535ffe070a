"""Change the words of one's own booking; no time, no state and nobody else is touched."""

from __future__ import annotations

from typing import Any

from flask import g, request

from portal.api import gettext as _
from portal.api import (
    go,
    once,
    render,
    required_version,
    requires,
    say,
)

from .. import actors, permissions, typed
from ..models import BookingsBooking
from ..service import changing
from ..verdicts import Refused
from . import bookings
from .afterwards import afterwards, draws_afterwards
from .ask import errors_of
from .change import back_to, room_of
from .show import booking_or_404


@bookings.get("/<booking_uid>/words")
@requires(permissions.BOOK)
def rename(booking_uid: str) -> Any:
    """Show what a booking says of itself, to be changed; no time is touched."""
    return _words_page(booking_or_404(booking_uid))


@bookings.post("/<booking_uid>/words")
@requires(permissions.BOOK)
@draws_afterwards
@once
def save_words(booking_uid: str) -> Any:
    """Change the words of a booking."""
    booking = booking_or_404(booking_uid)
    people = typed.whole(request.form.get("people", ""))
    try:
        changing.rename(
            booking,
            version=required_version(),
            title=request.form.get("title", ""),
            headcount=people or 0,
            note=request.form.get("note", ""),
            contact_name=request.form.get("contact_name", ""),
            asker=actors.of_booking(g.actor, booking, room_of(booking)),
            by=g.actor.account_id,
        )
    except Refused as wrong:
        errors = errors_of(wrong.refusals)
        return afterwards(lambda: _words_page(booking, errors=errors))
    say(_("改好了。"))
    return go(back_to(booking))


def _words_page(booking: BookingsBooking, *, errors: Any = None) -> Any:
    kept = {
        "title": booking.title,
        "people": str(booking.headcount),
        "note": booking.note,
        "contact_name": booking.contact_name,
    }
    if errors:
        kept |= {name: request.form.get(name, "") for name in kept}
    return render(
        "bookings/words.html",
        block="content",
        status=422 if errors else 200,
        booking=booking,
        kept=kept,
        version=request.form.get("version", booking.version) if errors else booking.version,
        room=room_of(booking),
        errors=errors or {},
    )
