"""What the bookings do by themselves: answers that run out, offers, who did not come, reminders.

Every step is a verb of its own that looks again under its lock: at least once, by two workers at a time, and
after a jump of the clock, it happens once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
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
    _all(
        (
            *(
                (BookingsBooking, booking_id, partial(deciding.lapse, only=rows))
                for booking_id, rows in lapsing.items()
            ),
            *((BookingsOccurrence, number, elapsing.miss) for number in missing),
            *((BookingsOccurrence, number, elapsing.finish) for number in ending),
            *((BookingsWish, number, waiting.time_out) for number in wishes),
        )
    )


def _all(acts: Iterable[tuple[Any, int, Callable[[Any], Any]]]) -> None:
    """Do each; a record that cannot be done holds up no other, and is said when they are done."""
    failed: list[Exception] = []
    for model, number, verb in acts:
        try:
            verb(session.get_one(model, number))
        except Conflict:
            pass  # another worker, or a person, was there first
        except Exception as error:
            session.rollback()
            failed.append(error)
    if failed:
        raise failed[0]


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
