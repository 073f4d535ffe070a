"""What was handed out and came back: by whom, when, and what was broken then."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.api import rows, session

from ..models import BookingsBooking, BookingsHandover, BookingsOccurrence

_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c
_OUT: Any = BookingsHandover.__table__.c
#: The page shows so many, the newest first.
MOST = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Handed:
    """What went out once; ``back_at`` is None while it is out, ``damage`` empty if all was well."""

    what: str
    taken_by: str
    out_at: datetime
    back_at: datetime | None
    damage: str
    room_id: int
    booking_uid: str
    title: str


def handed(
    room_ids: Collection[int], *, booking_id: int | None = None, back: bool = False, damaged: bool = False
) -> list[Handed]:
    """Return what went out from these rooms, the last first; only what came ``back``, or ``damaged``."""
    if not room_ids:
        return []
    asked = (
        rows(BookingsHandover, _OUT.what, _OUT.taken_by, _OUT.out_at, _OUT.back_at, _OUT.damage)
        .add_columns(_TIME.room_id, _BOOKING.uid.label("booking_uid"), _BOOKING.title)
        .join(BookingsOccurrence, _TIME.id == _OUT.occurrence_id)
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .where(_TIME.room_id.in_(sorted(room_ids)))
        .order_by(_OUT.id.desc())
        .limit(MOST)
    )
    if booking_id is not None:
        asked = asked.where(_TIME.booking_id == booking_id)
    if back:
        asked = asked.where(_OUT.back_at.is_not(None))
    if damaged:
        asked = asked.where(_OUT.damage != "")
    return [Handed(**row._asdict()) for row in session.execute(asked)]


def key_is_out(what: str, room_ids: Collection[int]) -> bool:
    """Tell whether a key of that name went out for one of these rooms and has not come back."""
    found = (
        rows(BookingsHandover, _OUT.id)
        .join(BookingsOccurrence, _TIME.id == _OUT.occurrence_id)
        .where(
            _OUT.back_at.is_(None),
            _OUT.piece_id.is_(None),
            _OUT.what == what,
            _TIME.room_id.in_(sorted(room_ids)),
        )
        .limit(1)
    )
    return session.execute(found).first() is not None
