"""The search is slowed down for a machine, never for a township behind one address; nothing is written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal import clock
from portal.testing import World, queries
from portal.web import throttle
from portal.web.throttle import Buckets


@pytest.fixture
def limited(world: World) -> World:
    world.app.config["FINDS_A_MINUTE"] = 3
    return world


def test_a_machine_is_slowed_down_in_words(limited: World):
    start = clock.now()
    browser = limited.browser()
    with clock.frozen(start):
        assert [browser.get("/find?q=平房").status_code for _turn in range(3)] == [200] * 3
        refused = browser.get("/find?q=平房")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "20")
        page = refused.get_data(as_text=True)
        assert "从您这里来的查询太多了，请等20秒再试。" in page and "<h1" in page
        assert browser.get("/find?q=甲", headers={"HX-Request": "true"}).status_code == 429
        assert browser.get("/find").status_code == 200, "the empty form searches nothing"
    with clock.frozen(start + timedelta(seconds=21)):
        assert browser.get("/find?q=平房").status_code == 200
        assert browser.get("/find?q=平房").status_code == 429


def test_every_district_s_search_counts_in_the_same_bucket(limited: World):
    code = limited.district().code
    browser = limited.browser()
    with clock.frozen(clock.now()):
        found = [browser.get(f"{path}?q=甲").status_code for path in (f"/d/{code}/find", "/find") * 2]
    assert found == [200, 200, 200, 429]


def test_whoever_is_logged_in_does_not_wait_for_the_others(limited: World):
    person = limited.browser(limited.account())
    stranger = limited.browser()
    with clock.frozen(clock.now()):
        assert [stranger.get("/find?q=甲").status_code for _turn in range(4)] == [200] * 3 + [429]
        assert person.get("/find?q=甲").status_code == 200
        other = {"REMOTE_ADDR": "203.0.113.9"}
        assert stranger.get("/find?q=甲", environ_overrides=other).status_code == 200


def test_no_limit_and_no_query_of_its_own(limited: World):
    browser = limited.browser()
    browser.get("/find?q=甲")
    with queries() as with_limit:
        browser.get("/find?q=甲")
    limited.app.config["FINDS_A_MINUTE"] = 0
    with queries() as without:
        assert [browser.get("/find?q=甲").status_code for _turn in range(5)] == [200] * 5
    assert len(without) == 5 * len(with_limit)


def test_an_office_full_of_people_types_without_waiting():
    """The default: a hundred people behind one address, five fragments each, within a minute."""
    buckets, start = Buckets(), clock.now()
    for number in range(500):
        with clock.frozen(start + timedelta(seconds=number * 60 / 500)):
            assert buckets.take("town", size=600) == 0


def test_a_clock_set_back_and_a_flood_of_addresses_do_no_harm(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(throttle, "KNOWN", 10)
    buckets, start = Buckets(), clock.now()
    for number in range(100):
        with clock.frozen(start - timedelta(seconds=number)):
            assert buckets.take(f"a{number}", size=1) == 0
    assert len(buckets._left) == 10
    with clock.frozen(start - timedelta(seconds=99)):
        assert buckets.take("a99", size=1) == 60
