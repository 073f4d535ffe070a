"""What the scenarios act in: the simulator, one merchant, its provider, and ways to disturb the wire."""

from __future__ import annotations

import io
import itertools
import json
from datetime import UTC, datetime, timedelta

import requests

from paysim import ctl, sealed
from paysim.faults import Fault
from paysim.outbox import Plan
from paysim.testing import credentials
from plugins.wechatpay.provider import WechatPay
from portal.api import (
    BadNotification,
    CreateReq,
    Flow,
    MerchantAccountInfo,
    RawRequest,
    RejectCategory,
    Rejected,
    Unknown,
    clock,
)

PORTAL = "http://127.0.0.1:1"
NOTIFY_URL = "https://portal.example/hooks/wechatpay/demo/pay"


class ShiftedClock:
    """A clock that is wrong by so much."""

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds

    def now(self) -> datetime:
        return clock.now() + timedelta(seconds=self.seconds)


class Recorder:
    """A session that notes what was asked of it."""

    def __init__(self, inner=None) -> None:
        self.inner, self.calls = inner or requests.Session(), []

    def request(self, method, url, **kwargs):
        self.calls.append((method, url, kwargs))
        return self.inner.request(method, url, **kwargs)


class Canned:
    """A session that always gives one answer, signed by WeChat unless told otherwise."""

    def __init__(self, sim, status: int, data=None, *, body: bytes | None = None, signed=True) -> None:
        self.body = body if body is not None else b"" if data is None else json.dumps(data).encode()
        merchant = sim.registry.merchants["demo"]
        self.status = status
        self.headers = sealed.headers(sim, merchant, self.body) if signed else {}

    def request(self, method, url, **kwargs):
        answer = requests.Response()
        answer.status_code = self.status
        answer.headers.update(self.headers)
        answer.raw = io.BytesIO(self.body)
        return answer


class World:
    """One merchant and what may be done around it."""

    def __init__(self, sim) -> None:
        self.sim = sim
        sim.set_portal(PORTAL)
        self.credentials = credentials(sim)
        self.account = MerchantAccountInfo(**self.credentials)
        self.provider = self.build()
        self.openid = sim.openid(self.account.appid, "phone")
        self._numbers = itertools.count(1)

    def build(self, http=None, *, seconds=0, timeout=(3, 10), slug=None, hosts=None, **changes) -> WechatPay:
        """Return a provider; `changes` go into the account's settings or secrets, `slug` names a merchant."""
        data = dict(self.credentials if slug is None else credentials(self.sim, slug, **changes.pop("made")))
        for part in ("settings", "secrets"):
            data[part] = {k: changes.pop(k, v) for k, v in data[part].items()}
        data.update(changes)
        provider = WechatPay(
            MerchantAccountInfo(**data), http or requests.Session(), ShiftedClock(seconds), timeout=timeout
        )
        if hosts:
            provider.client.hosts = hosts
        return provider

    def request(self, number: str = "", flow: Flow = Flow.QR, amount_fen: int = 6000) -> CreateReq:
        """Return an order request that the simulator accepts."""
        return CreateReq(
            out_trade_no=number or f"D{next(self._numbers):09d}",
            amount_fen=amount_fen,
            description="党费 2026年9月至11月",
            flow=flow,
            # Whole minutes: the same number must be asked for with the same parameters.
            expires_at=clock.now().replace(second=0, microsecond=0) + timedelta(minutes=30),
            notify_url=NOTIFY_URL,
            return_url=f"{PORTAL}/back?x=1",
            openid=self.openid if flow is Flow.JSAPI else "",
            client_ip="127.0.0.1" if flow is Flow.H5 else "",
        )

    def ordered(self, **options) -> str:
        """Order and return the number."""
        req = self.request(**options)
        self.provider.create(req)
        return req.out_trade_no

    def paid(self, **options) -> str:
        """Order, pay, and return the number; no notification is sent."""
        self.quiet()
        number = self.ordered(**options)
        ctl.pay(self.sim, number)
        return number

    def quiet(self) -> None:
        """Send no notifications."""
        self.sim.outbox.plans[""] = Plan(drop=True)

    def fault(self, on: str, mode: str, **options) -> None:
        """Ask for one misbehaviour."""
        self.sim.faults.add(Fault(on=on, mode=mode, **options))

    def callback(self, number: str, kind: str = "", *, later: float = 0, **options) -> RawRequest:
        """Return the callback for an order as it would arrive, right or bad."""
        order = ctl.order_of(self.sim, number)
        if kind:
            headers, body = sealed.bad_notification(self.sim, order, "EV-1", kind)
        else:
            headers, body = sealed.notification(self.sim, order, "EV-1", **options)
        received = datetime.fromtimestamp(self.sim.clock.wire(), UTC) + timedelta(seconds=later)
        return RawRequest(headers=headers, body=body, received_at=received)

    def reason(self, raw: RawRequest, provider=None) -> str:
        """Return why a callback is refused, or the empty text when it is believed."""
        try:
            (provider or self.provider).parse_notification(raw)
        except BadNotification as error:
            return error.reason
        return ""


def category(outcome) -> RejectCategory:
    """Return what a refusal means."""
    assert isinstance(outcome, Rejected), outcome
    return outcome.category


def cause(outcome) -> str:
    """Return why an outcome is not known."""
    assert isinstance(outcome, Unknown), outcome
    return outcome.cause
