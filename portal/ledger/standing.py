"""What a book holds before a posting is written: its head, the accounts, entries of the same key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, or_, select

from portal.database import prepared, rows, run_ready
from portal.ledger.chart import Account, Kind
from portal.ledger.models import Book, Entry, LedgerAccount, Line
from portal.ledger.posting import LedgerError, Posting, body

_BOOK: Any = Book.__table__
_ENTRY: Any = Entry.__table__
_LINE: Any = Line.__table__
_ACCOUNT: Any = LedgerAccount.__table__

# SQLite allows 32766 parameters a statement.
_CHUNK = 5000
# A payment of a month or two needs no more accounts and entries than these.
_FEW_CODES, _FEW_IDEMS = 8, 3
_CODES = [f"code_{number}" for number in range(_FEW_CODES)]
_IDEMS = [f"idem_{number}" for number in range(_FEW_IDEMS)]


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


class Held(NamedTuple):
    """A book as it was when it was locked."""

    id: int
    uid: str
    district_id: int
    seq: int
    head: str


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A locked book, the ids of its accounts by code, and of the entries written before by key."""

    book: Held
    accounts: dict[str, int]
    entries: dict[str, int]


def standing(
    connection: Connection, *, district_id: int, purpose: str, unique: Mapping[str, Posting]
) -> Standing | None:
    """Lock a book until the transaction ends and return what a posting needs to know; None without a book.

    Raises: LedgerError when a code would mean something else, or an entry was written with other lines.
    """
    named: dict[str, Any] = {"in_district": district_id, "for_purpose": purpose}
    if connection.dialect.name == "postgresql":
        # A statement of its own: what is read after it was written before. SQLite has its one write lock.
        connection.execute(_lock(), named)
    wanted = {account.code: account for one in unique.values() for account, _ in one.lines}
    ids: dict[str, int] = {}
    repeated: list[str] = []
    codes: list[str]
    idems: list[str]
    for codes, idems in zip_longest(chunks(list(wanted)), chunks(list(unique)), fillvalue=[]):
        few = len(codes) <= _FEW_CODES and len(idems) <= _FEW_IDEMS
        asked = _one_by_one(codes, idems) if few else {"codes": codes, "idems": idems}
        found = _read(connection, few, named | asked)
        if not found:
            return None
        for account_id, code, *meaning in (row[len(Held._fields) : -1] for row in found):
            if code is None:
                continue  # none of these accounts: the book alone
            if tuple(meaning) != wanted[code][1:]:
                raise LedgerError(f"{code} means something else in this book")
            ids[code] = account_id
        # Nearly every entry is new, and this read says so beside.
        if found[0][-1]:
            repeated += idems
    book = Held._make(found[0][: len(Held._fields)])
    return Standing(book=book, accounts=ids, entries=_written_before(connection, book, unique, repeated))


def _read(connection: Connection, few: bool, named: dict[str, Any]) -> Sequence[Sequence[Any]]:
    if few:
        return run_ready(_book(few), named, at=connection).rows
    return connection.execute(_book(few), named).all()


def _written_before(
    connection: Connection, book: Held, unique: Mapping[str, Posting], repeated: list[str]
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


def reversed_ids(connection: Connection, book: Held, fresh: list[Posting]) -> dict[str, int]:
    """Return idem -> id of the entries that some of ``fresh`` take back."""
    wanted = [one.reverses for one in fresh if one.reverses]
    if not wanted:
        return {}
    found = connection.execute(_entries(), {"book_id": book.id, "idems": wanted})
    return {row.idem: row.id for row in found}


def _one_by_one(codes: Sequence[str], idems: Sequence[str]) -> dict[str, str | None]:
    """Name each of a few values by itself; the places left over stay empty."""
    # A list of parameters is spelt out anew at each execution: that cost as much as the read itself.
    asked = dict(zip_longest(_CODES, codes))
    asked.update(zip_longest(_IDEMS, idems))
    return asked


def _which(book: Any) -> tuple[Any, Any]:
    return book.c.district_id == bindparam("in_district"), book.c.purpose == bindparam("for_purpose")


@prepared
def _lock() -> Select[Any]:
    return rows(Book, _BOOK.c.id).where(*_which(_BOOK)).with_for_update()


def _any_of(column: Any, names: Sequence[str], many: str, few: bool) -> Any:
    if few:
        return or_(*(column == bindparam(name, type_=column.type) for name in names))
    return column.in_(bindparam(many, expanding=True))


@prepared
def _book(few: bool) -> Select[Any]:
    # About a book of its own, so that it is asked once and not again for each account.
    same = _BOOK.alias("same")
    before = (
        select(_ENTRY.c.id)
        .join(same, same.c.id == _ENTRY.c.book_id)
        .where(*_which(same), _any_of(_ENTRY.c.idem, _IDEMS, "idems", few))
    )
    account = _ACCOUNT.c
    return (
        rows(
            Book,
            *(_BOOK.c[name] for name in Held._fields),
            account.id.label("account_id"),
            *(account[name] for name in Account._fields),
            before.exists().label("repeated"),
        )
        .select_from(_BOOK)
        .outerjoin(
            _ACCOUNT,
            and_(account.book_id == _BOOK.c.id, _any_of(account.code, _CODES, "codes", few)),
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
