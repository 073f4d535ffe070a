"""What a book holds before a posting is written: its head, the accounts, entries of the same key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from portal.database import prepared, rows
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


def locked_book(connection: Connection, *, district_id: int, purpose: str) -> Row[Any] | None:
    """Lock a book until the transaction ends; return its id, uid, district_id, seq and head.

    SQLite holds its one write lock since ``BEGIN IMMEDIATE``.
    """
    named = {"in_district": district_id, "for_purpose": purpose}
    return connection.execute(_book(), named).one_or_none()


@prepared
def _book() -> Select[Any]:
    return (
        rows(Book, _BOOK.c.id, _BOOK.c.uid, _BOOK.c.district_id, _BOOK.c.seq, _BOOK.c.head)
        .where(_BOOK.c.district_id == bindparam("in_district"), _BOOK.c.purpose == bindparam("for_purpose"))
        .with_for_update()
    )


def accounts_and_entries(
    connection: Connection, book: Any, unique: Mapping[str, Posting]
) -> tuple[dict[str, int], dict[str, int]]:
    """Return code -> id of the accounts that are open, and idem -> id of the entries written before.

    Raises: LedgerError when a code would mean something else, or an entry was written with other lines.
    """
    wanted = {account.code: account for one in unique.values() for account, _ in one.lines}
    ids: dict[str, int] = {}
    repeated: list[str] = []
    codes: list[str]
    idems: list[str]
    for codes, idems in zip_longest(chunks(list(wanted)), chunks(list(unique)), fillvalue=[]):
        named = {"book_id": book.id, "codes": codes, "idems": idems}
        found = connection.execute(_accounts(), named).all()
        for row in found:
            if account_of(row) != wanted[row.code]:
                raise LedgerError(f"{row.code} means something else in this book")
            ids[row.code] = row.id
        # Nearly every entry is new: the read of the accounts says so beside. No account, no word.
        if idems and (not found or found[0].repeated):
            repeated += idems
    return ids, _written_before(connection, book, unique, repeated)


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


@prepared
def _accounts() -> Select[Any]:
    # Another name of the table, or the read would be tied to the outer one.
    before = _ENTRY.alias("before")
    again = select(before.c.id).where(
        before.c.book_id == bindparam("book_id"), before.c.idem.in_(bindparam("idems", expanding=True))
    )
    return rows(LedgerAccount, *_ACCOUNT.c, again.exists().label("repeated")).where(
        _ACCOUNT.c.book_id == bindparam("book_id"), _ACCOUNT.c.code.in_(bindparam("codes", expanding=True))
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
