"""Vouchers (缴费凭证): numbered without gaps per branch and year; a void one keeps its number."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Fen, Model, UtcDateTime, Versioned


class DuesVoucherSeries(DistrictScoped, Model):
    """The last number given in a branch and year; raised in the transaction that makes the voucher."""

    __tablename__ = "dues_voucher_series"

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    year: Mapped[int] = mapped_column(info={"class": 1})
    last_number: Mapped[int]

    __table_args__ = (UniqueConstraint("organization_id", "year"),)


class DuesVoucher(Versioned, DistrictScoped, Model):
    """One receipt of money for one member, once. ``source_key`` names the receipt (a payment's fact).

    ``token`` is what the QR code carries: not guessable from the number, so that nobody walks the series.
    """

    __tablename__ = "dues_voucher"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(String(26), unique=True, info={"class": 2})
    source_key: Mapped[str] = mapped_column(String(120), unique=True, info={"class": 1})
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    year: Mapped[int] = mapped_column(info={"class": 1})
    number: Mapped[int]
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    total_fen: Mapped[int] = mapped_column(Fen, info={"class": 3})
    # What stays as the member's credit out of this receipt (fen).
    credit_fen: Mapped[int] = mapped_column(Fen, default=0, server_default="0", info={"class": 3})
    paid_on: Mapped[date] = mapped_column(info={"class": 2})
    way: Mapped[str] = mapped_column(String(24), info={"class": 1})
    state: Mapped[str] = mapped_column(String(8), default="valid", server_default="valid")
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    void_reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})
    voided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    voided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("organization_id", "year", "number"),
        CheckConstraint("state in ('valid','void')", name="state"),
        CheckConstraint("number > 0 and total_fen > 0 and credit_fen >= 0", name="sums"),
        CheckConstraint("state = 'valid' or void_reason <> ''", name="void_reason"),
        Index("ix_dues_voucher_member", "member_id", "issued_at"),
    )


class DuesVoucherLine(DistrictScoped, Model):
    """A month on a voucher and what was paid for it (fen)."""

    __tablename__ = "dues_voucher_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    voucher_id: Mapped[int] = mapped_column(ForeignKey("dues_voucher.id"))
    obligation_id: Mapped[int] = mapped_column(ForeignKey("dues_obligation.id"), index=True)
    month: Mapped[str] = mapped_column(String(7), info={"class": 2})
    amount_fen: Mapped[int] = mapped_column(Fen, info={"class": 3})

    __table_args__ = (
        UniqueConstraint("voucher_id", "month"),
        CheckConstraint("amount_fen > 0", name="amount"),
    )
