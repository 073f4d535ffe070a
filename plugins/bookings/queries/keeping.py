"""Reads for those who keep venues: what there is, in use or not, and what now lies outside of the hours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select

from portal.api import Actor, Organization, clock, rows, session, workdays

from ..actors import covers
from ..hours import Hours, Window
from ..models import (
    BookingsBooking,
    BookingsEquipment,
    BookingsHours,
    BookingsOccurrence,
    BookingsRoom,
    BookingsVenue,
)
from ..models.booking import LIVE
from . import places
from .places import Room

_VENUE: Any = BookingsVenue.__table__.c
_ROOM: Any = BookingsRoom.__table__.c
_OWNER: Any = Organization.__table__.c
_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c
#: Bookings looked at for whether they still lie inside the hours.
MOST = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A venue in the list of who keeps it."""

    uid: str
    name: str
    kind: str
    owner: str
    owner_path: str
    active: bool
    rooms: int


def venues(actor: Actor, permission: str) -> list[Kept]:
    """Return the venues within somebody's reach, the center first, those out of use last."""
    counted = (
        select(func.count())
        .select_from(BookingsRoom)
        .where(_ROOM.venue_id == _VENUE.id, _ROOM.active)
        .correlate(BookingsVenue)
        .scalar_subquery()
    )
    found = (
        rows(BookingsVenue, _VENUE.uid, _VENUE.name, _VENUE.kind, _VENUE.active)
        .add_columns(_OWNER.name.label("owner"), _OWNER.path.label("owner_path"), counted.label("rooms"))
        .outerjoin(Organization, _OWNER.id == _VENUE.owner_id)
        .order_by(_VENUE.active.desc(), _VENUE.kind, _VENUE.name, _VENUE.id)
    )
    listed = [
        Kept(**{**row._asdict(), "owner": row.owner or "", "owner_path": row.owner_path or ""})
        for row in session.execute(found)
    ]
    return [one for one in listed if covers(actor, permission, one.owner_path)]


def owner_path(venue: BookingsVenue) -> str:
    """Return the path of the organization a venue belongs to; "" where it is the district's."""
    if venue.owner_id is None:
        return ""
    return session.scalar(rows(Organization, _OWNER.path).where(_OWNER.id == venue.owner_id)) or ""


def owners(actor: Actor, permission: str) -> list[tuple[int, str]]:
    """Return the organizations whose venues somebody may keep."""
    reach = actor.reach(permission)
    found = session.execute(
        rows(Organization, _OWNER.id, _OWNER.name, _OWNER.path)
        .where(_OWNER.dissolved_on.is_(None))
        .order_by(_OWNER.path)
    )
    return [(row.id, row.name) for row in found if reach.covers(row.path)]


def venue(uid: str) -> BookingsVenue | None:
    """Return a venue by its public name, in use or not."""
    return session.scalars(select(BookingsVenue).where(BookingsVenue.uid == uid)).one_or_none()


def room(uid: str) -> BookingsRoom | None:
    """Return a room by its public name, in use or not."""
    return session.scalars(select(BookingsRoom).where(BookingsRoom.uid == uid)).one_or_none()


def parts(venue_id: int, uids: Collection[str]) -> list[BookingsRoom]:
    """Return those of the named rooms that are of a venue."""
    found = select(BookingsRoom).where(BookingsRoom.venue_id == venue_id, BookingsRoom.uid.in_(sorted(uids)))
    return list(session.scalars(found.order_by(BookingsRoom.id)))


def kinds(venue_id: int) -> list[BookingsEquipment]:
    """Return the kinds of equipment of a venue, those that are lent first."""
    found = select(BookingsEquipment).where(BookingsEquipment.venue_id == venue_id)
    in_order = BookingsEquipment.active.desc(), BookingsEquipment.name, BookingsEquipment.id
    return list(session.scalars(found.order_by(*in_order)))


@dataclass(frozen=True, kw_only=True, slots=True)
class DayLine:
    """One day of a preview: what the calendar calls it, and when it is open."""

    day: date
    name: str
    kind: str
    known: bool
    special: bool
    windows: Sequence[Window]


