"""Reads of the books. Only sealed entries count."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from portal.database import prepared, rows, session
from portal.ledger.chart import Account, Kind
from portal.ledger.models import Book, Entry, LedgerAccount, Line, Seal


def find_book(*, district_id: int, purpose: str) -> Book | None:
    """Return a district's book of ``purpose``, or None while nothing was ever posted."""
    return session.scalar(select(Book).where(Book.district_id == district_id, Book.purpose == purpose))


def balance(book: Book, account: Account) -> int:
    """Return what an account holds in fen: positive is debit, negative is credit."""
    where = _sums(book).where(LedgerAccount.code == account.code)
    return {code: amount for code, amount in session.execute(where)}.get(account.code, 0)


def balance_in(*, district_id: int, purpose: str, account: Account) -> int:
    """Return what an account of a district's book holds in fen, in one query; 0 while there is no book."""
    named = {"district_id": district_id, "purpose": purpose, "code": account.code}
    return int(session.execute(_balance_in(), named).scalar() or 0)


@prepared
def _balance_in() -> Select[Any]:
    line, seal, account, book = (
        Line.__table__,
        Seal.__table__,
        LedgerAccount.__table__,
        Book.__table__,
    )
    return (
        rows(Book, func.sum(line.c.amount_fen))
        .select_from(book)
        .join(account, account.c.book_id == book.c.id)
        .join(line, line.c.account_id == account.c.id)
        .join(seal, seal.c.entry_id == line.c.entry_id)
        .where(
            book.c.district_id == bindparam("district_id"),
            book.c.purpose == bindparam("purpose"),
            account.c.code == bindparam("code"),
        )
    )


def balances(
    book: Book,
    *,
    kind: Kind | None = None,
    member_id: int | None = None,
    organization_id: int | None = None,
    periods: Iterable[str] | None = None,
    until: date | None = None,
) -> dict[str, int]:
    """Return account code -> fen of every account that matches, zero sums included.

    ``until`` counts entries effective on or before that day; ``periods`` are ``YYYY-MM``.
    """
    where = _sums(book)
    if kind is not None:
        where = where.where(LedgerAccount.kind == kind.value)
    if member_id is not None:
        where = where.where(LedgerAccount.member_id == member_id)
    if organization_id is not None:
        where = where.where(LedgerAccount.organization_id == organization_id)
    if periods is not None:
        where = where.where(LedgerAccount.period.in_(list(periods)))
    if until is not None:
        where = where.where(Entry.effective_date <= until)
    return {code: amount for code, amount in session.execute(where)}


def entry_by_idem(book: Book, idem: str) -> Entry | None:
    """Return the sealed entry with this idempotency key."""
    return session.scalar(
        select(Entry)
        .join(Seal, Seal.entry_id == Entry.id)
        .where(Entry.book_id == book.id, Entry.idem == idem)
    )


def lines_of(entry: Entry) -> list[tuple[str, int]]:
    """Return an entry's lines as (account code, fen) in their order."""
    found = session.execute(
        select(LedgerAccount.code, Line.amount_fen)
        .join(LedgerAccount, LedgerAccount.id == Line.account_id)
        .where(Line.entry_id == entry.id)
        .order_by(Line.position)
    )
    return [(code, amount) for code, amount in found]


def _sums(book: Book) -> Any:
    return (
        select(LedgerAccount.code, func.sum(Line.amount_fen))
        .join(Line, Line.account_id == LedgerAccount.id)
        .join(Seal, Seal.entry_id == Line.entry_id)
        .join(Entry, Entry.id == Line.entry_id)
        .where(LedgerAccount.book_id == book.id)
        .group_by(LedgerAccount.code)
    )
