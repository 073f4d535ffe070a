"""A plan is true to scale and its numbers match; tiles are shown only where a district says so."""

from __future__ import annotations

import math
from typing import Any

import pytest
from flask import g
from hypothesis import given
from hypothesis import strategies as st

from portal.districts import settings
from portal.districts.setting_values import BadValue
from portal.testing import World
from portal.web import maps
from portal.web.maps import DEGREE, MapPlace, is_tiles_url, place_plan, to_gcj02

TILES = "https://tiles.example:8443/w/{z}/{x}/{y}.png?key=a-1"


def at(n: int, lat: float, lng: float) -> MapPlace:
    return MapPlace(id=n, name=str(n), lat=lat, lng=lng)


near = st.tuples(st.floats(30.0, 30.2), st.floats(117.0, 117.2))


@given(st.lists(near, min_size=1, max_size=30), st.none() | near)
def test_every_place_is_numbered_in_order_and_inside_of_the_drawing(points: list[Any], origin: Any):
    plan = place_plan([at(n, *point) for n, point in enumerate(points)], origin)
    assert [(dot.number, dot.place.id) for dot in plan.dots] == [(n + 1, n) for n in range(len(points))]
    assert all(0 <= dot.x <= plan.width and 0 <= dot.y <= plan.height for dot in plan.dots)
    assert plan.width == 320 and 260 <= plan.height <= 420 and 0 < plan.scale[0] <= plan.width
    if origin:
        assert plan.here is not None
        for radius, _metres, _minutes in plan.rings:
            assert plan.here[0] - radius >= 0 and plan.here[0] + radius <= plan.width


def test_distances_are_those_of_the_bar_and_north_is_up():
    east = 800 / (DEGREE * math.cos(math.radians(30)))
    plan = place_plan([at(1, 30, 117), at(2, 30, 117 + east), at(3, 30 + 400 / DEGREE, 117)])
    units, metres = plan.scale
    one, two, three = plan.dots
    assert two.x - one.x == pytest.approx(800 * units / metres, rel=0.01)
    assert one.y - three.y == pytest.approx(400 * units / metres, rel=0.01)
    assert place_plan([at(1, 30, 117)], (30, 117)).rings[1][0] == pytest.approx(800 * 134 / 800, abs=0.1)


def test_places_of_one_building_do_not_cover_each_other():
    plan = place_plan([at(n, 30, 117) for n in range(4)])
    spots = [(dot.x, dot.y) for dot in plan.dots]
    assert all(math.dist(a, b) > 20 for n, a in enumerate(spots) for b in spots[n + 1 :])


def test_nothing_to_draw_and_nowhere():
    assert place_plan([]).dots == ()
    for point in ((91, 0), (0, 181), (math.nan, 0)):
        with pytest.raises(ValueError, match="nowhere"):
            place_plan([at(1, *point)])


@pytest.mark.parametrize(
    ("wgs", "gcj"),
    [
        # Published examples of the conversion: Beijing, Shanghai, Shenzhen.
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((51.5, -0.12), (51.5, -0.12)),
    ],
)
def test_gcj02_is_that_of_the_published_examples(wgs: tuple[float, float], gcj: tuple[float, float]):
    assert to_gcj02(*wgs) == pytest.approx(gcj, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("", True),
        (TILES, True),
        ("http://tiles.example/{z}/{x}/{y}.png", False),
        ("https://tiles.example/{z}/{x}.png", False),
        ("https://tiles.example/{z}/{x}/{y}/{y}.png", False),
        ("https://{s}.tiles.example/{z}/{x}/{y}.png", False),
        ("https://{z}/{x}/{y}", False),
        ("https://tiles.example; script-src */{z}/{x}/{y}", False),
        ("https://a@tiles.example/{z}/{x}/{y}", False),
        ("https://tiles.example/{z}/{x}/{y}' onload='x", False),
    ],
)
def test_tiles_are_https_of_one_host(text: str, good: bool):
    assert is_tiles_url(text) is good


def test_only_good_tiles_can_be_set(world: World):
    here = world.district()
    for key, value in (("core.map_tiles_url", "https://tiles.example/"), ("core.map_datum", "bd09")):
        with pytest.raises(BadValue):
            settings.put(here.id, key, value, by=None)
    settings.put(here.id, "core.map_tiles_url", TILES, by=None)


def answer(app: Any, district: Any) -> tuple[maps.Ground, str]:
    """Return the ground within a request of the district, and the policy of its answer."""
    with app.test_request_context("/", method="POST") as context:
        g.district = district
        found = maps.ground()
        environ = context.request.environ
    told: list[Any] = []

    def inside(environ: Any, start: Any) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/html")])
        return []

    from portal.web.headers import _Hardened

    layer = app.wsgi_app
    while not isinstance(layer, _Hardened):
        layer = layer.app
    before, layer._inside = layer._inside, inside
    try:
        layer(environ, lambda _status, headers: told.append(dict(headers)))
    finally:
        layer._inside = before
    return found, told[0]["Content-Security-Policy"]


def test_a_page_shows_pictures_of_the_tiles_host_then_and_only_then(app: Any, world: World):
    here = world.district()
    found, policy = answer(app, here)
    assert found == maps.Ground() and "img-src 'self' data:;" in policy and "https:" not in policy
    settings.put(here.id, "core.map_tiles_url", TILES, by=None)
    settings.put(here.id, "core.map_datum", "gcj02", by=None)
    found, policy = answer(app, here)
    assert found.tiles == TILES and found.shown(31.1774276, 121.5272106)[1] > 121.53
    assert "img-src 'self' data: https://tiles.example:8443;" in policy and policy.count("https:") == 1
    assert answer(app, None)[0] == maps.Ground()
