"""Say what a payment provider is: the pure types between the core and a channel such as WeChat Pay.

A provider object belongs to one merchant account. It talks to the channel and translates; it reads and writes
no database, sends no notice and renders no page. Time and the HTTP session are handed to it. Every outbound
call has three possible outcomes: `Ok`, `Rejected` (definitely not done) and `Unknown` (may have been done:
resolved by a query or by the same number again, never by a new number).

Amounts are integer fen. Instants are aware datetimes. Names from the glossary: an *attempt* is one
`out_trade_no`; a *fact* is a verified statement by the channel that it holds money.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

from portal.payments.outcomes import (
    AttemptState,
    FactState,
    Flow,
    Ok,
    Outcome,
    RejectCategory,
    Rejected,
    Source,
    Unknown,
)

__all__ = [
    "AccountField",
    "AttemptState",
    "BadNotification",
    "Clock",
    "Closed",
    "CreateReq",
    "FactState",
    "Flow",
    "Http",
    "HttpReply",
    "IdentifiesPayer",
    "MerchantAccountInfo",
    "NotFound",
    "NotPaid",
    "Notification",
    "Ok",
    "Outcome",
    "PayInstruction",
    "PaymentFact",
    "PaymentProvider",
    "ProviderSpec",
    "RawRequest",
    "RejectCategory",
    "Rejected",
    "Source",
    "Unknown",
]


@dataclass(frozen=True, kw_only=True)
class MerchantAccountInfo:
    """A frozen view of one merchant account, handed to a provider's factory."""

    slug: str  # the account's name in /hooks/<provider>/<slug>/...
    provider: str
    mode: Literal["direct", "partner"] = "direct"
    mchid: str
    sub_mchid: str = ""  # the receiving merchant in partner mode
    appid: str
    payee_name: str  # the full name a payer is shown before paying
    base_url: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class CreateReq:
    """Ask the channel for one order. `out_trade_no` is already persisted when this is sent."""

    out_trade_no: str
    amount_fen: int
    description: str
    flow: Flow
    expires_at: datetime  # the last moment the payer may pay; not a close
    notify_url: str
    return_url: str = ""
    openid: str = field(default="", repr=False)  # required by JSAPI
    client_ip: str = field(default="", repr=False)  # required by H5

    def __post_init__(self) -> None:
        _require_fen(self.amount_fen)
        _require_aware(self.expires_at)


@dataclass(frozen=True, kw_only=True)
class PayInstruction:
    """What the payer's browser must do next; exactly one of the three is set, by flow.

    `jsapi` holds the signed parameters for the channel's bridge. `bridge_url` is set where a page plays the
    part of the phone (the demo): for JSAPI the parameters, and `return_url`, are posted there by a plain
    form; for a QR code it is a link to the page that plays the scanning phone.
    """

    flow: Flow
    jsapi: Mapping[str, str] | None = None
    redirect_url: str | None = None
    code_url: str | None = None
    bridge_url: str | None = None
    valid_until: datetime | None = None  # when the instruction itself goes stale (WeChat H5: five minutes)

    def __post_init__(self) -> None:
        if sum(part is not None for part in (self.jsapi, self.redirect_url, self.code_url)) != 1:
            raise ValueError("an instruction is exactly one of jsapi, redirect_url, code_url")


@dataclass(frozen=True, kw_only=True)
class PaymentFact:
    """A verified statement that the channel holds this money. Facts are never refused (payments.md §0.3)."""

    account: str  # slug of the merchant account
    out_trade_no: str
    provider_txn_id: str
    state: FactState = FactState.PAID
    total_fen: int
    currency: str = "CNY"
    paid_at: datetime  # the channel's own time
    payer_ref: str = field(default="", repr=False)
    raw_sha256: str  # of the bytes the fact was read from
    source: Source

    def __post_init__(self) -> None:
        _require_fen(self.total_fen)
        _require_aware(self.paid_at)


