"""What waits for a person, how it was sent, and how the person likes to be reached."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Json, Model, UtcDateTime

#: ``sending`` lasts as long as an at-most-once call; found later, its outcome is unknown.
STATES = ("waiting", "sending", "sent", "unknown", "failed", "expired")


class Notice(Model):
    """A message in the portal. It belongs to an account and is read by nobody else."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_account_id_id", "account_id", "id"),
        {"info": {"open": "it belongs to an account, wherever it was written, and is read by the account"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), info={"class": 1})
    district_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"))
    template: Mapped[str] = mapped_column(String(80), info={"class": 2})
    params: Mapped[dict[str, Any]] = mapped_column(Json, info={"class": 2})
    url: Mapped[str] = mapped_column(String(200), default="", info={"class": 1})
    dedupe_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})


class Delivery(Model):
    """One outward message. Number and values are sealed, bound to ``uid``, and wiped at the end."""

    __tablename__ = "notice_delivery"
    __table_args__ = (
        CheckConstraint("state in (" + ",".join(f"'{state}'" for state in STATES) + ")", name="state"),
        Index("ix_notice_delivery_state", "state", "id"),
        {"info": {"open": "sent by workers for every district; what it says is sealed"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notice.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    district_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"))
    template: Mapped[str] = mapped_column(String(80), info={"class": 1})
    phone_sealed: Mapped[bytes | None] = mapped_column(
        info={"class": 2, "sealed_as": "notice_delivery.phone"}
    )
    params_sealed: Mapped[bytes | None] = mapped_column(
        info={"class": 4, "sealed_as": "notice_delivery.params"}
    )
    url: Mapped[str] = mapped_column(String(200), default="", info={"class": 1})
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    channel: Mapped[str | None] = mapped_column(String(32))
    tried: Mapped[list[str]] = mapped_column(Json, default=list)
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})


class Preference(Model):
    """How a person wants to hear of each kind of message: by a channel's key first, or inside only."""

    __tablename__ = "notice_preference"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    kinds: Mapped[dict[str, str]] = mapped_column(Json, info={"class": 1})


class DemoMessage(Model):
    """What the demo's channel "sent"; shown at /demo/outbox, written in the demo only."""

    __tablename__ = "demo_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    phone: Mapped[str] = mapped_column(String(20), index=True, info={"class": 2})
    title: Mapped[str] = mapped_column(String(200), info={"class": 1})
    body: Mapped[str] = mapped_column(String(1000), info={"class": 1})
    url: Mapped[str] = mapped_column(String(200), default="", info={"class": 1})
