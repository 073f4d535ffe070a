"""Whose a booking is, who has one where, and whether they are members here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select, union

from portal.api import Account, Grant, Member, clock, district, everything, mask_name, rows, session

from ..models import BookingsBooking, BookingsOccurrence, BookingsRoom

_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c
_ROOM: Any = BookingsRoom.__table__.c
_MEMBER: Any = Member.__table__.c
_ACCOUNT: Any = Account.__table__.c
_GRANT: Any = Grant.__table__.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Hands:
    """Who sees and changes a booking as its own: the login that made it, and the offices of its organization.

    ``offices`` are the organizations somebody holds an office at now; an ordinary member of one has none.
    """

    account_id: int | None = None
    offices: frozenset[int] = frozenset()

    def have(self, one: Any) -> bool:
        """Tell whether a booking or a wish is in these hands."""
        own = self.account_id is not None and one.account_id == self.account_id
        return own or one.organization_id in self.offices

    def where(self, columns: Any) -> ColumnElement[bool]:
        """Return the same as a condition for rows of bookings or wishes."""
        return or_(false(), *self._each(columns))

    def of(self, asked: Any, columns: Any) -> Any:
        """Return a select of bookings or wishes narrowed to those in these hands, for lists.

        Each key is asked for by itself: of one with an "or" in it SQLite reads the whole district's.
        """
        found = [asked.where(one) for one in self._each(columns)]
        return union(*found) if len(found) > 1 else found[0] if found else asked.where(false())

    def _each(self, columns: Any) -> list[ColumnElement[bool]]:
        own = [columns.account_id == self.account_id] if self.account_id is not None else []
        return own + [columns.organization_id == one for one in sorted(self.offices)]


def hands_of(account_id: int) -> Hands:
    """Return the hands of an account that is not logged in: by the offices it holds here today.

    Whose login it is knows them already: ``actors.hands``.
    """
    # The district is looked at here: asked for, too, SQLite might read all of its grants.
    held = select(_GRANT.organization_id, _GRANT.district_id).where(
        _GRANT.account_id == account_id, _GRANT.organization_id.is_not(None), _in_force()
    )
    with everything():
        found = session.execute(held).all()
    here = district().id
    offices = frozenset(row.organization_id for row in found if row.district_id == here)
    return Hands(account_id=account_id, offices=offices)


def colleagues(booking: BookingsBooking) -> dict[int | None, str]:
    """Return the masked names of those in whose hands an organization's booking is today, by account."""
    if booking.organization_id is None:
        return {}
    held = select(_GRANT.account_id).where(_GRANT.organization_id == booking.organization_id, _in_force())
    known = or_(_ACCOUNT.id == booking.account_id, _ACCOUNT.id.in_(held))
    found = session.execute(select(_ACCOUNT.id, _ACCOUNT.display_name).where(known))
    return {row.id: mask_name(row.display_name) for row in found}


def _in_force() -> ColumnElement[bool]:
    today = clock.today()
    return and_(_GRANT.valid_from <= today, or_(_GRANT.valid_to.is_(None), _GRANT.valid_to > today))


def has_booking_at(whose: Hands, venue_id: int) -> bool:
    """Tell whether somebody has an approved time at a venue that is not over."""
    own = whose.of(rows(BookingsBooking, _BOOKING.id), _BOOKING)
    found = (
        rows(BookingsOccurrence, _TIME.state)
        .join(BookingsRoom, _ROOM.id == _TIME.room_id)
        .where(_TIME.booking_id.in_(own), _ROOM.venue_id == venue_id, _TIME.ends_at > clock.now())
    )
    # Told of the state, SQLite begins with every time of the district in it.
    return any(state in ("approved", "checked_in") for state in session.scalars(found))


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
