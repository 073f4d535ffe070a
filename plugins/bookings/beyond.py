"""Which bookings lie beyond what is agreed, if an agreement were not there, shorter, or another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from portal.api import clock, session, workdays

from . import agreements
from .judging import Asker
from .models import BookingsAgreement, BookingsBooking, BookingsOccurrence, BookingsVenue
from .queries.holders import members
from .queries.places import rooms
from .verdicts import Span

#: Nothing is booked further ahead than series reach at the utmost.
AHEAD = timedelta(days=366 * 3)


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What of an agreement judges a time; a copy, so that "what if" changes nothing."""

    id: int
    valid_from: date
    valid_to: date | None
    hours: Sequence[Any]
    groups: Sequence[str]
    named_ids: Sequence[int]
    party_b_id: int | None
    party_b_name: str

    @classmethod
    def of(cls, row: BookingsAgreement) -> Terms:
        """Copy an agreement's terms."""
        return cls(
            id=row.id,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            hours=row.hours,
            groups=row.groups,
            named_ids=row.named_ids,
            party_b_id=row.party_b_id,
            party_b_name=row.party_b_name,
        )

    def until(self, day: date) -> Terms:
        """Return the same, over on ``day`` at the latest."""
        return replace(self, valid_to=day if self.valid_to is None else min(day, self.valid_to))


def in_force(venue_id: int) -> list[Terms]:
    """Return the active agreements on a venue."""
    found = session.scalars(
        select(BookingsAgreement)
        .where(BookingsAgreement.venue_id == venue_id, BookingsAgreement.state == "active")
        .order_by(BookingsAgreement.valid_from, BookingsAgreement.id)
        .execution_options(populate_existing=True)
    )
    return [Terms.of(row) for row in found]


def over(today: date) -> list[BookingsAgreement]:
    """Return the agreements whose time is over and that nobody has ended yet."""
    return list(
        session.scalars(
            select(BookingsAgreement)
            .where(BookingsAgreement.state.in_(("active", "suspended")), BookingsAgreement.valid_to <= today)
            .order_by(BookingsAgreement.id)
        )
    )


def ending(today: date, days: int) -> list[BookingsAgreement]:
    """Return the agreements in force that are over within some days."""
    return list(
        session.scalars(
            select(BookingsAgreement)
            .where(
                BookingsAgreement.state == "active",
                BookingsAgreement.valid_to > today,
                BookingsAgreement.valid_to <= today + timedelta(days=days),
            )
            .order_by(BookingsAgreement.id)
        )
    )


def after_end(row: BookingsAgreement) -> list[BookingsOccurrence]:
    """Return the times to come that an agreement would carry if it went on, and nothing carries as it is."""
    now = in_force(row.venue_id)
    on = [replace(one, valid_to=None) if one.id == row.id else one for one in now]
    return of_venue(row.venue_id, on, now)


def ahead() -> Span:
    """Return the time in which anything may be booked."""
    return Span(start=clock.now(), end=clock.now() + AHEAD)


def of_venue(venue_id: int, now: Sequence[Terms], then: Sequence[Terms]) -> list[BookingsOccurrence]:
    """Return the times to come that ``now`` allows and ``then`` would not; the owner's own never."""
    ids = [room.id for room in rooms(venue_id=venue_id, every=True)]
    owner = session.get_one(BookingsVenue, venue_id).owner_id
    found = session.execute(
        select(BookingsOccurrence, BookingsBooking)
        .join(BookingsBooking, BookingsBooking.id == BookingsOccurrence.booking_id)
        .where(
            BookingsOccurrence.room_id.in_(ids),
            BookingsOccurrence.state.in_(("requested", "approved")),
            BookingsOccurrence.starts_at > clock.now(),
        )
        .order_by(BookingsOccurrence.starts_at, BookingsOccurrence.id)
        .execution_options(populate_existing=True)
    ).all()
    theirs = [(row, booking) for row, booking in found if owner is None or booking.organization_id != owner]
    if not theirs:
        return []
    here = members({booking.account_id for _row, booking in theirs if booking.account_id is not None})
    days = [clock.civil(row.starts_at) for row, _booking in theirs] + [
        clock.civil(row.ends_at) for row, _booking in theirs
    ]
    kinds = {day: one.kind for day, one in workdays.span(min(days), max(days)).items()}
    touched = []
    for row, booking in theirs:
        span = Span(start=row.starts_at, end=row.ends_at)
        asker = Asker(
            account_id=booking.account_id,
            is_member=booking.account_id in here,
            organization_id=booking.organization_id,
        )
        if not _refused(now, span, asker, kinds) and _refused(then, span, asker, kinds):
            touched.append(row)
    return touched


def _refused(known: Sequence[Terms], span: Span, asker: Asker, kinds: Any) -> bool:
    # The very rule that judges a booking, asked of agreements that are only supposed.
    supposed: Any = known
    return agreements.of_span(supposed, span, asker, kinds) is not None
