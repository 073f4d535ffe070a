"""What waits for the owners of shared venues."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, or_

from portal.api import Organization, Reach, clock, rows, session

from ..models import BookingsOccurrence, BookingsRoom, BookingsVenue

_TIME: Any = BookingsOccurrence.__table__.c
_ROOM: Any = BookingsRoom.__table__.c
_VENUE: Any = BookingsVenue.__table__.c
_OWNER: Any = Organization.__table__.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A venue with requests that nobody answered yet, and by when the first must be."""

    uid: str
    name: str
    count: int
    due: date


def waiting(reach: Reach) -> list[Waiting]:
    """Return the shared venues below somebody's organizations that have requests waiting."""
    if not reach.paths:
        return []
    found = (
        rows(
            BookingsOccurrence,
            _VENUE.uid,
            _VENUE.name,
            func.count().label("number"),
            func.min(_TIME.answer_by).label("due"),
        )
        .select_from(BookingsOccurrence)
        .join(BookingsRoom, _ROOM.id == _TIME.room_id)
        .join(BookingsVenue, _VENUE.id == _ROOM.venue_id)
        .join(Organization, _OWNER.id == _VENUE.owner_id)
        .where(
            _TIME.state == "requested",
            _VENUE.kind == "shared",
            or_(*(_OWNER.path.startswith(path, autoescape=True) for path in reach.paths)),
        )
        .group_by(_VENUE.id, _VENUE.uid, _VENUE.name)
        .order_by(func.min(_TIME.answer_by))
    )
    return [
        Waiting(uid=row.uid, name=row.name, count=row.number, due=clock.civil(row.due))
        for row in session.execute(found)
    ]
