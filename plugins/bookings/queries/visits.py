"""Reads of visits, for the desk that receives them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from portal.api import clock, rows, session

from ..models import BookingsBooking, BookingsGuide, BookingsOccurrence, BookingsRoom, BookingsVisit

_VISIT: Any = BookingsVisit.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c
_TIME: Any = BookingsOccurrence.__table__.c
_ROOM: Any = BookingsRoom.__table__.c
_GUIDE: Any = BookingsGuide.__table__.c


def _all(*columns: Any) -> Any:
    return (
        rows(BookingsVisit, *columns)
        .select_from(BookingsVisit)
        .join(BookingsBooking, _BOOKING.id == _VISIT.booking_id)
        .join(BookingsOccurrence, _TIME.booking_id == _BOOKING.id)
    )


def listed(*, since: datetime, until: datetime | None = None, live: bool = False) -> Sequence[Any]:
    """Return visits by their time; ``live``: those that are still to be received."""
    found = (
        _all(
            _BOOKING.uid,
            _BOOKING.headcount,
            _BOOKING.contact_name,
            _BOOKING.phone_tail,
            _VISIT.group_name,
            _VISIT.wants,
            _VISIT.with_guide,
            _TIME.starts_at,
            _TIME.ends_at,
            _TIME.state,
            _ROOM.name.label("room"),
            func.coalesce(_GUIDE.name, "").label("guide"),
        )
        .join(BookingsRoom, _ROOM.id == _TIME.room_id)
        .outerjoin(BookingsGuide, _GUIDE.id == _VISIT.guide_id)
        .where(_TIME.ends_at > since)
        .order_by(_TIME.starts_at, _TIME.id)
        .limit(500)
    )
    if until is not None:
        found = found.where(_TIME.starts_at < until)
    if live:
        found = found.where(_TIME.state.in_(("requested", "approved", "checked_in")))
    return session.execute(found).all()


def of_day(day: date) -> Sequence[Any]:
    """Return the confirmed visits of a civil day."""
    start = datetime.combine(day, time(), clock.SHANGHAI)
    found = listed(since=start, until=start + timedelta(days=1))
    return [one for one in found if one.state in ("approved", "checked_in", "completed")]


def waiting() -> tuple[int, date | None]:
    """Return how many visits wait for an answer, and by when the first must have one."""
    count, due = session.execute(
        _all(func.count(), func.min(_TIME.answer_by)).where(_TIME.state == "requested")
    ).one()
    return int(count), clock.civil(due) if due is not None else None


def one(uid: str) -> tuple[BookingsVisit, BookingsBooking, BookingsOccurrence] | None:
    """Return a visit by its booking's public name, with its time."""
    found = session.execute(
        select(BookingsVisit, BookingsBooking, BookingsOccurrence)
        .join(BookingsBooking, BookingsBooking.id == BookingsVisit.booking_id)
        .join(BookingsOccurrence, BookingsOccurrence.booking_id == BookingsBooking.id)
        .where(BookingsBooking.uid == uid)
        .order_by(BookingsOccurrence.id)
        .limit(1)
    ).first()
    return (found[0], found[1], found[2]) if found is not None else None


def of_booking(booking_id: int) -> Any | None:
    """Return what a visit asks for and its guide's name, "" without one; None for what is no visit."""
    found = rows(
        BookingsVisit, _VISIT.wants, _VISIT.with_guide, func.coalesce(_GUIDE.name, "").label("guide")
    )
    found = found.outerjoin(BookingsGuide, _GUIDE.id == _VISIT.guide_id)
    return session.execute(found.where(_VISIT.booking_id == booking_id)).one_or_none()


def guides(*, every: bool = False) -> list[BookingsGuide]:
    """Return those who show groups round, by name; ``every`` names those who rest too."""
    found = select(BookingsGuide).order_by(BookingsGuide.name)
    return list(session.scalars(found if every else found.where(BookingsGuide.active)))


def guide(guide_id: int) -> BookingsGuide | None:
    """Return one of them, of this district."""
    return session.scalars(select(BookingsGuide).where(BookingsGuide.id == guide_id)).one_or_none()
