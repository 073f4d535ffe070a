"""Check an order request as strictly as the documentation allows; unknown fields are refused."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from .merchants import Merchant
from .refusal import Refusal, param_error

_OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
_COMMON = {
    "description",
    "out_trade_no",
    "time_expire",
    "attach",
    "notify_url",
    "goods_tag",
    "support_fapiao",
}
_COMMON |= {"amount", "detail", "scene_info", "settle_info"}
_DEFAULT_VALIDITY = 2 * 3600  # default validity when no time_expire is sent

# The upper limit is contradictory in the documentation: 7 days Native, 15 JSAPI and H5, 90 on an older page.
_LATEST = {"native": 7 * 86400, "jsapi": 15 * 86400, "h5": 15 * 86400}


@dataclass(frozen=True, kw_only=True)
class OrderRequest:
    """A request that has passed."""

    appid: str
    mchid: str
    sub_mchid: str
    out_trade_no: str
    description: str
    attach: str
    total: int
    openid: str
    notify_url: str
    time_expire: float


def names(merchant: Merchant) -> dict[str, str]:
    """Return how this merchant's mode spells the identifying fields."""
    if merchant.mode == "partner":
        return {"mchid": "sp_mchid", "appid": "sp_appid", "openid": "sp_openid"}
    return {"mchid": "mchid", "appid": "appid", "openid": "openid"}


def order(
    body: dict[str, Any], *, product: str, merchant: Merchant, now: float, is_portal: Callable[[str], bool]
) -> OrderRequest:
    """Return the request read, or raise Refusal. `now` in seconds since the epoch."""
    spelled = names(merchant)
    allowed = _COMMON | {spelled["mchid"], spelled["appid"]}
    allowed |= {"payer"} if product == "jsapi" else set()
    allowed |= {"sub_mchid", "sub_appid"} if merchant.mode == "partner" else set()
    for field in body:
        if field not in allowed:
            raise param_error(field, body[field], "字段不存在")
    appid = _text(body, spelled["appid"], 1, 32)
    if appid != merchant.appid:
        raise Refusal(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
    sub_mchid = _text(body, "sub_mchid", 1, 32) if merchant.mode == "partner" else ""
    if sub_mchid != merchant.sub_mchid:
        raise Refusal(403, "NO_AUTH", "特约子商户商户号未授权服务商的产品权限")
    number = _text(body, "out_trade_no", 6, 32)
    if not _OUT_TRADE_NO.fullmatch(number):
        raise param_error("out_trade_no", number, "只能是数字、大小写字母_-|*")
    total = _amount(body)
    if product == "h5":
        _h5_scene(body)
    return OrderRequest(
        appid=appid,
        mchid=merchant.mchid,
        sub_mchid=sub_mchid,
        out_trade_no=number,
        description=_text(body, "description", 1, 127),
        attach=_text(body, "attach", 1, 128) if "attach" in body else "",
        total=total,
        openid=_openid(body, spelled["openid"]) if product == "jsapi" else "",
        notify_url=_notify_url(body, is_portal),
        time_expire=_time_expire(body, product, now),
    )


def _text(body: dict[str, Any], field: str, shortest: int, longest: int) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not shortest <= len(value) <= longest:
        raise param_error(field, value, f"长度应为{shortest}到{longest}个字符")
    return value


def _amount(body: dict[str, Any]) -> int:
    amount = body.get("amount")
    if not isinstance(amount, dict) or set(amount) - {"total", "currency"}:
        raise param_error("amount", amount, "应为金额对象")
    total = amount.get("total")
    if type(total) is not int or not 1 <= total <= 10**10:
        raise param_error("amount.total", total, "应为大于0的整数，单位为分")
    if amount.get("currency", "CNY") != "CNY":
        raise param_error("amount.currency", amount["currency"], "境内商户号仅支持人民币CNY")
    return total


def _openid(body: dict[str, Any], field: str) -> str:
    payer = body.get("payer")
    if not isinstance(payer, dict) or set(payer) != {field}:
        raise param_error("payer", "", "应为支付者对象")
    return _text(payer, field, 1, 128)


def _h5_scene(body: dict[str, Any]) -> None:
    scene = body.get("scene_info")
    if not isinstance(scene, dict) or set(scene) - {"payer_client_ip", "device_id", "store_info", "h5_info"}:
        raise param_error("scene_info", scene, "H5下单必填")
    address = scene.get("payer_client_ip")
    try:
        ipaddress.ip_address(address if isinstance(address, str) else "")
    except ValueError:
        raise param_error("scene_info.payer_client_ip", address, "应为用户终端IP") from None
    info = scene.get("h5_info")
    if not isinstance(info, dict) or info.get("type") not in {"Wap", "iOS", "Android"}:
        raise param_error("scene_info.h5_info.type", info, "应为iOS、Android或Wap")


def _notify_url(body: dict[str, Any], is_portal: Callable[[str], bool]) -> str:
    url = _text(body, "notify_url", 1, 255)
    parts = urlsplit(url)
    # The one liberty: the demo's own portal, named on the command line, has no certificate.
    if (parts.scheme != "https" and not is_portal(url)) or not parts.netloc or parts.query or parts.fragment:
        raise param_error("notify_url", url, "应为https开头、不带参数的外网地址")
    return url


def _time_expire(body: dict[str, Any], product: str, now: float) -> float:
    text = body.get("time_expire")
    if text is None:
        return now + _DEFAULT_VALIDITY
    if not isinstance(text, str) or not _RFC3339.fullmatch(text):
        raise param_error("time_expire", text, "应为RFC3339格式")
    try:
        expire = datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise param_error("time_expire", text, "应为RFC3339格式") from None
    if not now + 60 <= expire + 1 <= now + _LATEST[product] + 60:
        raise param_error("time_expire", text, "应晚于下单时间1分钟")
    return expire
