"""Where things are: a plain plan of places drawn by the server, and what a district lays under it.

Coordinates are WGS-84 everywhere. Some Chinese tile servers draw on GCJ-02; for those, and only on the
screen, they are moved (``to_gcj02``).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

from flask import Flask

from portal.current import district_or_none
from portal.districts import settings
from portal.web.headers import allow_image_source

#: Metres of one degree of latitude, on a sphere of 6,371,008.8 m.
DEGREE = 111_195.08
#: (metres, minutes of walking, 80 m each) of the circles around the origin, where nobody says otherwise.
RINGS = ((400, 5), (800, 10))
#: Units of the drawing: width, least and most height, free edges at the sides and above, a dot's radius.
_WIDE, _LEAST, _MOST, _EDGE, _BAND, _DOT = 320, 260, 420, 26, 44, 13
_SCALES = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)
_TILES = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9/._~{}?=&%:@+-]*", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class MapPlace:
    """A place on a map: degrees of WGS-84, a line of ``text``, ``minutes`` of walking (None: not known).

    ``tone``: ok, warn, bad, info or quiet; the words of it belong into ``text``.
    """

    id: int | str
    name: str
    lat: float
    lng: float
    url: str = ""
    text: str = ""
    minutes: int | None = None
    tone: str = "info"


@dataclass(frozen=True, kw_only=True, slots=True)
class Dot:
    """A numbered place as it is drawn, in units of the drawing."""

    number: int
    place: MapPlace
    x: float
    y: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MapPlan:
    """A drawing to scale, north up, in units; ``scale`` is (units, metres) of its bar."""

    dots: tuple[Dot, ...]
    width: int
    height: int
    scale: tuple[float, int]
    origin: tuple[float, float] | None = None
    here: tuple[float, float] | None = None
    rings: tuple[tuple[float, int, int], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What a district lays under its maps: the address of tiles (empty: none), whose they are, datum."""

    tiles: str = ""
    credit: str = ""
    datum: str = "wgs84"

    def shown(self, lat: float, lng: float) -> tuple[float, float]:
        """Return where a point is drawn on this ground."""
        return to_gcj02(lat, lng) if self.tiles and self.datum == "gcj02" else (lat, lng)


def install(app: Flask) -> None:
    """Register the global ``map_ground``, which ``macros/map.html`` asks."""
    app.jinja_env.globals["map_ground"] = ground


def ground() -> Ground:
    """Return this district's ground; with tiles, this response may show pictures of their host."""
    here = district_or_none()
    if here is None:
        return Ground()
    tiles = str(settings.get(here, "core.map_tiles_url"))
    if not tiles or not is_tiles_url(tiles):
        return Ground()
    allow_image_source("https://" + urlsplit(tiles).netloc)
    return Ground(
        tiles=tiles,
        credit=str(settings.get(here, "core.map_attribution")),
        datum=str(settings.get(here, "core.map_datum")),
    )


def is_tiles_url(text: str) -> bool:
    """Tell whether a text is empty or names tiles: https, one host, ``{z}``, ``{x}``, ``{y}`` once each."""
    if not text:
        return True
    names = re.findall(r"\{[^}]*\}", text)
    return bool(_TILES.fullmatch(text)) and sorted(names) == ["{x}", "{y}", "{z}"] and "{" not in _host(text)


def _host(text: str) -> str:
    return text[len("https://") :].split("/")[0]


def place_plan(
    places: Sequence[MapPlace],
    origin: tuple[float, float] | None = None,
    *,
    rings: tuple[tuple[int, int], tuple[int, int]] = RINGS,
) -> MapPlan:
    """Draw places in their order, numbered from 1, around an optional origin (latitude, longitude).

    ``rings``: the two circles around it, each (metres in a straight line, minutes of walking).

    Raises:
        ValueError: coordinates that lie nowhere.
    """
    points = [(place.lat, place.lng) for place in places] + ([origin] if origin else [])
    for lat, lng in points:
        if not (-85 <= lat <= 85 and -180 <= lng <= 180):
            raise ValueError("coordinates lie nowhere")
    if not points:
        return MapPlan(dots=(), width=_WIDE, height=_LEAST, scale=(0, 0))
    # Equirectangular: true to scale at this latitude, which is true enough within a city.
    middle = sum(lat for lat, _ in points) / len(points)
    flat = [(lng * math.cos(math.radians(middle)) * DEGREE, lat * DEGREE) for lat, lng in points]
    reach = rings[-1][0] if origin else 0
    around = [
        (x + dx, y + dy) for x, y in flat[len(places) :] for dx, dy in ((reach, reach), (-reach, -reach))
    ]
    xs, ys = zip(*flat, *around, strict=True)
    west, north = min(xs), max(ys)
    across, down = max(max(xs) - west, 1), max(north - min(ys), 1)
    inner = _WIDE - 2 * _EDGE
    high = min(max(round(inner * down / across) + 2 * _BAND, _LEAST), _MOST)
    unit = min(inner / across, (high - 2 * _BAND) / down, 0.5)  # a unit is never less than two metres
    left = (_WIDE - across * unit) / 2
    top = (high - down * unit) / 2
    spots = [(left + (x - west) * unit, top + (north - y) * unit) for x, y in flat]
    placed: list[tuple[float, float]] = []
    for spot in spots[: len(places)]:
        placed.append(_beside(spot, placed, high))
    dots = tuple(
        Dot(number=number, place=place, x=round(x, 1), y=round(y, 1))
        for number, place, (x, y) in zip(count(1), places, placed, strict=False)
    )
    most = max((one for one in _SCALES if one * unit <= inner / 3), default=_SCALES[0])
    return MapPlan(
        dots=dots,
        width=_WIDE,
        height=high,
        scale=(round(most * unit, 1), most),
        origin=origin,
        here=(round(spots[-1][0], 1), round(spots[-1][1], 1)) if origin else None,
        rings=tuple((round(m * unit, 1), m, minutes) for m, minutes in rings) if origin else (),
    )


def _beside(
    spot: tuple[float, float], placed: Sequence[tuple[float, float]], high: int
) -> tuple[float, float]:
    """Return the nearest place for a dot that covers no other's number, or its own where all is full."""
    for round_ in range(5):
        for turn in range(8 if round_ else 1):
            angle = math.tau * turn / 8
            x = spot[0] + math.cos(angle) * round_ * _DOT
            y = spot[1] + math.sin(angle) * round_ * _DOT
            inside = _DOT <= x <= _WIDE - _DOT and _DOT <= y <= high - _DOT
            if inside and all(math.dist((x, y), other) >= 1.6 * _DOT for other in placed):
                return x, y
    return spot


def to_gcj02(lat: float, lng: float) -> tuple[float, float]:
    """Return where a WGS-84 point is drawn by maps on GCJ-02; outside of China nothing is moved.

    The formula is the one published by many open-source libraries; it is good to about a metre.
    """
    if not (0.8293 <= lat <= 55.8271 and 72.004 <= lng <= 137.8347):
        return lat, lng
    axis, flattening = 6378245.0, 0.00669342162296594323  # Krasovsky 1940
    x, y = lng - 105.0, lat - 35.0
    root = math.sqrt(abs(x))
    waves = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (waves + 20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (waves + 20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    sine = math.sin(math.radians(lat))
    magic = 1 - flattening * sine * sine
    north = north * 180.0 / (axis * (1 - flattening) / (magic * math.sqrt(magic)) * math.pi)
    east = east * 180.0 / (axis / math.sqrt(magic) * math.cos(math.radians(lat)) * math.pi)
    return lat + north, lng + east
