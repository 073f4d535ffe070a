"""A dues day's cash: one sheet, written by one person, counted and confirmed by another."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Fen, Model, UtcDateTime, Versioned

STATES = ("draft", "handed_over", "confirmed", "cancelled")
#: state -> states it may go to; ``draft`` again is a sheet sent back with a reason.
MOVES = {
    "draft": ("handed_over", "cancelled"),
    "handed_over": ("confirmed", "draft", "cancelled"),
    "confirmed": (),
    "cancelled": (),
}


class DuesCashSheet(Versioned, DistrictScoped, Model):
    """A whole dues day's cash of one branch. It is money in the books only when ``confirmed``."""

    __tablename__ = "dues_cash_sheet"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    day: Mapped[date] = mapped_column(info={"class": 1})
    state: Mapped[str] = mapped_column(String(12), default="draft", server_default="draft")
    collected_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    handed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # What the second person counted; equal to the lines' sum, or the sheet goes back (fen).
    counted_fen: Mapped[int | None] = mapped_column(Fen, info={"class": 3})
    # Why it was sent back or cancelled: the other person reads it (rule K10).
    reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})
    deposit_id: Mapped[int | None] = mapped_column(ForeignKey("dues_cash_deposit.id"), index=True)

    __table_args__ = (
        CheckConstraint("state in (" + ",".join(f"'{s}'" for s in STATES) + ")", name="state"),
        # Four eyes in the database itself (rules K5, K12).
        CheckConstraint("confirmed_by is null or confirmed_by <> collected_by", name="four_eyes"),
        CheckConstraint("state <> 'confirmed' or confirmed_by is not null", name="confirmed"),
        Index("ix_dues_cash_sheet_state", "district_id", "state", "organization_id"),
    )


class DuesCashLine(DistrictScoped, Model):
    """One member on a sheet: the months paid for and the cash handed over (fen)."""

    __tablename__ = "dues_cash_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("dues_cash_sheet.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    # The last month paid for; the months before it that are open are paid first.
    through: Mapped[str] = mapped_column(String(7), info={"class": 2})
    amount_fen: Mapped[int] = mapped_column(Fen, info={"class": 3})

    __table_args__ = (
        UniqueConstraint("sheet_id", "member_id"),
        CheckConstraint("amount_fen > 0", name="amount"),
        Index("ix_dues_cash_line_by_sheet", "district_id", "sheet_id"),
        Index("ix_dues_cash_line_by_member", "district_id", "member_id"),
    )


class DuesCashDeposit(Versioned, DistrictScoped, Model):
    """Cash of confirmed sheets brought to the dues account at the bank, with the bank's reference."""

    __tablename__ = "dues_cash_deposit"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(60))
    holder: Mapped[int] = mapped_column(ForeignKey("account.id"))
    amount_fen: Mapped[int] = mapped_column(Fen, info={"class": 2})
    on_day: Mapped[date]
    recorded_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("district_id", "reference"),
        CheckConstraint("amount_fen > 0", name="amount"),
    )
