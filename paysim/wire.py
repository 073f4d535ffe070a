"""The wire of WeChat Pay: paths, request signatures, signed replies, and replies that go wrong."""

from __future__ import annotations

import json
import re
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask, Response, request

from . import cashier, oauth, orders, sealed, validation
from .faults import Fault
from .ground import Ground
from .merchants import Merchant
from .refusal import Refusal, param_error

MAX_SKEW = 300
_FIELDS = ("mchid", "nonce_str", "signature", "timestamp", "serial_no")
_SCHEME = re.compile(r"WECHATPAY2-SHA256-RSA2048 (.+)")
_PAIR = re.compile(r'(\w+)="([^"]*)"')
_BASE = r"/v3/pay/(?P<partner>partner/)?transactions"
_ROUTES = (
    ("POST", re.compile(_BASE + r"/(?P<product>jsapi|h5|native)"), "create"),
    ("GET", re.compile(_BASE + r"/out-trade-no/(?P<number>[^/]+)"), "query"),
    ("GET", re.compile(_BASE + r"/id/(?P<transaction>[^/]+)"), "query"),
    ("POST", re.compile(_BASE + r"/out-trade-no/(?P<number>[^/]+)/close"), "close"),
    ("GET", re.compile(r"/v3/certificates"), "certificates"),
)
Result = tuple[int, dict[str, Any] | None]


