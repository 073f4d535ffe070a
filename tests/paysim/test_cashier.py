"""The cashier as a payer meets it: H5, JSAPI, the scanning phone; no JavaScript anywhere."""

import re
from urllib.parse import quote

import pytest
import requests
from paysim_wire import Wire

from paysim import ctl
from paysim.outbox import Plan

PORTAL = "http://127.0.0.1:1"
H5 = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}


@pytest.fixture
def wire(paysim):
    paysim.outbox.plans[""] = Plan(drop=True)
    return Wire(paysim)


class Phone(requests.Session):
    """A browser that keeps its cookies."""

    def __init__(self, sim, name="phone-a"):
        super().__init__()
        self.sim, self.trust_env = sim, False
        self.headers["Referer"] = f"{PORTAL}/"
        self.cookies.set("paysim_phone", name, domain="127.0.0.1", path="/")

    def press(self, page, act):
        """Press one of the cashier's buttons; returns the answer, not followed."""
        action = re.search(r'action="(/cashier/\w+)"', page.text)[1]
        return self.post(self.sim.url + action, data={"act": act}, allow_redirects=False)


@pytest.fixture
def phone(paysim):
    with Phone(paysim) as phone:
        yield phone


def state(wire, number="W00000001"):
    return ctl.order_of(wire.sim, number)["state"]


def h5_url(wire):
    return wire.order(product="h5", scene_info=H5).json()["h5_url"]


def jsapi_form(wire, phone="phone-a", **changes):
    openid = wire.sim.openid(wire.merchant.appid, phone)
    prepay = wire.order(product="jsapi", payer={"openid": openid}).json()["prepay_id"]
    signed = {
        "appId": wire.merchant.appid,
        "timeStamp": str(wire.sim.clock.wire()),
        "nonceStr": "N" * 32,
        "package": f"prepay_id={prepay}",
    }
    pay_sign = wire.merchant.key.sign(*signed.values())
    return {**signed, "signType": "RSA", "paySign": pay_sign, "return_url": f"{PORTAL}/back", **changes}


# -- H5 ----------------------------------------------------------------------------------------------


def test_h5_page_shows_payee_sum_and_buttons(wire, phone):
    page = phone.get(h5_url(wire))
    assert page.status_code == 200
    assert "示例收款单位" in page.text
    assert "¥1.00" in page.text
    assert re.findall(r"<button[^>]*>([^<]+)<", page.text) == ["支付成功", "取消", "支付成功，但不返回商家"]
    assert "<script" not in page.text
    assert 'name="viewport"' in page.text


def test_h5_pays_and_returns(wire, phone):
    back = f"{PORTAL}/back?a=1&b=2"
    page = phone.get(f"{h5_url(wire)}&redirect_url={quote(back, safe='')}")
    answer = phone.press(page, "pay")
    assert (answer.status_code, answer.headers["Location"]) == (303, back)
    assert state(wire) == "SUCCESS"


def test_h5_cancel_returns_unpaid(wire, phone):
    page = phone.get(f"{h5_url(wire)}&redirect_url={quote(PORTAL + '/back', safe='')}")
    assert phone.press(page, "cancel").headers["Location"] == f"{PORTAL}/back"
    assert state(wire) == "NOTPAY"


def test_h5_payer_may_never_return(wire, phone):
    page = phone.get(f"{h5_url(wire)}&redirect_url={quote(PORTAL + '/back', safe='')}")
    answer = phone.press(page, "pay_stay")
    assert (answer.status_code, state(wire)) == (200, "SUCCESS")
    assert "支付成功" in answer.text


def test_h5_address_lives_five_minutes_and_must_not_be_changed(wire, phone):
    url = h5_url(wire)
    for changed in (
        url + "&x=1",
        url.replace("package=", "package=0"),
        url.replace("prepay_id=", "prepay_id=x"),
    ):
        assert phone.get(changed).status_code == 400
    wire.sim.clock.advance(301)
    page = phone.get(url)
    assert page.status_code == 400
    assert "已过期" in page.text


def test_h5_wants_to_know_who_sends_the_payer(wire, phone):
    url = h5_url(wire)
    for referer, words in (("", "商家参数格式有误"), ("https://evil.example/", "商家存在未配置的参数")):
        phone.headers["Referer"] = referer
        page = phone.get(url)
        assert (page.status_code, words in page.text) == (400, True)


def test_localhost_is_the_same_site(wire, phone):
    phone.headers["Referer"] = "http://localhost:1/pay"
    back = quote("http://localhost:1/back", safe="")
    assert phone.get(f"{h5_url(wire)}&redirect_url={back}").status_code == 200
    phone.headers["Referer"] = "http://localhost:2/pay"
    assert phone.get(h5_url(wire)).status_code == 400


