"""What a room's page says of its house: whom to call, how one gets there, what can be borrowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func

from portal.api import rows, session

from ..models import BookingsEquipment, BookingsEquipmentUnit, BookingsVenue

_VENUE: Any = BookingsVenue.__table__.c
_KIND: Any = BookingsEquipment.__table__.c
_PIECE: Any = BookingsEquipmentUnit.__table__.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Venue:
    """A house; ``key_how`` is said only to those who have a booking there."""

    id: int
    uid: str
    name: str
    kind: str
    address: str
    contact_phone: str
    key_how: str
    about: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lent:
    """A kind of equipment and how many pieces of it work."""

    id: int
    name: str
    pieces: int


def venue(venue_id: int) -> Venue:
    """Return a venue of the district by its id."""
    names = ("id", "uid", "name", "kind", "address", "contact_phone", "key_how", "about")
    found = rows(BookingsVenue, *(_VENUE[name] for name in names)).where(_VENUE.id == venue_id)
    return Venue(**session.execute(found).one()._asdict())


def lent(venue_id: int) -> list[Lent]:
    """Return what a venue lends, by name; what has no working piece is left out."""
    found = (
        rows(BookingsEquipment, _KIND.id, _KIND.name, func.count(_PIECE.id).label("pieces"))
        .join(BookingsEquipmentUnit, _PIECE.equipment_id == _KIND.id)
        .where(_KIND.venue_id == venue_id, _KIND.active, _PIECE.fault == "")
        .group_by(_KIND.id, _KIND.name)
        .order_by(_KIND.name, _KIND.id)
    )
    return [Lent(**row._asdict()) for row in session.execute(found)]
