"""The desk's list of bookings: searched, filtered, sorted, and read page by page along an index."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_

from portal.api import Organization, clock, crypto, rows, session

from .. import typed
from ..models import BookingsBooking, BookingsOccurrence

_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c
_ORG: Any = Organization.__table__.c
#: What the list may be sorted by.
SORTS: dict[str, Any] = {"time": _TIME.starts_at, "title": _BOOKING.title, "name": _BOOKING.contact_name}
_LARGEST = 2**31 - 1


class BadCursor(ValueError):
    """A place in the list that nobody handed out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """What the list shows: text or number, states, days (both included), rooms within reach."""

    room_ids: frozenset[int]
    text: str = ""
    state: str = ""
    first: date | None = None
    last: date | None = None
    sort: str = "time"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One time of a booking; the number is only its last four digits."""

    id: int
    booking_uid: str
    room_id: int
    start: datetime
    end: datetime
    state: str
    title: str
    who: str
    phone_tail: str
    headcount: int
    organization: str


def lines(wanted: Filter, *, after: str = "", limit: int = 50) -> list[Line]:
    """Return times of bookings as the filter says, behind the cursor ``after``; one statement.

    Raises: BadCursor.
    """
    column, down = SORTS[wanted.sort.removeprefix("-")], wanted.sort.startswith("-")
    found = (
        rows(
            BookingsOccurrence,
            _TIME.id,
            _BOOKING.uid.label("booking_uid"),
            _TIME.room_id,
            _TIME.starts_at.label("start"),
            _TIME.ends_at.label("end"),
            _TIME.state,
            _BOOKING.title,
            _BOOKING.contact_name.label("who"),
            _BOOKING.phone_tail,
            _BOOKING.headcount,
            func.coalesce(_ORG.name, "").label("organization"),
        )
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .outerjoin(Organization, _ORG.id == _BOOKING.organization_id)
        .where(*_conditions(wanted))
        .order_by(column.desc() if down else column, _TIME.id.desc() if down else _TIME.id)
        .limit(limit)
    )
    if after:
        value, last = _opened(after, wanted.sort)
        beyond = column < value if down else column > value
        level = _TIME.id < last if down else _TIME.id > last
        found = found.where(or_(beyond, (column == value) & level))
    return [Line(**row._asdict()) for row in session.execute(found)]


def cursor(line: Line, sort: str) -> str:
    """Return the place in the list behind a line, as an address holds it."""
    name = sort.removeprefix("-")
    value = {"time": line.start.isoformat(), "title": line.title, "name": line.who}[name]
    packed = json.dumps([value, line.id], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _opened(after: str, sort: str) -> tuple[Any, int]:
    try:
        value, last = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        if not isinstance(value, str) or type(last) is not int or not 0 <= last <= _LARGEST or "\0" in value:
            raise BadCursor
        value.encode()  # half a character is no text a database would take
        if sort.removeprefix("-") != "time":
            return value, last
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise BadCursor
        return at.astimezone(clock.SHANGHAI), last
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as error:
        raise BadCursor from error


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found = [_TIME.room_id.in_(sorted(wanted.room_ids))]
    if wanted.state:
        found.append(_TIME.state == wanted.state)
    if wanted.first is not None:
        found.append(_TIME.starts_at >= clock.at(wanted.first))
    if wanted.last is not None:
        found.append(_TIME.starts_at < clock.at(wanted.last + timedelta(days=1)))
    if wanted.text.strip():
        found.append(_named(wanted.text))
    return found


def _named(text: str) -> ColumnElement[bool]:
    """Return the clause that finds a title, a name, a whole number, or its last four digits."""
    said = typed.plain(text)[:60]
    number = typed.phone(text)
    if number:
        return _BOOKING.phone_index == crypto.blind_index("phone", number)
    matches: list[ColumnElement[bool]] = [
        _BOOKING.title.contains(said, autoescape=True),
        _BOOKING.contact_name.contains(said, autoescape=True),
    ]
    if len(said) == 4 and said.isascii() and said.isdigit():
        matches.append(_BOOKING.phone_tail == said)
    return or_(*matches)
