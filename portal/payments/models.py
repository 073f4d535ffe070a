"""Tables of money coming in (payments.md §4): who receives, what was asked, what arrived, what is unclear."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import DistrictScoped, Fen, Json, Model, UtcDateTime, Versioned, append_only
from portal.payments.contract import AttemptState

#: The legal moves of an attempt. A verified fact leads to PAID from anywhere; PAID is never left.
MOVES: dict[str, frozenset[str]] = {
    "new": frozenset({"creating", "closed", "paid"}),
    "creating": frozenset({"pending", "failed", "closing", "paid"}),
    "pending": frozenset({"closing", "paid"}),
    "closing": frozenset({"closed", "paid"}),
    "failed": frozenset({"paid"}),
    "closed": frozenset({"paid"}),
    "paid": frozenset(),
}
#: States in which money may still be asked for; the channel has not confirmed an end.
OPEN = ("new", "creating", "pending", "closing")
_OPEN_SQL = "state in ('new','creating','pending','closing')"

CASE_KINDS = (
    "wrong_amount",  # the channel holds another sum than was asked for
    "wrong_account",  # the order number belongs to another merchant account
    "unknown_order",  # no attempt has this number
    "second_transaction",  # two channel transactions claim one order
    "changed_amount",  # a known transaction came again with another sum
    "foreign_currency",  # cannot be written in fen
    "surplus",  # more was received than could be allocated: it stays the member's credit
)


def _one_of(column: str, values: Any) -> str:
    return f"{column} in (" + ",".join(f"'{value}'" for value in values) + ")"


class MerchantAccount(Versioned, DistrictScoped, Model):
    """Where one district receives money for one purpose. Never inherited from a parent district."""

    __tablename__ = "merchant_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    provider: Mapped[str] = mapped_column(String(32))
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    purpose: Mapped[str] = mapped_column(String(40))
    payee_name: Mapped[str] = mapped_column(String(120))
    mode: Mapped[str] = mapped_column(String(8), default="direct", server_default="direct")
    mchid: Mapped[str] = mapped_column(String(32), default="")
    sub_mchid: Mapped[str] = mapped_column(String(32), default="", server_default="")
    appid: Mapped[str] = mapped_column(String(32), default="")
    base_url: Mapped[str] = mapped_column(String(200), default="")
    settings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    # JSON of name -> secret, sealed as one value (AAD merchant_account.secrets_sealed:<uid>).
    secrets_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"class": 4})
    active: Mapped[bool] = mapped_column(default=True, server_default="1")
    # Who entered or last changed it; somebody else switches it on. None: the installation itself.
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("mode in ('direct','partner')", name="mode"),
        # An account that takes money says whose it is: the payer sees it in full.
        CheckConstraint("length(payee_name) > 1", name="payee"),
        Index(None, "district_id"),
    )


class PaymentAttempt(Versioned, DistrictScoped, Model):
    """One order number at one channel: what was asked of whom, and how far it has come."""

    __tablename__ = "payment_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("merchant_account.id"))
    out_trade_no: Mapped[str] = mapped_column(String(32), unique=True, info={"class": 2})
    # One form, one attempt (rule K4): a double click finds the same row.
    form_token: Mapped[str] = mapped_column(String(64), unique=True, info={"class": 1})
    purpose: Mapped[str] = mapped_column(String(40), info={"class": 1})
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), info={"class": 2})
    payer_account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), info={"class": 2})
    # [{"reference", "amount_fen"}]
    lines: Mapped[list[dict[str, Any]]] = mapped_column(Json, info={"class": 3})
    amount_fen: Mapped[int] = mapped_column(Fen, info={"class": 3})
    flow: Mapped[str] = mapped_column(String(8), info={"class": 1})
    state: Mapped[str] = mapped_column(String(10), default="new", server_default="new")
    late: Mapped[bool] = mapped_column(default=False, server_default="0", info={"class": 1})
    description: Mapped[str] = mapped_column(String(127), info={"class": 2})
    # Kept so that the same number is always asked for with the same parameters.
    openid_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"class": 3})
    client_ip: Mapped[str] = mapped_column(String(45), default="", info={"class": 2})
    instruction: Mapped[dict[str, Any] | None] = mapped_column(Json, info={"class": 3})
    outcome: Mapped[str] = mapped_column(String(60), default="", server_default="", info={"class": 1})
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # "": nothing received; "waiting": received, its place not found yet; "done".
    allocation: Mapped[str] = mapped_column(String(8), default="", server_default="", info={"class": 1})

    __table_args__ = (
        CheckConstraint(_one_of("state", [state.value for state in AttemptState]), name="state"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("allocation in ('','waiting','done')", name="allocation"),
        # Two orders open at once for one member and purpose could both be paid.
        Index(
            "uq_payment_attempt_open",
            "member_id",
            "purpose",
            unique=True,
            sqlite_where=text(_OPEN_SQL),
            postgresql_where=text(_OPEN_SQL),
        ),
        Index(None, "district_id", "state", "expires_at"),
        Index(None, "member_id", "created_at"),
    )


class PaymentInbox(Model):
    """Every callback as it arrived, verified or not. Not district-scoped: strangers write here too."""

    __tablename__ = "payment_inbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(32))
    account_slug: Mapped[str] = mapped_column(String(40))
    district_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"))
    # Only of a verified callback.
    notify_id: Mapped[str | None] = mapped_column(String(64))
    raw_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(40), default="")
    event: Mapped[str] = mapped_column(String(40), default="")
    size: Mapped[int]
    # Accepted: whole, it is ciphertext. Rejected: the first bytes, enough to see what it was.
    body: Mapped[bytes] = mapped_column(LargeBinary, info={"class": 3})
    times: Mapped[int] = mapped_column(default=1, server_default="1")
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("status in ('accepted','rejected')", name="status"),
        UniqueConstraint("provider", "account_slug", "notify_id"),
        UniqueConstraint("provider", "account_slug", "raw_sha256", "status"),
        # Those are counted by the hour; what proves itself pays nothing for it.
        Index(
            "ix_payment_inbox_rejected",
            "provider",
            "account_slug",
            "received_at",
            sqlite_where=text("status = 'rejected'"),
            postgresql_where=text("status = 'rejected'"),
        ),
    )


class PaymentFactRow(DistrictScoped, Model):
    """Money the channel says it holds, once each. Never changed: what follows are entries and cases."""

    __tablename__ = "payment_fact"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("merchant_account.id"))
    out_trade_no: Mapped[str] = mapped_column(String(32))
    provider_txn_id: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    total_fen: Mapped[int] = mapped_column(Fen, info={"class": 3})
    paid_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # A keyed hash of the payer's reference at the channel: tells payers apart, says nothing else.
    payer_index: Mapped[str] = mapped_column(String(64), default="", info={"class": 2})
    raw_sha256: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(10))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("payment_attempt.id"), index=True)
    # Where the money was written: the member's credit, or suspense until somebody explains it.
    booked: Mapped[str] = mapped_column(String(8))
    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    received_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    __table_args__ = (
        UniqueConstraint("account_id", "provider_txn_id"),
        # One order is paid once; a second transaction for it is money too, but only in suspense.
        Index(
            "uq_payment_fact_order",
            "account_id",
            "out_trade_no",
            unique=True,
            sqlite_where=text("booked = 'credit'"),
            postgresql_where=text("booked = 'credit'"),
        ),
        CheckConstraint("booked in ('credit','suspense')", name="booked"),
        CheckConstraint("total_fen > 0", name="amount"),
        # Nobody confirms money that was handed to them (rule K12).
        CheckConstraint(
            "source <> 'staff' or (received_by is not null and confirmed_by is not null"
            " and received_by <> confirmed_by)",
            name="four_eyes",
        ),
    )


class PaymentCase(Versioned, DistrictScoped, Model):
    """Something about money that a person must decide. The money itself is already in the books."""

    __tablename__ = "payment_case"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    # The same event reported again is the same case.
    dedupe_key: Mapped[str] = mapped_column(String(160), unique=True, info={"class": 1})
    state: Mapped[str] = mapped_column(String(10), default="open", server_default="open")
    account_id: Mapped[int] = mapped_column(ForeignKey("merchant_account.id"))
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("payment_attempt.id"))
    fact_id: Mapped[int | None] = mapped_column(ForeignKey("payment_fact.id"))
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), info={"class": 2})
    amount_fen: Mapped[int] = mapped_column(Fen, info={"class": 3})
    detail: Mapped[dict[str, Any]] = mapped_column(Json, info={"class": 3})
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    resolution: Mapped[str] = mapped_column(String(300), default="", server_default="", info={"class": 2})

    __table_args__ = (
        CheckConstraint(_one_of("kind", CASE_KINDS), name="kind"),
        CheckConstraint("state in ('open','resolved')", name="state"),
        CheckConstraint("state = 'open' or length(resolution) > 0", name="reason"),
        Index(None, "district_id", "state", "opened_at"),
    )


append_only(PaymentFactRow.__table__)
