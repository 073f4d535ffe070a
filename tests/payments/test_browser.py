"""A payer in a real browser at the simulator's cashier: desktop, phone, WeChat; with and without script."""

from types import SimpleNamespace

import pytest

from paysim import ctl
from paysim.testing import credentials, paysim, paysim_process  # noqa: F401
from portal import payments
from portal.database import everything, session, transaction
from portal.payments import accounts
from portal.payments.contract import Flow
from portal.payments.purpose import PayLine
from tests.browser import WECHAT
from tests.looks import held_against, in_every_look
from tests.payments.fees import TestFees, create_tables, owe
from tests.payments.house import REFERENCES

pytestmark = pytest.mark.browser

PHONE = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116.0.0.0 Mobile Safari/537.36"


@pytest.fixture
def till(live, world, paysim):  # noqa: F811
    """A member who is about to pay three months at the simulator."""
    world.app.config["PUBLIC_URL"] = live.url
    paysim.set_portal(live.url)
    world.app.extensions["portal.registry"]._admit("testfees", TestFees())
    create_tables()
    district = world.district(plugins=("wechatpay",))
    member = world.member(world.organization(district))
    payer = world.account(member)
    for reference in REFERENCES:
        owe(member.id, reference, 2000)
    facts = credentials(paysim, "fees-a", "测试区委组织部党费专户")
    with everything():
        account = accounts.create_account(district_id=district.id, purpose="fees", **facts)
    session.rollback()

    def begin(flow: Flow) -> str:
        with everything():
            attempt = payments.start_attempt(
                account=account,
                member_id=member.id,
                lines=[PayLine(reference=reference, amount_fen=2000) for reference in REFERENCES],
                flow=flow,
                form_token="browser-1",
                payer_account_id=payer.id,
                client_ip="127.0.0.1",
            )
        session.remove()
        return f"/d/{district.code}/pay/{attempt.uid}"

    return SimpleNamespace(payer=payer, begin=begin, sim=paysim)


def number(till):
    return till.sim.store.one("SELECT out_trade_no FROM pay_order")["out_trade_no"]


def shown(page, words):
    page.get_by_text(words).first.wait_for()
    assert held_against(page) == []


def test_desktop_shows_a_code_and_changes_by_itself(till, visit):
    page = visit(till.begin(Flow.QR), account=till.payer, width=1280)
    shown(page, "请用手机微信“扫一扫”付款")
    assert page.locator(".pay-qr svg").count() == 1
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    ctl.pay(till.sim, number(till))
    shown(page, "已交费")
    del asked[:]
    page.wait_for_timeout(4000)
    assert asked == []  # polling has ended by itself


def test_phone_goes_to_the_cashier_and_comes_back(till, visit):
    page = visit(till.begin(Flow.H5), account=till.payer, user_agent=PHONE)
    page.locator("button[value=pay]").click()
    shown(page, "已交费")


def test_phone_that_cancels_can_open_the_cashier_again(till, visit):
    page = visit(till.begin(Flow.H5), account=till.payer, user_agent=PHONE)
    page.locator("button[value=cancel]").click()
    shown(page, "还没查到付款")
    page.get_by_role("link", name="去微信付款").click()
    page.locator("button[value=pay]").click()
    shown(page, "已交费")


def test_wechat_asks_who_pays_and_uses_its_bridge(till, visit):
    page = visit(till.begin(Flow.JSAPI), account=till.payer, user_agent=WECHAT)
    page.get_by_role("button", name="用微信支付").wait_for()
    assert held_against(page) == []
    page.get_by_role("button", name="用微信支付").click()
    page.locator("button[value=pay]").click()
    shown(page, "已交费")


def test_without_javascript_every_way_works(till, visit):
    page = visit(till.begin(Flow.JSAPI), account=till.payer, user_agent=WECHAT, java_script_enabled=False)
    page.get_by_role("link", name="用微信支付").click()
    page.get_by_role("button", name="继续付款").click()
    page.get_by_role("button", name="用微信支付").click()
    page.locator("button[value=pay]").click()
    # The page does not ask by itself: the notification may come a moment after the payer.
    page.wait_for_url("**?back=1")
    if not page.get_by_text("已交费").count():
        page.get_by_role("button", name="查一下付款结果").click()
    page.get_by_text("已交费").wait_for()


def test_without_javascript_the_code_page_asks_on_request(till, visit):
    page = visit(till.begin(Flow.QR), account=till.payer, width=1280, java_script_enabled=False)
    page.get_by_role("button", name="去付款").click()
    page.locator(".pay-qr svg").wait_for()
    ctl.pay(till.sim, number(till))
    page.get_by_role("button", name="查一下付款结果").click()
    page.get_by_text("已交费").wait_for()


@pytest.mark.parametrize("elder", [False, True])
def test_pages_are_readable_in_every_mode(till, visit, elder):
    path = till.begin(Flow.QR)
    with transaction():
        session.merge(till.payer).elder = elder
    session.remove()
    page = visit(path, account=till.payer, elder=elder, width=320)
    page.locator(".pay-qr svg").wait_for()
    assert in_every_look(page, elder=elder, widths=(320,)) == {}
    page.get_by_role("button", name="不付了").click()
    page.wait_for_url("**/back")
    page.goto(page.url.removesuffix("/back") + path)
    page.get_by_text("这次没有付成").first.wait_for()
    assert in_every_look(page, elder=elder, widths=(320,)) == {}
