"""What bookings are for and whose, in a line; only for those who may see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from portal.api import rows, session

from ..models import BookingsBooking
from ..words import in_brackets

_BOOKING: Any = BookingsBooking.__table__.c


def titles_of(booking_ids: Iterable[int]) -> dict[int, str]:
    """Return title and contact of each booking."""
    wanted = sorted(set(booking_ids))
    if not wanted:
        return {}
    found = rows(BookingsBooking, _BOOKING.id, _BOOKING.title, _BOOKING.contact_name)
    return {
        row.id: in_brackets(row.title, row.contact_name)
        for row in session.execute(found.where(_BOOKING.id.in_(wanted)))
    }
