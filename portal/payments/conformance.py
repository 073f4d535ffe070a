"""What every payment provider must do, as one test class for the plugin's own tests.

Subclass `ProviderConformance`, name the flows the provider offers, give it a fixture `till` that returns a
`Till`, and each promise of the contract is tried for every flow. The channel behind it should be as real as
it can be.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

import pytest

from portal.payments.contract import (
    BadNotification,
    Closed,
    CreateReq,
    Flow,
    NotFound,
    NotPaid,
    Ok,
    PaymentFact,
    PaymentProvider,
    RawRequest,
    RejectCategory,
    Rejected,
    Source,
    Unknown,
)

NEVER = "D-NEVER-ASKED-0001"
ASKED_AGAIN = {RejectCategory.DUPLICATE, RejectCategory.CLOSED, RejectCategory.PAID}


class Till(Protocol):
    """One merchant account, its provider, and the hands of a payer."""

    provider: PaymentProvider

    def request(self, flow: Flow) -> CreateReq:
        """Return a request the channel accepts, with a new number."""
        ...

    def pay(self, out_trade_no: str) -> None:
        """Let the channel take the money; it sends no callback by itself."""
        ...

    def callback(self, out_trade_no: str) -> RawRequest:
        """Return the callback the channel would send for a paid order."""
        ...

    def foreign_callback(self) -> RawRequest:
        """Return a genuine callback of the same channel for another merchant."""
        ...

    def cut_off(self) -> PaymentProvider:
        """Return the same account's provider with nobody at the other end."""
        ...


class ProviderConformance:
    """The promises of `portal.payments.contract.PaymentProvider`."""

    flows: frozenset[Flow]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Try each promise about an order once for every flow."""
        if "flow" in metafunc.fixturenames:
            metafunc.parametrize("flow", sorted(self.flows))

    @pytest.fixture
    def req(self, till: Till, flow: Flow) -> CreateReq:
        """Return a request of this flow."""
        return till.request(flow)

    def test_order_tells_the_browser_what_to_do(self, till: Till, req: CreateReq) -> None:
        instruction = _ok(till.provider.create(req))
        assert instruction.flow is req.flow
        assert (instruction.jsapi is not None) == (req.flow is Flow.JSAPI)
        assert (instruction.redirect_url is not None) == (req.flow in {Flow.H5, Flow.PAGE})
        assert (instruction.code_url is not None) == (req.flow is Flow.QR)
        assert instruction.valid_until is None or instruction.valid_until <= req.expires_at

    def test_same_order_may_be_asked_again(self, till: Till, req: CreateReq) -> None:
        assert isinstance(till.provider.create(req), Ok)
        assert isinstance(till.provider.create(req), Ok)

    def test_same_number_with_another_amount_is_refused(self, till: Till, req: CreateReq) -> None:
        till.provider.create(req)
        outcome = till.provider.create(replace(req, amount_fen=req.amount_fen + 1))
        assert isinstance(outcome, Rejected)
        assert outcome.category is RejectCategory.DUPLICATE

    def test_query_follows_the_order(self, till: Till, req: CreateReq) -> None:
        number = req.out_trade_no
        assert till.provider.query(NEVER) == Ok(NotFound())
        till.provider.create(req)
        assert isinstance(_ok(till.provider.query(number)), NotPaid)
        till.pay(number)
        fact = _ok(till.provider.query(number))
        assert isinstance(fact, PaymentFact)
        assert (fact.out_trade_no, fact.total_fen, fact.source) == (number, req.amount_fen, Source.QUERY)
        assert fact.provider_txn_id

    def test_callback_tells_what_a_query_tells(self, till: Till, req: CreateReq) -> None:
        till.provider.create(req)
        till.pay(req.out_trade_no)
        told = till.provider.parse_notification(till.callback(req.out_trade_no)).fact
        asked = _ok(till.provider.query(req.out_trade_no))
        assert told is not None
        assert replace(told, source=Source.QUERY, raw_sha256=asked.raw_sha256) == asked

    def test_same_callback_is_read_the_same_twice(self, till: Till, req: CreateReq) -> None:
        till.provider.create(req)
        till.pay(req.out_trade_no)
        raw = till.callback(req.out_trade_no)
        assert till.provider.parse_notification(raw) == till.provider.parse_notification(raw)

    def test_close_ends_the_order_and_may_be_repeated(self, till: Till, req: CreateReq) -> None:
        till.provider.create(req)
        for _ in range(2):
            assert till.provider.close(req.out_trade_no) == Ok(Closed())
        assert till.provider.query(req.out_trade_no) == Ok(Closed())
        again = till.provider.create(req)
        assert isinstance(again, Rejected)
        assert again.category in ASKED_AGAIN
        assert till.provider.close(NEVER) == Ok(NotFound())

    def test_paid_order_is_not_closed(self, till: Till, req: CreateReq) -> None:
        till.provider.create(req)
        till.pay(req.out_trade_no)
        outcome = till.provider.close(req.out_trade_no)
        assert isinstance(outcome, Rejected)
        assert outcome.category is RejectCategory.PAID

    def test_spoilt_callbacks_are_refused(self, till: Till, req: CreateReq) -> None:
        till.provider.create(req)
        till.pay(req.out_trade_no)
        raw = till.callback(req.out_trade_no)
        middle = len(raw.body) // 2
        spoilt = [
            replace(raw, body=raw.body[:middle] + bytes([raw.body[middle] ^ 1]) + raw.body[middle + 1 :]),
            replace(raw, body=raw.body[:-1]),
            replace(raw, body=b""),
            replace(raw, body=b"\xff\xfe" * 100),
            replace(raw, body=raw.body + b" " * 1_000_000),
            replace(raw, headers={}),
            replace(raw, received_at=raw.received_at + timedelta(minutes=6)),
            replace(raw, received_at=raw.received_at - timedelta(minutes=6)),
            till.foreign_callback(),
        ]
        for number, bad in enumerate(spoilt):
            with pytest.raises(BadNotification) as caught:
                till.provider.parse_notification(bad)
            assert caught.value.reason, number

    def test_silence_is_unknown_and_nothing_is_raised(self, till: Till, req: CreateReq) -> None:
        alone = till.cut_off()
        for outcome in (
            alone.create(req),
            alone.query(req.out_trade_no),
            alone.close(req.out_trade_no),
        ):
            assert isinstance(outcome, Unknown)
            assert outcome.cause

    def test_answers_to_callbacks_differ(self, till: Till) -> None:
        accepted, refused = till.provider.ack(True), till.provider.ack(False, "signature")
        assert 200 <= accepted.status < 300
        assert (accepted.status, accepted.body) != (refused.status, refused.body)


def _ok(outcome: object) -> Any:
    assert isinstance(outcome, Ok), outcome
    return outcome.value
