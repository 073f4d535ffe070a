"""The cashier a payer meets: in WeChat, in a phone browser, and as the phone that scans. No JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from . import orders
from .ground import Ground

COOKIE = "paysim_phone"
_JSAPI_FIELDS = ("appId", "timeStamp", "nonceStr", "package", "signType", "paySign")


class Problem(Exception):
    """Something the real cashier would show instead of itself."""


class WrongPayer(Problem):
    """The phone is not the one that ordered."""


def problem(title: str, text: str = "", *, other_phone: bool = False) -> Response:
    """Return the page that says why there is nothing to pay."""
    page = render_template("paysim/problem.html", title=title, text=text, other_phone=other_phone)
    return Response(page, 400)


def phone_of(sim: Ground) -> tuple[str, Callable[[BaseResponse], BaseResponse]]:
    """Return which phone this browser plays, and how to remember it."""
    phone = request.cookies.get(COOKIE, "") or sim.text(12)

    def remember(response: BaseResponse) -> BaseResponse:
        response.set_cookie(COOKIE, phone, max_age=86400, httponly=True, samesite="Lax")
        return response

    return phone, remember


def create(sim: Ground) -> Blueprint:
    """Return the pages of the cashier."""
    pages = Blueprint("cashier", __name__)

    @pages.errorhandler(Problem)
    def show(error: Problem) -> Response:
        return problem(*error.args, other_phone=isinstance(error, WrongPayer))

    @pages.get("/cgi-bin/mmpayweb-bin/checkmweb")
    def h5() -> BaseResponse:
        args = request.args
        if "MicroMessenger" in request.user_agent.string:
            raise Problem("请在微信外打开订单，进行支付")
        _from_registered_site(sim)
        # The address must come back as it was handed out, but for &redirect_url= at its end.
        token = args.get("prepay_id", "")
        package = sim.registry.public_key.sign(token)[:10].encode().hex()
        if set(args) - {"prepay_id", "package", "redirect_url"} or args.get("package") != package:
            raise Problem("商家参数格式有误，请联系商家解决", "h5_url 不得改动")
        return _open(sim, _prepay(sim, token, "h5"), args.get("redirect_url", ""))

    @pages.post("/cashier/jsapi")
    def jsapi() -> BaseResponse:
        form = request.form
        if not all(form.get(name) for name in _JSAPI_FIELDS):
            raise Problem("调用支付JSAPI缺少参数")
        merchant = sim.registry.by_appid(form["appId"])
        if merchant is None or form["signType"] != "RSA" or not form["package"].startswith("prepay_id="):
            raise Problem("调用支付JSAPI参数错误", "appId、signType 或 package")
        if not merchant.key.verifies(
            form["paySign"], form["appId"], form["timeStamp"], form["nonceStr"], form["package"]
        ):
            raise Problem("支付验证签名失败", "paySign")
        prepay = _prepay(sim, form["package"].removeprefix("prepay_id="), "jsapi")
        return _open(sim, prepay, form.get("return_url", ""))

    @pages.get("/cashier/scan")
    def scan() -> BaseResponse:
        code_url = request.args.get("code_url", "").strip()
        if code_url:
            token = code_url.removeprefix("weixin://wxpay/bizpayurl?pr=")
            return _open(sim, _prepay(sim, token, "native"), "")
        waiting = sim.store.all(
            "SELECT p.token, o.* FROM prepay p JOIN pay_order o USING (mchid, out_trade_no)"
            " WHERE p.product = 'native' AND p.expires_at > ? AND o.state = 'NOTPAY'"
            " ORDER BY o.created_at DESC LIMIT 10",
            sim.clock.time(),
        )
        return Response(render_template("paysim/scan.html", waiting=[_shown(sim, row) for row in waiting]))

    @pages.post("/cashier/phone")
    def change_phone() -> BaseResponse:
        response = redirect("/cashier/scan", 303)
        response.set_cookie(COOKIE, sim.text(12), max_age=86400, httponly=True, samesite="Lax")
        return response

    @pages.get("/cashier/<ticket>")
    def ask(ticket: str) -> Response:
        order, _visit = _visit_of(sim, ticket)
        return Response(render_template("paysim/cashier.html", order=_shown(sim, order), ticket=ticket))

    @pages.post("/cashier/<ticket>")
    def decide(ticket: str) -> BaseResponse:
        order, visit = _visit_of(sim, ticket)
        act = request.form.get("act")
        if act not in {"pay", "pay_stay", "cancel"}:
            raise Problem("请选择支付或取消")
        if act != "cancel":
            order = orders.pay(sim, order, payer=visit["openid"])
        back = visit["return_url"]
        if act == "pay_stay" or not back:
            title = "支付成功" if act != "cancel" else "已取消支付"
            return Response(render_template("paysim/done.html", order=_shown(sim, order), title=title))
        return redirect(back, 303)

    return pages


def _from_registered_site(sim: Ground) -> None:
    """Refuse a payer whom no registered site sent: WeChat looks at the Referer of an H5 payment."""
    if not request.referrer:
        raise Problem("商家参数格式有误，请联系商家解决", "referer 为空")
    if not sim.is_portal(request.referrer):
        raise Problem("商家存在未配置的参数，请联系商家解决", "H5支付域名没有登记")


def _prepay(sim: Ground, token: str, product: str) -> dict[str, Any]:
    """Return an order that may be paid by this token, or say why not."""
    row = sim.store.one("SELECT * FROM prepay WHERE token = ? AND product = ?", token, product)
    if row is None:
        raise Problem("支付会话不存在", "prepay_id 或二维码有误")
    _payable(sim, row)
    return row


def _payable(sim: Ground, prepay: dict[str, Any]) -> dict[str, Any]:
    order = orders.find(sim, prepay["mchid"], prepay["out_trade_no"])
    assert order is not None
    if order["state"] in {"SUCCESS", "REFUND"}:
        raise Problem("该订单已支付", "不用再付一次")
    if order["state"] == "CLOSED":
        raise Problem("订单已关闭", "请回到商家页面重新下单")
    if sim.clock.time() > min(prepay["expires_at"], order["time_expire"]):
        raise Problem("支付会话已过期", "请回到商家页面重新下单")
    return order


def _open(sim: Ground, prepay: dict[str, Any], return_url: str) -> BaseResponse:
    """Let the payer in; the way back must lead to the merchant's registered domain."""
    if return_url and not sim.is_portal(return_url):
        raise Problem("商家存在未配置的参数，请联系商家解决", "redirect_url 的域名没有登记")
    order = _payable(sim, prepay)
    phone, remember = phone_of(sim)
    openid = sim.openid(order["appid"], phone)
    if order["openid"] and order["openid"] != openid:
        raise WrongPayer("当前支付用户与下单用户不一致", "请用下单的微信支付")
    ticket = sim.text(24)
    sim.store.add("cashier", ticket=ticket, prepay=prepay["token"], openid=openid, return_url=return_url)
    return remember(redirect(f"/cashier/{ticket}", 303))


def _visit_of(sim: Ground, ticket: str) -> tuple[dict[str, Any], dict[str, Any]]:
    visit = sim.store.one("SELECT * FROM cashier WHERE ticket = ?", ticket)
    if visit is None:
        raise Problem("页面已失效", "请回到商家页面重新支付")
    prepay = sim.store.one("SELECT * FROM prepay WHERE token = ?", visit["prepay"])
    assert prepay is not None
    return _payable(sim, prepay), visit


def _shown(sim: Ground, order: dict[str, Any]) -> dict[str, Any]:
    merchant = sim.registry.by_mchid(order["mchid"])
    assert merchant is not None
    yuan = f"{order['total'] // 100}.{order['total'] % 100:02d}"
    return {**order, "yuan": yuan, "payee": merchant.payee_name}
