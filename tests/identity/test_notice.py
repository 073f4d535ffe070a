"""The privacy notice and the separate consent: asked once, recorded, refused, withdrawn, asked anew."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from portal.database import everything, session, transaction
from portal.districts import settings
from portal.identity import notice
from portal.identity.models import Account, Grant
from portal.testing import Browser, World, queries

HOME, NOTICE, PRIVACY = "/d/990001/", "/d/990001/me/notice", "/d/990001/me/privacy"


@pytest.fixture
def fresh(world: World, member: Any) -> Any:
    """Return the account of a member who was never asked."""
    return world.account(member, agreed=[])


def answer(browser: Browser, **data: str) -> Any:
    return browser.post(NOTICE, data={"notice": notice.CURRENT.version, "next": HOME, **data})


def rows() -> list[tuple[str, str, str]]:
    found = session.execute(text("select kind, notice, answer from consent order by id")).all()
    session.rollback()
    return [tuple(row) for row in found]


def test_the_first_login_asks_before_every_page_and_goes_on_to_what_was_wanted(
    world: World, fresh: Any
) -> None:
    browser = world.browser(fresh)
    for path in (HOME, "/d/990001/me/", "/d/990001/me/record", "/d/990001/dues/"):
        assert browser.get(path).location == f"{NOTICE}?next={path}", path
    assert browser.post("/d/990001/me/sessions/end-others").location.startswith(NOTICE)
    page = browser.get(f"{NOTICE}?next=/d/990001/me/record").text
    assert "谁在用您的资料" in page and "单独问您一句" in page and "checked" not in page
    assert answer(browser).status_code == 422  # no answer is not yes
    assert browser.get(HOME).status_code == 303
    assert answer(browser, sensitive="yes", next="/d/990001/me/record").location == "/d/990001/me/record"
    assert "赵测试" in browser.get("/d/990001/me/record").text
    version = notice.CURRENT.version
    assert rows() == [("notice", version, "given"), ("sensitive", version, "given")]
    assert world.browser(fresh).get(HOME).status_code == 200  # the next login asks nothing


def test_htmx_is_led_there_as_a_whole_page(world: World, fresh: Any) -> None:
    got = world.browser(fresh).get("/d/990001/me/", headers={"HX-Request": "true"})
    assert got.status_code == 200 and got.headers["HX-Redirect"].startswith(NOTICE)


def test_without_the_separate_consent_the_record_is_not_used_and_the_rest_is(
    world: World, fresh: Any
) -> None:
    browser = world.browser(fresh)
    assert answer(browser, sensitive="no").location == HOME
    assert browser.get(HOME).status_code == 200
    record = browser.get("/d/990001/me/record").text
    assert "没有同意在网上用党员资料" in record and fresh.display_name not in record.split("<main")[1]
    assert browser.get("/d/990001/me/record.json").status_code == 404
    assert browser.get("/d/990001/me/sessions").status_code == 200
    browser.post(f"{PRIVACY}/consent", data={"to": "give"})
    assert browser.get("/d/990001/me/record.json").status_code == 200
    browser.post(f"{PRIVACY}/consent", data={"to": "withdraw"})
    assert browser.get("/d/990001/me/record.json").status_code == 404
    assert [row[2] for row in rows()] == ["given", "refused", "given", "withdrawn"]
    assert "撤回" in browser.get(PRIVACY).text


def test_who_leaves_is_logged_out_and_told_what_is_possible(world: World, fresh: Any) -> None:
    browser = world.browser(fresh)
    gone = answer(browser, answer="leave")
    assert gone.location == "/d/990001/without"
    page = browser.get(gone.location).text
    assert "不登录也能办的事" in page and "/find" in page
    assert browser.get("/d/990001/me/").location.startswith("/login")
    assert [row[2] for row in rows()] == ["refused"]
    assert world.browser(fresh).get(HOME).location.startswith(NOTICE)  # asked anew, not locked out


def test_a_new_notice_asks_everybody_anew_and_loses_no_form(world: World, here: Any, account: Any) -> None:
    browser = world.browser(account)
    assert browser.get(HOME).status_code == 200
    with world.writing(here):
        settings.put(here.id, "core.notice_text", "本地的话。\n<b>不是标记</b>", by=None)
    session.remove()
    # What was being filled in is taken; the next page asks.
    assert browser.post("/d/990001/me/sessions/end-others").location == "/d/990001/me/sessions"
    assert browser.get("/d/990001/me/sessions").location.startswith(NOTICE)
    page = browser.get(NOTICE).text
    assert "本地的话。" in page and "&lt;b&gt;" in page and "谁在用您的资料" not in page
    assert answer(browser, sensitive="yes").status_code == 409  # the words of yesterday
    name = notice.identity(world.ref(here))
    assert browser.post(NOTICE, data={"notice": name, "sensitive": "yes"}).location == HOME
    assert browser.get("/d/990001/me/sessions").status_code == 200


def test_staff_cannot_work_without_it_and_keep_their_own_record_in_sight(
    world: World, here: Any, member: Any
) -> None:
    admin = world.account(member, role="secretary", organization=world.organization(here), agreed=[])
    browser = world.browser(admin)
    assert browser.get("/d/990001/desk/").location.startswith(NOTICE)
    assert answer(browser, sensitive="no").status_code == 422
    answer(browser, sensitive="yes")
    browser.post(f"{PRIVACY}/consent", data={"to": "withdraw"})
    assert browser.get("/d/990001/me/record.json").status_code == 200
    # Refused before the role came: four eyes must still know whose record it is.
    with everything(), transaction():
        session.get_one(Account, admin.id).agreed = [
            notice.mark(notice.NOTICE, notice.CURRENT.version),
            notice.mark(notice.SENSITIVE, notice.CURRENT.version, given=False),
        ]
    assert browser.get("/d/990001/me/record.json").status_code == 200
    with everything(), transaction():
        session.execute(Grant.__table__.delete())
    assert browser.get("/d/990001/me/record.json").status_code == 404


def test_somebody_without_a_record_is_asked_for_the_notice_only(world: World, here: Any) -> None:
    browser = world.browser(world.account(agreed=[]))
    assert browser.get(HOME).location.startswith(NOTICE)
    assert "单独问您一句" not in browser.get(NOTICE).text
    assert answer(browser).location == HOME
    assert [row[0] for row in rows()] == ["notice"]


def test_strangers_and_callbacks_are_not_asked(world: World, here: Any) -> None:
    visitor = world.browser()
    assert visitor.get(HOME).status_code == 200
    assert visitor.get(NOTICE).location.startswith("/login")
    assert visitor.post(NOTICE, csrf=False).status_code in {303, 400}
    assert rows() == []


def test_a_way_back_leads_to_no_other_host(world: World, fresh: Any) -> None:
    got = answer(world.browser(fresh), sensitive="yes", next="//evil.example/")
    assert got.location == HOME


def test_the_gate_asks_nothing_more_of_the_database(world: World, account: Any) -> None:
    browser = world.browser(account)
    browser.get("/d/990001/me/security")
    with queries() as seen:
        browser.get("/d/990001/me/security")
    assert not [line for line in seen if "consent" in str(line)]