def preview(venue_id: int, room: Room | None, first: date, days: int) -> list[DayLine]:
    """Return when a venue, or a room of it, is open on each of so many days."""
    # A venue's own week is that of a room which has none.
    place: Any = room or SimpleNamespace(id=0, venue_id=venue_id)
    last = first + timedelta(days=days - 1)
    hours = Hours([place], first, last)
    return [
        DayLine(
            day=day,
            name=found.name,
            kind=found.kind,
            known=found.known,
            special=(found.kind == "work") != (day.isoweekday() < 6),
            windows=hours.windows(place, day),
        )
        for day, found in workdays.span(first, last).items()
    ]


def week_of(venue_id: int, room_id: int | None, day: date) -> dict[str, list[Window]]:
    """Return the own week that holds on a day: kind of day -> windows."""
    found: dict[str, list[Window]] = {}
    for row in _hours(venue_id, room_id):
        if row.kind != "date" and row.valid_from <= day and (row.valid_to is None or day < row.valid_to):
            found.setdefault(row.kind, []).append((row.opens, row.closes))
    return {kind: sorted(windows) for kind, windows in found.items()}


def next_week_change(venue_id: int, room_id: int | None, day: date) -> date | None:
    """Return when the next change of the own week begins, after a day."""
    edges = {row.valid_from for row in _hours(venue_id, room_id) if row.kind != "date"}
    edges |= {row.valid_to for row in _hours(venue_id, room_id) if row.kind != "date" and row.valid_to}
    return min((edge for edge in edges if edge > day), default=None)


def dates_of(venue_id: int, room_id: int | None, since: date) -> dict[date, list[Window]]:
    """Return the single dates from a day on that are open or closed otherwise; none: closed."""
    found: dict[date, list[Window]] = {}
    for row in _hours(venue_id, room_id):
        if row.on_day is not None and row.on_day >= since:
            listed = found.setdefault(row.on_day, [])
            if row.opens < row.closes:
                listed.append((row.opens, row.closes))
    return dict(sorted(found.items()))


def _hours(venue_id: int, room_id: int | None) -> list[BookingsHours]:
    own = BookingsHours.room_id.is_(None) if room_id is None else BookingsHours.room_id == room_id
    found = select(BookingsHours).where(BookingsHours.venue_id == venue_id, own)
    return list(session.scalars(found.order_by(BookingsHours.opens, BookingsHours.id)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A booking to come that lies outside of the hours; it stands all the same."""

    booking_uid: str
    room: str
    starts_at: datetime
    ends_at: datetime


def outside(venue_id: int, room_id: int | None) -> list[Standing]:
    """Return the bookings to come of a venue, or a room, that the hours do not cover."""
    every = {
        room.id: room
        for room in places.rooms(venue_id=venue_id, every=True)
        if room_id is None or room.id == room_id
    }
    if not every:
        return []
    asked = (
        rows(BookingsOccurrence, _TIME.room_id, _TIME.starts_at, _TIME.ends_at)
        .add_columns(_BOOKING.uid.label("booking_uid"))
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .where(_TIME.room_id.in_(sorted(every)), _TIME.state.in_(LIVE), _TIME.starts_at > clock.now())
        .order_by(_TIME.starts_at, _TIME.id)
        .limit(MOST)
    )
    found = session.execute(asked).all()
    if not found:
        return []
    first, last = clock.civil(found[0].starts_at), max(clock.civil(row.ends_at) for row in found)
    hours = Hours(every.values(), first, last)
    return [
        Standing(
            booking_uid=row.booking_uid,
            room=every[row.room_id].name,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
        )
        for row in found
        if not hours.covers(every[row.room_id], row.starts_at, row.ends_at)
    ]


def upcoming(room_ids: Sequence[int]) -> int:
    """Return how many times to come these rooms have."""
    if not room_ids:
        return 0
    found = rows(BookingsOccurrence, func.count()).where(
        _TIME.room_id.in_(sorted(room_ids)), _TIME.state.in_(LIVE), _TIME.starts_at > clock.now()
    )
    return int(session.execute(found).scalar_one())
