"""The control port: move the clock, pay, break things, look inside. JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flask import Blueprint, Flask, request

from . import orders
from .faults import Fault
from .ground import Ground
from .merchants import Merchant
from .notify import Notifier
from .outbox import Plan
from .refusal import Refusal

Answer = dict[str, Any] | tuple[dict[str, Any], int]


def create_app(sim: Ground, notifier: Notifier, start_over: Callable[[], None]) -> Flask:
    """Return the control side; `start_over` forgets everything but the merchants."""
    app = Flask("paysim-ctl")
    app.register_blueprint(_looking(sim))
    app.register_blueprint(_acting(sim, notifier, start_over))

    @app.errorhandler(Refusal)
    def refused(error: Refusal) -> Answer:
        return {"error": error.code}, 404

    @app.errorhandler(ValueError)
    @app.errorhandler(TypeError)
    def wrong(error: Exception) -> Answer:
        return {"error": str(error)}, 400

    return app


def merchant_of(sim: Ground, name: str) -> Merchant:
    """Return a merchant by slug or number; the only one when none is named."""
    found = sim.registry.merchants.get(name) or sim.registry.by_mchid(name)
    if found is None and not name and len(sim.registry.merchants) == 1:
        found = next(iter(sim.registry.merchants.values()))
    if found is None:
        raise Refusal(404, "MERCHANT", "no such merchant")
    return found


def order_of(sim: Ground, out_trade_no: str) -> dict[str, Any]:
    """Return an order by its number alone."""
    row = sim.store.one("SELECT mchid FROM pay_order WHERE out_trade_no = ?", out_trade_no)
    return orders.require(sim, row["mchid"] if row else "", out_trade_no)


def pay(sim: Ground, out_trade_no: str, *, phone: str = "phone", **options: Any) -> dict[str, Any]:
    """Pay an order without the cashier."""
    order = order_of(sim, out_trade_no)
    payer = order["openid"] or sim.openid(order["appid"], phone)
    return orders.pay(sim, order, payer=payer, **options)


def balance(sim: Ground, mchid: str) -> int:
    """Return what WeChat holds for a merchant, in fen."""
    row = sim.store.one(
        "SELECT coalesce(sum(paid_total), 0) AS fen FROM pay_order WHERE mchid = ? AND paid_at IS NOT NULL",
        mchid,
    )
    assert row is not None
    return int(row["fen"])


def _looking(sim: Ground) -> Blueprint:
    look = Blueprint("look", __name__, url_prefix="/_ctl")

    @look.get("/merchants")
    def merchants() -> Answer:
        return {"merchants": [sim.registry.describe(m, sim.url) for m in sim.registry.merchants.values()]}

    @look.get("/orders")
    def all_orders() -> Answer:
        return {"orders": sim.store.all("SELECT * FROM pay_order ORDER BY created_at")}

    @look.get("/notifications")
    def notifications() -> Answer:
        return {"notifications": sim.store.all("SELECT * FROM notification ORDER BY id")}

    @look.get("/balance/<name>")
    def held(name: str) -> Answer:
        return {"fen": balance(sim, merchant_of(sim, name).mchid)}

    @look.get("/clock")
    def clock() -> Answer:
        return {"now": sim.clock.now().isoformat(), "wire": sim.clock.wire()}

    return look


def _acting(sim: Ground, notifier: Notifier, start_over: Callable[[], None]) -> Blueprint:
    act = Blueprint("act", __name__, url_prefix="/_ctl")

    def body() -> dict[str, Any]:
        data = request.get_json(silent=True)
        return data if isinstance(data, dict) else {}

    @act.post("/reset")
    def reset() -> Answer:
        start_over()
        return {}

    @act.post("/merchants")
    def add_merchant() -> Answer:
        merchant = sim.registry.ensure(**body())
        sim.write_merchants()
        return sim.registry.describe(merchant, sim.url)

    @act.post("/users")
    def add_user() -> Answer:
        data = body()
        appid = merchant_of(sim, data.get("merchant", "")).appid
        return {"openid": sim.openid(appid, data.get("phone", "phone"))}

    @act.post("/clock")
    def move() -> Answer:
        data = body()
        sim.clock.advance(float(data["advance"]), wire=bool(data.get("wire")))
        return {"now": sim.clock.now().isoformat()}

    @act.post("/pay")
    def pay_order() -> Answer:
        order = pay(sim, **body())
        return {"state": order["state"], "transaction_id": order["transaction_id"]}

    @act.post("/refunded")
    def refunded() -> Answer:
        order = order_of(sim, body()["out_trade_no"])
        sim.store.run(
            "UPDATE pay_order SET state = 'REFUND'"
            " WHERE state = 'SUCCESS' AND mchid = ? AND out_trade_no = ?",
            order["mchid"],
            order["out_trade_no"],
        )
        return {}

    @act.post("/faults")
    def add_fault() -> Answer:
        data = body()
        if "rate" in data:
            sim.faults.rate = float(data["rate"])
        else:
            sim.faults.add(Fault(**data))
        return {}

    @act.post("/plan")
    def plan() -> Answer:
        data = body()
        sim.outbox.plans[data.pop("out_trade_no", "")] = replace(Plan(), **data)
        return {}

    @act.post("/notify")
    def notify() -> Answer:
        data = body()
        order = order_of(sim, data.pop("out_trade_no"))
        return {"statuses": notifier.send(order, **data)}

    @act.post("/release")
    def release() -> Answer:
        return {"statuses": notifier.release(body()["out_trade_no"])}

    @act.post("/settle")
    def settle() -> Answer:
        return {"settled": sim.outbox.settle(float(body().get("seconds", 10)))}

    @act.post("/switches")
    def switches() -> Answer:
        data = body()
        sim.paid_code = data.get("paid_code", sim.paid_code)
        sim.query_delay = float(data.get("query_delay", sim.query_delay))
        notifier.timeout = float(data.get("notify_timeout", notifier.timeout))
        return {"paid_code": sim.paid_code, "query_delay": sim.query_delay}

    return act
