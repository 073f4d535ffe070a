"""Merges of records, an organization's end, the plugin's switch: what becomes of bookings then."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal.api import (
    Account,
    DistrictRef,
    Hidden,
    Journal,
    MemberRef,
    Objection,
    audit,
    clock,
    ngettext,
    session,
    transaction,
)
from portal.api import gettext as _

from .models import (
    BookingsBooking,
    BookingsFeed,
    BookingsOccurrence,
    BookingsPoint,
    BookingsVenue,
    BookingsWish,
)
from .models.booking import LIVE
from .queries.counts import count as counted


def hidden(district: DistrictRef) -> list[Hidden]:
    """Return what nobody sees while bookings are switched off: those still to come."""
    count = counted(
        BookingsOccurrence,
        BookingsOccurrence.district_id == district.id,
        BookingsOccurrence.state.in_(LIVE),
        BookingsOccurrence.ends_at > clock.now(),
    )
    if not count:
        return []
    text = ngettext("%(num)s个预约暂时看不到", "%(num)s个预约暂时看不到", count)
    return [Hidden(text=text, count=count)]


def dissolving(organization_id: int) -> list[Objection]:
    """Return what an organization would leave behind: venues it shares, rooms booked in its name."""
    found = []
    count = counted(BookingsVenue, BookingsVenue.owner_id == organization_id, BookingsVenue.active)
    if count:
        text = ngettext(
            "名下还有%(num)s个场馆在用，请先停用，或者换一个单位管。",
            "名下还有%(num)s个场馆在用，请先停用，或者换一个单位管。",
            count,
        )
        found.append(Objection(code="bookings.venues", text=text))
    own = select(BookingsBooking.id).where(BookingsBooking.organization_id == organization_id)
    count = counted(
        BookingsOccurrence,
        BookingsOccurrence.booking_id.in_(own),
        BookingsOccurrence.state.in_(LIVE),
        BookingsOccurrence.starts_at > clock.now(),
    )
    if count:
        text = ngettext(
            "还有%(num)s个用它的名义约好的场地，请先取消。",
            "还有%(num)s个用它的名义约好的场地，请先取消。",
            count,
        )
        found.append(Objection(code="bookings.upcoming", text=text))
    return found


def merging(absorbed: MemberRef) -> list[Objection]:
    """Return what a merge means for the bookings of the record that goes; it stops nothing."""
    login = _login(absorbed)
    if login is None or not counted(BookingsBooking, BookingsBooking.account_id == login):
        return []
    text = _("并进来的登记约过场地：保留的登记有账户的，预约跟过去；没有账户的，还在原来的账户里。")
    return [Objection(code="bookings.merge", text=text, blocks=False)]


def merged(*, kept: MemberRef, absorbed: MemberRef, journal: Journal) -> None:
    """Let bookings follow to the account the person goes on with, inside the merge's transaction.

    They hang on logins, not on records. An account stays with its person: only where both records have one
    is the absorbed one's left behind, and what hangs on it would be out of reach.
    """
    giver, taker = _login(absorbed), _login(kept)
    if giver is None or taker is None or giver == taker:
        return
    with transaction():
        journal.change(BookingsWish, BookingsWish.id.in_(_doubles(giver, taker)), state="withdrawn")
        for model in (BookingsBooking, BookingsWish, BookingsPoint):
            journal.change(model, model.account_id == giver, account_id=taker)
        own = BookingsFeed.account_id == giver, BookingsFeed.room_id.is_(None)
        journal.change(BookingsFeed, *own, BookingsFeed.revoked_at.is_(None), revoked_at=clock.now())
        audit.record(
            "bookings.merge",
            ("member", kept.id),
            actor=None,
            district=kept.district_id,
            detail={"absorbed": absorbed.id},
        )


def _doubles(giver: int, taker: int) -> list[int]:
    """Return the wishes to give up: nobody stands in one queue twice, and the better place holds."""
    wishes = select(BookingsWish).where(
        BookingsWish.account_id.in_((giver, taker)), BookingsWish.state.in_(("waiting", "offered"))
    )
    best: dict[tuple[Any, ...], int] = {}
    found = sorted(
        session.scalars(wishes),
        key=lambda one: (one.state != "offered", not one.ahead, one.joined_at, one.id),
    )
    for one in found:
        best.setdefault((one.room_id, one.starts_at, one.ends_at), one.id)
    return [one.id for one in found if one.id not in best.values()]


def _login(member: MemberRef) -> int | None:
    return session.scalars(
        select(Account.id).where(Account.person_id == member.person_id, Account.disabled_at.is_(None))
    ).one_or_none()
