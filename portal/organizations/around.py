"""Where people set out from: service centers, and the buildings, parks and areas whose position is known."""

from __future__ import annotations

from dataclasses import dataclass

from portal.database import rows, session
from portal.organizations.lines import Point, metres
from portal.organizations.models import Place, ServiceCenter

__all__ = ["Point", "Start", "metres", "starts"]
#: A list to choose from; more places than this want a search of their own.
MOST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """A place somebody may set out from; ``key`` names it in an address."""

    key: str
    name: str
    lat: float
    lng: float


def starts() -> list[Start]:
    """Return the district's centers, then its places by name, as far as their positions are known."""
    found: list[Start] = []
    for letter, table, model in (
        ("c", ServiceCenter.__table__, ServiceCenter),
        ("p", Place.__table__, Place),
    ):
        statement = (
            rows(model, table.c.id, table.c.name, table.c.lat, table.c.lng)
            .where(table.c.lat.is_not(None), table.c.lng.is_not(None))
            .order_by(table.c.name, table.c.id)
            .limit(MOST)
        )
        found += [
            Start(key=f"{letter}{row.id}", name=row.name, lat=row.lat, lng=row.lng)
            for row in session.execute(statement)
        ]
    return found