def create_app(sim: Ground) -> Flask:
    """Return the public side: API, OAuth and cashier."""
    app = Flask("paysim", template_folder="templates")
    app.register_blueprint(cashier.create(sim))
    app.register_blueprint(oauth.create(sim))

    @app.route("/v3/<path:path>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def api(path: str) -> Response:
        return _Call(sim).answer()

    return app


class _Call:
    """One API call: find the operation, prove the sender, do it, sign the reply."""

    def __init__(self, sim: Ground) -> None:
        self.sim, self.target = sim, request.environ["RAW_URI"]
        self.body = request.get_data()
        self.fault: Fault | None = None

    def answer(self) -> Response:
        """Return the reply, right or wrong."""
        found = [(m, match, op) for m, p, op in _ROUTES if (match := p.fullmatch(request.path))]
        if not found:
            return Response(status=404)
        matching = [(match, op) for method, match, op in found if method == request.method]
        if not matching:
            return Response(status=405)
        match, operation = matching[0]
        try:
            merchant = self._authenticate()
            result = self._perform(operation, merchant, match.groupdict())
        except Refusal as refusal:
            return self._refuse(refusal)
        if self.fault and self.fault.mode in _BROKEN:
            return _BROKEN[self.fault.mode](self, result, merchant)
        return self._reply(result, merchant, fault=self.fault.mode if self.fault else "")

    # -- proof of the sender ----------------------------------------------------------------------------

    def _authenticate(self) -> Merchant:
        fields = _read_authorization(request.headers.get("Authorization", ""))
        timestamp = fields["timestamp"]
        if not timestamp.isdigit() or abs(self.sim.clock.wire() - int(timestamp)) > MAX_SKEW:
            raise _sign_error("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
        merchant = self.sim.registry.by_mchid(fields["mchid"])
        if merchant is None or fields["serial_no"] != merchant.serial:
            raise _sign_error("商户证书序列号有误。请使用签名私钥匹配的证书序列号")
        if not merchant.key.verifies(
            fields["signature"], request.method, self.target, timestamp, fields["nonce_str"], self.body
        ):
            raise _sign_error("错误的签名，验签失败")
        if request.path == "/v3/certificates" and not (
            request.headers.get("Accept") and request.headers.get("User-Agent")
        ):
            raise Refusal(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent")
        return merchant

    def _same_merchant(self, merchant: Merchant, given: dict[str, Any]) -> None:
        name = validation.names(merchant)["mchid"]
        if given.get(name) != merchant.mchid:
            raise _sign_error(f"Http头Authorization中的mchid与{name}不一致")
        if merchant.mode == "partner" and given.get("sub_mchid") != merchant.sub_mchid:
            raise Refusal(403, "NO_AUTH", "特约子商户商户号未授权服务商的产品权限")

    # -- the operations -----------------------------------------------------------------------------------

    def _perform(self, operation: str, merchant: Merchant, found: dict[str, str | None]) -> Result:
        if "partner" in found and bool(found["partner"]) != (merchant.mode == "partner"):
            raise Refusal(403, "NO_AUTH", "商户号没有该接口的权限")
        sim, body = self.sim, self._json() if request.method == "POST" else {}
        number = str(found.get("number") or body.get("out_trade_no") or "")
        if operation != "certificates":
            self._same_merchant(merchant, body if request.method == "POST" else request.args.to_dict())
        fault = self.fault = sim.faults.take(operation, number)
        if fault and fault.mode == "refuse_500":
            raise Refusal(500, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用")
        if fault and fault.mode == "pay_first":
            order = orders.require(sim, merchant.mchid, number)
            orders.pay(sim, order, payer=order["openid"] or sim.openid(merchant.appid, "fault"))
        if operation == "create":
            reply = orders.create(sim, merchant, str(found["product"]), body)
            if fault and fault.mode == "pay_and_notify":
                self._pay_before_reply(merchant, number)
            return 200, reply
        if operation == "close":
            _only(body, {*validation.names(merchant).values(), "sub_mchid"})
            orders.close(sim, merchant, number)
            return 204, None
        if operation == "certificates":
            if merchant.signs_with == "public_key":
                raise Refusal(404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请使用微信支付公钥")
            return 200, sealed.certificates(sim, merchant)
        if found.get("transaction"):
            row = sim.store.one(
                "SELECT out_trade_no FROM pay_order WHERE mchid = ? AND transaction_id = ?",
                merchant.mchid,
                found["transaction"],
            )
            number = row["out_trade_no"] if row else ""
        return 200, orders.view(sim, orders.require(sim, merchant.mchid, number))

    def _pay_before_reply(self, merchant: Merchant, number: str) -> None:
        sim = self.sim
        order = orders.require(sim, merchant.mchid, number)
        orders.pay(sim, order, payer=order["openid"] or sim.openid(merchant.appid, "fault"))
        sim.outbox.settle(10)

    def _json(self) -> dict[str, Any]:
        try:
            data = json.loads(self.body)
        except ValueError:
            raise param_error("", "", "请求体不是合法的JSON") from None
        if not isinstance(data, dict):
            raise param_error("", "", "请求体应为JSON对象")
        return data

    # -- replies ------------------------------------------------------------------------------------------

    def _reply(self, result: Result, merchant: Merchant, *, fault: str = "") -> Response:
        status, data = result
        body = b"" if data is None else json.dumps(data, ensure_ascii=False).encode()
        headers = {"Request-ID": self.sim.text(40)}
        if fault != "unsigned":
            asked = request.headers.get("Wechatpay-Serial", "")
            headers |= sealed.headers(self.sim, merchant, body, asked=asked, fault=fault)
        return Response(body, status=status, headers=headers, mimetype="application/json" if body else None)

    def _refuse(self, refusal: Refusal) -> Response:
        body = json.dumps(refusal.body(), ensure_ascii=False).encode()
        headers = {"Request-ID": self.sim.text(40)}
        mode = self.fault.mode if self.fault else ""
        if mode in {"signed_refusal", "bad_signed_refusal"}:
            merchant = next(iter(self.sim.registry.merchants.values()))
            wrong = "wrong_signature" if mode == "bad_signed_refusal" else ""
            headers |= sealed.headers(self.sim, merchant, body, fault=wrong)
        return Response(body, status=refusal.status, headers=headers, mimetype="application/json")

    def _broken(self, status: int, code: str) -> Response:
        if not code:
            return Response("<html><body>Bad Gateway</body></html>", status=status, mimetype="text/html")
        return self._refuse(Refusal(status, code, "系统繁忙"))

    def _half(self, result: Result, merchant: Merchant) -> Response:
        whole = self._reply(result, merchant)
        body, connection = whole.get_data(), request.environ["werkzeug.socket"]

        def half() -> Iterator[bytes]:
            yield body[: len(body) // 2]
            connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError

        whole.response = half()
        whole.headers["Content-Length"] = str(max(len(body), 2))
        return whole

    def _hang(self, result: Result, merchant: Merchant) -> Response:
        assert self.fault is not None
        self.sim.stopping.wait(self.fault.seconds)
        return self._reset(result, merchant)

    def _reset(self, result: Result, merchant: Merchant) -> Response:
        connection = request.environ["werkzeug.socket"]
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        def nothing() -> Iterator[bytes]:
            connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionResetError
            yield b""

        return Response(nothing())


_Breaker = Callable[[_Call, Result, Merchant], Response]
_BROKEN: dict[str, _Breaker] = {
    "hang": _Call._hang,
    "reset": _Call._reset,
    "half_body": _Call._half,
    "500": lambda call, result, merchant: call._broken(500, "SYSTEM_ERROR"),
    "502": lambda call, result, merchant: call._broken(502, ""),
    "503": lambda call, result, merchant: call._broken(503, ""),
    "429": lambda call, result, merchant: call._broken(429, "FREQUENCY_LIMITED"),
    "202": lambda call, result, merchant: call._broken(202, "SYSTEM_ERROR"),
}


def _read_authorization(header: str) -> dict[str, str]:
    scheme = _SCHEME.fullmatch(header)
    pairs = [_PAIR.fullmatch(part.strip()) for part in scheme[1].split(",")] if scheme else []
    fields = {pair[1]: pair[2] for pair in pairs if pair}
    if len(pairs) != len(_FIELDS) or set(fields) != set(_FIELDS) or not all(fields.values()):
        raise _sign_error("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》")
    return fields


def _sign_error(message: str) -> Refusal:
    return Refusal(401, "SIGN_ERROR", message)


def _only(body: dict[str, Any], allowed: set[str]) -> None:
    for field in body:
        if field not in allowed:
            raise param_error(field, body[field], "字段不存在")
