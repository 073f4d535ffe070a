"""What the plugin offers, what an account needs, and what must never be logged."""

import logging
from dataclasses import replace

import pytest

from paysim import ctl
from plugins.wechatpay.plugin import flow_for, plugin
from plugins.wechatpay.provider import HOSTS, WechatPay
from portal.api import Flow, IdentifiesPayer, MerchantAccountInfo, clock

BROWSERS = {
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.50": Flow.JSAPI,
    "Mozilla/5.0 (Linux; Android 14) Chrome/116 Mobile Safari/537.36 MicroMessenger/8.0.49": Flow.JSAPI,
    "Mozilla/5.0 (Windows NT 10.0) Chrome/116 MicroMessenger/7.0.20 WindowsWechat": Flow.JSAPI,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile wxwork/4.1 MicroMessenger/7.0.1": Flow.H5,
    "Mozilla/5.0 (Linux; Android 13; HUAWEI) HuaweiBrowser/14 Mobile Safari/537.36": Flow.H5,
    "Mozilla/5.0 (Phone; OpenHarmony 5.0) ArkWeb/4.1 Mobile": Flow.H5,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126 Safari/537.36": Flow.QR,
    "": Flow.QR,
}


@pytest.mark.parametrize(("user_agent", "flow"), BROWSERS.items(), ids=range(len(BROWSERS)))
def test_flow_suits_the_browser(user_agent, flow):
    assert flow_for(user_agent) is flow


def test_spec_describes_what_the_provider_reads(world):
    (spec,) = plugin.payment_providers(district=None)
    assert (spec.id, spec.flows, spec.can_close) == ("wechatpay", {Flow.JSAPI, Flow.H5, Flow.QR}, True)
    named = {field.name for field in spec.fields}
    demo_only = {"oauth_authorize_url", "oauth_api_url", "jsapi_bridge_url", "scan_page_url"}
    assert named == (set(world.account.settings) | set(world.account.secrets)) - demo_only
    assert {field.name for field in spec.fields if field.secret} == set(world.account.secrets)
    assert isinstance(spec.factory(world.account, None, clock), IdentifiesPayer)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mchid": ""}, "missing: mchid"),
        ({"appid": ""}, "missing: appid"),
        ({"merchant_serial": ""}, "missing: merchant_serial"),
        ({"private_key": ""}, "missing: private_key"),
        ({"apiv3_key": ""}, "missing: apiv3_key"),
        ({"public_key": ""}, "missing: public_key"),
        ({"mode": "partner"}, "missing: sub_mchid"),
        ({"apiv3_key": "0" * 31}, "apiv3_key: 32 bytes"),
        ({"base_url": "ftp://127.0.0.1"}, "a base address"),
        ({"base_url": "http://127.0.0.1/v3"}, "a base address"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_account_set_up_wrongly_is_said_at_once(world, change, words):
    with pytest.raises(ValueError, match=words):
        world.build(**change)


def test_keys_that_are_no_keys_are_said_at_once(world):
    for change in ({"private_key": "-----BEGIN"}, {"public_key": world.sim.registry.certificate_pem}):
        with pytest.raises(ValueError):
            world.build(**change)


def test_account_without_base_address_uses_both_of_wechats_sites(world):
    assert world.build(base_url="").client.hosts == HOSTS


def test_request_that_cannot_be_right_is_never_sent(world):
    for flow, lack in ((Flow.JSAPI, {"openid": ""}), (Flow.H5, {"client_ip": ""})):
        with pytest.raises(ValueError, match="needs"):
            world.provider.create(replace(world.request(flow=flow), **lack))


def test_nothing_personal_and_no_secret_is_logged(world, caplog):
    caplog.set_level(logging.DEBUG)
    world.provider.create(world.request(flow=Flow.JSAPI))
    number = world.paid(flow=Flow.JSAPI)
    world.fault("query", "wrong_signature")
    world.provider.query(number)
    world.provider.query("D-NEVER-ASKED")
    world.reason(world.callback(number))
    world.reason(world.callback(number, "wrong_apiv3_key"))
    world.provider.identify("invented")
    world.build(oauth_api_url="http://127.0.0.1:9").identify("invented")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("plugins.wechatpay")]
    mchid = world.account.mchid
    assert ours == [
        f"query of merchant {mchid}: unknown, unverified_signature",
        f"query of merchant {mchid}: rejected, ORDER_NOT_EXIST",
    ]
    for hidden in (*world.account.secrets.values(), world.openid, "WECHATPAY2", "paySign", "60.00"):
        assert not hidden or hidden not in caplog.text
    assert ctl.order_of(world.sim, number)["state"] == "SUCCESS"


def test_provider_says_nothing_of_itself_in_repr(world):
    assert isinstance(world.provider, WechatPay)
    assert isinstance(world.account, MerchantAccountInfo)
    for secret in world.account.secrets.values():
        assert not secret or secret not in repr(world.provider) + repr(world.account)
