"""The words of a payment: ways, states, and the three outcomes of a call to a channel.

Every outbound call ends as `Ok`, `Rejected` (definitely not done) or `Unknown` (may have been done). Unknown
is resolved by a query or by the same number again, never by a new number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar


class Flow(StrEnum):
    """How the payer meets the channel."""

    JSAPI = "jsapi"  # inside the channel's own app, by a call of its bridge
    H5 = "h5"  # a phone browser is sent to the channel's cashier
    QR = "qr"  # a desktop screen shows a code, a phone scans it
    PAGE = "page"  # a desktop browser is sent to the channel's cashier
    OFFLINE = "offline"  # cash, POS or transfer, written down by staff


class AttemptState(StrEnum):
    """Where one `out_trade_no` stands with us."""

    NEW = "new"
    CREATING = "creating"  # the create call was sent; stays here while its outcome is unknown
    PENDING = "pending"
    CLOSING = "closing"
    PAID = "paid"  # never left; FAILED and CLOSED reach it through a verified fact
    FAILED = "failed"
    CLOSED = "closed"


class FactState(StrEnum):
    """What the channel says of money it took. Both mean: this was paid."""

    PAID = "paid"
    REFUNDED = "refunded"  # paid, and since then refunded wholly or in part


class Source(StrEnum):
    """How a fact reached us."""

    NOTIFY = "notify"
    QUERY = "query"
    STATEMENT = "statement"
    STAFF = "staff"


class RejectCategory(StrEnum):
    """What a definite rejection means for the attempt, whatever the channel's spelling."""

    CLOSED = "closed"  # the order is closed at the channel: a new attempt needs a new number
    PAID = "paid"  # the channel says it is paid already: query, then record the fact
    DUPLICATE = "duplicate"  # the number was used with other parameters
    FUNDS = "funds"
    CONFIG = "config"  # our keys, our account or our request is wrong: stop the account, tell somebody
    RATE = "rate"
    OTHER = "other"


T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A definite no. `code` is the channel's own code; branch on `category`, never on `message`."""

    code: str
    category: RejectCategory
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """The call may or may not have been carried out. `cause` is a short machine-readable word."""

    cause: str


@dataclass(frozen=True)
class Ok(Generic[T]):
    """The channel carried it out and proved that it was the channel that said so."""

    value: T


Outcome = Ok[T] | Rejected | Unknown
