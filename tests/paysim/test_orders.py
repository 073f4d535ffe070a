"""Orders: what may be asked, what becomes of them, and when they end."""

from datetime import timedelta

import pytest
from paysim_wire import Wire

from paysim import ctl
from paysim.clock import china_time


@pytest.fixture
def wire(paysim):
    return Wire(paysim)


H5 = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}

WRONG = {
    "short number": ({"out_trade_no": "W1"}, "/out_trade_no"),
    "long number": ({"out_trade_no": "W" * 33}, "/out_trade_no"),
    "strange number": ({"out_trade_no": "W0000000/"}, "/out_trade_no"),
    "no description": ({"description": None}, "/description"),
    "long description": ({"description": "党" * 128}, "/description"),
    "zero": ({"amount": {"total": 0}}, "/amount/total"),
    "negative": ({"amount": {"total": -1}}, "/amount/total"),
    "float": ({"amount": {"total": 1.0}}, "/amount/total"),
    "text": ({"amount": {"total": "100"}}, "/amount/total"),
    "true": ({"amount": {"total": True}}, "/amount/total"),
    "dollars": ({"amount": {"total": 1, "currency": "USD"}}, "/amount/currency"),
    "no amount": ({"amount": None}, "/amount"),
    "http": ({"notify_url": "http://portal.example/notify"}, "/notify_url"),
    "query": ({"notify_url": "https://portal.example/notify?a=1"}, "/notify_url"),
    "no notify_url": ({"notify_url": None}, "/notify_url"),
    "civil time": ({"time_expire": "2026-11-21 12:00:00"}, "/time_expire"),
    "no zone": ({"time_expire": "2099-11-21T12:00:00"}, "/time_expire"),
    "past": ({"time_expire": "2020-01-01T00:00:00+08:00"}, "/time_expire"),
    "years ahead": ({"time_expire": "2099-01-01T00:00:00+08:00"}, "/time_expire"),
    "no such day": ({"time_expire": "2026-02-30T00:00:00+08:00"}, "/time_expire"),
    "long attach": ({"attach": "x" * 129}, "/attach"),
    "payer in native": ({"payer": {"openid": "o"}}, "/payer"),
    "unknown field": ({"colour": "red"}, "/colour"),
}


@pytest.mark.parametrize(("change", "field"), WRONG.values(), ids=WRONG)
def test_wrong_field_is_named(wire, change, field):
    reply = wire.order(**change)
    assert (reply.status_code, reply.json()["code"]) == (400, "PARAM_ERROR")
    assert (reply.json()["detail"]["field"], reply.json()["detail"]["location"]) == (field, "body")


@pytest.mark.parametrize(
    ("scene", "field"),
    [
        (None, "/scene_info"),
        ({**H5, "payer_client_ip": "1.2.3"}, "/scene_info/payer_client_ip"),
        ({"payer_client_ip": "127.0.0.1"}, "/scene_info/h5_info/type"),
        ({**H5, "h5_info": {"type": "Fridge"}}, "/scene_info/h5_info/type"),
    ],
)
def test_h5_needs_the_scene(wire, scene, field):
    assert wire.order(product="h5", scene_info=scene).json()["detail"]["field"] == field
    assert wire.order(product="h5", scene_info=H5).status_code == 200


def test_jsapi_needs_an_openid_of_this_app(wire):
    mine = wire.sim.openid(wire.merchant.appid, "phone")
    foreign = wire.sim.openid("wx-another-app", "phone")
    for payer in (None, {}, {"openid": ""}, {"openid": "invented"}, {"openid": foreign}):
        assert wire.order(product="jsapi", payer=payer).json()["code"] == "PARAM_ERROR", payer
    assert wire.order(product="jsapi", payer={"openid": mine}).json()["prepay_id"].startswith("wx")


def test_app_must_be_bound_to_the_merchant(wire):
    reply = wire.order(appid="wx0000000000000000")
    assert (reply.status_code, reply.json()["code"]) == (400, "APPID_MCHID_NOT_MATCH")