def test_h5_is_not_for_the_inside_of_wechat(wire, phone):
    phone.headers["User-Agent"] = "Mozilla/5.0 Mobile MicroMessenger/8.0"
    page = phone.get(h5_url(wire))
    assert (page.status_code, "请在微信外打开" in page.text) == (400, True)


def test_way_back_leads_only_to_the_registered_domain(wire, phone):
    for elsewhere in (
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        f"{PORTAL}.evil.example/",
    ):
        page = phone.get(f"{h5_url(wire)}&redirect_url={quote(elsewhere, safe='')}")
        assert page.status_code == 400
        assert "未配置" in page.text


# -- JSAPI -------------------------------------------------------------------------------------------


def test_jsapi_pays_and_returns(wire, phone):
    page = phone.post(f"{wire.sim.url}/cashier/jsapi", data=jsapi_form(wire))
    assert page.status_code == 200
    answer = phone.press(page, "pay")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{PORTAL}/back")
    order = ctl.order_of(wire.sim, "W00000001")
    assert (order["state"], order["payer"]) == ("SUCCESS", order["openid"])


@pytest.mark.parametrize(
    "change",
    [
        {"paySign": ""},
        {"paySign": "AAAA"},
        {"nonceStr": "other"},
        {"timeStamp": "1"},
        {"package": "prepay_id=wx-invented"},
        {"signType": "MD5"},
        {"appId": "wx0000000000000000"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_jsapi_parameters_must_be_the_signed_ones(wire, phone, change):
    page = phone.post(f"{wire.sim.url}/cashier/jsapi", data=jsapi_form(wire, **change))
    assert page.status_code == 400
    assert state(wire) == "NOTPAY"


def test_jsapi_refuses_another_user_until_the_phone_is_changed(wire, phone):
    form = jsapi_form(wire, phone="phone-b")
    page = phone.post(f"{wire.sim.url}/cashier/jsapi", data=form)
    assert (page.status_code, "当前支付用户与下单用户不一致" in page.text) == (400, True)
    assert "换一部手机" in page.text
    with Phone(wire.sim, "phone-b") as right:
        assert right.post(f"{wire.sim.url}/cashier/jsapi", data=form).status_code == 200
        right.post(f"{wire.sim.url}/cashier/phone")
        assert right.post(f"{wire.sim.url}/cashier/jsapi", data=form).status_code == 400


def test_prepay_id_lives_two_hours(wire, phone):
    form = jsapi_form(wire)
    wire.sim.clock.advance(2 * 3600 + 1)
    page = phone.post(f"{wire.sim.url}/cashier/jsapi", data=form)
    assert (page.status_code, "已过期" in page.text) == (400, True)


# -- the phone that scans ----------------------------------------------------------------------------


def test_scan_pays_the_code(wire, phone):
    code = wire.order().json()["code_url"]
    listed = phone.get(f"{wire.sim.url}/cashier/scan")
    assert code in listed.text
    page = phone.get(f"{wire.sim.url}/cashier/scan", params={"code_url": code})
    answer = phone.press(page, "pay")
    assert (answer.status_code, state(wire)) == (200, "SUCCESS")
    assert code not in phone.get(f"{wire.sim.url}/cashier/scan").text


def test_scan_refuses_what_is_no_code(wire, phone):
    for text in ("https://evil.example", "weixin://wxpay/bizpayurl?pr=invented", "x" * 5000):
        assert phone.get(f"{wire.sim.url}/cashier/scan", params={"code_url": text}).status_code == 400


# -- both hands --------------------------------------------------------------------------------------


def test_open_cashier_cannot_pay_a_closed_or_paid_order(wire, phone):
    first = phone.get(h5_url(wire))
    second = phone.get(h5_url(wire))
    assert phone.press(first, "pay").status_code == 200
    answer = phone.press(second, "pay")
    assert (answer.status_code, "已支付" in answer.text) == (400, True)
    wire.order("W00000002")
    code = wire.order("W00000002").json()["code_url"]
    page = phone.get(f"{wire.sim.url}/cashier/scan", params={"code_url": code})
    wire.close("W00000002")
    answer = phone.press(page, "pay")
    assert (answer.status_code, "已关闭" in answer.text) == (400, True)
    assert state(wire, "W00000002") == "CLOSED"


def test_strange_visits_are_answered_in_words(wire, phone):
    page = phone.get(h5_url(wire))
    assert phone.press(page, "").status_code == 400
    assert phone.press(page, "refund").status_code == 400
    assert "页面已失效" in phone.get(f"{wire.sim.url}/cashier/invented").text


def test_names_of_the_portal_are_shown_as_text(wire, phone):
    code = wire.order(description="<b>党费</b>").json()["code_url"]
    page = phone.get(f"{wire.sim.url}/cashier/scan", params={"code_url": code})
    assert "&lt;b&gt;党费&lt;/b&gt;" in page.text