@dataclass(frozen=True, kw_only=True)
class NotFound:
    """The channel knows no such order. Conclusive only after the create call's own time-out window."""


@dataclass(frozen=True, kw_only=True)
class NotPaid:
    """The channel knows the order and holds no money for it; it may still be paid."""

    channel_state: str = ""


@dataclass(frozen=True, kw_only=True)
class Closed:
    """The channel has closed the order. A bank's late success may still arrive as a fact."""


@dataclass(frozen=True, kw_only=True)
class RawRequest:
    """A callback exactly as it arrived: verification works on the raw bytes."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    received_at: datetime

    def header(self, name: str) -> str:
        """Return a header whatever its case, or the empty text."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), "")


@dataclass(frozen=True, kw_only=True)
class Notification:
    """A verified callback. `fact` is None when it says nothing about money received (keep it, accept it)."""

    notify_id: str  # the channel's own id, for the inbox; do not rely on it alone
    event: str
    fact: PaymentFact | None
    raw_sha256: str


class BadNotification(Exception):
    """A callback that proves nothing. `reason` is a short word, safe to log; never any of the content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class HttpReply:
    """What to answer the channel."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"


class Clock(Protocol):
    """Where a provider gets the time from; `portal.clock` fits."""

    def now(self) -> datetime: ...


class Http(Protocol):
    """Where a provider gets its connections from; `requests.Session` fits."""

    def request(self, method: str, url: str, **kwargs: Any) -> Any: ...


class PaymentProvider(Protocol):
    """One merchant account at one channel."""

    def create(self, req: CreateReq) -> Outcome[PayInstruction]:
        """Order. The same number with the same parameters may be asked again after `Unknown`."""
        ...

    def query(self, out_trade_no: str) -> Outcome[PaymentFact | NotPaid | Closed | NotFound]:
        """Ask what became of an order."""
        ...

    def close(self, out_trade_no: str) -> Outcome[Closed | NotFound]:
        """Close an unpaid order; asking again is harmless. `Rejected` with category paid means: query."""
        ...

    def parse_notification(self, raw: RawRequest) -> Notification:
        """Verify sender, freshness and account, then read. Pure: no network.

        Raises: BadNotification.
        """
        ...

    def ack(self, accepted: bool, reason: str = "") -> HttpReply:
        """Word the answer to a callback; not accepted makes the channel send it again."""
        ...


@runtime_checkable
class IdentifiesPayer(Protocol):
    """What a provider adds when a flow needs to know the payer first (WeChat: the openid for JSAPI)."""

    def identify_url(self, *, return_url: str, state: str) -> str:
        """Return the address the payer's browser is sent to; it comes back with `code` and `state`."""
        ...

    def identify(self, code: str) -> Outcome[str]:
        """Turn the code into the payer's reference at the channel. Never an identity by itself."""
        ...


@dataclass(frozen=True, kw_only=True)
class AccountField:
    """One thing a merchant account of this provider is set up with; the form is made from these.

    `name` is the key in `MerchantAccountInfo.settings`, or in `secrets` when `secret` is set.
    """

    name: str
    label: Any
    secret: bool = False
    required: bool = True
    multiline: bool = False
    help: Any = ""


@dataclass(frozen=True, kw_only=True)
class ProviderSpec:
    """What a plugin hands back from the hook `payment_providers`."""

    id: str
    label: Any
    flows: frozenset[Flow]
    can_close: bool
    flow_for: Callable[[str], Flow]  # the flow that suits a browser, by its User-Agent
    # Raises ValueError, in words for an administrator, when the account is not set up rightly.
    factory: Callable[[MerchantAccountInfo, Http, Clock], PaymentProvider]
    fields: tuple[AccountField, ...] = ()


def _require_fen(amount: int) -> None:
    if type(amount) is not int or amount < 1:
        raise ValueError("an amount is a positive integer of fen")


def _require_aware(instant: datetime) -> None:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
