"""A plugin that is slow in a row rests from pages, is named where people look, comes back (promise 18)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from portal import clock, health, pace
from portal.cli.plugin_doctor import loading
from portal.registry import Registry
from portal.testing import World
from tests.guards.package import portal_with
from tests.test_broken_plugins import BROKEN


class Front:
    """A start page on which the slow plugin has a card, and its clock."""

    def __init__(self, app: Flask, world: World) -> None:
        self.registry: Registry = app.extensions["portal.registry"]
        self.slow: Any = type(self.registry.plugins["slow"])
        self.slow.now, self.slow.seconds, self.slow.asked = 0.0, 0.0, 0
        # What is measured is the plugin's own clock: no test waits, and no busy machine is slow.
        self.registry.pace.timer = lambda: self.slow.now
        self.here = world.district(plugins=("good", "slow"))
        self.member = world.member(world.organization(self.here))
        self.browser = world.browser(world.account(self.member))
        self.world = world

    def page(self, *, seconds: float) -> str:
        """Open the start page while the card takes so long."""
        self.slow.seconds = seconds
        text: str = self.browser.get(f"/d/{self.here.code}/").text
        assert "好卡片" in text, "the others are there"
        return text


@pytest.fixture
def app(data_dir: Path) -> Iterator[Flask]:
    with portal_with(
        "tests.broken", data_dir, slow_hook_ms=1500, plugins_exclude=",".join(sorted(BROKEN))
    ) as made:
        yield made


@pytest.fixture
def front(app: Flask, world: World) -> Front:
    return Front(app, world)


def test_slow_three_times_in_a_row_it_rests_and_comes_back(front: Front, caplog: pytest.LogCaptureFixture):
    for _time in range(3):
        assert "慢卡片" in front.page(seconds=1.6)
    with caplog.at_level(logging.ERROR, logger="portal.pace"):
        assert "慢卡片" not in front.page(seconds=1.6)
    assert front.slow.asked == 3, "nobody waits for it any more"
    with clock.moved(timedelta(minutes=5, seconds=1)):
        # Asked again once; still slow, and it rests at once.
        assert "慢卡片" in front.page(seconds=1.6)
        assert "慢卡片" not in front.page(seconds=1.6)
        with clock.moved(timedelta(minutes=5, seconds=1)):
            assert "慢卡片" in front.page(seconds=0.1)
            for _time in range(2):
                assert "慢卡片" in front.page(seconds=1.6)
            assert "慢卡片" in front.page(seconds=0.1), "well again, it has all its tries"


def test_now_and_then_slow_is_no_reason(front: Front):
    for seconds in (1.6, 1.6, 1.5, 1.6, 1.6, 0.0, 1.6):
        assert "慢卡片" in front.page(seconds=seconds)
    assert front.slow.asked == 7


def test_what_decides_is_always_asked(front: Front):
    for _time in range(4):
        front.page(seconds=1.6)
    front.slow.seconds = 60.0
    ref = front.world.ref(front.here)
    for _time in range(5):
        said = front.registry.ask(
            "member_objections", district=ref, member=front.world.member_ref(front.member), act="erase"
        )
        assert [one.code for one in said["slow"]] == ["slow.wait"]
    assert pace.DISPLAY.isdisjoint(
        {"payment_providers", "notice_channels", "switch_off_warnings", "member_objections", "member_erase"}
    )


def test_it_is_named_where_people_look(
    front: Front, app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
):
    # The command of the same place reads where the data lie.
    monkeypatch.setenv("PORTAL_DATA", str(app.config["DATA_DIR"]))

    def told() -> tuple[bool, bool, bool]:
        board = administrator.get(f"/d/{front.here.code}/admin/plugins/slow").text
        doctor = [one.text for one in loading(front.registry) if one.text.startswith("slow: home_cards took")]
        check = next(one for one in health.examine().checks if one.name == "plugins")
        return "连着几次很慢" in board, bool(doctor), "slow slow (home_cards)" in check.detail

    administrator = world.browser(world.account(role="district_admin", district=front.here))
    assert told() == (False, False, False)
    for _time in range(3):
        front.page(seconds=2.0)
    assert told() == (True, True, True)
    with clock.moved(timedelta(minutes=6)):
        assert told() == (False, False, False)


def test_nothing_rests_where_the_bound_is_off_or_the_folder_is_gone(tmp_path: Path):
    off = pace.Pace(bound=0, timer=iter(range(0, 900, 9)).__next__)
    lost = pace.Pace(bound=1, times=2, folder=tmp_path / "gone", timer=iter(range(0, 900, 9)).__next__)
    for _time in range(2):
        for one in (off, lost):
            with one.measured("dues", "home_cards"):
                pass
    assert not off.rests("dues", "home_cards") and lost.rests("dues", "home_cards")
    assert not lost.rests("dues", "nav_items") and not lost.rests("other", "home_cards")
    assert pace.resting(tmp_path / "gone") == []
    (tmp_path / ".resting").mkdir()
    (tmp_path / ".resting" / "dues-home_cards").write_text("{")
    assert pace.resting(tmp_path) == []


def test_a_hook_that_is_slow_and_raises_is_slow(front: Front):
    one = pace.Pace(bound=1, times=1, timer=iter((0.0, 5.0)).__next__)
    with pytest.raises(RuntimeError), one.measured("dues", "todo_items"):
        raise RuntimeError
    assert one.rests("dues", "todo_items")
