"""WeChat Pay as a payment provider: one merchant account, orders, queries, closing, callbacks."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta, timezone
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from portal.api import (
    BadNotification,
    Clock,
    Closed,
    CreateReq,
    Flow,
    Http,
    HttpReply,
    MerchantAccountInfo,
    NotFound,
    Notification,
    NotPaid,
    Ok,
    Outcome,
    PayInstruction,
    PaymentFact,
    RawRequest,
    Rejected,
    Source,
    Unknown,
)

from . import errors, notifications, signing
from .client import HOSTS, TIMEOUT, Client, Reply
from .keys import PlatformKeys, private_key
from .oauth import API_URL, AUTHORIZE_URL, OAuth

_CHINA = timezone(timedelta(hours=8))
_PRODUCTS = {Flow.JSAPI: "jsapi", Flow.H5: "h5", Flow.QR: "native"}
_UNPAID = frozenset({"NOTPAY", "USERPAYING", "PAYERROR", "ACCEPT"})
_CLOSED = frozenset({"CLOSED", "REVOKED"})

# WeChat allows `*` too, and `|` on an older page, which HTTP libraries re-encode under the signature.
_OUT_TRADE_NO = re.compile(r"[A-Za-z0-9_-]{6,32}")

H5_VALID = timedelta(minutes=5)
CODE_VALID = timedelta(hours=2)


class WechatPay:
    """The provider object of one merchant account (portal.payments.contract.PaymentProvider)."""

    def __init__(
        self,
        account: MerchantAccountInfo,
        http: Http,
        clock: Clock,
        *,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        settings, secrets = account.settings, account.secrets
        _check_account(account)
        self.account, self.clock = account, clock
        self.platform = PlatformKeys(
            public_key_id=settings.get("public_key_id", ""),
            public_key=secrets.get("public_key", ""),
            certificates=secrets.get("platform_certificates", ""),
        )
        self.client = Client(
            mchid=account.mchid,
            serial=settings["merchant_serial"],
            key=private_key(secrets["private_key"]),
            apiv3_key=secrets["apiv3_key"],
            platform=self.platform,
            http=http,
            clock=clock,
            hosts=_hosts(account),
            timeout=timeout,
        )
        self.oauth = OAuth(
            appid=account.appid,
            secret=secrets.get("app_secret", ""),
            http=http,
            authorize_url=settings.get("oauth_authorize_url") or AUTHORIZE_URL,
            api_url=settings.get("oauth_api_url") or API_URL,
            timeout=timeout,
        )

    # -- orders ------------------------------------------------------------------------------------

    def create(self, req: CreateReq) -> Outcome[PayInstruction]:
        """Order by JSAPI, H5 or Native. Asked again it sends the same body, as WeChat demands.

        Raises: ValueError when the request could not be sent as it is (a programming error).
        """
        product, body = _PRODUCTS[req.flow], self._order(req)
        reply = self.client.call("create", "POST", f"{self._path()}/{product}", body)
        if not isinstance(reply, Reply):
            return reply
        return self._instruction(req, reply.data)

    def _order(self, req: CreateReq) -> dict[str, Any]:
        _check_number(req.out_trade_no)
        body: dict[str, Any] = {
            **self._identity(),
            "description": req.description[:127],
            "out_trade_no": req.out_trade_no,
            "time_expire": req.expires_at.astimezone(_CHINA).isoformat(timespec="seconds"),
            "notify_url": req.notify_url,
            "amount": {"total": req.amount_fen, "currency": "CNY"},
        }
        if req.flow is Flow.JSAPI:
            if not req.openid:
                raise ValueError("JSAPI needs the payer's openid")
            body["payer"] = {self._openid_field(): req.openid}
        if req.flow is Flow.H5:
            if not req.client_ip:
                raise ValueError("H5 needs the payer's address")
            body["scene_info"] = {"payer_client_ip": req.client_ip, "h5_info": {"type": "Wap"}}
        return body

    def _instruction(self, req: CreateReq, data: dict[str, Any]) -> Outcome[PayInstruction]:
        now = self.clock.now()
        field = {Flow.JSAPI: "prepay_id", Flow.H5: "h5_url", Flow.QR: "code_url"}[req.flow]
        value = data.get(field)
        if not isinstance(value, str) or not value:
            return Unknown(cause="fields")
        if req.flow is Flow.JSAPI:
            params = signing.jsapi_params(
                key=self.client.key,
                appid=self.account.appid,
                prepay_id=value,
                timestamp=int(now.timestamp()),
                nonce=self.client.nonce(),
            )
            bridge = self.account.settings.get("jsapi_bridge_url") or None
            valid = min(now + CODE_VALID, req.expires_at)
            return Ok(PayInstruction(flow=req.flow, jsapi=params, bridge_url=bridge, valid_until=valid))
        if req.flow is Flow.H5:
            # The one change WeChat allows to this address.
            url = f"{value}&redirect_url={quote(req.return_url, safe='')}" if req.return_url else value
            valid = min(now + H5_VALID, req.expires_at)
            return Ok(PayInstruction(flow=req.flow, redirect_url=url, valid_until=valid))
        valid = min(now + CODE_VALID, req.expires_at)
        scan = self.account.settings.get("scan_page_url")
        bridge = f"{scan}?{urlencode({'code_url': value})}" if scan else None
        return Ok(PayInstruction(flow=req.flow, code_url=value, bridge_url=bridge, valid_until=valid))

    def query(self, out_trade_no: str) -> Outcome[PaymentFact | NotPaid | Closed | NotFound]:
        """Ask what became of an order. SUCCESS and REFUND both mean: it was paid."""
        _check_number(out_trade_no)
        target = f"{self._path()}/out-trade-no/{out_trade_no}?{urlencode(self._merchant_ids())}"
        reply = self.client.call("query", "GET", target)
        if isinstance(reply, Rejected) and errors.normalise(reply.code) in errors.NOT_FOUND:
            return Ok(NotFound())
        if not isinstance(reply, Reply):
            return reply
        return self._read_query(out_trade_no, reply)

    def _read_query(
        self, out_trade_no: str, reply: Reply
    ) -> Outcome[PaymentFact | NotPaid | Closed | NotFound]:
        state = reply.data.get("trade_state")
        try:
            notifications.check_account(reply.data, self.account)
            if reply.data.get("out_trade_no") != out_trade_no:
                return Unknown(cause="other_order")
            if state in notifications.PAID_STATES:
                fact = notifications.read_fact(
                    reply.data,
                    account=self.account,
                    source=Source.QUERY,
                    raw_sha256=hashlib.sha256(reply.raw).hexdigest(),
                    seen_at=self.clock.now(),
                )
                return Ok(fact)
        except BadNotification as error:
            return Unknown(cause=error.reason)
        if state in _UNPAID:
            return Ok(NotPaid(channel_state=str(state)))
        if state in _CLOSED:
            return Ok(Closed())
        return Unknown(cause="trade_state")

    def close(self, out_trade_no: str) -> Outcome[Closed | NotFound]:
        """Close an unpaid order: 204 and nothing else means closed."""
        _check_number(out_trade_no)
        target = f"{self._path()}/out-trade-no/{out_trade_no}/close"
        reply = self.client.call("close", "POST", target, self._merchant_ids())
        if isinstance(reply, Rejected) and errors.normalise(reply.code) in errors.NOT_FOUND:
            return Ok(NotFound())
        if not isinstance(reply, Reply):
            return reply
        return Ok(Closed()) if reply.status == 204 else Unknown(cause=f"status_{reply.status}")

    # -- callbacks ---------------------------------------------------------------------------------

    def parse_notification(self, raw: RawRequest) -> Notification:
        """Verify and read a callback.

        Raises: BadNotification.
        """
        return notifications.parse(
            raw, account=self.account, apiv3_key=self.client.apiv3_key, platform=self.platform
        )

    def ack(self, accepted: bool, reason: str = "") -> HttpReply:
        """Answer a callback: 204 and no body, or a 4xx that makes WeChat send it again."""
        if accepted:
            return HttpReply(status=204)
        body = json.dumps({"code": "FAIL", "message": reason[:64] or "rejected"}, ensure_ascii=False)
        return HttpReply(status=400, body=body.encode())

    # -- the payer ---------------------------------------------------------------------------------

    def identify_url(self, *, return_url: str, state: str) -> str:
        """Return WeChat's address that answers with a code for the openid."""
        return self.oauth.url(return_url=return_url, state=state)

    def identify(self, code: str) -> Outcome[str]:
        """Turn the code into the openid; needed for JSAPI, never an identity by itself."""
        return self.oauth.openid(code)

    # -- direct and partner mode -------------------------------------------------------------------

    def _path(self) -> str:
        return "/v3/pay/partner/transactions" if self.account.mode == "partner" else "/v3/pay/transactions"

    def _merchant_ids(self) -> dict[str, str]:
        if self.account.mode == "partner":
            return {"sp_mchid": self.account.mchid, "sub_mchid": self.account.sub_mchid}
        return {"mchid": self.account.mchid}

    def _identity(self) -> dict[str, str]:
        name = "sp_appid" if self.account.mode == "partner" else "appid"
        return {name: self.account.appid, **self._merchant_ids()}

    def _openid_field(self) -> str:
        return "sp_openid" if self.account.mode == "partner" else "openid"


