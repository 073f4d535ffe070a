"""Who has a booking where, and whether they are members here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import or_, select

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


def logins(account_id: int) -> list[int]:
    """Return every account that may be the same person's, in the order of their ids.

    A number leads from one to the other, an account's or that of a record here; two accounts of two records
    are two people who share one.
    """
    own = session.get_one(Account, account_id)
    numbers = {own.phone_index} if own.phone_index is not None else set()
    if own.person_id is not None:
        recorded = rows(Member, _MEMBER.phone_index).where(_MEMBER.person_id == own.person_id)
        numbers |= {index for index in session.scalars(recorded) if index is not None}
    if not numbers:
        return [account_id]
    of_records = rows(Member, _MEMBER.person_id).where(_MEMBER.phone_index.in_(sorted(numbers)))
    alike = or_(_ACCOUNT.phone_index.in_(sorted(numbers)), _ACCOUNT.person_id.in_(of_records))
    found = session.execute(select(_ACCOUNT.id, _ACCOUNT.person_id).where(alike)).all()
    same = {row.id for row in found if None in (row.person_id, own.person_id)}
    return sorted({account_id, *same})


def is_own(
    by: int | None, *, account_id: int | None = None, phone_index: str | None = None, name: str = ""
) -> bool:
    """Tell whether who acts would have it for themselves: by a login of theirs, their number, or their name.

    The name counts where neither a login nor a number says who it is.
    """
    if by is None:
        return False
    if account_id is not None:
        return account_id == by or account_id in logins(by)
    own = session.get_one(Account, by)
    return phone_index == own.phone_index if phone_index is not None else name == own.display_name


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
