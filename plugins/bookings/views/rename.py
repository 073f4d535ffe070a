"""Change what one's own booking says: words, people, equipment, the number to call. No time is touched."""

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

from .. import actors, alter_form, permissions
from ..models import BookingsBooking
from ..queries.places import room_of
from ..service import altering
from ..verdicts import NotFree, Refused
from . import bookings
from .afterwards import afterwards, draws_afterwards
from .change import back_to
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
    """Change what a booking says."""
    booking, version = booking_or_404(booking_uid), required_version()
    room = room_of(booking)
    said, errors = alter_form.read(request.form, booking, alter_form.kinds(booking, room))
    status = 422
    if not errors:
        try:
            altering.alter(
                booking,
                said,
                version=version,
                asker=actors.of_booking(g.actor, booking, room, at_desk=False),
                by=g.actor.account_id,
            )
        except Refused as wrong:
            errors = alter_form.errors_of(wrong.refusals)
        except NotFree as clash:
            errors, status = alter_form.too_few(clash), 409
    if errors:
        return afterwards(lambda: _words_page(booking, errors=errors, status=status))
    say(_("改好了。"))
    return go(back_to(booking))


def _words_page(booking: BookingsBooking, *, errors: Any = None, status: int = 200) -> Any:
    room = room_of(booking)
    return render(
        "bookings/words.html",
        block="content",
        status=status,
        booking=booking,
        kept=alter_form.kept(booking, request.form),
        version=request.form.get("version", booking.version),
        kinds=alter_form.kinds(booking, room),
        room=room,
        errors=errors or {},
    )
