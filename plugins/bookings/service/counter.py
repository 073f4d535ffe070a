"""Book for whoever stands at the counter: they may be there already, and the form may be sent twice."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from portal.api import clock, crypto, session, transaction

from ..models import BookingsBooking, BookingsOccurrence
from . import arriving, asking
from .asking import Wanted

#: So long the same words at the counter are one wish, pressed again.
JUST_NOW = timedelta(minutes=10)


def book(wanted: Wanted, *, by: int) -> BookingsBooking:
    """Book for whoever stands at the counter; they are there already where the time has begun.

    Raises:
        Refused, NotFree: as ``asking.ask``.
    """
    with transaction():
        made = asking.ask(wanted, by=by)
        begun = select(BookingsOccurrence).where(
            BookingsOccurrence.booking_id == made.id,
            BookingsOccurrence.state == "approved",
            BookingsOccurrence.starts_at <= clock.now(),
        )
        for row in session.scalars(begun).all():
            arriving.walked_in(row, by=by)
    return made


def same_again(wanted: Wanted, *, by: int) -> str:
    """Return the uid of the booking that somebody has made with the very same words just now, or nothing.

    Its page was sent again under another key: opened anew by "back", kept by the browser, in a second tab.
    """
    (span,) = wanted.spans
    phone = wanted.contact.phone
    found = (
        select(BookingsBooking)
        .join(BookingsOccurrence, BookingsOccurrence.booking_id == BookingsBooking.id)
        .where(
            BookingsOccurrence.room_id == wanted.room.id,
            BookingsOccurrence.starts_at == span.start,
            BookingsOccurrence.ends_at == span.end,
            BookingsOccurrence.state.in_(("approved", "checked_in")),
            BookingsBooking.made_by == by,
            BookingsBooking.made_at >= clock.now() - JUST_NOW,
            BookingsBooking.title == wanted.title[:80],
            BookingsBooking.headcount == wanted.headcount,
            BookingsBooking.contact_name == wanted.contact.name[:40],
        )
    )
    row = session.scalars(found).first()
    if row is None or row.phone_index != (crypto.blind_index("phone", phone) if phone else None):
        return ""
    needs = {str(kind): number for kind, number in wanted.needs.items() if number > 0}
    return row.uid if row.needs == needs else ""
