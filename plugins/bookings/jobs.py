"""What the bookings do by themselves: answers that run out, offers, who did not come, reminders.

Every step is a verb of its own that looks again under its lock: at least once, by two workers at a time, and
after a jump of the clock, it happens once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from portal.api import Conflict, Job, session

from .models import BookingsBooking, BookingsOccurrence, BookingsWish
from .queries import due, due_in
from .service import deciding, elapsing, reminding, waiting

#: Seconds. The head of a waiting list has its offer within a minute (services/bookings d.12); a district in
#: which nothing is due is not visited.
TICK, REMIND = 20, 300


def tick(_payload: Mapping[str, Any]) -> None:
    """Do what has come due in one district."""
    lapsing, missing = due.lapsing(), due.begun()
    ending, wishes = due.ended(), due.wishes()
    session.rollback()
    for booking_id, rows in lapsing.items():
        with suppress(Conflict):
            deciding.lapse(session.get_one(BookingsBooking, booking_id), only=rows)
    _each(BookingsOccurrence, missing, elapsing.miss)
    _each(BookingsOccurrence, ending, elapsing.finish)
    _each(BookingsWish, wishes, waiting.time_out)


def _each(model: Any, ids: Iterable[int], verb: Callable[[Any], Any]) -> None:
    for number in ids:
        # Another worker, or a person, was there first.
        with suppress(Conflict):
            verb(session.get_one(model, number))


def remind(_payload: Mapping[str, Any]) -> None:
    """Remind those who have to answer, and those who have booked."""
    asked, coming = due.to_answer(), due.coming()
    session.rollback()
    for booking_id, rows in asked.items():
        reminding.approvers(booking_id, rows)
    for row_id, since in coming.items():
        reminding.people(row_id, since=since)


JOBS = (
    Job(name="bookings.tick", run=tick, every=TICK, per_district=True, due_in=due_in.to_do),
    Job(name="bookings.remind", run=remind, every=REMIND, per_district=True, due_in=due_in.to_remind),
)
