"""Series of working days that were booked before their year's calendar came, and what it says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.api import clock, rows, session, workdays

from ..models import BookingsBooking, BookingsOccurrence
from ..models.booking import LIVE
from ..series import WORKING

_TIME: Any = BookingsOccurrence.__table__.c
_BOOKING: Any = BookingsBooking.__table__.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Off:
    """Times of one booking, the next first, that lie on days off of a year, by a version of its calendar."""

    district_id: int
    booking_id: int
    year: int
    version: int
    row_ids: tuple[int, ...]


def to_tell() -> list[Off]:
    """Return what is booked as working days and is off now; who moved a time themselves knows its day."""
    ahead = (
        rows(BookingsOccurrence, _TIME.id, _TIME.district_id, _TIME.booking_id, _TIME.starts_at)
        .join(BookingsBooking, _BOOKING.id == _TIME.booking_id)
        .where(
            _TIME.state.in_(LIVE),
            _TIME.starts_at > clock.now(),
            _TIME.starts_at == _TIME.first_start,
            _BOOKING.rule.contains(WORKING),
        )
        .order_by(_TIME.starts_at, _TIME.id)
    )
    listed = session.execute(ahead).all()
    off = _off(listed)
    found: dict[tuple[int, int, int], list[int]] = {}
    for row in listed:
        if row.id in off:
            found.setdefault((row.district_id, row.booking_id, clock.civil(row.starts_at).year), []).append(
                row.id
            )
    versions = {year: known.version for _d, _b, year in found if (known := workdays.published(year))}
    return [
        Off(district_id=place, booking_id=booking, year=year, version=versions[year], row_ids=tuple(ids))
        for (place, booking, year), ids in found.items()
    ]


def of_booking(booking: BookingsBooking, times: Sequence[BookingsOccurrence]) -> tuple[set[int], list[int]]:
    """Return which of a series' times lie on days off, and of which years nobody knows yet."""
    if WORKING not in booking.rule or not times:
        return set(), []
    years = sorted({clock.civil(row.starts_at).year for row in times})
    return _off(times), [year for year in years if not workdays.known(year)]


def _off(times: Sequence[Any]) -> set[int]:
    days = {row.id: clock.civil(row.starts_at) for row in times}
    if not days:
        return set()
    kinds = workdays.span(min(days.values()), max(days.values()))
    return {number for number, day in days.items() if kinds[day].known and not kinds[day].is_workday}
