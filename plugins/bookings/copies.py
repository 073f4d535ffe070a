"""Everything the bookings keep about somebody, ready for JSON (PIPL art. 45)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import or_, select

from portal.api import session

from . import messages, named, rights
from .models import (
    BookingsBooking,
    BookingsFeed,
    BookingsHandover,
    BookingsOccurrence,
    BookingsPoint,
    BookingsStep,
    BookingsTakenIn,
    BookingsVisit,
    BookingsWish,
)
from .queries import places
from .whose import Whose

_BOOKING = ("uid", "title", "headcount", "contact_name", "note", "rule", "way", "made_at", "over_reason")
_TIME = ("uid", "starts_at", "ends_at", "state", "reason", "arrived_at", "left_at")
_STEP = ("action", "note", "at")
_VISIT = ("group_name", "wants", "with_guide")
_WISH = ("uid", "starts_at", "ends_at", "title", "headcount", "contact_name", "state", "joined_at")
_POINT = ("why", "halves", "given_at", "expires_at", "state", "appeal", "appealed_at", "answer")
_TAKEN_IN = ("event_uid", "sequence")
_HANDOVER = ("what", "out_at", "taken_by", "back_at", "damage")


def of(whose: Whose) -> Mapping[str, Any]:
    """Return the copy; empty lists where there is nothing."""
    bookings = rights.known(whose)
    ids = [one.id for one in bookings]
    times = _rows(BookingsOccurrence, BookingsOccurrence.booking_id.in_(ids))
    time_ids = [one.id for one in times]
    names = {room.id: f"{room.venue} {room.name}" for room in places.rooms(every=True)}
    steps = _by(_rows(BookingsStep, BookingsStep.booking_id.in_(ids)), "booking_id")
    taken_in = _by(_rows(BookingsTakenIn, BookingsTakenIn.booking_id.in_(ids)), "booking_id")
    visits = _by(_rows(BookingsVisit, BookingsVisit.booking_id.in_(ids)), "booking_id")
    own_times = _by(times, "booking_id")
    point: Any = BookingsPoint.occurrence_id.in_(time_ids)
    feeds: list[Any] = []
    if whose.account_id is not None:
        point = or_(point, BookingsPoint.account_id == whose.account_id)
        feeds = _rows(BookingsFeed, BookingsFeed.account_id == whose.account_id)
    return {
        "bookings": [
            {
                **_plain(one, _BOOKING),
                "phone": messages.phone_of(one),
                "room": names.get(one.room_id, ""),
                "times": [
                    {**_plain(row, _TIME), "room": names.get(row.room_id, "")} for row in own_times[one.id]
                ],
                "visits": [_plain(row, _VISIT) for row in visits[one.id]],
                "calendar_events": [_plain(row, _TAKEN_IN) for row in taken_in[one.id]],
                "steps": [_plain(row, _STEP) for row in steps[one.id]],
            }
            for one in bookings
        ],
        "wishes": [
            {**_plain(one, _WISH), "phone": messages.wish_phone(one), "room": names.get(one.room_id, "")}
            for one in _rows(BookingsWish, whose.of(BookingsWish))
        ],
        "points": [_plain(one, _POINT) for one in _rows(BookingsPoint, point)],
        "handovers": [
            _plain(one, _HANDOVER)
            for one in _rows(BookingsHandover, BookingsHandover.occurrence_id.in_(time_ids))
        ],
        # Bookings of others in which they are the one to call: of those only what is said of them.
        "contact_of": [
            {**_plain(one, ("contact_name", "made_at")), "phone": messages.phone_of(one)}
            for one in _rows(BookingsBooking, named.contact_of(whose, BookingsBooking))
        ],
        "guide": [{"name": one.name, "active": one.active} for one in named.guides(whose)],
        "calendar_links": [_plain(one, ("made_at", "revoked_at")) for one in feeds],
    }


def _rows(model: Any, where: Any) -> list[Any]:
    return [] if where is False else list(session.scalars(select(model).where(where).order_by(model.id)))


def _by(found: Iterable[Any], column: str) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = defaultdict(list)
    for one in found:
        grouped[getattr(one, column)].append(one)
    return grouped


def _plain(row: BookingsBooking | Any, names: Iterable[str]) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in names}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in found.items()}
