"""How I want to hear of things: by which channel, or inside only; what must be said stays."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal import clock, notices
from portal.database import session, transaction
from portal.jobs import run_due
from portal.notices import Template
from portal.notices.demo import messages
from portal.notices.models import Delivery
from portal.plugin import Channel
from portal.testing import World
from tests import looks
from tests.browser import Visit

PHONE = "10012340000"
REMINDER = notices.declare(
    Template(key="t.reminder", title="您有一条新消息", body="请登录查看", inside="可以办了", kind="reminder")
)
DUTY = notices.declare(
    Template(key="t.duty", title="您有一条新消息", body="请登录查看", inside="请看一遍", kind="duty")
)


@pytest.fixture
def here(world: World) -> Any:
    return world.district("990001")


@pytest.fixture
def account(world: World, here: Any) -> Any:
    return world.account(world.member(world.organization(here), name="赵测试"), phone=PHONE)


PATH = "/d/990001/me/notices/choices"


def tell(account_id: int, *templates: str) -> list[str]:
    """Tell of everything at noon; return what went out."""
    with clock.frozen(clock.now().replace(hour=4)):
        for template in templates:
            with transaction():
                notices.notify(template, account_id=account_id, district_id=None)
        run_due()
    found = [row.body for row in messages(PHONE)]
    session.rollback()
    return found


def test_the_page_says_what_can_be_chosen_and_what_cannot(world: World, account: Any) -> None:
    browser = world.browser(account)
    page = browser.get(PATH).text
    for words in ("办事结果", "到时候提醒", "演示发件箱", "不发，只放在“我的消息”里", "100****0000"):
        assert words in page
    assert "关系到您的权利，要告诉到您本人，不能关。" in page
    assert 'name="duty"' not in page and 'name="security"' not in page
    assert "21:30到第二天08:00不发" in page
    assert PATH in browser.get("/d/990001/me/").text


def test_what_is_kept_inside_is_not_sent_and_is_found_there(world: World, account: Any) -> None:
    number, browser = account.id, world.browser(account)
    session.rollback()
    kept = browser.post(PATH, data={"result": "demo", "reminder": "inside", "duty": "inside"})
    assert kept.status_code == 303
    assert notices.chosen(number) == {"result": "demo", "reminder": "inside"}  # duty is not asked
    session.rollback()
    assert len(tell(number, "t.reminder", "t.duty")) == 1
    page = browser.get("/d/990001/me/notices").text
    assert "可以办了" in page and "请看一遍" in page and "记住了" in page
    chosen = [line for line in browser.get(PATH).text.splitlines() if "checked" in line]
    assert [("inside" in line, "demo" in line) for line in chosen] == [(False, True), (True, False)]
    session.rollback()
    actions = [row[0] for row in session.execute(text("SELECT action FROM audit"))]
    assert "account.notices" in actions


@pytest.mark.parametrize("way", ["", "pigeon", "<b>"])
def test_no_such_way_is_said_and_changes_nothing(world: World, account: Any, way: str) -> None:
    number, browser = account.id, world.browser(account)
    session.rollback()
    answer = browser.post(PATH, data={"result": "inside", "reminder": way})
    assert (answer.status_code, "请选一种。" in answer.text) == (422, True)
    assert notices.chosen(number) == {}


def offer(monkeypatch: pytest.MonkeyPatch, app: Flask, *channels: Channel) -> None:
    """Let the district have these ways to reach people, and no other."""
    app.config["DEMO"] = False
    registry = app.extensions["portal.registry"]
    collect = registry.collect

    def gathered(hook: str, **arguments: Any) -> list[Any]:
        return list(channels) if hook == "notice_channels" else collect(hook, **arguments)

    monkeypatch.setattr(registry, "collect", gathered)


def test_without_a_channel_the_page_says_so(
    app: Flask, world: World, account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, app)
    page = world.browser(account).get(PATH).text
    assert "这里还不能发短信" in page
    assert "不发，只放在“我的消息”里" in page


def test_a_channel_that_lacks_something_is_not_offered_and_not_tried(
    app: Flask, world: World, here: Any, account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def send(message: Any, district: Any) -> str:
        asked.append(message.body)
        return "sent"

    offer(monkeypatch, app, Channel(key="drum", label="敲锣", send=send, lacking="锣还没买。"))
    browser = world.browser(account)
    page = browser.get(PATH).text
    assert "敲锣现在用不了：锣还没买。有事请看“我的消息”，或问支部。" in page
    assert 'value="drum"' not in page
    assert browser.post(PATH, data={"result": "drum", "reminder": "drum"}).status_code == 422

    number = account.id
    session.rollback()
    wiring = app.extensions["portal.notices"]
    lacking = Channel(key="drum", label="敲锣", send=send, lacking="锣还没买。")
    monkeypatch.setattr(wiring, "channels", lambda district_id: (None, [lacking]))
    assert tell(number, "t.reminder") == []
    assert asked == []
    reasons = session.execute(select(Delivery.state, Delivery.reason)).all()
    assert reasons == [("failed", "no channel is set up")]


def test_a_visitor_chooses_nothing(world: World, here: Any) -> None:
    assert world.browser().get(PATH).status_code == 303


@pytest.mark.browser
@pytest.mark.parametrize("elder", [False, True], ids=["plain", "elder"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_page_can_be_read_and_used(visit: Visit, account: Any, elder: bool, script: bool) -> None:
    page = visit(PATH, account=account, width=320, elder=elder, java_script_enabled=script)
    if script and not elder:
        assert looks.held_against(page) == []
    page.get_by_role("group", name="到时候提醒").get_by_text("不发，只放在").click()
    page.get_by_role("button", name="就这样").click()
    page.get_by_text("记住了，以后照这样告诉您。").wait_for()
    page.goto(page.url + "/choices")
    group = page.get_by_role("group", name="到时候提醒")
    assert group.get_by_role("radio", name="不发").is_checked()
