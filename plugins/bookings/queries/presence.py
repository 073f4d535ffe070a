"""Reads for whoever sits at the door: who is expected now, what is out, which points stand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from portal.api import Account, Actor, clock, rows, session

from .. import presence
from ..actors import reached
from ..models import (
    BookingsBooking,
    BookingsEquipment,
    BookingsEquipmentUnit,
    BookingsHandover,
    BookingsOccurrence,
    BookingsPoint,
)
from ..verdicts import LONGEST
from . import places
from .holders import Hands
from .places import Room

_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c
_OUT: Any = BookingsHandover.__table__.c
_PIECE: Any = BookingsEquipmentUnit.__table__.c
_KIND: Any = BookingsEquipment.__table__.c
_POINT: Any = BookingsPoint.__table__.c
#: Whoever begins within the hour is expected.
SOON = timedelta(hours=1)
#: A room may be held for long: the list looks back so far for what goes on.
BACK = LONGEST


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """One time of today at the desk."""

    id: int
    uid: str
    version: int
    state: str
    starts_at: datetime
    ends_at: datetime
    arrived_at: datetime | None
    room_id: int
    title: str
    contact_name: str
    phone_tail: str
    headcount: int
    booking_uid: str
    account_id: int | None
    room: str
    venue: str

    @property
    def code(self) -> str:
        """Return its short code."""
        return presence.code(self.uid)


def rooms_of(actor: Actor, permission: str) -> dict[int, Room]:
    """Return every room where somebody holds a permission."""
    return {room.id: room for room in reached(actor, permission, places.rooms(every=True))}


def expected(rooms_there: dict[int, Room], *, code: str = "") -> list[Expected]:
    """Return who is or should be there now; with a ``code`` whoever has it today, at any hour."""
    now = clock.now()
    midnight = clock.at(clock.today())
    living = _TIME.state.in_(("approved", "checked_in"))
    if code:
        span = (_TIME.starts_at >= midnight - BACK) & (_TIME.starts_at < midnight + timedelta(days=1))
        return [one for one in _read(rooms_there, span, _TIME.ends_at > midnight) if one.code == code]
    span = (_TIME.starts_at > now - BACK) & (_TIME.starts_at <= now + SOON) & (_TIME.ends_at > now)
    return _read(rooms_there, span, living)


def in_hands(whose: Hands, room_ids: Collection[int]) -> list[Expected]:
    """Return somebody's own times around now in these rooms: to come within the hours, or going on."""
    now = clock.now()
    there = {room.id: room for room in places.rooms(ids=room_ids)}
    span = (_TIME.starts_at > now - BACK) & (_TIME.starts_at <= now + timedelta(hours=12))
    states = _TIME.state.in_(("requested", "approved", "checked_in", "no_show"))
    return _read(there, span, states, _TIME.ends_at > now, whose.where(_BOOKING))


def one(uid: str) -> BookingsOccurrence | None:
    """Return an occurrence by its public name."""
    return session.scalars(select(BookingsOccurrence).where(BookingsOccurrence.uid == uid)).one_or_none()


