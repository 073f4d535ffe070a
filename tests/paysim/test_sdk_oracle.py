"""The released SDK wechatpayv3, only its base URL changed, does everything against the simulator.

It is the outside oracle for both sides: written by somebody else, used against the real service by many.
"""

from __future__ import annotations

import json

import pytest
import requests
import wechatpayv3
from paysim_wire import receiving
from wechatpayv3.core import Core

from paysim import ctl
from paysim.faults import Fault
from paysim.testing import credentials


def sdk(account, monkeypatch, *, partner=False):
    """Build the SDK as its README says; the one change is where it finds the gateway."""
    # The certificate-mode constructor calls out at once, so the address must be there before it.
    gate_way = property(lambda self: account["base_url"], lambda self, value: None)
    monkeypatch.setattr(Core, "_gate_way", gate_way, raising=False)
    secrets, settings = account["secrets"], account["settings"]
    public = {"public_key": secrets["public_key"], "public_key_id": settings["public_key_id"]}
    return wechatpayv3.WeChatPay(
        wechatpay_type=wechatpayv3.WeChatPayType.NATIVE,
        mchid=account["mchid"],
        private_key=secrets["private_key"],
        cert_serial_no=settings["merchant_serial"],
        appid=account["appid"],
        apiv3_key=secrets["apiv3_key"],
        notify_url="https://portal.example/hooks/wechatpay/demo/pay",
        timeout=(3, 10),
        partner_mode=partner,
        **(public if settings["public_key_id"] else {}),
    )


@pytest.mark.parametrize("signs_with", ["public_key", "certificate", "both"])
def test_sdk_orders_looks_closes_and_reads_the_callback(paysim, monkeypatch, signs_with):
    account = credentials(paysim, f"sdk-{signs_with}", signs_with=signs_with)
    pay = sdk(account, monkeypatch)
    with receiving(paysim) as receiver:
        origin = receiver.url
        status, text = pay.pay(
            description="党费", out_trade_no="SDK0001", amount={"total": 100}, notify_url=f"{origin}/notify"
        )
        assert status == 200
        assert json.loads(text)["code_url"].startswith("weixin://wxpay/bizpayurl?pr=")
        status, text = pay.query(out_trade_no="SDK0001")
        assert (status, json.loads(text)["trade_state"]) == (200, "NOTPAY")

        paid = ctl.pay(paysim, "SDK0001")
        assert paysim.outbox.settle(10)
        headers, body = receiver.raw[0]
        notice = pay.callback(headers=headers, body=body)
        assert notice["event_type"] == "TRANSACTION.SUCCESS"
        assert notice["resource"]["amount"]["total"] == 100
        assert notice["resource"]["transaction_id"] == paid["transaction_id"]

        status, text = pay.query(transaction_id=paid["transaction_id"])
        assert (status, json.loads(text)["trade_state"]) == (200, "SUCCESS")
        status, text = pay.close(out_trade_no="SDK0001")
        assert (status, json.loads(text)["code"]) == (400, "ORDERPAID")

    assert pay.pay(description="党费", out_trade_no="SDK0002", amount={"total": 1})[0] == 200
    assert pay.close(out_trade_no="SDK0002")[0] == 204
    assert json.loads(pay.query(out_trade_no="SDK0002")[1])["trade_state"] == "CLOSED"


def test_sdk_orders_jsapi_and_h5(paysim, monkeypatch):
    account = credentials(paysim)
    pay = sdk(account, monkeypatch)
    openid = paysim.openid(account["appid"], "phone-a")
    status, text = pay.pay(
        description="党费",
        out_trade_no="SDK0003",
        amount={"total": 100, "currency": "CNY"},
        payer={"openid": openid},
        pay_type=wechatpayv3.WeChatPayType.JSAPI,
    )
    assert status == 200
    prepay = json.loads(text)["prepay_id"]
    package = f"prepay_id={prepay}"
    fields = {"appId": account["appid"], "timeStamp": "1795301042", "nonceStr": "N", "package": package}
    form = {**fields, "signType": "RSA", "paySign": pay.sign(list(fields.values()))}

    with requests.Session() as phone:
        phone.cookies.set("paysim_phone", "phone-a")
        answer = phone.post(f"{paysim.url}/cashier/jsapi", data=form)
        assert answer.status_code == 200
        assert "示例收款单位" in answer.text

    status, text = pay.pay(
        description="党费",
        out_trade_no="SDK0004",
        amount={"total": 100},
        scene_info={"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}},
        pay_type=wechatpayv3.WeChatPayType.H5,
    )
    assert status == 200
    assert json.loads(text)["h5_url"].startswith(paysim.url)


def test_sdk_in_partner_mode(paysim, monkeypatch):
    account = credentials(paysim, "partner", mode="partner")
    pay = sdk(account, monkeypatch, partner=True)
    order = {"description": "党费", "out_trade_no": "SDK0005", "amount": {"total": 100}}
    assert pay.pay(**order, sub_mchid=account["sub_mchid"])[0] == 200
    status, text = pay.query(out_trade_no="SDK0005", sub_mchid=account["sub_mchid"])
    assert (status, json.loads(text)["trade_state"]) == (200, "NOTPAY")
    assert pay.close(out_trade_no="SDK0005", sub_mchid=account["sub_mchid"])[0] == 204
    assert pay.pay(**order, sub_mchid="1600000000")[0] == 403


def test_sdk_refuses_a_probe_on_a_reply(paysim, monkeypatch):

    pay = sdk(credentials(paysim), monkeypatch)
    paysim.faults.add(Fault(on="create", mode="probe"))
    with pytest.raises(Exception, match="failed to verify the signature"):
        pay.pay(description="党费", out_trade_no="SDK0006", amount={"total": 100})
    # The retry is never probed.
    assert pay.pay(description="党费", out_trade_no="SDK0006", amount={"total": 100})[0] == 200
