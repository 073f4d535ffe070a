"""What somebody booked or waits for, or their organization: lists, page by page, and one booking's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, desc, func, select, tuple_

from portal.api import Account, Organization, clock, mask_name, rows, session

from ..models import (
    BookingsBooking,
    BookingsOccurrence,
    BookingsRoom,
    BookingsStep,
    BookingsVenue,
    BookingsWish,
)
from ..models.booking import LIVE
from ..verdicts import Span
from .holders import Hands
from .places import Room, neighbours

_BOOKING: Any = BookingsBooking.__table__.c
_TIME: Any = BookingsOccurrence.__table__.c
_ROOM: Any = BookingsRoom.__table__.c
_VENUE: Any = BookingsVenue.__table__.c
_WISH: Any = BookingsWish.__table__.c
_ORGANIZATION: Any = Organization.__table__.c
_ACCOUNT: Any = Account.__table__.c
#: Bookings on one page of a list.
SIZE = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One booking of a list: its next (or last) time, and how many times there are in each state.

    ``who`` made it, masked, and for which organization, where it is not one's own list.
    """

    uid: str
    title: str
    room: str
    venue: str
    starts_at: datetime
    ends_at: datetime
    state: str
    answered: bool
    times: int
    coming: int
    who: str = ""
    organization: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page of a list; ``after`` is the uid the next page begins behind, None where there is no more."""

    lines: tuple[Line, ...]
    after: str | None


def page(whose: Hands, *, coming: bool, after: str = "") -> Page:
    """Return bookings with a time to come, the next first; or those that are over, the last first.

    Where they are nobody's own but only of offices, each says who made it.
    """
    now = clock.now()
    ahead = _TIME.state.in_(LIVE) & (_TIME.ends_at > now)
    # While something is to come that is what counts, afterwards the last time there was.
    counted = func.count(case((ahead, _TIME.id)))
    key = func.min(case((ahead, _TIME.starts_at))) if coming else func.max(_TIME.starts_at)
    # As a list of ids, or SQLite begins with every time of the district instead of one's own bookings.
    own = whose.of(rows(BookingsBooking, _BOOKING.id), _BOOKING)
    grouped = (
        rows(BookingsBooking, _BOOKING.id, _BOOKING.uid, key.label("at"), counted.label("coming"))
        .join(BookingsOccurrence, _TIME.booking_id == _BOOKING.id)
        .where(_TIME.booking_id.in_(own))
        .group_by(_BOOKING.id, _BOOKING.uid)
        .having(counted > 0 if coming else counted == 0)
        .subquery()
    )
    found = select(grouped.c.id, grouped.c.at, grouped.c.coming)
    if after:
        mark = select(grouped.c.at, grouped.c.id).where(grouped.c.uid == after).subquery()
        ends: Any = (select(mark.c.at).scalar_subquery(), select(mark.c.id).scalar_subquery())
        behind: ColumnElement[bool] = tuple_(grouped.c.at, grouped.c.id) > tuple_(*ends)
        if not coming:
            behind = tuple_(grouped.c.at, grouped.c.id) < tuple_(*ends)
        found = found.where(behind)
    order = (grouped.c.at, grouped.c.id) if coming else (grouped.c.at.desc(), grouped.c.id.desc())
    listed = session.execute(found.order_by(*order).limit(SIZE + 1)).all()
    lines = _lines([row.id for row in listed[:SIZE]], coming=coming, named=whose.account_id is None)
    more = len(listed) > SIZE
    return Page(lines=tuple(lines), after=lines[-1].uid if more and lines else None)


def _lines(ids: Sequence[int], *, coming: bool, named: bool) -> list[Line]:
    if not ids:
        return []
    found = (
        rows(
            BookingsBooking,
            _BOOKING.id,
            _BOOKING.uid,
            _BOOKING.title,
            _ROOM.name.label("room"),
            _VENUE.name.label("venue"),
            _TIME.id.label("time_id"),
            _TIME.starts_at,
            _TIME.ends_at,
            _TIME.state,
            _TIME.decided_by,
            _ACCOUNT.display_name.label("who"),
            _ORGANIZATION.name.label("organization"),
        )
        .join(BookingsOccurrence, _TIME.booking_id == _BOOKING.id)
        .join(BookingsRoom, _ROOM.id == _TIME.room_id)
        .join(BookingsVenue, _VENUE.id == _ROOM.venue_id)
        .outerjoin(Account, _ACCOUNT.id == _BOOKING.account_id)
        .outerjoin(Organization, _ORGANIZATION.id == _BOOKING.organization_id)
        .where(_TIME.booking_id.in_(ids))
    )
    by_booking: dict[int, list[Any]] = {}
    # Told an order, SQLite reads all times of the district along it.
    for row in sorted(session.execute(found), key=lambda row: (row.starts_at, row.time_id)):
        by_booking.setdefault(row.id, []).append(row)
    return [_line(by_booking[number], coming=coming, named=named) for number in ids]


def _line(times: Sequence[Any], *, coming: bool, named: bool) -> Line:
    now = clock.now()
    ahead = [row for row in times if row.state in LIVE and row.ends_at > now]
    shown = ahead[0] if coming and ahead else times[-1]
    return Line(
        uid=shown.uid,
        title=shown.title,
        room=shown.room,
        venue=shown.venue,
        starts_at=shown.starts_at,
        ends_at=shown.ends_at,
        state=shown.state,
        answered=shown.decided_by is not None,
        times=len(times),
        coming=len(ahead),
        who=mask_name(shown.who) if named and shown.who else "",
        organization=shown.organization if named else "",
    )


def next_line(account_id: int) -> Line | None:
    """Return the booking that comes next, or None."""
    found = page(Hands(account_id=account_id), coming=True).lines
    return found[0] if found else None


def booking(uid: str, whose: Hands) -> BookingsBooking | None:
    """Return a booking that is in somebody's hands; another's is as good as none."""
    return session.scalar(select(BookingsBooking).where(BookingsBooking.uid == uid, whose.where(_BOOKING)))


def times(booking_id: int) -> list[BookingsOccurrence]:
    """Return every time of a booking, left out ones included, in their order."""
    found = select(BookingsOccurrence).where(BookingsOccurrence.booking_id == booking_id)
    return list(session.scalars(found.order_by(BookingsOccurrence.starts_at, BookingsOccurrence.id)))


def steps(booking_id: int) -> list[BookingsStep]:
    """Return what happened to a booking, the first first."""
    found = select(BookingsStep).where(BookingsStep.booking_id == booking_id).order_by(BookingsStep.id)
    return list(session.scalars(found))


def waits(booking_id: int) -> bool:
    """Tell whether somebody must still answer for some time of a booking."""
    found = rows(BookingsOccurrence, _TIME.id).where(
        _TIME.booking_id == booking_id, _TIME.state == "requested"
    )
    return session.execute(found.limit(1)).first() is not None


def own_at(room: Room, span: Span, whose: Hands) -> BookingsBooking | None:
    """Return the booking in somebody's hands that has this time of a room, a hall or a part of it."""
    touching = sorted(neighbours([room.id]))
    found = (
        select(BookingsBooking)
        .join(BookingsOccurrence, _TIME.booking_id == _BOOKING.id)
        .where(
            whose.where(_BOOKING),
            _TIME.room_id.in_(touching),
            _TIME.state.in_(LIVE),
            _TIME.starts_at < span.end,
            _TIME.ends_at > span.start,
        )
        .order_by(_BOOKING.id)
    )
    return session.scalar(found.limit(1))


