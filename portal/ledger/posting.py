"""How entries are written: check, lock the book last, insert in bulk, seal, move the head."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, bindparam, insert, select, update
from sqlalchemy.orm import Session

from portal import clock
from portal.database import prepared, rows
from portal.failpoints import failpoint
from portal.ledger import chain
from portal.ledger.chart import Account, Kind
from portal.ledger.models import Book, Entry, LedgerAccount, Line, Seal

# Core statements: a month of thousands of entries is not a matter for the unit of work.
_BOOK: Any = Book.__table__
_ENTRY: Any = Entry.__table__
_LINE: Any = Line.__table__
_SEAL: Any = Seal.__table__
_ACCOUNT: Any = LedgerAccount.__table__

_NEW_ENTRY, _NEW_LINE, _NEW_SEAL, _NEW_ACCOUNT = (insert(one) for one in (_ENTRY, _LINE, _SEAL, _ACCOUNT))
_MOVED = (
    update(_BOOK)
    .where(_BOOK.c.id == bindparam("the_book"))
    .values(seq=bindparam("to_seq"), head=bindparam("to_head"))
)

# SQLite allows 32766 parameters a statement.
_CHUNK = 5000


class LedgerError(ValueError):
    """A posting that the books refuse."""


@dataclass(frozen=True, kw_only=True)
class Posting:
    """One entry to write; ``lines`` are (account, fen), debits positive, credits negative."""

    idem: str
    kind: str
    effective_date: date
    lines: tuple[tuple[Account, int], ...]
    meta: Mapping[str, Any] = field(default_factory=dict)
    occurred_at: datetime | None = None
    case_uid: str | None = None
    reverses: str | None = None  # the idem of the entry taken back

    def check(self) -> None:
        """Raises: LedgerError when the entry could not be sealed."""
        if len(self.lines) < 2:
            raise LedgerError("an entry needs two lines")
        if any(type(amount) is not int or amount == 0 for _, amount in self.lines):
            raise LedgerError("a line is a whole number of fen, not zero")
        if sum(amount for _, amount in self.lines):
            raise LedgerError("an entry must balance")
        money = sum(amount for account, amount in self.lines if account.kind is not Kind.MEMO)
        if money:
            raise LedgerError("memo lines balance among themselves")
        if type(self.effective_date) is not date:
            raise LedgerError("an entry counts for a civil day")
        if _has_float(self.meta):
            raise LedgerError("no floats in the books")


@dataclass(frozen=True)
class Posted:
    """What became of one posting; ``fresh`` is False when it had been written before."""

    entry_id: int
    idem: str
    fresh: bool


def write(current: Session, book: Book, wanted: Sequence[Posting], actor: str) -> list[Posted]:
    """Write ``wanted`` into the book, inside the caller's transaction. See ``service.post_many``."""
    unique = _one_of_each(wanted)
    # Taken last: whoever holds a book's lock waits for nothing else. SQLite has it since BEGIN IMMEDIATE.
    seq, head = current.execute(_lock(), {"book_id": book.id}).one()
    known = _known(current, book, unique)
    fresh = [one for idem, one in unique.items() if idem not in known]
    if fresh:
        known |= _insert(current, book, fresh, actor, seq, head)
    new = {one.idem for one in fresh}
    return [Posted(known[one.idem], one.idem, one.idem in new) for one in wanted]


def account_of(row: Any) -> Account:
    """Return the name of an account row."""
    return Account(
        code=row.code,
        kind=Kind(row.kind),
        member_id=row.member_id,
        organization_id=row.organization_id,
        period=row.period,
    )


def _one_of_each(wanted: Iterable[Posting]) -> dict[str, Posting]:
    unique: dict[str, Posting] = {}
    for one in wanted:
        if _body(one) != _body(unique.setdefault(one.idem, one)):
            raise LedgerError(f"{one.idem}: posted twice with different lines")
    return unique


def _body(one: Posting) -> tuple[str, list[tuple[str, int]]]:
    # The day may differ when a step is repeated after midnight; the money may not.
    return one.kind, sorted((account.code, amount) for account, amount in one.lines)


def _known(current: Session, book: Book, unique: Mapping[str, Posting]) -> dict[str, int]:
    """Return idem -> entry id of those written before. Raises: LedgerError when the money differs."""
    ids: dict[str, int] = {}
    for part in _chunks(list(unique)):
        found = current.execute(_entries(), {"book_id": book.id, "idems": part}).all()
        if not found:
            continue
        lines: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for entry_id, code, amount in current.execute(_lines(), {"book_id": book.id, "idems": part}):
            lines[entry_id].append((code, amount))
        for entry_id, idem, kind in found:
            if (kind, sorted(lines[entry_id])) != _body(unique[idem]):
                raise LedgerError(f"{idem}: posted before with different lines")
            ids[idem] = entry_id
    return ids


