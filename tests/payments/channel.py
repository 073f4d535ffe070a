"""A channel played in memory, for everything that needs no WeChat: orders, faults, signed callbacks."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

from portal import clock
from portal.hookspecs import hookimpl
from portal.ledger import Account, Kind
from portal.payments.contract import (
    BadNotification,
    Closed,
    Flow,
    HttpReply,
    NotFound,
    Notification,
    NotPaid,
    Ok,
    PayInstruction,
    PaymentFact,
    ProviderSpec,
    RejectCategory,
    Rejected,
    Source,
    Unknown,
)
from portal.payments.purpose import Allocation, Description, PaymentPurpose, PurposeRefused
from portal.plugin import Plugin, Service

KEY = b"test-channel"


@dataclass
class Order:
    amount: int
    state: str = "NOTPAY"
    txn: str = ""


@dataclass
class FakeChannel:
    """The other side: `faults` maps an operation to what goes wrong, before or after it is done."""

    orders: dict[str, Order] = field(default_factory=dict)
    faults: dict[str, object] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    balance: int = 0

    def pay(self, number: str) -> str:
        order = self.orders[number]
        if not order.txn:
            order.txn, order.state = f"42{len(number)}{number[-12:]}", "SUCCESS"
            self.balance += order.amount
        return order.txn


CHANNEL = FakeChannel()


class FakeProvider:
    def __init__(self, account, http, clock_):
        self.account = account

    def _fault(self, name, number):
        CHANNEL.calls.append((name, number))
        return CHANNEL.faults.get(name)

    def create(self, req):
        fault = self._fault("create", req.out_trade_no)
        if isinstance(fault, Rejected):
            return fault
        if fault == "lost":
            return Unknown(cause="timeout")
        known = CHANNEL.orders.setdefault(req.out_trade_no, Order(req.amount_fen))
        if known.state == "SUCCESS":
            return Rejected(code="ORDERPAID", category=RejectCategory.PAID)
        if known.state == "CLOSED":
            return Rejected(code="ORDER_CLOSED", category=RejectCategory.CLOSED)
        if fault == "after":
            return Unknown(cause="timeout")
        if fault == "raise":
            raise RuntimeError("broken provider")
        if req.flow is Flow.QR:
            return Ok(PayInstruction(flow=req.flow, code_url=f"test://{req.out_trade_no}"))
        if req.flow is Flow.JSAPI:
            return Ok(PayInstruction(flow=req.flow, jsapi={"package": f"prepay_id={req.openid}"}))
        return Ok(PayInstruction(flow=req.flow, redirect_url=f"https://pay.example/{req.out_trade_no}"))

    def query(self, number):
        fault = self._fault("query", number)
        if fault == "lost":
            return Unknown(cause="timeout")
        order = CHANNEL.orders.get(number)
        if order is None:
            return Ok(NotFound())
        if order.state == "SUCCESS":
            return Ok(fact_of(number, account=self.account.slug, source=Source.QUERY))
        return Ok(Closed()) if order.state == "CLOSED" else Ok(NotPaid(channel_state="NOTPAY"))

    def close(self, number):
        fault = self._fault("close", number)
        if fault == "lost":
            return Unknown(cause="timeout")
        if fault == "paid_first":
            CHANNEL.pay(number)
        order = CHANNEL.orders.get(number)
        if order is None:
            return Ok(NotFound())
        if order.state == "SUCCESS":
            return Rejected(code="ORDERPAID", category=RejectCategory.PAID)
        order.state = "CLOSED"
        return Unknown(cause="timeout") if fault == "after" else Ok(Closed())

    def parse_notification(self, raw):
        if not hmac.compare_digest(raw.header("X-Sign").encode(), sign(raw.body).encode()):
            raise BadNotification("signature")
        data = json.loads(raw.body)
        if data["account"] != self.account.slug:
            raise BadNotification("account")
        digest = hashlib.sha256(raw.body).hexdigest()
        fact = fact_of(
            data["number"],
            account=data["account"],
            source=Source.NOTIFY,
            txn=data["txn"],
            total=data["total"],
            digest=digest,
        )
        return Notification(notify_id=data["id"], event="PAID", fact=fact, raw_sha256=digest)

    def ack(self, accepted, reason=""):
        if accepted:
            return HttpReply(status=204)
        return HttpReply(status=401, body=json.dumps({"code": "FAIL", "message": reason}).encode())

    def identify_url(self, *, return_url, state):
        return f"https://id.example/?to={return_url}&state={state}"

    def identify(self, code):
        return Ok(f"openid-{code}") if code == "good" else Unknown(cause="timeout")


def sign(body: bytes) -> str:
    return hmac.digest(KEY, body, "sha256").hex()


def fact_of(number, *, account="test-a", source=Source.NOTIFY, txn=None, total=None, digest="0" * 64, **more):
    order = CHANNEL.orders.get(number)
    return PaymentFact(
        account=account,
        out_trade_no=number,
        provider_txn_id=txn or (order.txn if order else "42x"),
        total_fen=total or order.amount,
        paid_at=more.pop("paid_at", None) or clock.now(),
        raw_sha256=digest,
        source=source,
        **more,
    )


def notification(number, *, account="test-a", txn=None, total=None, notify_id="n1") -> tuple[bytes, dict]:
    order = CHANNEL.orders.get(number)
    body = json.dumps(
        {
            "id": notify_id,
            "account": account,
            "number": number,
            "txn": txn or (order.txn if order else "42x"),
            "total": total or order.amount,
        }
    ).encode()
    return body, {"X-Sign": sign(body)}


@dataclass
class Fees:
    """A purpose with its own book of what is owed, in the same process memory as the test."""

    slug: str = "fees"
    owed: dict[tuple[int, str], int] = field(default_factory=dict)
    vouchers: list[str] = field(default_factory=list)
    broken: bool = False

    def describe(self, attempt):
        return Description(title="交测试费", channel_text="测试费", back_url="/back", done_url="/voucher")

    def check(self, *, member_id, lines):
        for line in lines:
            if self.owed.get((member_id, line.reference), 0) < line.amount_fen:
                raise PurposeRefused("这个月已经交过")

    def allocate(self, attempt, fact):
        if self.broken:
            raise RuntimeError("no places today")
        found, left = [], fact.amount_fen
        for line in attempt.lines:
            open_fen = min(self.owed.get((attempt.member_id, line.reference), 0), left, line.amount_fen)
            if open_fen:
                self.owed[attempt.member_id, line.reference] -= open_fen
                left -= open_fen
                to = Account(code=f"4001:{line.reference}", kind=Kind.INCOME, period=line.reference)
                found.append(Allocation(reference=line.reference, amount_fen=open_fen, to=to))
        if found:
            self.vouchers.append(fact.uid)
        return found


FEES = Fees()


class TestPay(Plugin):
    __test__ = False
    slug = "testpay"
    name = "测试支付"
    description = "测试"

    @hookimpl
    def payment_providers(self, district):
        return [
            ProviderSpec(
                id="testpay",
                label="测试支付",
                flows=frozenset({Flow.QR, Flow.H5, Flow.JSAPI}),
                can_close=True,
                flow_for=flow_for,
                factory=FakeProvider,
            )
        ]

    @hookimpl
    def register_services(self):
        return [Service(protocol=PaymentPurpose, implementation=FEES, key="fees")]


def flow_for(user_agent: str) -> Flow:
    if "MicroMessenger" in user_agent:
        return Flow.JSAPI
    return Flow.H5 if "Mobile" in user_agent else Flow.QR


NOW = datetime(2026, 11, 21, 4, tzinfo=UTC)
