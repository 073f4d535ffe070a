"""WeChat's OAuth of a service account, as far as snsapi_base goes.

Errors come with HTTP 200 and `errcode`; a code lives five minutes and is used once. Source:
developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request

from .cashier import phone_of, problem
from .ground import Ground

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse


CODE_SECONDS = 300


def create(sim: Ground) -> Blueprint:
    """Return the two endpoints: the browser's and the server's."""
    pages = Blueprint("oauth", __name__)

    @pages.get("/connect/oauth2/authorize")
    def authorize() -> BaseResponse:
        args = request.args
        merchant = sim.registry.by_appid(args.get("appid", ""))
        back = args.get("redirect_uri", "")
        if merchant is None:
            return problem("appid 参数错误", "Oops! Something went wrong: 10013")
        if not sim.is_portal(back):
            return problem("redirect_uri 参数错误", "10003：回调域名没有登记")
        if args.get("response_type") != "code" or args.get("scope") != "snsapi_base":
            return problem("Scope 参数错误或没有 Scope 权限", "10005")
        if len(args.get("state", "")) > 128:
            return problem("state 参数错误", "10012")
        phone, remember = phone_of(sim)
        code = sim.text(32)
        sim.store.add(
            "oauth_code",
            code=code,
            appid=merchant.appid,
            openid=sim.openid(merchant.appid, phone),
            expires_at=sim.clock.time() + CODE_SECONDS,
        )
        joint = "&" if "?" in back else "?"
        query = urlencode({"code": code, "state": args.get("state", "")})
        return remember(redirect(f"{back}{joint}{query}", 302))

    @pages.get("/sns/oauth2/access_token")
    def access_token() -> Response:
        args = request.args
        merchant = sim.registry.by_appid(args.get("appid", ""))
        if merchant is None:
            return _error(40013, "invalid appid")
        if args.get("secret") != merchant.app_secret:
            return _error(40125, "invalid appsecret")
        if args.get("grant_type") != "authorization_code":
            return _error(40002, "invalid grant_type")
        if not args.get("code"):
            return _error(41008, "missing code")
        with sim.store.transaction():
            row = sim.store.one(
                "SELECT * FROM oauth_code WHERE code = ? AND appid = ?", args["code"], merchant.appid
            )
            if row is None:
                return _error(40029, "invalid code")
            if row["used"]:
                return _error(40163, "code been used")
            if sim.clock.time() > row["expires_at"]:
                return _error(42003, "oauth_code expired")
            sim.store.run("UPDATE oauth_code SET used = 1 WHERE code = ?", row["code"])
        return _json(
            {
                "access_token": sim.text(64),
                "expires_in": 7200,
                "refresh_token": sim.text(64),
                "openid": row["openid"],
                "scope": "snsapi_base",
            }
        )

    return pages


def _error(code: int, message: str) -> Response:
    return _json({"errcode": code, "errmsg": f"{message}, rid: 00000000-00000000-00000000"})


def _json(data: dict[str, object]) -> Response:
    return Response(json.dumps(data), mimetype="text/plain")
