"""What time alone does to a booking: nobody came, or it is over. Each is done once, whoever looks first."""

from __future__ import annotations

from datetime import timedelta

from portal.api import audit, clock, district, session, swap, transaction

from .. import messages, points, presence
from ..models import BookingsBooking, BookingsOccurrence
from ..policy import policy_of
from ..queries.places import room_of
from . import steps
from .arriving import free_rest, lock

#: Noticed later than this the portal itself was asleep, and perhaps nobody could check in: no point is given.
ASLEEP = timedelta(days=1)


def miss(row: BookingsOccurrence) -> bool:
    """Write down that nobody came, and give the rest of the time on; tell whether it was so.

    With ``release`` that is when the grace is over. Without it nothing is let go: where points are counted
    it is known at the end of the time.
    """
    with transaction():
        room = room_of(row)
        policy = policy_of(district(), room)
        grids = lock(row)
        now = clock.now()
        if row.state != "approved" or not presence.missed(row.starts_at, row.ends_at, policy, now):
            return False
        swap(row, version=row.version, states=("approved",), state="no_show", sequence=row.sequence + 1)
        booking = session.get_one(BookingsBooking, row.booking_id)
        counts = policy.points and now - row.ends_at < ASLEEP
        if counts:
            points.give(booking, row, why="no_show", policy=policy)
        steps.note(booking, "no_show", by=None, occurrence=row)
        audit.record("bookings.no_show", row, actor=None, district=row.district_id, detail={"point": counts})
        messages.tell("counted" if counts else "missed", booking, row, room, key=f"missed:{row.id}")
        free_rest(row, grids, now)
    return True


def finish(row: BookingsOccurrence) -> bool:
    """Close what is over: whoever was there has used it; tell whether there was anything to close."""
    with transaction():
        session.refresh(row)
        policy = policy_of(district(), room_of(row))
        if row.ends_at > clock.now() or not presence.used(row.state, policy):
            return False
        swap(row, version=row.version, states=(row.state,), state="completed")
        booking = session.get_one(BookingsBooking, row.booking_id)
        steps.note(booking, "completed", by=None, occurrence=row)
        audit.record("bookings.complete", row, actor=None, district=row.district_id)
    return True
