"""Who has a booking where, and whether they are members here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from portal.api import Account, Member, clock, rows, session

from ..models import BookingsBooking, BookingsOccurrence, BookingsRoom

_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c
_ROOM: Any = BookingsRoom.__table__.c
_MEMBER: Any = Member.__table__.c
_ACCOUNT: Any = Account.__table__.c


def has_booking_at(account_id: int, venue_id: int) -> bool:
    """Tell whether an account has an approved time at a venue that is not over."""
    found = (
        rows(BookingsOccurrence, _TIME.id)
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .join(BookingsRoom, _ROOM.id == _TIME.room_id)
        .where(
            _BOOKING.account_id == account_id,
            _ROOM.venue_id == venue_id,
            _TIME.state.in_(("approved", "checked_in")),
            _TIME.ends_at > clock.now(),
        )
        .limit(1)
    )
    return session.scalar(found) is not None


def is_member(account_id: int | None) -> bool:
    """Tell whether the person of an account has a record in this district."""
    return account_id is not None and bool(members([account_id]))


def members(account_ids: Collection[int]) -> frozenset[int]:
    """Return which of some accounts belong to people with a record in this district."""
    if not account_ids:
        return frozenset()
    found = (
        rows(Member, _ACCOUNT.id)
        .select_from(Member)
        .join(Account, _ACCOUNT.person_id == _MEMBER.person_id)
        .where(_ACCOUNT.id.in_(sorted(account_ids)))
    )
    return frozenset(session.scalars(found))
