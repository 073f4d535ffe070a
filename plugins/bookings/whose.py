"""Whose rows of the bookings are somebody's: by their login, and by the number they left at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_, select, update

from portal.api import Account, AccountRef, Member, MemberRef, rows, session

from .models import BookingsBooking, BookingsOccurrence

#: What stands where a word was, in columns that are never empty.
GONE = "—"


@dataclass(frozen=True, kw_only=True, slots=True)
class Whose:
    """Somebody's bookings here: a login's, and those by a number (its index) the desk wrote down."""

    district_id: int
    account_id: int | None = None
    phone_index: str | None = None
    #: Only under this name, where others have the same number.
    name: str | None = None
    #: Who it is in words that hang on nothing of theirs (``named.py``): name, number, login, person.
    called: str = ""
    number: str | None = None
    login: int | None = None
    person_id: int | None = None

    def of(self, model: Any) -> Any:
        """Return the condition for rows of bookings or wishes."""
        found = []
        if self.account_id is not None:
            found.append(model.account_id == self.account_id)
        if self.phone_index is not None:
            by_number = and_(model.account_id.is_(None), model.phone_index == self.phone_index)
            found.append(by_number if self.name is None else and_(by_number, model.contact_name == self.name))
        return and_(model.district_id == self.district_id, or_(*found)) if found else False

    def bookings(self) -> Any:
        """Return the ids of the bookings, as a subquery."""
        return select(BookingsBooking.id).where(self.of(BookingsBooking))

    def times(self) -> Any:
        """Return the ids of their occurrences, as a subquery."""
        return select(BookingsOccurrence.id).where(BookingsOccurrence.booking_id.in_(self.bookings()))


def of_account(account: AccountRef, district_id: int) -> Whose:
    """Return what hangs on a login; its number's rows too, unless a record answers for that number."""
    row = session.get_one(Account, account.id)
    index = row.phone_index
    if index is not None and row.person_id is not None:
        theirs = rows(Member, func.count()).where(
            Member.__table__.c.person_id == row.person_id, Member.__table__.c.phone_index == index
        )
        if session.execute(theirs).scalar_one():
            index = None
    return Whose(
        district_id=district_id,
        account_id=account.id,
        phone_index=index,
        name=_apart(index, row.display_name, account_id=row.id, person_id=row.person_id),
        called=row.display_name,
        number=index,
        login=row.id,
        person_id=row.person_id,
    )


def of_member(member: MemberRef) -> Whose:
    """Return what hangs on the number of a record."""
    own: Any = Member.__table__.c
    index = session.execute(rows(Member, own.phone_index).where(own.id == member.id)).scalar_one_or_none()
    return Whose(
        district_id=member.district_id,
        phone_index=index,
        name=_apart(index, member.name, person_id=member.person_id),
        called=member.name,
        number=index,
        login=session.scalar(select(Account.id).where(Account.person_id == member.person_id)),
        person_id=member.person_id,
    )


def _apart(
    index: str | None, name: str, *, account_id: int | None = None, person_id: int | None = None
) -> str | None:
    """Return the name that tells somebody apart from others with the number; None: nobody else has it."""
    if index is None:
        return None
    login, record = Account.__table__.c, Member.__table__.c
    logins = select(func.count()).where(login.phone_index == index, login.disabled_at.is_(None))
    if account_id is not None:
        logins = logins.where(login.id != account_id)
    if person_id is not None:
        logins = logins.where(or_(login.person_id.is_(None), login.person_id != person_id))
    records = rows(Member, func.count()).where(record.phone_index == index)
    if person_id is not None:
        records = records.where(record.person_id != person_id)
    others = session.execute(logins).scalar_one() + session.execute(records).scalar_one()
    return name if others else None


def write(model: Any, where: Any, **values: Any) -> int:
    """Write ``values`` on rows of this district; a versioned row becomes a newer one."""
    if where is False:
        return 0
    if hasattr(model, "version"):
        values["version"] = model.version + 1
    found: Any = session.execute(
        update(model).where(where).values(values).execution_options(synchronize_session=False)
    )
    return int(found.rowcount)
