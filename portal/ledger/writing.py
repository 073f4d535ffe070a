"""How entries are written: lock the book last, insert in bulk, seal, move the head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from portal import clock
from portal.database import run_ready
from portal.failpoints import failpoint
from portal.ledger import chain
from portal.ledger.models import Book, Entry, LedgerAccount, Line, Seal
from portal.ledger.posting import Posted, Posting
from portal.ledger.standing import Held, Standing, chunks, reversed_ids

# Core statements: a month of thousands of entries is not a matter for the unit of work.
_BOOK: Any = Book.__table__
_ENTRY: Any = Entry.__table__
_NEW_ENTRY = insert(_ENTRY).returning(_ENTRY.c.idem, _ENTRY.c.id)
_NEW_ACCOUNT = insert(LedgerAccount.__table__).returning(
    LedgerAccount.__table__.c.code, LedgerAccount.__table__.c.id
)
#: A payment is two entries; above this one statement for all of them is the cheaper way.
_FEW = 4
_NEW_LINE, _NEW_SEAL = insert(Line.__table__), insert(Seal.__table__)
_MOVED = (
    update(_BOOK)
    .where(_BOOK.c.id == bindparam("the_book"))
    .values(seq=bindparam("to_seq"), head=bindparam("to_head"))
)


def write(
    connection: Connection,
    found: Standing,
    unique: Mapping[str, Posting],
    wanted: Sequence[Posting],
    actor: str,
) -> list[Posted]:
    """Write ``unique``, the postings by key, into a locked book and answer for each ``wanted``.

    Inside the caller's transaction. See ``service.post_to``.
    """
    book, known = found.book, found.entries
    fresh = [one for idem, one in unique.items() if idem not in known]
    if fresh:
        accounts = found.accounts | _opened(connection, book, fresh, found.accounts)
        known = known | _insert(connection, book, fresh, actor, accounts)
    new = {one.idem for one in fresh}
    return [Posted(known[one.idem], one.idem, one.idem in new) for one in wanted]


def _opened(
    connection: Connection, book: Held, fresh: Iterable[Posting], have: dict[str, int]
) -> dict[str, int]:
    """Open the accounts that the first line needs; return code -> id."""
    missing = {account.code: account for one in fresh for account, _ in one.lines if account.code not in have}
    ids: dict[str, int] = {}
    for part in chunks(list(missing.values())):
        made = connection.execute(
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
                for account in part
            ],
        )
        ids |= dict(made.all())
    return ids


def _written(connection: Connection, entries: Sequence[Mapping[str, Any]]) -> Any:
    """Insert entries and return key and id of each."""
    if len(entries) <= _FEW:
        return [run_ready(_NEW_ENTRY, one, at=connection).one() for one in entries]
    return connection.execute(_NEW_ENTRY, entries).all()


def _insert(
    connection: Connection, book: Held, fresh: list[Posting], actor: str, accounts: dict[str, int]
) -> dict[str, int]:
    recorded_at, head = clock.now(), book.head
    own = {"district_id": book.district_id, "book_id": book.id}
    taken_back = reversed_ids(connection, book, fresh)
    ids: dict[str, int] = {}
    for part in chunks(list(enumerate(fresh, start=book.seq + 1))):
        made = _written(
            connection,
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
                    "reverses_id": taken_back.get(one.reverses or ""),
                    "case_uid": one.case_uid,
                    "meta": dict(one.meta),
                }
                for number, one in part
            ],
        )
        ids |= dict(made)
    failpoint("ledger.after_entry")
    lines = [
        {
            "district_id": book.district_id,
            "entry_id": ids[one.idem],
            "position": position,
            "account_id": accounts[account.code],
            "amount_fen": amount,
        }
        for one in fresh
        for position, (account, amount) in enumerate(one.lines)
    ]
    run_ready(_NEW_LINE, lines)
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
    run_ready(_NEW_SEAL, seals)
    run_ready(_MOVED, {"the_book": book.id, "to_seq": book.seq + len(fresh), "to_head": head})
    return ids