def wishes(whose: Hands, *, states: Sequence[str] | None = None, most: int = 50) -> list[Any]:
    """Return the places on waiting lists in somebody's hands, with their rooms, the newest first."""
    found = (
        rows(
            BookingsWish,
            _WISH.id.label("number"),
            _WISH.uid,
            _WISH.starts_at,
            _WISH.ends_at,
            _WISH.state,
            _WISH.hold_until,
            _ROOM.name.label("room"),
            _VENUE.name.label("venue"),
        )
        .join(BookingsRoom, _ROOM.id == _WISH.room_id)
        .join(BookingsVenue, _VENUE.id == _ROOM.venue_id)
    )
    if states is not None:
        found = found.where(_WISH.state.in_(states))
    held = whose.of(found, _WISH)
    return list(session.execute(held.order_by(desc("number")).limit(most)))


def wish(uid: str, whose: Hands) -> BookingsWish | None:
    """Return a place on a waiting list that is in somebody's hands; another's is as good as none."""
    return session.scalar(select(BookingsWish).where(BookingsWish.uid == uid, whose.where(_WISH)))


def in_line(booking_id: int, whose: Hands) -> list[str]:
    """Return the uids of the open places on waiting lists whose holder asked for these times in a booking.

    Only of those in these hands: who books for an organization may also wait for themselves.
    """
    same = (
        _TIME.room_id == _WISH.room_id,
        _TIME.starts_at == _WISH.starts_at,
        _TIME.ends_at == _WISH.ends_at,
    )
    found = (
        rows(BookingsWish, _WISH.uid)
        .join(BookingsBooking, _BOOKING.account_id == _WISH.account_id)
        .join(BookingsOccurrence, and_(_TIME.booking_id == _BOOKING.id, *same))
        .where(_BOOKING.id == booking_id, _WISH.state.in_(("waiting", "offered")), whose.where(_WISH))
        .order_by(_WISH.starts_at, _WISH.id)
    )
    return list(session.scalars(found))


def uid_of(booking_id: int) -> str | None:
    """Return the uid of a booking by its id."""
    return session.scalar(rows(BookingsBooking, _BOOKING.uid).where(_BOOKING.id == booking_id))


def organization_names(ids: Sequence[int]) -> list[tuple[int, str]]:
    """Return organizations with their names, in the order of their names."""
    if not ids:
        return []
    found = rows(Organization, _ORGANIZATION.id, _ORGANIZATION.name).where(_ORGANIZATION.id.in_(ids))
    return [(row.id, row.name) for row in session.execute(found.order_by(_ORGANIZATION.name))]
