"""What a person's rights ask of the bookings: whose they are, a copy, what must wait, what is forgotten.

Bookings hang on the login, so ``account_*`` answers for them. What the desk wrote down for somebody with a
number and no login hangs on that number: ``member_*`` answers for a record's, ``account_*`` for any other.
Where several people share a number, the name left with the booking decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, delete, func, or_, select, update

from portal.api import (
    Account,
    AccountRef,
    Erasure,
    Member,
    MemberRef,
    Objection,
    clock,
    ngettext,
    rows,
    session,
    transaction,
)
from portal.api import gettext as _

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
from .models.booking import LIVE

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
    )


def of_member(member: MemberRef) -> Whose:
    """Return what hangs on the number of a record."""
    own: Any = Member.__table__.c
    index = session.execute(rows(Member, own.phone_index).where(own.id == member.id)).scalar_one_or_none()
    return Whose(
        district_id=member.district_id,
        phone_index=index,
        name=_apart(index, member.name, person_id=member.person_id),
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


def objections(whose: Whose, act: str) -> list[Objection]:
    """Return what must be settled before somebody is erased: what is to come, what was not brought back."""
    if act != "erase":
        return []
    found = []
    count = _count(
        BookingsOccurrence,
        BookingsOccurrence.booking_id.in_(whose.bookings()),
        BookingsOccurrence.state.in_(LIVE),
        BookingsOccurrence.ends_at > clock.now(),
    )
    if count:
        text = ngettext("还有%(num)s个约好的场地，请先取消。", "还有%(num)s个约好的场地，请先取消。", count)
        found.append(Objection(code="bookings.upcoming", text=text))
    count = _count(BookingsWish, whose.of(BookingsWish), BookingsWish.state == "offered")
    if count:
        text = ngettext(
            "有%(num)s个候补的场地正给您留着，请先答复要不要。",
            "有%(num)s个候补的场地正给您留着，请先答复要不要。",
            count,
        )
        found.append(Objection(code="bookings.offered", text=text))
    count = _count(
        BookingsHandover,
        BookingsHandover.occurrence_id.in_(whose.times()),
        BookingsHandover.back_at.is_(None),
    )
    if count:
        text = ngettext(
            "还有%(num)s件钥匙或设备没还，请先还给服务台。",
            "还有%(num)s件钥匙或设备没还，请先还给服务台。",
            count,
        )
        found.append(Objection(code="bookings.out", text=text))
    return found


def erase(whose: Whose) -> Erasure:
    """Empty what says who it was; that a room was used, when and by how many, stays for its figures."""
    bookings, now = whose.bookings(), clock.now()
    with transaction():
        ids = list(session.scalars(bookings))
        times = list(
            session.scalars(select(BookingsOccurrence.id).where(BookingsOccurrence.booking_id.in_(ids)))
        )
        erased = 0
        # What names them by the booking goes first, while the booking still says whose it is.
        own_point: Any = BookingsPoint.occurrence_id.in_(times)
        if whose.account_id is not None:
            own_point = or_(own_point, BookingsPoint.account_id == whose.account_id)
        erased += _set(
            BookingsPoint,
            own_point,
            account_id=None,
            appeal="",
            answer=_blank(BookingsPoint.answer),
        )
        erased += _set(BookingsHandover, BookingsHandover.occurrence_id.in_(times), taken_by=GONE, damage="")
        erased += _set(BookingsVisit, BookingsVisit.booking_id.in_(ids), group_name=GONE, wants="")
        erased += _set(BookingsStep, BookingsStep.booking_id.in_(ids), note="")
        # A calendar names its events after its owner's address or device as it likes; nothing else needs it.
        taken: Any = session.execute(delete(BookingsTakenIn).where(BookingsTakenIn.booking_id.in_(ids)))
        erased += int(taken.rowcount)
        erased += _set(
            BookingsOccurrence, BookingsOccurrence.id.in_(times), reason=_blank(BookingsOccurrence.reason)
        )
        nobody = {
            "title": GONE,
            "contact_name": GONE,
            "account_id": None,
            "phone_sealed": None,
            "phone_index": None,
            "phone_tail": "",
        }
        waiting = and_(whose.of(BookingsWish), BookingsWish.state == "waiting")
        _set(BookingsWish, waiting, state="withdrawn")
        erased += _set(BookingsWish, whose.of(BookingsWish), **nobody)
        erased += _set(BookingsBooking, BookingsBooking.id.in_(ids), note="", over_reason="", **nobody)
        if whose.account_id is not None:
            own_feed = and_(BookingsFeed.account_id == whose.account_id, BookingsFeed.room_id.is_(None))
            erased += _set(BookingsFeed, own_feed, revoked_at=now)
    reason = _("房间用了多少还要统计，预约的时间和人数留着；姓名、电话和事由已抹去。") if ids else ""
    return Erasure(erased=erased, kept=len(ids), reason=reason)


def _blank(column: Any) -> Any:
    # A reason that must be there stays there, without words.
    return case((column == "", ""), else_=GONE)


def _set(model: Any, where: Any, **values: Any) -> int:
    """Write ``values`` on rows of this district; a versioned row becomes a newer one."""
    if where is False:
        return 0
    if hasattr(model, "version"):
        values["version"] = model.version + 1
    found: Any = session.execute(
        update(model).where(where).values(values).execution_options(synchronize_session=False)
    )
    return int(found.rowcount)


def _count(model: Any, *where: Any) -> int:
    return int(session.scalar(select(func.count()).select_from(model).where(*where)) or 0)


def known(whose: Whose) -> Sequence[BookingsBooking]:
    """Return somebody's bookings, oldest first."""
    return session.scalars(
        select(BookingsBooking).where(whose.of(BookingsBooking)).order_by(BookingsBooking.id)
    ).all()
