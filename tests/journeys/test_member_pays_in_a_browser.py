"""Situation 4 in a real browser: owe, choose, check, pay, voucher. Needs the plugins dues and wechatpay."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from paysim.testing import credentials, paysim, paysim_process  # noqa: F401
from plugins.dues.months import shifted
from plugins.dues.service import openings
from portal import clock
from portal.database import session, transaction
from portal.payments import accounts
from portal.testing import World
from tests.browser import WECHAT
from tests.looks import held_against

pytestmark = pytest.mark.browser

PHONE = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116.0.0.0 Mobile Safari/537.36"
PAYEE = "测试区委组织部党费专户"


@pytest.fixture
def member(live: Any, world: World, paysim: Any) -> Any:  # noqa: F811
    """A retired member who owes three months, and a district that takes WeChat Pay."""
    world.app.config["PUBLIC_URL"] = live.url
    paysim.set_portal(live.url)
    district = world.district()
    branch = world.organization(district)
    person = world.member(branch, name="赵明兰")
    here = world.ref(district)
    with world.writing(district), transaction():
        openings.start_branch(
            district=here, organization=branch, start_month=shifted(clock.month(), -2), by=None
        )
        openings.take_over_member(
            district=here,
            member=person,
            category="retired",
            base_fen=386_000,
            paid_through=shifted(clock.month(), -3),
            by=None,
        )
        facts = credentials(paysim, "dues-a", PAYEE)
        accounts.create_account(district_id=district.id, purpose="dues", **facts)
    account = world.account(person)
    session.remove()
    return SimpleNamespace(account=account, home=f"/d/{district.code}/")


def look(page: Any) -> None:
    assert held_against(page) == []


def choose_and_check(page: Any, *, script: bool) -> None:
    """From the start page to the page that says who is paid, in full."""
    # Measuring needs script in the page itself.
    measure = look if script else lambda page: None
    page.get_by_text("57.90元").first.wait_for()
    page.get_by_role("link", name="去交党费").click()
    page.get_by_text("基本养老金每月3860元，不超过5000元，按0.5%算，每月19.30元。").first.wait_for()
    page.get_by_text("收款方：" + PAYEE).first.wait_for()
    measure(page)
    label = "交3个月党费，共57.90元" if script else "核对后付款"
    page.get_by_role("button", name=label).click()
    page.get_by_role("heading", name="核对后付款").wait_for()
    page.get_by_text(PAYEE).first.wait_for()
    measure(page)
    page.get_by_role("button", name="交3个月党费，共57.90元").click()


def paid_once(page: Any, *, script: bool = True) -> None:
    """From the result to the voucher, and back to a statement that asks for nothing."""
    page.get_by_text("已交费").first.wait_for()
    page.get_by_role("link", name="看缴费凭证").click()
    page.get_by_role("heading", name="党费缴费凭证").wait_for()
    for words in ("赵明兰", "57.90元", "有效"):
        page.locator("#voucher").get_by_text(words, exact=True).wait_for()
    if script:
        look(page)
    page.goto(page.url.rsplit("/voucher/", 1)[0] + "/")
    page.get_by_text("到这个月的党费都交了。").wait_for()


def test_on_a_phone(member: Any, visit: Any) -> None:
    page = visit(member.home, account=member.account, user_agent=PHONE)
    choose_and_check(page, script=True)
    page.locator("button[value=pay]").click()
    paid_once(page)


def test_on_a_phone_without_javascript(member: Any, visit: Any) -> None:
    page = visit(member.home, account=member.account, user_agent=PHONE, java_script_enabled=False)
    choose_and_check(page, script=False)
    page.get_by_role("link", name="去微信付款").click()
    page.locator("button[value=pay]").click()
    page.wait_for_url("**?back=1")
    if not page.get_by_text("已交费").count():
        page.get_by_role("button", name="查一下付款结果").click()
    paid_once(page, script=False)


def test_inside_wechat(member: Any, visit: Any) -> None:
    page = visit(member.home, account=member.account, user_agent=WECHAT)
    choose_and_check(page, script=True)
    page.get_by_role("button", name="用微信支付").click()
    page.locator("button[value=pay]").click()
    paid_once(page)


def test_the_voucher_is_kept_as_a_picture_and_its_code_leads_to_the_check(member: Any, visit: Any) -> None:
    page = visit(member.home, account=member.account, user_agent=PHONE)
    choose_and_check(page, script=True)
    page.locator("button[value=pay]").click()
    page.get_by_role("link", name="看缴费凭证").click()
    page.get_by_role("button", name="存成图片").click()
    page.locator("#voucher-picture img").wait_for()
    token = page.url.rsplit("/", 1)[1]
    page.goto(page.url.split("/d/")[0] + f"/v/{token}")
    page.get_by_text("凭证有效").wait_for()
    page.get_by_text("赵**").wait_for()
    assert "57.90" not in page.content() and "赵明兰" not in page.locator("main").inner_text()
    look(page)


def test_what_needs_a_script_is_not_offered_before_the_script_is_here(member: Any, visit: Any) -> None:
    page = visit(member.home, account=member.account, user_agent=PHONE)
    choose_and_check(page, script=True)
    page.locator("button[value=pay]").click()
    link = page.get_by_role("link", name="看缴费凭证")
    link.wait_for()
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route("**/picture*.js*", hold)
    link.click(no_wait_after=True)
    page.locator(".voucher").wait_for()
    page.wait_for_function("() => window.portal")
    assert page.locator("[data-picture-save]").is_hidden()
    assert page.get_by_role("link", name="PDF").is_visible()
    held[0].continue_()
    page.locator("[data-picture-save]").click()
    page.locator("#voucher-picture img").wait_for()


def test_one_month_is_chosen_and_a_gap_is_refused_with_the_choice_kept(member: Any, visit: Any) -> None:
    page = visit(f"{member.home}dues/", account=member.account, width=320)
    boxes = page.locator("input[name=month]")
    boxes.nth(0).uncheck()
    page.locator(".pay-bar button").click()
    page.get_by_text("请从最早没交的月份选起，中间不要空。").first.wait_for()
    assert [boxes.nth(at).is_checked() for at in range(3)] == [False, True, True]
    look(page)
    boxes.nth(0).check()
    boxes.nth(1).uncheck()
    boxes.nth(2).uncheck()
    page.get_by_role("button", name="交1个月党费，共19.30元").click()
    page.get_by_role("button", name="交1个月党费，共19.30元").wait_for()


@pytest.mark.parametrize("width", [320, 1280])
def test_what_has_the_focus_is_not_hidden_under_the_pay_bar(member: Any, visit: Any, width: int) -> None:
    # Scrolling smoothly takes a while; without it the place is known at once.
    page = visit(
        f"{member.home}dues/", account=member.account, width=width, elder=True, reduced_motion="reduce"
    )
    hidden = """() => {
      const it = document.activeElement, bar = document.querySelector(".pay-bar");
      if (!it || !it.closest("form.with-pay-bar") || bar.contains(it)) return "";
      const shown = (it.closest("label") || it).getBoundingClientRect();
      return shown.top + 8 > bar.getBoundingClientRect().top ? it.outerHTML : "";
    }"""
    found = []
    for _ in range(30):
        page.keyboard.press("Tab")
        found.append(page.evaluate(hidden))
        if page.evaluate("Boolean(document.activeElement.closest('.pay-bar'))"):
            break
    assert "".join(found) == ""
