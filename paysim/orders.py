"""Keep orders the way WeChat keeps them: create, look, pay, close."""

from __future__ import annotations

import json
from typing import Any

from . import validation
from .clock import china_time
from .ground import Ground
from .merchants import Merchant
from .refusal import Refusal, param_error

VALID = {"jsapi": 2 * 3600, "native": 2 * 3600, "h5": 300}  # seconds a prepay_id, code_url, h5_url lives
AUTO_CLOSE = 7 * 86400
_TRADE_TYPES = {"jsapi": "JSAPI", "h5": "MWEB", "native": "NATIVE"}
_STATES = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭", "REFUND": "转入退款"}


def create(sim: Ground, merchant: Merchant, product: str, body: dict[str, Any]) -> dict[str, str]:
    """Order, or order again with the same parameters; returns prepay_id, h5_url or code_url."""
    now = sim.clock.time()
    wanted = validation.order(body, product=product, merchant=merchant, now=now, is_portal=sim.is_portal)
    request = json.dumps(body, sort_keys=True, ensure_ascii=False)
    with sim.store.transaction():
        if wanted.openid and not sim.store.one(
            "SELECT 1 FROM openid WHERE openid = ? AND appid = ?", wanted.openid, wanted.appid
        ):
            raise param_error("payer.openid", "", "无效的openid")
        order = find(sim, merchant.mchid, wanted.out_trade_no)
        if order is None:
            sim.store.add(
                "pay_order",
                mchid=merchant.mchid,
                out_trade_no=wanted.out_trade_no,
                product=product,
                request=request,
                appid=wanted.appid,
                total=wanted.total,
                description=wanted.description,
                attach=wanted.attach,
                openid=wanted.openid,
                notify_url=wanted.notify_url,
                sub_mchid=wanted.sub_mchid,
                time_expire=wanted.time_expire,
                created_at=now,
                state="NOTPAY",
            )
        else:
            _refuse_other(sim, order, product, request)
        token = sim.text(36) if product != "native" else sim.text(9)
        expires = min(now + VALID[product], wanted.time_expire)
        if product == "jsapi":
            token = f"wx{china_time(now)[:19].translate({45: None, 58: None, 84: None})}{token}"[:64]
        sim.store.add(
            "prepay",
            token=token,
            mchid=merchant.mchid,
            out_trade_no=wanted.out_trade_no,
            product=product,
            expires_at=expires,
        )
    if product == "jsapi":
        return {"prepay_id": token}
    if product == "h5":
        package = sim.registry.public_key.sign(token)[:10].encode().hex()
        return {"h5_url": f"{sim.url}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id={token}&package={package}"}
    return {"code_url": f"weixin://wxpay/bizpayurl?pr={token}"}


def _refuse_other(sim: Ground, order: dict[str, Any], product: str, request: str) -> None:
    if order["state"] in {"SUCCESS", "REFUND"}:
        raise Refusal(400, sim.paid_code, "该订单已支付")
    if order["state"] == "CLOSED":
        raise Refusal(400, "ORDER_CLOSED", "订单已关闭")
    if order["product"] != product or order["request"] != request:
        raise Refusal(403, "OUT_TRADE_NO_USED", "商户订单号重复")


def find(sim: Ground, mchid: str, out_trade_no: str) -> dict[str, Any] | None:
    """Return one merchant's order; unpaid for seven days it closes by itself, at time_expire it does not."""
    sim.store.run(
        "UPDATE pay_order SET state = 'CLOSED' WHERE state = 'NOTPAY' AND created_at < ?",
        sim.clock.time() - AUTO_CLOSE,
    )
    return sim.store.one("SELECT * FROM pay_order WHERE mchid = ? AND out_trade_no = ?", mchid, out_trade_no)


def require(sim: Ground, mchid: str, out_trade_no: str) -> dict[str, Any]:
    """Return the order or refuse: another merchant's order does not exist either."""
    order = find(sim, mchid, out_trade_no)
    if order is None:
        raise Refusal(404, "ORDER_NOT_EXIST", "订单不存在")
    return order


def view(sim: Ground, order: dict[str, Any], *, delayed: bool = True) -> dict[str, Any]:
    """Return an order as a query or a notification shows it; `transaction_id` only once paid."""
    merchant = sim.registry.by_mchid(order["mchid"])
    assert merchant is not None
    spelled = validation.names(merchant)
    state = order["state"]
    if delayed and state == "SUCCESS" and sim.clock.time() < order["paid_at"] + sim.query_delay:
        state = "NOTPAY"
    shown: dict[str, Any] = {
        spelled["appid"]: order["appid"],
        spelled["mchid"]: order["mchid"],
        "out_trade_no": order["out_trade_no"],
        "trade_state": state,
        "trade_state_desc": _STATES[state],
        "attach": order["attach"],
        "promotion_detail": [],
        "payer": {},
        "amount": {"total": order["total"], "currency": "CNY", "payer_currency": "CNY"},
    }
    if order["sub_mchid"]:
        shown["sub_mchid"] = order["sub_mchid"]
    if state in {"SUCCESS", "REFUND"}:
        total = order["paid_total"]
        shown |= {
            "transaction_id": order["transaction_id"],
            "trade_type": _TRADE_TYPES[order["product"]],
            "bank_type": "OTHERS",
            "success_time": china_time(order["paid_at"]),
            "payer": {spelled["openid"]: order["payer"]},
        }
        shown["amount"] |= {"total": total, "payer_total": order["payer_total"]}
        coupon = total - order["payer_total"]
        if coupon > 0:
            shown["promotion_detail"] = [
                {"coupon_id": sim.text(12), "scope": "GLOBAL", "type": "CASH", "amount": coupon}
            ]
    return shown


def pay(
    sim: Ground,
    order: dict[str, Any],
    *,
    payer: str,
    late: bool = False,
    coupon_fen: int = 0,
    total: int = 0,
) -> dict[str, Any]:
    """Take the money and queue the notification; returns the order as it now is.

    `late` is a bank's success after the order was closed. `total` is what the channel then says was paid,
    where that shall differ from the order (a compromised configuration).
    """
    allowed = ("NOTPAY", "CLOSED") if late else ("NOTPAY", "NOTPAY")
    paid_total = total or order["total"]
    with sim.store.transaction():
        changed = sim.store.run(
            "UPDATE pay_order SET state = 'SUCCESS', transaction_id = ?, paid_at = ?, payer = ?,"
            " payer_total = ?, paid_total = ? WHERE mchid = ? AND out_trade_no = ? AND state IN (?, ?)",
            "42000" + sim.text(23, "0123456789"),
            sim.clock.time(),
            payer,
            paid_total - coupon_fen,
            paid_total,
            order["mchid"],
            order["out_trade_no"],
            *allowed,
        )
        order = require(sim, order["mchid"], order["out_trade_no"])
        if changed:
            sim.outbox.queue(order)
    sim.outbox.wake()
    return order


def close(sim: Ground, merchant: Merchant, out_trade_no: str) -> None:
    """Close an unpaid order; closing again is fine, closing a paid one is refused."""
    with sim.store.transaction():
        order = require(sim, merchant.mchid, out_trade_no)
        if order["state"] in {"SUCCESS", "REFUND"}:
            raise Refusal(400, sim.paid_code, "该订单已支付")
        sim.store.run(
            "UPDATE pay_order SET state = 'CLOSED' WHERE mchid = ? AND out_trade_no = ?",
            merchant.mchid,
            out_trade_no,
        )
