"""What a payment is for: the service a plugin offers so that money finds its place (dues, course fees, ...).

A plugin registers ``Service(protocol=PaymentPurpose, implementation=..., key="<slug>")``. The core takes the
money; the purpose says beforehand whether the lines may be paid, and afterwards where the money belongs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from portal.ledger import Account
from portal.payments.contract import AttemptState, Flow, Source


@dataclass(frozen=True, kw_only=True)
class PayLine:
    """One thing to pay: the purpose's own ``reference`` (unique per member) and the amount in fen."""

    reference: str
    amount_fen: int


@dataclass(frozen=True, kw_only=True)
class AttemptInfo:
    """An attempt as a purpose sees it."""

    uid: str
    out_trade_no: str
    district_id: int
    member_id: int
    payer_account_id: int | None  # who paid, when somebody else may pay for the member
    purpose: str
    lines: tuple[PayLine, ...]
    amount_fen: int
    flow: Flow
    state: AttemptState
    late: bool


@dataclass(frozen=True, kw_only=True)
class FactInfo:
    """Money received, as a purpose sees it. ``uid`` names the receipt: at most one voucher each."""

    uid: str
    provider: str
    account: str  # slug of the merchant account
    amount_fen: int
    paid_at: datetime
    source: Source
    provider_txn_id: str
    received_by: int | None = None  # account ids of staff, for money taken by hand
    confirmed_by: int | None = None


@dataclass(frozen=True, kw_only=True)
class Description:
    """What payer and channel read. ``channel_text`` appears in the payer's bill: no personal data in it."""

    title: Any  # 交3个月党费
    channel_text: str  # at most 127 characters
    back_url: str  # where a payer goes who does not pay
    done_url: str = ""  # what there is to see once paid (the voucher)
    done_label: Any = ""


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """Move ``amount_fen`` from the member's credit to ``to``.

    ``memo`` lines (account, fen) stand beside it in the same entry and balance among themselves.
    """

    reference: str
    amount_fen: int
    to: Account
    memo: tuple[tuple[Account, int], ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)


class PurposeRefused(ValueError):
    """These lines may not be paid now; the message is for the person."""


class PaymentPurpose(Protocol):
    """What a plugin implements for each purpose."""

    slug: str

    def describe(self, attempt: AttemptInfo) -> Description:
        """Say what is paid. Reads only."""
        ...

    def check(self, *, member_id: int, lines: Sequence[PayLine]) -> None:
        """Refuse what may not be paid now, before any money moves. Called inside the transaction.

        Raises: PurposeRefused.
        """
        ...

    def allocate(self, attempt: AttemptInfo, fact: FactInfo) -> Sequence[Allocation]:
        """Mark what the money pays, write the voucher, and return where each part belongs.

        Called once per fact, inside the transaction that records it: when it raises, nothing it wrote stays,
        the money is recorded as the member's credit, and the call is repeated later. It must look at what is
        owed now, not when the attempt began (paid late, paid twice), nor at the state of the attempt, which
        may be paid already: what it does not return stays credit. It may enqueue jobs and notices; it must
        not commit, and must not call the network.
        """
        ...
