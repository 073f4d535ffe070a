"""What waits for an answer: oldest deadline first, with what stands around each wanted time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, literal_column, or_

from portal.api import Organization, clock, rows, session

from ..models import BookingsBooking, BookingsOccurrence
from ..models.booking import LIVE
from ..verdicts import LONGEST
from .places import Room

_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c
_ORG: Any = Organization.__table__.c
#: Not the column alone: SQLite would group by walking every booking there is instead of the few that wait.
_EACH: Any = _TIME.booking_id + literal_column("0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A booking of which ``times`` wait for an answer, until ``answer_by``; and the first of them."""

    id: int
    uid: str
    version: int
    title: str
    who: str
    headcount: int
    organization: str
    account_id: int | None
    answer_by: datetime
    times: int
    room_id: int
    start: datetime
    end: datetime
    competes: bool
    way: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """Another time in the same room, or one that shares a part with it, on the same day."""

    booking_id: int
    room_id: int
    start: datetime
    end: datetime
    state: str
    title: str


def waiting(
    room_ids: Collection[int], *, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[Waiting]:
    """Return bookings that wait in these rooms, by their deadline and id; ``after`` goes on behind one.

    Two statements, whatever waits.
    """
    due = func.min(_TIME.answer_by).label("answer_by")
    grouped = (
        rows(
            BookingsOccurrence,
            _EACH.label("booking_id"),
            due,
            func.count().label("times"),
            func.min(_TIME.starts_at).label("first"),
        )
        .where(_TIME.state == "requested", _TIME.room_id.in_(sorted(room_ids)))
        .group_by(_EACH)
        .order_by(due, _EACH)
        .limit(limit)
    )
    if after is not None:
        first, last = func.min(_TIME.answer_by), after
        grouped = grouped.having(or_(first > last[0], (first == last[0]) & (last[1] < _EACH)))
    found = {row.booking_id: row for row in session.execute(grouped)}
    if not found:
        return []
    firsts = (
        rows(
            BookingsOccurrence,
            _TIME.booking_id,
            _TIME.room_id,
            _TIME.starts_at.label("start"),
            _TIME.ends_at.label("end"),
            _TIME.competes,
            _BOOKING.uid,
            _BOOKING.version,
            _BOOKING.title,
            _BOOKING.way,
            _BOOKING.contact_name.label("who"),
            _BOOKING.headcount,
            _BOOKING.account_id,
            func.coalesce(_ORG.name, "").label("organization"),
        )
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .outerjoin(Organization, _ORG.id == _BOOKING.organization_id)
        .where(
            _TIME.booking_id.in_(sorted(found)),
            _TIME.state == "requested",
            _TIME.room_id.in_(sorted(room_ids)),
        )
        .order_by(_TIME.starts_at.desc())
    )
    listed: dict[int, Waiting] = {}
    for row in session.execute(firsts):
        values = row._asdict()
        booking_id = values.pop("booking_id")
        grouping = found[booking_id]
        listed[booking_id] = Waiting(
            id=booking_id, answer_by=grouping.answer_by, times=grouping.times, **values
        )
    return [listed[booking_id] for booking_id in found if booking_id in listed]


def count(room_ids: Collection[int] | None) -> tuple[int, datetime | None]:
    """Return how many bookings wait in these rooms (None: anywhere), and the nearest deadline."""
    found = rows(
        BookingsOccurrence, func.count(_TIME.booking_id.distinct()), func.min(_TIME.answer_by)
    ).where(_TIME.state == "requested")
    if room_ids is not None:
        found = found.where(_TIME.room_id.in_(sorted(room_ids)))
    number, due = session.execute(found).one()
    return int(number), due


def around(
    wanted: Sequence[tuple[int, datetime, datetime]], shared: Mapping[int, Collection[int]]
) -> list[Near]:
    """Return what else lives on the days of wanted (room id, begin, end), by begin; one statement.

    ``shared``: room id -> the rooms that share a part with it, itself included.
    """
    if not wanted:
        return []
    days: dict[date, set[int]] = {}
    for room_id, start, end in wanted:
        for day in {clock.civil(start), clock.civil(end - timedelta(microseconds=1))}:
            days.setdefault(day, set()).update(shared.get(room_id, (room_id,)))
    touching = [
        _TIME.room_id.in_(sorted(room_ids))
        & (_TIME.starts_at < clock.at(day + timedelta(days=1)))
        & (_TIME.ends_at > clock.at(day))
        for day, room_ids in sorted(days.items())
    ]
    # What all days have in common leads to an index; alternatives alone are held against every booking.
    together = (
        _TIME.room_id.in_(sorted(set().union(*days.values()))),
        _TIME.starts_at > clock.at(min(days)) - LONGEST,
        _TIME.starts_at < clock.at(max(days) + timedelta(days=1)),
    )
    found = (
        rows(
            BookingsOccurrence,
            _TIME.booking_id,
            _TIME.room_id,
            _TIME.starts_at.label("start"),
            _TIME.ends_at.label("end"),
            _TIME.state,
            _BOOKING.title,
        )
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .where(_TIME.state.in_(LIVE), *together, or_(*touching))
        .order_by(_TIME.starts_at, _TIME.id)
    )
    return [Near(**row._asdict()) for row in session.execute(found)]


def sharing(rooms: Sequence[Room], every: Sequence[Room]) -> dict[int, set[int]]:
    """Return for each of ``rooms`` the ids of all rooms that share a part with it, itself included."""
    by_unit: dict[int, set[int]] = {}
    for room in every:
        for unit in room.units:
            by_unit.setdefault(unit, set()).add(room.id)
    return {room.id: set().union({room.id}, *(by_unit[unit] for unit in room.units)) for room in rooms}
