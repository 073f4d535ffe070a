"""Somebody named in words that hang on nothing of theirs: what staff wrote of a house, a thing, a guide.

Such words are searched by the number, and by the name where nobody else here has it: with two of one name
they may well be about the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import and_, false, func, or_, select

from portal.api import Account, Member, crypto, rows, session

from .models import (
    BookingsBooking,
    BookingsClosure,
    BookingsEquipmentUnit,
    BookingsGuide,
    BookingsHandover,
    BookingsStep,
    BookingsVenue,
    BookingsWish,
)
from .whose import GONE, Whose, write

#: A mobile number as people write it.
_NUMBER = re.compile(r"1\d{2}[ -]?\d{4}[ -]?\d{4}")
_PLACES: tuple[tuple[Any, str], ...] = (
    (BookingsVenue, "key_how"),
    (BookingsVenue, "contact_phone"),
    (BookingsClosure, "reason"),
    (BookingsEquipmentUnit, "fault"),
    (BookingsHandover, "taken_by"),
)


def guides(whose: Whose) -> list[BookingsGuide]:
    """Return those among the guides who are this person."""
    found: list[Any] = []
    if whose.number is not None:
        by_number = BookingsGuide.phone_index == whose.number
        found.append(by_number if whose.name is None else by_number & (BookingsGuide.name == whose.name))
    if _alone(whose):
        found.append(BookingsGuide.phone_index.is_(None) & (BookingsGuide.name == whose.called))
    here = BookingsGuide.district_id == whose.district_id
    theirs = select(BookingsGuide).where(here, or_(false(), *found)).order_by(BookingsGuide.id)
    return list(session.scalars(theirs))


def contact_of(whose: Whose, model: Any) -> Any:
    """Return the condition for bookings or wishes of others in which this person is the one to call."""
    if whose.phone_index is None:
        return false()
    own = [model.phone_index == whose.phone_index, model.district_id == whose.district_id]
    if whose.name is not None:
        own.append(model.contact_name == whose.name)
    return and_(model.account_id.is_not(None), model.account_id != (whose.login or 0), *own)


def forget(whose: Whose) -> int:
    """Empty all of it, in the caller's transaction; return how many rows that were."""
    erased = 0
    for guide in guides(whose):
        named = BookingsStep.district_id == whose.district_id, BookingsStep.note == guide.name
        write(BookingsStep, and_(*named, BookingsStep.action == "guide"), note="")
        # Two may not be called alike; the visits they led keep their guide, without a name.
        told = {"name": f"{GONE}{guide.id}", "phone_index": None, "phone_tail": "", "active": False}
        erased += write(BookingsGuide, BookingsGuide.id == guide.id, **told)
    for model in (BookingsBooking, BookingsWish):
        nobody = {"contact_name": GONE, "phone_sealed": None, "phone_index": None, "phone_tail": ""}
        erased += write(model, contact_of(whose, model), **nobody)
    for model, name, row_id, said in _changed(whose):
        erased += write(model, model.id == row_id, **{name: said})
    return erased


def _changed(whose: Whose) -> Iterator[tuple[Any, str, int, str]]:
    """Yield every text that names somebody, as it is to read afterwards."""
    called = whose.called if _alone(whose) else ""
    for model, name in _PLACES:
        column = getattr(model, name)
        held = rows(model, model.id, column).where(model.district_id == whose.district_id, column != "")
        for row_id, text in session.execute(held).all():
            said = text.replace(called, GONE) if called else text
            said = _NUMBER.sub(lambda one: GONE if _is(whose, one[0]) else one[0], said)
            if said != text:
                yield model, name, row_id, "" if name == "contact_phone" else said


def _is(whose: Whose, number: str) -> bool:
    digits = re.sub(r"\D", "", number)
    return whose.number is not None and crypto.blind_index("phone", digits) == whose.number


def _alone(whose: Whose) -> bool:
    """Tell whether nobody else here has this name, as far as anybody knows."""
    if len(whose.called) < 2:
        return False
    login, record = Account.__table__.c, Member.__table__.c
    logins = select(func.count()).where(login.display_name == whose.called, login.disabled_at.is_(None))
    records = rows(Member, func.count()).where(record.name == whose.called)
    if whose.login is not None:
        logins = logins.where(login.id != whose.login)
    if whose.person_id is not None:
        records = records.where(record.person_id != whose.person_id)
    return not session.execute(logins).scalar_one() + session.execute(records).scalar_one()
