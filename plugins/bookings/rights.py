"""What a person's rights ask of the bookings: whose they are, a copy, what must wait, what is forgotten.

Bookings hang on the login, so ``account_*`` answers for them. What the desk wrote down for somebody with a
number and no login hangs on that number: ``member_*`` answers for a record's, ``account_*`` for any other.
Where several people share a number, the name left with the booking decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, case, delete, or_, select

from portal.api import Erasure, Objection, clock, ngettext, session, transaction
from portal.api import gettext as _

from . import named
from .models import (
    BookingsBooking,
    BookingsEquipmentUnit,
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
from .queries.counts import count as counted
from .service.handing import as_fault
from .whose import GONE, Whose, write


def objections(whose: Whose, act: str) -> list[Objection]:
    """Return what must be settled before somebody is erased: what is to come, what was not brought back."""
    if act != "erase":
        return []
    found = []
    count = counted(
        BookingsOccurrence,
        BookingsOccurrence.booking_id.in_(whose.bookings()),
        BookingsOccurrence.state.in_(LIVE),
        BookingsOccurrence.ends_at > clock.now(),
    )
    if count:
        text = ngettext(
            "还有%(num)s个约好的场地，请先在“约场地”的“我的预约”里取消。",
            "还有%(num)s个约好的场地，请先在“约场地”的“我的预约”里取消。",
            count,
        )
        found.append(Objection(code="bookings.upcoming", text=text))
    count = counted(BookingsWish, whose.of(BookingsWish), BookingsWish.state == "offered")
    if count:
        text = ngettext(
            "有%(num)s个候补的场地正给您留着，请先答复要不要。",
            "有%(num)s个候补的场地正给您留着，请先答复要不要。",
            count,
        )
        found.append(Objection(code="bookings.offered", text=text))
    count = counted(
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
        erased += write(
            BookingsPoint,
            own_point,
            account_id=None,
            appeal="",
            answer=_blank(BookingsPoint.answer),
        )
        erased += _faults(times)
        erased += write(BookingsHandover, BookingsHandover.occurrence_id.in_(times), taken_by=GONE, damage="")
        erased += write(BookingsVisit, BookingsVisit.booking_id.in_(ids), group_name=GONE, wants="")
        erased += write(BookingsStep, BookingsStep.booking_id.in_(ids), note="")
        # A calendar names its events after its owner's address or device as it likes; nothing else needs it.
        taken: Any = session.execute(delete(BookingsTakenIn).where(BookingsTakenIn.booking_id.in_(ids)))
        erased += int(taken.rowcount)
        erased += write(
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
        write(BookingsWish, waiting, state="withdrawn")
        erased += write(BookingsWish, whose.of(BookingsWish), **nobody)
        erased += write(BookingsBooking, BookingsBooking.id.in_(ids), note="", over_reason="", **nobody)
        erased += named.forget(whose)
        if whose.account_id is not None:
            own_feed = and_(BookingsFeed.account_id == whose.account_id, BookingsFeed.room_id.is_(None))
            erased += write(BookingsFeed, own_feed, revoked_at=now)
    reason = _("房间用了多少还要统计，预约的时间和人数留着；姓名、电话和事由已抹去。") if ids else ""
    return Erasure(erased=erased, kept=len(ids), reason=reason)


def _faults(times: Sequence[int]) -> int:
    """Empty what was copied to a piece from how it came back; that it is broken stays."""
    said = select(BookingsHandover.piece_id, BookingsHandover.damage).where(
        BookingsHandover.occurrence_id.in_(times),
        BookingsHandover.piece_id.is_not(None),
        BookingsHandover.damage != "",
    )
    erased = 0
    for piece_id, damage in session.execute(said).all():
        copied = BookingsEquipmentUnit.id == piece_id, BookingsEquipmentUnit.fault == as_fault(damage)
        erased += write(BookingsEquipmentUnit, and_(*copied), fault=GONE)
    return erased


def _blank(column: Any) -> Any:
    # A reason that must be there stays there, without words.
    return case((column == "", ""), else_=GONE)


def known(whose: Whose) -> Sequence[BookingsBooking]:
    """Return somebody's bookings, oldest first."""
    return session.scalars(
        select(BookingsBooking).where(whose.of(BookingsBooking)).order_by(BookingsBooking.id)
    ).all()
