"""Tables of the books, and what the database itself refuses about them (payments.md §5.3)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import DistrictScoped, Fen, Json, Model, UtcDateTime
from portal.ledger import guards


class Book(DistrictScoped, Model):
    """The books of one purpose in one district: dues are never mixed with donations or prize money.

    ``seq`` and ``head`` are the counter every posting locks; they only ever move forward.
    """

    __tablename__ = "ledger_book"
    __table_args__ = (UniqueConstraint("district_id", "purpose"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    purpose: Mapped[str] = mapped_column(String(40))
    seq: Mapped[int] = mapped_column(default=0, server_default="0")
    head: Mapped[str] = mapped_column(String(64))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LedgerAccount(DistrictScoped, Model):
    """One account of a book, opened when the first line needs it; never changed afterwards."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("book_id", "code"),
        Index(None, "book_id", "kind", "period"),
        Index(None, "book_id", "member_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("ledger_book.id"))
    code: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(12))
    # What the account is about, for sums; plain ids, so that the books survive any table they speak of.
    member_id: Mapped[int | None]
    organization_id: Mapped[int | None]
    period: Mapped[str | None] = mapped_column(String(7))


class Entry(DistrictScoped, Model):
    """One journal entry. It counts only once it is sealed; corrections are reversals, never changes."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("book_id", "idem"),
        UniqueConstraint("book_id", "seq"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("ledger_book.id"))
    seq: Mapped[int]
    idem: Mapped[str] = mapped_column(String(160))
    kind: Mapped[str] = mapped_column(String(40))
    # The civil day the entry counts for; a fact that comes late keeps its own instant in occurred_at.
    effective_date: Mapped[date] = mapped_column(Date)
    occurred_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(80))
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_entry.id"), unique=True)
    case_uid: Mapped[str | None] = mapped_column(String(26))
    meta: Mapped[dict[str, Any]] = mapped_column(Json)


class Line(DistrictScoped, Model):
    """One line of an entry: positive is debit, negative is credit."""

    __tablename__ = "ledger_line"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0", name="amount"),
        # SQLite stores what it is given; PostgreSQL has the type.
        CheckConstraint("typeof(amount_fen) = 'integer'", name="integer").ddl_if(dialect="sqlite"),
        Index(None, "account_id"),
    )

    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    # Here, and not by the mixin, for its place among the columns.
    district_id: Mapped[int] = mapped_column(ForeignKey("district.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"))
    amount_fen: Mapped[int] = mapped_column(Fen)


class Seal(DistrictScoped, Model):
    """What makes an entry count: it balances, and it is the next link of the book's chain."""

    __tablename__ = "ledger_seal"
    __table_args__ = (UniqueConstraint("book_id", "prev_hash"),)  # the chain cannot fork

    entry_id: Mapped[int] = mapped_column(ForeignKey("ledger_entry.id"), primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("district.id"))
    book_id: Mapped[int] = mapped_column(ForeignKey("ledger_book.id"))
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


guards.attach(Book.__table__, LedgerAccount.__table__, Entry.__table__, Line.__table__, Seal.__table__)
