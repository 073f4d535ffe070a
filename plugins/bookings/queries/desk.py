"""Reads of the desk: one booking with all there is to it, who is known by a number, lists of bookings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.api import Account, Organization, rows, session

from ..models import (
    BookingsBooking,
    BookingsEquipment,
    BookingsOccurrence,
    BookingsStep,
)

_BOOKING: Any = BookingsBooking.__table__.c
_STEP: Any = BookingsStep.__table__.c
_ACCOUNT: Any = Account.__table__.c
_KIND: Any = BookingsEquipment.__table__.c
_ORG: Any = Organization.__table__.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of a booking's life, and who took it: a name, or nobody for the system itself."""

    action: str
    note: str
    at: datetime
    actor_id: int | None
    who: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """Somebody who left this number with an earlier booking: how to call them, and what they came for."""

    name: str
    title: str
    headcount: int


def booking(uid: str) -> BookingsBooking | None:
    """Return the booking of that name in this district."""
    return session.scalar(select(BookingsBooking).where(BookingsBooking.uid == uid))


def occurrence(uid: str) -> BookingsOccurrence | None:
    """Return the time of that name in this district."""
    return session.scalar(select(BookingsOccurrence).where(BookingsOccurrence.uid == uid))


def steps(booking_id: int) -> list[Step]:
    """Return what happened to a booking, the newest last, with who did it."""
    found = (
        rows(BookingsStep, _STEP.action, _STEP.note, _STEP.at, _STEP.actor_id, _ACCOUNT.display_name)
        .outerjoin(Account, _ACCOUNT.id == _STEP.actor_id)
        .where(_STEP.booking_id == booking_id)
        .order_by(_STEP.id)
    )
    return [
        Step(action=row.action, note=row.note, at=row.at, actor_id=row.actor_id, who=row.display_name or "")
        for row in session.execute(found)
    ]


def organization_name(organization_id: int | None) -> str:
    """Return what an organization is called."""
    if organization_id is None:
        return ""
    found = session.execute(rows(Organization, _ORG.name).where(_ORG.id == organization_id)).first()
    return found.name if found else ""


def equipment(venue_id: int) -> list[tuple[int, str]]:
    """Return what a venue lends besides its rooms."""
    found = rows(BookingsEquipment, _KIND.id, _KIND.name).where(_KIND.venue_id == venue_id, _KIND.active)
    return [(row.id, row.name) for row in session.execute(found.order_by(_KIND.id))]


def equipment_names(ids: Collection[int]) -> dict[int, str]:
    """Return the names of kinds of equipment."""
    if not ids:
        return {}
    found = rows(BookingsEquipment, _KIND.id, _KIND.name).where(_KIND.id.in_(sorted(ids)))
    return {row.id: row.name for row in session.execute(found)}


def known(phone_index: str, room_ids: Collection[int], *, most: int = 3) -> list[Known]:
    """Return who left this number with bookings of these rooms, the newest first, each name once."""
    found = (
        rows(BookingsBooking, _BOOKING.contact_name, _BOOKING.title, _BOOKING.headcount)
        .where(_BOOKING.phone_index == phone_index, _BOOKING.room_id.in_(sorted(room_ids)))
        .order_by(_BOOKING.id.desc())
        .limit(50)
    )
    listed: dict[str, Known] = {}
    for name, title, headcount in session.execute(found):
        listed.setdefault(name, Known(name=name, title=title, headcount=headcount))
    return list(listed.values())[:most]
