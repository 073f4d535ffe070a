"""What has come due in a district: ids only, read without a lock; each verb looks again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import or_

from portal.api import clock, district, rows, session

from .. import presence
from ..models import BookingsBooking, BookingsOccurrence, BookingsWish
from ..policy import Policy, policies
from . import places

_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c
_WISH: Any = BookingsWish.__table__.c
#: In one run of a job; the next one goes on.
MOST = 500
#: How long before the deadline those who answer are reminded, and how long before the start who has booked.
BEFORE_DEADLINE = timedelta(hours=24)
AHEAD = (timedelta(hours=2), timedelta(days=1))


def lapsing() -> dict[int, list[int]]:
    """Return the requests whose time to be answered is over: booking id -> its occurrences."""
    return _by_booking(_TIME.answer_by <= clock.now())


def to_answer() -> dict[int, list[int]]:
    """Return the requests that run out soon and nobody was reminded of."""
    return _by_booking(runs_out_soon())


def runs_out_soon() -> Any:
    """Return what holds of a request that runs out soon and nobody was reminded of."""
    now = clock.now()
    soon = (_TIME.answer_by > now) & (_TIME.answer_by <= now + BEFORE_DEADLINE)
    return soon & _TIME.reminded_at.is_(None)


def _by_booking(wanted: Any) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    asked = rows(BookingsOccurrence, _TIME.booking_id, _TIME.id).where(_TIME.state == "requested", wanted)
    for booking_id, row_id in session.execute(asked.order_by(_TIME.id).limit(MOST)):
        found.setdefault(booking_id, []).append(row_id)
    return found


def begun() -> list[int]:
    """Return the times nobody checked in to, and for which it is too late now."""
    now = clock.now()
    return [
        row.id
        for row, policy in _with_policy(_TIME.state == "approved", _TIME.starts_at <= now)
        if presence.missed(row.starts_at, row.ends_at, policy, now)
    ]


def ended() -> list[int]:
    """Return the times that are over and were used."""
    living = _TIME.state.in_(("approved", "checked_in"))
    found = _with_policy(living, _TIME.ends_at <= clock.now())
    return [row.id for row, policy in found if presence.used(row.state, policy)]


def _with_policy(*wanted: Any) -> list[tuple[Any, Policy]]:
    asked = rows(
        BookingsOccurrence, _TIME.id, _TIME.room_id, _TIME.starts_at, _TIME.ends_at, _TIME.state
    ).where(*wanted)
    found = session.execute(asked.order_by(_TIME.starts_at, _TIME.id).limit(MOST)).all()
    if not found:
        return []
    known = policies(district(), places.rooms(ids={row.room_id for row in found}))
    return [(row, known[row.room_id]) for row in found]


def wishes() -> list[int]:
    """Return the wishes whose offer or whose time is over."""
    now = clock.now()
    over = or_(_WISH.starts_at <= now, (_WISH.state == "offered") & (_WISH.hold_until <= now))
    asked = rows(BookingsWish, _WISH.id).where(_WISH.state.in_(("waiting", "offered")), over)
    return list(session.scalars(asked.order_by(_WISH.id).limit(MOST)))


def coming() -> dict[int, datetime]:
    """Return the times whose people are to be reminded now: id -> since when that is due.

    Two hours before, else a day before. Who booked after that moment knows, and nobody is told twice.
    """
    found = ((row.id, since) for row, since in to_remind())
    return dict(islice(found, MOST))


def to_remind() -> Iterator[tuple[Any, datetime]]:
    """Yield the times within reach whose people are to be reminded, the next first, and since when."""
    now = clock.now()
    asked = (
        rows(BookingsOccurrence, _TIME.id, _TIME.district_id, _TIME.starts_at, _TIME.reminded_at)
        .add_columns(_TIME.decided_at, _BOOKING.made_at)
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .where(_TIME.state == "approved", _TIME.starts_at > now, _TIME.starts_at <= now + AHEAD[-1])
    )
    for row in session.execute(asked.order_by(_TIME.starts_at, _TIME.id)):
        since = next(row.starts_at - lead for lead in AHEAD if row.starts_at - lead <= now)
        settled = row.decided_at or row.made_at
        if settled < since and (row.reminded_at is None or row.reminded_at < since):
            yield row, since