@prepared
def _lock() -> Select[Any]:
    return rows(Book, _BOOK.c.seq, _BOOK.c.head).where(_BOOK.c.id == bindparam("book_id")).with_for_update()


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


def _insert(
    current: Session, book: Book, fresh: Sequence[Posting], actor: str, seq: int, head: str
) -> dict[str, int]:
    district_id, recorded_at = book.district_id, clock.now()
    accounts = _accounts(current, book, fresh)
    reversed_ids = _reversed(current, book, fresh)
    own = {"district_id": district_id, "book_id": book.id}
    for part in _chunks(list(enumerate(fresh, start=seq + 1))):
        current.execute(
            _NEW_ENTRY,
            [
                own
                | {
                    "seq": number,
                    "idem": one.idem,
                    "kind": one.kind,
                    "effective_date": one.effective_date,
                    "occurred_at": one.occurred_at,
                    "recorded_at": recorded_at,
                    "actor": actor,
                    "reverses_id": reversed_ids.get(one.reverses or ""),
                    "case_uid": one.case_uid,
                    "meta": dict(one.meta),
                }
                for number, one in part
            ],
        )
    ids: dict[str, int] = dict(current.execute(_written(), {"book_id": book.id, "seq": seq}).all())
    failpoint("ledger.after_entry")
    lines = [
        {
            "district_id": district_id,
            "entry_id": ids[one.idem],
            "position": position,
            "account_id": accounts[account.code],
            "amount_fen": amount,
        }
        for one in fresh
        for position, (account, amount) in enumerate(one.lines)
    ]
    current.execute(_NEW_LINE, lines)
    failpoint("ledger.after_lines")
    seals = []
    for one in fresh:
        content = chain.canonical(
            book_uid=book.uid,
            idem=one.idem,
            kind=one.kind,
            effective_date=one.effective_date,
            occurred_at=one.occurred_at,
            recorded_at=recorded_at,
            actor=actor,
            reverses=one.reverses,
            case_uid=one.case_uid,
            meta=one.meta,
            lines=[(account.code, amount) for account, amount in one.lines],
        )
        after = chain.link(head, content)
        seals.append(own | {"entry_id": ids[one.idem], "prev_hash": head, "hash": after})
        head = after
    current.execute(_NEW_SEAL, seals)
    current.execute(_MOVED, {"the_book": book.id, "to_seq": seq + len(fresh), "to_head": head})
    if book in current:
        current.expire(book, ["seq", "head"])
    return ids


def _accounts(current: Session, book: Book, fresh: Iterable[Posting]) -> dict[str, int]:
    """Return code -> id, opening the accounts that are new.

    Raises: LedgerError when a code would mean something else than before.
    """
    wanted = {account.code: account for one in fresh for account, _ in one.lines}

    def found(codes: Iterable[str]) -> dict[str, int]:
        ids = {}
        for part in _chunks(list(codes)):
            for row in current.execute(_named(), {"book_id": book.id, "codes": part}):
                if account_of(row) != wanted[row.code]:
                    raise LedgerError(f"{row.code} means something else in this book")
                ids[row.code] = row.id
        return ids

    ids = found(wanted)
    missing = [account for code, account in wanted.items() if code not in ids]
    if missing:
        current.execute(
            _NEW_ACCOUNT,
            [
                {
                    "district_id": book.district_id,
                    "book_id": book.id,
                    "code": account.code,
                    "kind": account.kind.value,
                    "member_id": account.member_id,
                    "organization_id": account.organization_id,
                    "period": account.period,
                }
                for account in missing
            ],
        )
        ids |= found(account.code for account in missing)
    return ids


@prepared
def _named() -> Select[Any]:
    return rows(LedgerAccount).where(
        _ACCOUNT.c.book_id == bindparam("book_id"), _ACCOUNT.c.code.in_(bindparam("codes", expanding=True))
    )


@prepared
def _written() -> Select[Any]:
    return rows(Entry, _ENTRY.c.idem, _ENTRY.c.id).where(
        _ENTRY.c.book_id == bindparam("book_id"), _ENTRY.c.seq > bindparam("seq")
    )


def _reversed(current: Session, book: Book, fresh: Iterable[Posting]) -> dict[str, int]:
    wanted = [one.reverses for one in fresh if one.reverses]
    if not wanted:
        return {}
    where = select(Entry.idem, Entry.id).where(Entry.book_id == book.id, Entry.idem.in_(wanted))
    return dict(current.execute(where).all())


def _has_float(value: Any) -> bool:
    def refuse(text: str) -> float:
        raise LedgerError(f"no floats in the books: {text}")

    # Also proves that the text read back is the text that was hashed.
    return json.loads(json.dumps(value, ensure_ascii=False), parse_float=refuse) != value


def _chunks(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
