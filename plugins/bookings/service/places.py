"""Keep venues, rooms, halls made of rooms, hours and equipment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from portal.api import audit, claims, clock, crypto, district, session, transaction

from ..models import (
    BookingsEquipment,
    BookingsEquipmentUnit,
    BookingsHours,
    BookingsPolicy,
    BookingsRoom,
    BookingsRoomUnit,
    BookingsVenue,
)
from ..queries import places
from ..verdicts import Span
from . import freeing

OWNER = "bookings"
#: Longer ahead than anything is closed.
LONG = timedelta(days=366 * 10)


def make_venue(
    *,
    kind: str,
    name: str,
    hours: Sequence[Mapping[str, Any]] = (),
    by: int | None,
    district_id: int | None = None,
    **values: Any,
) -> BookingsVenue:
    """Make a venue; ``hours`` are rows like ``{"kind": "work", "opens": 540, "closes": 1020}`` (minutes).

    It is of the district at hand; a command that has none names it.
    """
    with transaction():
        made = BookingsVenue(
            uid=crypto.new_uid(),
            district_id=district_id or district().id,
            kind=kind,
            name=name.strip(),
            **values,
        )
        session.add(made)
        session.flush()
        for row in hours:
            add_hours(made, None, **row)
        audit.record("bookings.venue", made, actor=by, district=made.district_id)
    return made


def make_room(
    venue: BookingsVenue,
    *,
    kind: str,
    name: str,
    capacity: int,
    by: int | None,
    fire_limit: int | None = None,
    grid_minutes: int = 15,
    parts: Sequence[BookingsRoom] = (),
    **values: Any,
) -> BookingsRoom:
    """Make a room with a unit of its own, or a hall made of ``parts``, which has the units of all of them.

    The grid (minutes) is fixed from here on; a hall has that of its parts.
    """
    with transaction():
        grid = parts[0].grid_minutes if parts else grid_minutes
        made = BookingsRoom(
            uid=crypto.new_uid(),
            district_id=venue.district_id,
            venue_id=venue.id,
            kind=kind,
            name=name.strip(),
            capacity=capacity,
            fire_limit=fire_limit or capacity,
            grid_minutes=grid,
            **values,
        )
        session.add(made)
        session.flush()
        if parts:
            of_parts = places.units_of(part.id for part in parts)
            units = sorted({unit for own in of_parts.values() for unit in own})
        else:
            label = f"{venue.name} {made.name}"
            unit = claims.make_unit(
                district_id=venue.district_id, owner=OWNER, label=label, grid_minutes=grid
            )
            units = [unit.id]
        session.add_all(
            BookingsRoomUnit(district_id=venue.district_id, room_id=made.id, unit_id=unit) for unit in units
        )
        session.flush()
        # A house that is closed is closed with the room that has come to it.
        freeing.to_closures([made.id], [Span(start=clock.now(), end=clock.now() + LONG)])
        audit.record("bookings.room", made, actor=by, district=made.district_id)
    return made


def make_equipment(venue: BookingsVenue, *, name: str, pieces: int, by: int | None) -> BookingsEquipment:
    """Make a kind of equipment with so many pieces, each to be had by one at a time."""
    with transaction():
        made = BookingsEquipment(district_id=venue.district_id, venue_id=venue.id, name=name.strip())
        session.add(made)
        session.flush()
        for number in range(1, pieces + 1):
            label = f"{made.name} {number}"
            unit = claims.make_unit(district_id=venue.district_id, owner=OWNER, label=label, grid_minutes=15)
            session.add(
                BookingsEquipmentUnit(
                    district_id=venue.district_id, equipment_id=made.id, unit_id=unit.id, label=str(number)
                )
            )
        session.flush()
        audit.record("bookings.equipment", made, actor=by, district=made.district_id)
    return made


def add_hours(
    venue: BookingsVenue,
    room_id: int | None,
    *,
    kind: str,
    opens: int,
    closes: int,
    on_day: date | None = None,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> BookingsHours:
    """Write down when a venue or a room of it is open; in the caller's transaction."""
    row = BookingsHours(
        district_id=venue.district_id,
        venue_id=venue.id,
        room_id=room_id,
        kind=kind,
        on_day=on_day,
        opens=opens,
        closes=closes,
        valid_from=valid_from or clock.today(),
        valid_to=valid_to,
    )
    session.add(row)
    session.flush()
    return row


def set_policy(venue: BookingsVenue, room_id: int | None, *, by: int | None, **values: Any) -> BookingsPolicy:
    """Let a venue or a room decide otherwise than what stands above it; None takes a value back."""
    with transaction():
        own = BookingsPolicy.room_id == room_id if room_id is not None else BookingsPolicy.room_id.is_(None)
        row = session.query(BookingsPolicy).filter(BookingsPolicy.venue_id == venue.id, own).one_or_none()
        if row is None:
            row = BookingsPolicy(district_id=venue.district_id, venue_id=venue.id, room_id=room_id, values={})
            session.add(row)
        kept = {**row.values, **values}
        row.values = {name: value for name, value in kept.items() if value is not None}
        session.flush()
        audit.record(
            "bookings.policy", row, actor=by, district=row.district_id, detail={"names": sorted(values)}
        )
    return row
