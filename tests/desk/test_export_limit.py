"""Whole lists are handed out as fast as a person asks, not as fast as a machine copies (ASVS 2.4.1)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from portal import clock
from portal.testing import World
from portal.web.access import is_asked_again, is_handed_out
from tests.guards.town import Town


@pytest.fixture
def town(world: World, app: Flask) -> Town:
    made = Town(world, app)
    app.config["EXPORTS_A_MINUTE"] = 2
    return made


def test_every_way_to_a_whole_list_counts_in_one_measure(town: Town, app: Flask):
    """Walked, not listed: a new form that answers with a file and forgets the mark is found."""
    browser, handed, slowed = town.browser(town.left, "all"), [], []
    with clock.frozen(clock.now()):
        for rule in town.rules("POST", inside=True):
            answer = browser.post(town.path(rule, town.left), data={"as": "csv", "version": "1"})
            if answer.headers.get("Content-Disposition", "").startswith("attachment"):
                handed.append(rule.endpoint)
            elif answer.status_code == 429:
                slowed.append(rule.endpoint)
    views = app.view_functions
    assert len(handed) == 2 and len(slowed) >= 3, "an export without the mark is handed out as well"
    assert all(is_handed_out(views[name]) and is_asked_again(views[name]) for name in (*handed, *slowed))


def test_a_machine_waits_in_words_and_nobody_waits_for_it(town: Town, app: Flask):
    path = f"/d/{town.left.district.code}/desk/members/export"
    first, second = town.browser(town.left, "desk"), town.browser(town.left, "desk")
    start = clock.now()
    with clock.frozen(start):
        assert [first.post(path).status_code for _turn in range(2)] == [200, 200]
        refused = first.post(path)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
        assert "请等30秒再试" in refused.get_data(as_text=True)
        assert second.post(path).status_code == 200
    with clock.frozen(start + timedelta(seconds=31)):
        assert first.post(path).status_code == 200
    app.config["EXPORTS_A_MINUTE"] = 0
    assert [first.post(path).status_code for _turn in range(4)] == [200] * 4
