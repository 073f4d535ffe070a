"""Displays in a hall and at a door, in a browser that nobody touches. Needs bookings."""

from __future__ import annotations

import os
from typing import Any

import pytest

from plugins.bookings.service import closing
from plugins.bookings.tests import conftest
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import Span
from portal.api import clock, session
from tests import looks

#: The plugin's own fixtures, which are known in its folder only.
center, march = conftest.center, conftest.march
pytestmark = [pytest.mark.browser, pytest.mark.once]
SHOTS = os.environ.get("SCREEN_SHOTS", "")
LOST, FAILED = "连不上网，上面不是现在的情况。", "系统出了点问题，上面不是现在的情况。"


def beyond(page: Any, name: str) -> list[str]:
    """Return at which sizes of displays something is out of sight, where nobody scrolls."""
    found = []
    for width, height in ((1920, 1080), (1080, 1920), (1024, 600)):
        page.set_viewport_size({"width": width, "height": height})
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{width}.png")
        if page.evaluate("document.documentElement.scrollHeight") > height:
            found.append(f"{width}x{height}")
    return found


def pass_on(page: Any) -> None:
    """Let 30 seconds pass in the display, so that it asks."""
    page.clock.fast_forward(30_000)


def test_a_display_can_be_read_shows_what_comes_and_says_when_it_does_not(center: Center, visit: Any) -> None:
    with center.inside():
        hall, door = center.room().venue_uid, center.room().uid
        center.book(span(3, 9, 12), room="东厅")
        center.book(span(3, 14, 15), span(3, 16, 18))
        shut = Span(start=at(3, 8), end=at(5, 12))
        closing.close(center.venue, center.room("西厅"), span=shut, reason="刷墙", choices={}, by=None)
        session.commit()
    session.remove()
    base = f"/d/{center.district.code}/bookings"
    paths = {"hall": f"{base}/venues/{hall}/screen", "door": f"{base}/rooms/{door}/screen"}
    found = {}
    for name, path in paths.items():
        for hour in (7, 9):
            with clock.frozen(at(3, hour, 30)):
                page = visit(path)
                assert beyond(page, f"{name}-{hour}") == []
        found[name] = looks.in_every_look(page, widths=(320, 375, 1024, 1920))
    assert found == {"hall": {}, "door": {}}
    # The last page opened is the one at the door: from here on it is not loaded again, until the end.
    page.clock.install()
    with clock.frozen(at(3, 9, 30)):
        page.reload()
    page.evaluate("window.first = true")
    main, status = page.locator("main"), page.locator("#status")
    assert "09:30" in main.inner_text() and "10:00—11:00" not in main.inner_text()
    with center.inside():
        center.book(span(3, 10, 11))
        session.commit()
    session.remove()
    with clock.frozen(at(3, 9, 31)):
        pass_on(page)
        main.get_by_text("10:00—11:00").wait_for()
        assert "09:31" in main.inner_text()
    here = "**" + paths["door"] + "*"
    with clock.frozen(at(3, 9, 32)):
        for answer, words in (
            (lambda route: route.abort(), LOST),
            (lambda route: route.fulfill(status=502, body="-"), FAILED),
        ):
            page.route(here, answer)
            pass_on(page)
            status.get_by_text(words).wait_for()
            assert beyond(page, "door-lost") == []
            assert looks.in_every_look(page, widths=(320, 1920), schemes=("light",)) == {}
            # It covers nothing: what it calls old stands above it.
            assert main.bounding_box()["y"] + main.bounding_box()["height"] <= status.bounding_box()["y"] + 1
            assert "09:31" in main.inner_text()
            page.unroute(here)
        pass_on(page)
        main.get_by_text("09:32").wait_for()
        status.get_by_text(FAILED).wait_for(state="detached")
    # Its own line comes back: it asks at once, and does not pass off the old for half a minute.
    page.context.set_offline(True)
    status.get_by_text(LOST).wait_for()
    with clock.frozen(at(3, 11, 5)):
        page.context.set_offline(False)
        main.get_by_text("11:05").wait_for()
        status.get_by_text(LOST).wait_for(state="detached")
        assert page.evaluate("window.first")
        # After an upgrade everything is loaded anew.
        main.evaluate("""(el) => el.setAttribute("hx-vals", '{"look": "old"}')""")
        with page.expect_navigation():
            pass_on(page)
        assert page.evaluate("window.first") is None and "11:05" in main.inner_text()
