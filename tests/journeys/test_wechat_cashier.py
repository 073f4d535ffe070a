"""A member pays at WeChat's cashier in a real browser: on a phone, inside WeChat, at a desk.

Needs the plugins dues and wechatpay. The cashier belongs to the simulator and is strict: it looks at the
Referer, at the signed parameters, at the payer, and at where it is asked to send the payer back to.
"""

from __future__ import annotations

from typing import Any

import pytest

from paysim.testing import credentials, paysim, paysim_process  # noqa: F401
from plugins.dues.months import shifted, span
from plugins.dues.service import openings
from portal import clock
from portal.database import transaction
from portal.payments import accounts
from tests.browser import WECHAT

PHONE = "Mozilla/5.0 (Linux; Android 13; PHONE) AppleWebKit/537.36 Chrome/116 Mobile Safari/537.36"
PAYEE = "测试区委组织部党费专户"

pytestmark = pytest.mark.browser


@pytest.fixture
def member(live: Any, paysim: Any) -> Any:  # noqa: F811
    """A member who owes three months, in a district that receives by WeChat; returns account and address."""
    world = live.world
    world.app.config["PUBLIC_URL"] = live.url
    paysim.set_portal(live.url)
    district = world.district()
    branch = world.organization(district)
    person = world.member(branch)
    ref, since = world.ref(district), shifted(clock.month(), -2)
    given = credentials(paysim, payee_name=PAYEE)
    with world.writing(district), transaction():
        openings.start_branch(district=ref, organization=branch, start_month=since, by=None)
        openings.take_over_member(
            district=ref,
            member=person,
            category="retired",
            base_fen=386_000,
            paid_through=shifted(since, -1),
            by=None,
        )
        accounts.create_account(district_id=district.id, purpose="dues", actor=None, **given)
    return world.account(person), f"/d/{district.code}/dues/"


def begin(visit: Any, member: Any, **browser: Any) -> Any:
    """Choose all three months and confirm; returns the page that leads to the channel."""
    account, dues = member
    months = "&".join(f"month={month}" for month in span(shifted(clock.month(), -2), clock.month()))
    page = visit(f"{dues}pay?{months}", account=account, **browser)
    assert PAYEE in page.inner_text("main")
    page.get_by_role("button", name="交3个月党费，共57.90元").click()
    return page


def act(page: Any, button: str) -> None:
    """Press a button of the cashier, after seeing whose it is and how much."""
    page.wait_for_url("**/cashier/*")
    assert PAYEE in page.inner_text("main")
    assert "¥57.90" in page.inner_text("main")
    page.get_by_role("button", name=button, exact=True).click()


def see_paid(page: Any) -> None:
    """Wait for the page that says it is paid; without JavaScript by asking."""
    page.wait_for_url("**/pay/*")
    check = page.get_by_role("button", name="查一下付款结果")
    if check.count():
        check.first.click()
    page.get_by_text("已交费").first.wait_for()


def press(page: Any, name: str) -> None:
    """Go on by hand, where the page cannot go on by itself."""
    page.locator("main").get_by_text(name, exact=True).first.click()


@pytest.mark.parametrize("javascript", [True, False])
def test_phone_pays_at_the_h5_cashier_and_comes_back(visit: Any, member: Any, javascript: bool) -> None:
    page = begin(visit, member, user_agent=PHONE, java_script_enabled=javascript)
    if not javascript:
        press(page, "去微信付款")
    act(page, "支付成功")
    see_paid(page)


def test_phone_cancels_and_owes_as_before(visit: Any, member: Any) -> None:
    page = begin(visit, member, user_agent=PHONE)
    act(page, "取消")
    page.wait_for_url("**/pay/*back=1")
    assert "还没查到付款" in page.inner_text("main")


@pytest.mark.parametrize("javascript", [True, False])
def test_inside_wechat_the_bridge_is_played_by_a_page(visit: Any, member: Any, javascript: bool) -> None:
    page = begin(visit, member, user_agent=WECHAT, java_script_enabled=javascript)
    if not javascript:
        press(page, "用微信支付")  # the service account says who this is
        page.locator("main form button").first.click()
    page.locator("form[action$='/cashier/jsapi'] button").click()
    act(page, "支付成功")
    see_paid(page)


def test_desk_shows_a_code_that_a_phone_scans(visit: Any, member: Any) -> None:
    page = begin(visit, member, width=1280)
    page.get_by_role("img", name="付款二维码").wait_for()
    with page.context.expect_page() as opened:
        page.get_by_text("用模拟手机扫码").click()
    phone = opened.value
    act(phone, "支付成功")
    phone.get_by_text("请回到商家页面看结果").wait_for()
    page.get_by_text("已交费").first.wait_for()  # the desk's page sees it by itself
