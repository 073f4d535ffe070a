"""Criterion 1 through the page: many people press the button at one instant, each in an own browser."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import func, select

from plugins.bookings.tests.conftest import Center
from plugins.bookings.tests.pages import labels, said
from portal.api import claims, clock, session
from portal.testing import Browser, World
from portal.testing.crowd import crowd

PEOPLE, TURNS = 50, 5


def press(given: dict[str, Any]) -> list[Any]:
    """Send the form; return the status, and how many other times the page offers."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the application behind the proxy
    browser = Browser(app, app.response_class, use_cookies=True)
    browser.csrf_secret = "0" * 40
    browser.set_cookie(app.config["SESSION_COOKIE_NAME"], given["cookie"])
    for _turn in range(TURNS):
        answer = browser.post(given["url"], data=given["form"])
        # So many wait for SQLite's one lock that some read "busy, press again": the same form, with its key.
        if answer.status_code != 503:
            break
    offered = [one for one in labels(answer) if one.startswith("20")] if answer.status_code == 409 else []
    return [answer.status_code, len(offered), "这个时间刚被订走" in said(answer)]


def test_many_press_at_once_and_one_has_it(world: World, data_dir: Path):
    center = Center(world)
    day = clock.today() + timedelta(days=3)
    with center.inside():
        url = f"/d/{center.district.code}/bookings/rooms/{center.room().uid}/ask"
    form = {
        "day": day.isoformat(),
        "from": "09:00",
        "to": "10:00",
        "title": "支部学习",
        "people": "10",
        "contact_name": "王测",
        "act": "send",
    }
    name = world.app.config["SESSION_COOKIE_NAME"]
    given = []
    for number in range(PEOPLE):
        cookie = world.browser(world.account()).get_cookie(name)
        assert cookie is not None
        given.append(
            {"url": url, "cookie": cookie.value, "form": {**form, "_once": f"race-key-{number:04d}"}}
        )
    answers = crowd(data_dir, "plugins.bookings.tests.test_pages_race:press", given)
    assert sorted(map(str, answers)) == sorted(map(str, [[303, 0, False]] + [[409, 3, True]] * (PEOPLE - 1)))
    with center.inside():
        assert session.scalar(select(func.count()).select_from(claims.Claim)) == 4
        center.owns_its_slots()
