"""When a year's calendar has come: whose series of working days now has times on days off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.api import Job, district, session, transaction, who_may

from . import messages, permissions
from .models import BookingsBooking, BookingsOccurrence
from .queries import days_off
from .service.arriving import room_of


def tell(_payload: Mapping[str, Any]) -> None:
    """Tell whoever has booked, once for each version of the calendar; nothing is called off by itself.

    What the desk wrote down for somebody without an account is told to those who answer there.
    """
    for off in days_off.to_tell():
        with transaction():
            booking = session.get_one(BookingsBooking, off.booking_id)
            first = session.get_one(BookingsOccurrence, off.row_ids[0])
            room = room_of(first)
            told = [booking.account_id]
            if booking.account_id is None:
                told = [
                    one.account_id for one in who_may(permissions.APPROVE, district(), path=room.owner_path)
                ]
            for account_id in told:
                messages.tell(
                    "day_off",
                    booking,
                    first,
                    room,
                    key=f"day_off:{booking.id}:{off.year}:{off.version}:{account_id}",
                    why=str(off.year),
                    times=len(off.row_ids),
                    to=account_id,
                    url="" if booking.account_id is not None else f"desk/{booking.uid}",
                )


JOBS = (
    Job(
        name="bookings.days_off",
        run=tell,
        every=24 * 3600,
        per_district=True,
        due_in=lambda: {off.district_id for off in days_off.to_tell()},
    ),
)