def test_same_parameters_give_a_new_code_and_others_are_refused(wire):
    first, second = wire.order(), wire.order()
    assert first.json()["code_url"] != second.json()["code_url"]
    for reply in (wire.order(description="别的"), wire.order(product="h5", scene_info=H5)):
        assert (reply.status_code, reply.json()["code"]) == (403, "OUT_TRADE_NO_USED")


def test_transaction_id_comes_with_the_money(wire):
    wire.order()
    unpaid = wire.query().json()
    assert (unpaid["trade_state"], unpaid["payer"]) == ("NOTPAY", {})
    assert not {"transaction_id", "success_time"} & set(unpaid)
    paid = ctl.pay(wire.sim, "W00000001", coupon_fen=40)
    shown = wire.query().json()
    assert (shown["trade_state"], shown["trade_type"]) == ("SUCCESS", "NATIVE")
    assert shown["transaction_id"] == paid["transaction_id"]
    assert shown["success_time"] == china_time(paid["paid_at"])
    assert shown["success_time"].endswith("+08:00")
    assert (shown["amount"]["total"], shown["amount"]["payer_total"]) == (100, 60)
    assert shown["promotion_detail"][0]["amount"] == 40
    assert (
        wire.call(
            "GET", f"/v3/pay/transactions/id/{paid['transaction_id']}?mchid={wire.merchant.mchid}"
        ).json()["out_trade_no"]
        == "W00000001"
    )


def test_query_may_lag_behind_the_payment(wire):
    wire.sim.query_delay = 10
    wire.order()
    ctl.pay(wire.sim, "W00000001")
    assert wire.query().json()["trade_state"] == "NOTPAY"
    wire.sim.clock.advance(11)
    assert wire.query().json()["trade_state"] == "SUCCESS"


def test_close_is_empty_and_may_be_repeated(wire):
    wire.order()
    for _ in range(2):
        reply = wire.close()
        assert (reply.status_code, reply.content) == (204, b"")
    assert wire.query().json()["trade_state"] == "CLOSED"
    assert (wire.order().status_code, wire.order().json()["code"]) == (400, "ORDER_CLOSED")
    assert wire.close("W-NEVER-ASKED").json()["code"] == "ORDER_NOT_EXIST"
    assert wire.close(colour="red").json()["code"] == "PARAM_ERROR"


@pytest.mark.parametrize("spelling", ["ORDERPAID", "ORDER_PAID"])
def test_paid_order_is_neither_closed_nor_ordered_again(wire, spelling):
    wire.sim.paid_code = spelling
    wire.order()
    ctl.pay(wire.sim, "W00000001")
    for reply in (wire.close(), wire.order()):
        assert (reply.status_code, reply.json()["code"]) == (400, spelling)


def test_time_expire_changes_no_state_and_seven_days_close(wire):
    soon = china_time((wire.sim.clock.now() + timedelta(minutes=2)).timestamp())
    wire.order(time_expire=soon)
    wire.sim.clock.advance(3600)
    assert wire.query().json()["trade_state"] == "NOTPAY"
    wire.sim.clock.advance(7 * 86400)
    assert wire.query().json()["trade_state"] == "CLOSED"


def test_late_success_of_a_bank_arrives_after_close(wire):
    wire.order()
    wire.close()
    ctl.pay(wire.sim, "W00000001")
    assert wire.query().json()["trade_state"] == "CLOSED"
    ctl.pay(wire.sim, "W00000001", late=True)
    assert wire.query().json()["trade_state"] == "SUCCESS"


def test_paid_twice_is_taken_once_and_the_balance_knows(wire):
    for number in ("W00000001", "W00000002"):
        wire.order(number)
        first = ctl.pay(wire.sim, number)
        assert ctl.pay(wire.sim, number)["transaction_id"] == first["transaction_id"]
    assert ctl.balance(wire.sim, wire.merchant.mchid) == 200


def test_channel_may_say_another_amount(wire):
    wire.order()
    ctl.pay(wire.sim, "W00000001", total=99)
    assert wire.query().json()["amount"]["total"] == 99
    assert ctl.balance(wire.sim, wire.merchant.mchid) == 99