def _read(there: dict[int, Room], *wanted: Any) -> list[Expected]:
    if not there:
        return []
    asked = (
        rows(
            BookingsOccurrence,
            _TIME.id,
            _TIME.uid,
            _TIME.version,
            _TIME.state,
            _TIME.starts_at,
            _TIME.ends_at,
            _TIME.arrived_at,
            _TIME.room_id,
        )
        .add_columns(
            _BOOKING.title,
            _BOOKING.contact_name,
            _BOOKING.phone_tail,
            _BOOKING.headcount,
            _BOOKING.account_id,
            _BOOKING.uid.label("booking_uid"),
        )
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .where(_TIME.room_id.in_(sorted(there)), *wanted)
        .order_by(_TIME.starts_at, _TIME.id)
    )
    return [
        Expected(**row._asdict(), room=there[row.room_id].name, venue=there[row.room_id].venue)
        for row in session.execute(asked)
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Out:
    """What is out, for which booking, and whether it should be back."""

    id: int
    version: int
    what: str
    taken_by: str
    out_at: datetime
    ends_at: datetime
    occurrence_uid: str
    room_id: int
    piece_id: int | None

    @property
    def overdue(self) -> bool:
        """Tell whether the time it was lent for is over."""
        return self.ends_at <= clock.now()


def out(rooms_there: dict[int, Room], *, occurrence_id: int | None = None) -> list[Out]:
    """Return what is out from these rooms, what should be back longest first."""
    if not rooms_there:
        return []
    asked = (
        rows(
            BookingsHandover,
            _OUT.id,
            _OUT.version,
            _OUT.what,
            _OUT.taken_by,
            _OUT.out_at,
            _OUT.piece_id,
        )
        .add_columns(_TIME.ends_at, _TIME.room_id, _TIME.uid.label("occurrence_uid"))
        .join(BookingsOccurrence, _TIME.id == _OUT.occurrence_id)
        .where(_OUT.back_at.is_(None), _TIME.room_id.in_(sorted(rooms_there)))
        .order_by(_TIME.ends_at, _OUT.id)
    )
    if occurrence_id is not None:
        asked = asked.where(_OUT.occurrence_id == occurrence_id)
    return [Out(**row._asdict()) for row in session.execute(asked)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A piece of equipment: whether it works, and whether it is out."""

    id: int
    version: int
    equipment_id: int
    unit_id: int
    name: str
    label: str
    fault: str
    is_out: bool


def pieces(venue_id: int, *, every: bool = False) -> list[Piece]:
    """Return the pieces of a venue, kind by kind; ``every`` has those of kinds no longer lent too."""
    still_out = (
        select(_OUT.id).where(_OUT.piece_id == _PIECE.id, _OUT.back_at.is_(None)).exists().label("is_out")
    )
    asked = (
        rows(
            BookingsEquipmentUnit,
            _PIECE.id,
            _PIECE.version,
            _PIECE.equipment_id,
            _PIECE.unit_id,
            _PIECE.label,
            _PIECE.fault,
        )
        .add_columns(_KIND.name, still_out)
        .join(BookingsEquipment, _KIND.id == _PIECE.equipment_id)
        .where(_KIND.venue_id == venue_id)
        .order_by(_KIND.name, _KIND.id, _PIECE.id)
    )
    if not every:
        asked = asked.where(_KIND.active)
    return [Piece(**{**row._asdict(), "is_out": bool(row.is_out)}) for row in session.execute(asked)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One point: for which time, why, until when, and what was said about it."""

    uid: str
    version: int
    why: str
    halves: int
    given_at: datetime
    expires_at: datetime
    state: str
    appeal: str
    answer: str
    account_id: int | None
    name: str
    starts_at: datetime
    room_id: int
    room: str
    booking_uid: str


def point(uid: str) -> BookingsPoint | None:
    """Return a point by its public name."""
    return session.scalars(select(BookingsPoint).where(BookingsPoint.uid == uid)).one_or_none()


def points(
    rooms_there: dict[int, Room] | None = None, *, account_id: int | None = None, appealed: bool = False
) -> list[Point]:
    """Return the points of an account, or at these rooms: contested ones first, then the newest."""
    named = Account.__table__.c
    asked = (
        rows(
            BookingsPoint,
            _POINT.uid,
            _POINT.version,
            _POINT.why,
            _POINT.halves,
            _POINT.given_at,
            _POINT.expires_at,
            _POINT.state,
            _POINT.appeal,
            _POINT.answer,
            _POINT.account_id,
        )
        .add_columns(
            _TIME.starts_at,
            _TIME.room_id,
            _BOOKING.uid.label("booking_uid"),
            _BOOKING.contact_name,
            named.display_name,
        )
        .join(BookingsOccurrence, _TIME.id == _POINT.occurrence_id)
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .outerjoin(Account, named.id == _POINT.account_id)
        .order_by((_POINT.state == "appealed").desc(), _POINT.id.desc())
        .limit(200)
    )
    if account_id is not None:
        asked = asked.where(_POINT.account_id == account_id)
    if rooms_there is not None:
        asked = asked.where(_TIME.room_id.in_(sorted(rooms_there)))
    if appealed:
        asked = asked.where(_POINT.state == "appealed")
    elif account_id is None:
        asked = asked.where(or_(_POINT.expires_at > clock.now(), _POINT.state == "appealed"))
    found = session.execute(asked).all()
    known = rooms_there or {room.id: room for room in places.rooms(ids={row.room_id for row in found})}
    listed = []
    for row in found:
        values = row._asdict()
        name = values.pop("display_name") or ""
        contact = values.pop("contact_name")
        room = known[row.room_id]
        listed.append(Point(**values, name=name or contact, room=f"{room.venue} {room.name}"))
    return listed
