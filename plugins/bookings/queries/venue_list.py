"""Reads of venues for people: a list by walking minutes, and one venue with what was agreed about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select

from portal.api import Organization, around, clock, district, rows, session

from .. import walking
from ..hours import Hours
from ..models import BookingsAgreement, BookingsHours, BookingsVenue
from . import places
from .places import Room

_VENUE: Any = BookingsVenue.__table__.c
_OWNER: Any = Organization.__table__.c
_AGREED: Any = BookingsAgreement.__table__.c
_HOURS: Any = BookingsHours.__table__.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A venue of the list; ``usable``: it is the center's, or an agreement is in force today."""

    uid: str
    name: str
    kind: str
    owner: str
    address: str
    lat: float | None
    lng: float | None
    minutes: int | None
    rooms: int
    seats: int
    step_free: bool
    open_now: bool
    usable: bool


def listed(
    *,
    typed: str = "",
    start: around.Point | None = None,
    seats: int = 0,
    step_free: bool = False,
    open_now: bool = False,
) -> list[Listed]:
    """Return the venues in use, the nearest first, those whose place nobody knows last; six queries."""
    found = _venues(typed)
    of_venue: dict[int, list[Room]] = {}
    for room in places.rooms():
        if room.capacity >= seats and (room.step_free or not step_free):
            of_venue.setdefault(room.venue_id, []).append(room)
    now = clock.now()
    every = [room for listed in of_venue.values() for room in listed]
    hours = Hours(every, clock.today() - timedelta(days=1), clock.today() + timedelta(days=1))
    agreed, pace = _agreed_today(), walking.pace(district())
    made = []
    for row in found:
        rooms = of_venue.get(row.id, [])
        if not rooms and (seats or step_free or open_now):
            continue
        usable = row.kind == "center" or row.id in agreed
        opened = any(hours.covers(room, now, now + timedelta(minutes=1)) for room in rooms)
        if open_now and not (opened and usable):
            continue
        made.append(
            Listed(
                uid=row.uid,
                name=row.name,
                kind=row.kind,
                owner=row.owner or "",
                address=row.address,
                lat=row.lat,
                lng=row.lng,
                minutes=walking.between(start, row.lat, row.lng, pace),
                rooms=len(rooms),
                seats=max((room.capacity for room in rooms), default=0),
                step_free=any(room.step_free for room in rooms),
                open_now=opened,
                usable=usable,
            )
        )
    far = 10**9
    return sorted(made, key=lambda one: (far if one.minutes is None else one.minutes, -one.seats, one.name))


def _venues(typed: str) -> Sequence[Any]:
    statement = (
        rows(
            BookingsVenue,
            _VENUE.id,
            _VENUE.uid,
            _VENUE.name,
            _VENUE.kind,
            _VENUE.address,
            _VENUE.lat,
            _VENUE.lng,
            _OWNER.name.label("owner"),
        )
        .outerjoin(Organization, _OWNER.id == _VENUE.owner_id)
        .where(_VENUE.active)
    )
    for word in typed.split()[:4]:
        statement = statement.where(
            or_(
                _VENUE.name.contains(word, autoescape=True),
                _VENUE.address.contains(word, autoescape=True),
                _OWNER.name.contains(word, autoescape=True),
            )
        )
    return session.execute(statement).all()


def _agreed_today() -> set[int]:
    today = clock.today()
    found = rows(BookingsAgreement, _AGREED.venue_id).where(
        _AGREED.state == "active",
        _AGREED.valid_from <= today,
        or_(_AGREED.valid_to.is_(None), _AGREED.valid_to > today),
    )
    return set(session.scalars(found))


def venue(uid: str) -> BookingsVenue | None:
    """Return a venue of the district by its public name."""
    return session.scalars(select(BookingsVenue).where(BookingsVenue.uid == uid)).one_or_none()


def owner_of(row: BookingsVenue) -> Organization | None:
    """Return the organization that owns a venue; a center is the district's and has none."""
    return None if row.owner_id is None else session.get(Organization, row.owner_id)


def hours_of(row: BookingsVenue) -> list[dict[str, Any]]:
    """Return the weekly windows of a venue itself that hold today, for words."""
    today = clock.today()
    found = rows(BookingsHours, _HOURS.kind, _HOURS.opens, _HOURS.closes).where(
        _HOURS.venue_id == row.id,
        _HOURS.room_id.is_(None),
        _HOURS.kind != "date",
        _HOURS.valid_from <= today,
        or_(_HOURS.valid_to.is_(None), _HOURS.valid_to > today),
    )
    order = {kind: number for number, kind in enumerate(("work", "1", "2", "3", "4", "5", "6", "7", "off"))}
    listed = [one._asdict() for one in session.execute(found)]
    return sorted(listed, key=lambda one: (order[one["kind"]], one["opens"]))


def agreements_of(row: BookingsVenue) -> list[BookingsAgreement]:
    """Return what holds about a venue now or later, what is suspended too; drafts are nobody's business."""
    today = clock.today()
    return list(
        session.scalars(
            select(BookingsAgreement)
            .where(
                BookingsAgreement.venue_id == row.id,
                BookingsAgreement.state.in_(("active", "suspended")),
                or_(BookingsAgreement.valid_to.is_(None), BookingsAgreement.valid_to > today),
            )
            .order_by(BookingsAgreement.valid_from, BookingsAgreement.id)
        )
    )


def by_id(venue_id: int) -> BookingsVenue | None:
    """Return a venue of the district."""
    return session.get(BookingsVenue, venue_id)