def _check_account(account: MerchantAccountInfo) -> None:
    """Say at once what an account lacks, rather than at the first payment."""
    settings, secrets = account.settings, account.secrets
    missing = [name for name in ("mchid", "appid") if not getattr(account, name)]
    missing += [] if settings.get("merchant_serial") else ["merchant_serial"]
    missing += [name for name in ("private_key", "apiv3_key") if not secrets.get(name)]
    if settings.get("public_key_id") and not secrets.get("public_key"):
        missing.append("public_key")
    if account.mode == "partner" and not account.sub_mchid:
        missing.append("sub_mchid")
    if missing:
        raise ValueError("missing: " + ", ".join(missing))
    if len(secrets["apiv3_key"].encode()) != 32:
        raise ValueError("apiv3_key: 32 bytes")


def _check_number(out_trade_no: str) -> None:
    if not _OUT_TRADE_NO.fullmatch(out_trade_no):
        raise ValueError("out_trade_no: 6 to 32 of A-Z a-z 0-9 _ -")


def _hosts(account: MerchantAccountInfo) -> tuple[str, ...]:
    """Both of WeChat's sites, or the account's own base address and, if set, its second one."""
    if not account.base_url:
        return HOSTS
    second = account.settings.get("second_base_url")
    hosts = (account.base_url, second) if second else (account.base_url,)
    for host in hosts:
        if urlsplit(host).scheme not in {"http", "https"} or urlsplit(host).path.strip("/"):
            raise ValueError("a base address is scheme and host only")
    return tuple(host.rstrip("/") for host in hosts)
