"""What a book holds before a posting is written: its head, the accounts, entries of the same key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, select

from portal.database import is_postgresql, prepared, rows
from portal.ledger.chart import Account, Kind
from portal.ledger.models import Book, Entry, LedgerAccount, Line
from portal.ledger.posting import LedgerError, Posting, body

_BOOK: Any = Book.__table__
_ENTRY: Any = Entry.__table__
_LINE: Any = Line.__table__
_ACCOUNT: Any = LedgerAccount.__table__

# SQLite allows 32766 parameters a statement.
_CHUNK = 5000


def chunks(values: list[Any]) -> Iterator[list[Any]]:
    """Cut a list into parts that one statement takes."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def account_of(row: Any) -> Account:
    """Return the name of an account row."""
    return Account(
        code=row.code,
        kind=Kind(row.kind),
        member_id=row.member_id,
        organization_id=row.organization_id,
        period=row.period,
    )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A locked book, the ids of its accounts by code, and of the entries written before by key."""

    book: Row[Any]  # id, uid, district_id, seq, head
    accounts: dict[str, int]
    entries: dict[str, int]


def standing(
    connection: Connection, *, district_id: int, purpose: str, unique: Mapping[str, Posting]
) -> Standing | None:
    """Lock a book until the transaction ends and return what a posting needs to know; None without a book.

    Raises: LedgerError when a code would mean something else, or an entry was written with other lines.
    """
    named: dict[str, Any] = {"in_district": district_id, "for_purpose": purpose}
    if is_postgresql():
        # A statement of its own: what is read after it was written before. SQLite has its one write lock.
        connection.execute(_lock(), named)
    wanted = {account.code: account for one in unique.values() for account, _ in one.lines}
    ids: dict[str, int] = {}
    repeated: list[str] = []
    codes: list[str]
    idems: list[str]
    for codes, idems in zip_longest(chunks(list(wanted)), chunks(list(unique)), fillvalue=[]):
        found = connection.execute(_book(), {**named, "codes": codes, "idems": idems}).all()
        if not found:
            return None
        for row in found:
            if row.code is None:
                continue  # none of these accounts: the book alone
            if account_of(row) != wanted[row.code]:
                raise LedgerError(f"{row.code} means something else in this book")
            ids[row.code] = row.account_id
        # Nearly every entry is new, and this read says so beside.
        if found[0].repeated:
            repeated += idems
    return Standing(
        book=found[0], accounts=ids, entries=_written_before(connection, found[0], unique, repeated)
    )


def _written_before(
    connection: Connection, book: Any, unique: Mapping[str, Posting], repeated: list[str]
) -> dict[str, int]:
    ids: dict[str, int] = {}
    for part in chunks(repeated):
        found = connection.execute(_entries(), {"book_id": book.id, "idems": part}).all()
        if not found:
            continue
        lines: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for entry_id, code, amount in connection.execute(_lines(), {"book_id": book.id, "idems": part}):
            lines[entry_id].append((code, amount))
        for entry_id, idem, kind in found:
            if (kind, sorted(lines[entry_id])) != body(unique[idem]):
                raise LedgerError(f"{idem}: posted before with different lines")
            ids[idem] = entry_id
    return ids


def reversed_ids(connection: Connection, book: Any, fresh: list[Posting]) -> dict[str, int]:
    """Return idem -> id of the entries that some of ``fresh`` take back."""
    wanted = [one.reverses for one in fresh if one.reverses]
    if not wanted:
        return {}
    found = connection.execute(_entries(), {"book_id": book.id, "idems": wanted})
    return {row.idem: row.id for row in found}


def _which(book: Any) -> tuple[Any, Any]:
    return book.c.district_id == bindparam("in_district"), book.c.purpose == bindparam("for_purpose")


@prepared
def _lock() -> Select[Any]:
    return rows(Book, _BOOK.c.id).where(*_which(_BOOK)).with_for_update()


@prepared
def _book() -> Select[Any]:
    # About a book of its own, so that it is asked once and not again for each account.
    same = _BOOK.alias("same")
    before = (
        select(_ENTRY.c.id)
        .join(same, same.c.id == _ENTRY.c.book_id)
        .where(*_which(same), _ENTRY.c.idem.in_(bindparam("idems", expanding=True)))
    )
    account = _ACCOUNT.c
    return (
        rows(
            Book,
            _BOOK.c.id,
            _BOOK.c.uid,
            _BOOK.c.district_id,
            _BOOK.c.seq,
            _BOOK.c.head,
            account.id.label("account_id"),
            account.code,
            account.kind,
            account.member_id,
            account.organization_id,
            account.period,
            before.exists().label("repeated"),
        )
        .select_from(_BOOK)
        .outerjoin(
            _ACCOUNT,
            and_(account.book_id == _BOOK.c.id, account.code.in_(bindparam("codes", expanding=True))),
        )
        .where(*_which(_BOOK))
    )


@prepared
def _entries() -> Select[Any]:
    return rows(Entry, _ENTRY.c.id, _ENTRY.c.idem, _ENTRY.c.kind).where(
        _ENTRY.c.book_id == bindparam("book_id"), _ENTRY.c.idem.in_(bindparam("idems", expanding=True))
    )


@prepared
def _lines() -> Select[Any]:
    return (
        rows(Line, _LINE.c.entry_id, _ACCOUNT.c.code, _LINE.c.amount_fen)
        .join(_ACCOUNT, _ACCOUNT.c.id == _LINE.c.account_id)
        .join(_ENTRY, _ENTRY.c.id == _LINE.c.entry_id)
        .where(
            _ENTRY.c.book_id == bindparam("book_id"), _ENTRY.c.idem.in_(bindparam("idems", expanding=True))
        )
    )
