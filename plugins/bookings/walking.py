"""How far it is on foot, without a map service.

Ways wind: a path is taken as 1.3 times the straight line, and an elderly walker as 80 metres a minute, so
``minutes = ceil(straight metres * 1.3 / 80)``. The ten-minute circle is 800 metres of such a path (criterion
17 of the bookings). Whoever measured a way writes the measured metres down instead; nothing here does yet.
"""

from __future__ import annotations

from portal.api import around

WINDING = 1.3
METRES_A_MINUTE = 80
#: Minutes a search offers as "near enough".
CIRCLES = (10, 20, 30)


def minutes(straight: int | None) -> int | None:
    """Return the walking minutes for a straight line in metres, at least one; None where none is known."""
    if straight is None:
        return None
    # Whole tens of metres: 1.3 times a metre is no binary fraction.
    return max(1, -(-straight * 13 // (METRES_A_MINUTE * 10)))


def between(start: around.Point | None, lat: float | None, lng: float | None) -> int | None:
    """Return the walking minutes from a point to another."""
    return minutes(around.metres(start, lat, lng))
