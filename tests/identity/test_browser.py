"""Logging in on a phone-sized screen: with script, without, in elder mode, inside WeChat."""

from __future__ import annotations

from typing import Any

import pytest

from portal.database import session
from portal.identity import claims
from portal.testing import World
from tests import looks
from tests.browser import WECHAT, Live, Visit
from tests.identity.conftest import PHONE, code_for

pytestmark = pytest.mark.browser


def log_in(page: Any, phone: str = PHONE) -> None:
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="发验证码").click()
    page.wait_for_url("**/login/code")
    page.get_by_label("验证码").fill(code_for(phone))
    page.get_by_role("button", name="登录", exact=True).click()


@pytest.mark.parametrize(
    "context",
    [{}, {"java_script_enabled": False}, {"user_agent": WECHAT}],
    ids=["script", "no script", "WeChat"],
)
def test_member_logs_in_and_out(visit: Visit, live: Live, account: Any, context: dict[str, Any]) -> None:
    page = visit("/d/990001/me/", **context)
    log_in(page)
    page.wait_for_url("**/d/990001/me/")
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url(live.url + "/")
    assert page.get_by_text("已退出。").is_visible()


def test_record_is_claimed_on_a_phone(visit: Visit, member: Any) -> None:
    tail = member.ric_tail
    session.rollback()  # or this test would hold the write lock against the page
    page = visit("/login")
    log_in(page)
    page.wait_for_url("**/login/claim")
    page.get_by_label("姓名").fill("赵测试")
    page.get_by_label("身份证号后4位").fill("9999" if tail != "9999" else "8888")
    page.get_by_role("button", name="核对并登录").click()
    page.get_by_text("没核对上").first.wait_for()
    assert page.get_by_label("姓名").input_value() == "赵测试"
    page.get_by_label("身份证号后4位").fill(tail)
    page.get_by_role("button", name="核对并登录").click()
    page.wait_for_url("**/d/990001/me/notice**")
    assert looks.held_against(page) == []
    page.get_by_label("同意", exact=True).check()
    page.get_by_role("button", name="看过了，继续").click()
    page.wait_for_url("**/d/990001/")


def test_the_last_try_is_refused_in_the_pages_own_words(visit: Visit, member: Any) -> None:
    """Script said "too fast, press again" for every 429, and hid what the page says."""
    tail = member.ric_tail
    session.rollback()
    page = visit("/login")
    log_in(page)
    page.wait_for_url("**/login/claim")
    for _ in range(5):
        page.get_by_label("姓名").fill("赵某")
        page.get_by_label("身份证号后4位").fill(tail)
        page.get_by_role("button", name="核对并登录").click()
        page.get_by_text("没核对上").first.wait_for()
        page.locator("form:not([aria-busy]) >> nth=0").wait_for()
    page.get_by_role("button", name="核对并登录").click()
    page.get_by_text("试得太多了。请带身份证到服务台，我们帮您查。").wait_for()
    assert page.get_by_label("姓名").input_value() == "赵某"
    assert page.locator("#status").inner_text() == ""


def test_a_clerk_reads_why_the_code_is_not_printed(visit: Visit, world: World, here: Any) -> None:
    treasurer = world.member(world.organization(here), name="钱司库")
    world.account(treasurer, role="treasurer", district=here)
    number = treasurer.id
    desk = world.account(role="desk", district=here)
    page = visit(f"/d/990001/desk/login-codes/{number}", account=desk)
    page.get_by_text("我看过本人的身份证").click()
    page.get_by_role("button", name="打印登录码").click()
    page.get_by_text("登录码只能由授予权限的管理员打印").first.wait_for()


@pytest.mark.parametrize("elder", [False, True], ids=["plain", "elder"])
@pytest.mark.parametrize(
    "path", ["/login", "/login/password", "/login/paper", "/demo/outbox"], ids=lambda path: path[1:]
)
def test_page_can_be_read_and_pressed(visit: Visit, path: str, elder: bool) -> None:
    assert looks.held_against(visit(path, elder=elder), elder=elder) == []


@pytest.mark.parametrize("elder", [False, True], ids=["plain", "elder"])
def test_steps_of_logging_in_can_be_read_and_pressed(
    visit: Visit, world: World, here: Any, account: Any, elder: bool
) -> None:
    world.member(world.organization(here), phone=PHONE)
    page = visit("/login", elder=elder)
    page.get_by_label("手机号").fill("100")
    page.get_by_role("button", name="发验证码").click()
    page.get_by_text("现在是3位").first.wait_for()
    found = {"phone, wrong": looks.held_against(page, elder=elder)}
    page.get_by_label("手机号").fill(PHONE)
    page.get_by_role("button", name="发验证码").click()
    page.wait_for_url("**/login/code")
    found["code"] = looks.held_against(page, elder=elder)
    page.get_by_label("验证码").fill(code_for())
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/login/who")
    found["who"] = looks.held_against(page, elder=elder)
    page.get_by_text("我是另一位，第一次登录").click()
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/login/claim")
    found["claim"] = looks.held_against(page, elder=elder)
    assert {step: faults for step, faults in found.items() if faults} == {}


def test_desk_pages_can_be_read_and_pressed(visit: Visit, world: World, here: Any, member: Any) -> None:
    desk = world.account(role="desk", district=here)
    page = visit("/d/990001/desk/login-codes?q=赵", account=desk)
    found = {"find": looks.held_against(page)}
    page.get_by_role("link", name="赵测试").click()
    page.get_by_text("我看过本人的身份证").click()
    found["check"] = looks.held_against(page)
    page.get_by_role("button", name="打印登录码").click()
    page.locator("[data-code]").wait_for()
    found["sheet"] = looks.held_against(page)
    assert {step: faults for step, faults in found.items() if faults} == {}
    assert claims.redeem(page.locator("[data-code]").inner_text(), name="赵测试") is not None


def test_my_pages_can_be_read_and_pressed(visit: Visit, account: Any) -> None:
    for path in ("/d/990001/me/notices", "/d/990001/me/password"):
        assert looks.held_against(visit(path, account=account)) == []
