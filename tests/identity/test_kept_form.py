"""A filled form survives the end of its session (ux.md row 21)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from portal import clock
from portal.database import session
from portal.testing import World
from tests.identity.conftest import PHONE, Visitor

PATH = "/d/990001/me/notices"


def send_expired(world: World, account: Any) -> Visitor:
    """Fill a form, let the session run out, send the form."""
    visitor = Visitor(world.app, world.browser(account))
    visitor.get(PATH)
    world.expire(account)
    answer = visitor.browser.post(PATH, data={"id": ["1", "2"], "note": "写了很久的话", "password": "secret"})
    assert answer.location.startswith("/login?next=")
    visitor.browser.csrf_secret = None
    return visitor


def test_form_is_offered_again_after_login(world: World, account: Any) -> None:
    visitor = send_expired(world, account)
    session.rollback()
    stored = "".join(str(row) for row in session.execute(text("SELECT * FROM kept_form")))
    assert "写了很久的话" not in stored
    assert "为安全已退出，登录后刚才填的还在。" in visitor.get("/login").text
    assert visitor.log_in().location == "/login/kept"
    page = visitor.get("/login/kept").text
    assert f'action="{PATH}"' in page
    assert 'name="id" value="1"' in page and 'name="id" value="2"' in page and "写了很久的话" in page
    assert "secret" not in page
    assert visitor.post(PATH, form="/login/kept", id="1").status_code == 303


def test_form_is_not_shown_to_somebody_else(world: World, account: Any, here: Any) -> None:
    visitor = send_expired(world, account)
    world.account(world.member(world.organization(here)), phone="10000000055")
    assert visitor.log_in("10000000055").location == "/d/990001/"
    assert visitor.get("/login/kept").location == "/d/990001/"


def test_form_is_kept_ten_minutes_and_can_be_dropped(world: World, account: Any) -> None:
    visitor = send_expired(world, account)
    with clock.moved(timedelta(minutes=11)):
        assert visitor.log_in(PHONE).location == "/d/990001/"
    assert visitor.post("/login/kept/drop", form="/login/kept").location == "/d/990001/"
    session.rollback()
    assert session.execute(text("SELECT 1 FROM kept_form")).all() == []


def test_form_sent_after_logging_out_is_not_kept(world: World, account: Any) -> None:
    visitor = Visitor(world.app, world.browser(account))
    cookie = visitor.browser.get_cookie("portal")
    visitor.post("/logout", form="/d/990001/me/")
    assert cookie is not None
    visitor.browser.set_cookie("portal", cookie.value)
    visitor.browser.post(PATH, data={"note": "x"})
    session.rollback()
    assert session.execute(text("SELECT 1 FROM kept_form")).all() == []


def test_htmx_form_is_kept_too(world: World, account: Any) -> None:
    visitor = Visitor(world.app, world.browser(account))
    world.expire(account)
    answer = visitor.browser.post(PATH, data={"note": "x"}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].startswith("/login")
    visitor.browser.csrf_secret = None
    assert visitor.log_in().location == "/login/kept"
