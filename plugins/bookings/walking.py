"""How far it is on foot, without a map service.

Ways wind and people walk as fast as they can: both are the district's to say (``settings.py``), as no
rule of the land does. At first a path is 1.3 times the straight line and an elderly walker does 80
metres a minute; the ten-minute circle is 800 metres of such a path (criterion 17 of the bookings).
Whoever measured a way writes the measured metres down instead; nothing here does yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from portal.api import DistrictRef, around, settings

#: Minutes a search offers as "near enough".
CIRCLES = (10, 20, 30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How much longer than the straight line a way is, in percent, and metres walked in a minute."""

    winding_percent: int = 130
    metres_a_minute: int = 80


def pace(here: DistrictRef) -> Pace:
    """Return what a district says."""
    return Pace(
        winding_percent=settings.get(here, "bookings.winding_percent"),
        metres_a_minute=settings.get(here, "bookings.metres_a_minute"),
    )


def minutes(straight: int | None, by: Pace) -> int | None:
    """Return the walking minutes for a straight line in metres, at least one; None where none is known."""
    if straight is None:
        return None
    # In whole numbers: 1.3 times a metre is no binary fraction.
    return max(1, -(-straight * by.winding_percent // (by.metres_a_minute * 100)))


def rings(by: Pace) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the circles of a map, (metres, minutes): whatever lies inside is as near as its list says."""
    near, far = CIRCLES[0] // 2, CIRCLES[0]
    metres = [number * by.metres_a_minute * 100 // by.winding_percent for number in (near, far)]
    return (metres[0], near), (metres[1], far)


def between(start: around.Point | None, lat: float | None, lng: float | None, by: Pace) -> int | None:
    """Return the walking minutes from a point to another."""
    return minutes(around.metres(start, lat, lng), by)
