"""The verbs of the books: open, post, post many, post to, reverse. Nothing is ever changed or taken away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.crypto import new_uid
from portal.database import ScopeError, connection, session, transaction, write_scope
from portal.database.scope import EVERYTHING
from portal.ledger import chain, writing
from portal.ledger.chart import Account
from portal.ledger.models import Book, Entry, LedgerAccount, Line, Seal
from portal.ledger.posting import LedgerError, Posted, Posting, one_of_each
from portal.ledger.standing import account_of, standing

_BOOK = select(Book).where(
    Book.district_id == bindparam("in_district"), Book.purpose == bindparam("for_purpose")
)


def open_book(*, district_id: int, purpose: str) -> Book:
    """Return the book of ``purpose`` in a district, opening it when it is the first time."""
    _require_scope(district_id)
    with transaction() as current:
        named = {"in_district": district_id, "for_purpose": purpose}
        book = current.scalar(_BOOK, named)
        if book is not None:
            return book
        uid = new_uid()
        try:
            with current.begin_nested():
                current.add(
                    Book(
                        uid=uid,
                        district_id=district_id,
                        purpose=purpose,
                        head=chain.origin(uid),
                        opened_at=clock.now(),
                    )
                )
        except IntegrityError:
            pass  # somebody else opened it meanwhile; the unique key decides
        return current.scalars(_BOOK, named).one()


def post(
    *,
    book: Book,
    idem: str,
    kind: str,
    effective_date: date,
    lines: Sequence[tuple[Account, int]],
    actor: str,
    **more: object,
) -> Entry:
    """Write and seal one entry; ``lines`` are (account, fen), debits positive, credits negative.

    The same ``idem`` with the same lines returns the entry that is there. ``more``: ``meta``,
    ``occurred_at``, ``case_uid``.
    Raises: LedgerError (not balanced, fewer than two lines, same ``idem`` with other lines).
    """
    one = Posting(idem=idem, kind=kind, effective_date=effective_date, lines=tuple(lines), **more)  # type: ignore[arg-type]
    [posted] = post_many(book=book, postings=[one], actor=actor)
    return session.get_one(Entry, posted.entry_id)


def post_many(*, book: Book, postings: Iterable[Posting], actor: str) -> list[Posted]:
    """Write and seal many entries in the order given, in a handful of statements.

    Meant for the memo entries of a month (thousands of members) and for a receipt with its allocations.
    Raises: LedgerError; then none of them is written.
    """
    posted = post_to(district_id=book.district_id, purpose=book.purpose, postings=postings, actor=actor)
    if book in session:
        session.expire(book, ["seq", "head"])
    return posted


def post_to(*, district_id: int, purpose: str, postings: Iterable[Posting], actor: str) -> list[Posted]:
    """Do the same in the book of ``purpose`` in a district, opening it when it is the first time.

    For whoever has no need of the book itself: it is read once, when it is locked.
    Raises: LedgerError; then none of them is written.
    """
    _require_scope(district_id)
    wanted = list(postings)
    if not wanted:
        return []  # money that found no place, say
    for one in wanted:
        one.check()
    unique = one_of_each(wanted)
    with transaction():
        held = connection()
        # Taken last: whoever holds a book's lock waits for nothing else.
        found = standing(held, district_id=district_id, purpose=purpose, unique=unique)
        if found is None:
            open_book(district_id=district_id, purpose=purpose)
            found = standing(held, district_id=district_id, purpose=purpose, unique=unique)
        assert found is not None
        return writing.write(held, found, unique, wanted, actor)


def reverse(entry: Entry, *, reason: str, actor: str, effective_date: date | None = None) -> Entry:
    """Take an entry back by its opposite; asked again, return the reversal that is there.

    Raises: LedgerError (no reason, the entry is itself a reversal).
    """
    if not reason.strip():
        raise LedgerError("a reversal needs a reason")
    if entry.reverses_id is not None:
        raise LedgerError("a reversal is not reversed; write the right entry instead")
    with transaction() as current:
        book = current.get_one(Book, entry.book_id)
        sealed = select(Seal.entry_id).where(Seal.entry_id == entry.id)
        if current.scalar(sealed) is None:
            raise LedgerError("only a sealed entry can be reversed")
        found = current.execute(
            select(LedgerAccount, Line.amount_fen)
            .join(Line, Line.account_id == LedgerAccount.id)
            .where(Line.entry_id == entry.id)
            .order_by(Line.position)
        ).all()
        lines = tuple((account_of(row), -amount) for row, amount in found)
        opposite = Posting(
            idem=f"rev:{entry.idem}",
            kind="reversal",
            effective_date=effective_date or clock.today(),
            lines=lines,
            meta={"reason": reason},
            case_uid=entry.case_uid,
            reverses=entry.idem,
        )
        [posted] = post_many(book=book, postings=[opposite], actor=actor)
        return current.get_one(Entry, posted.entry_id)


def _require_scope(district_id: int) -> None:
    # Entries are written with Core statements, which the flush guard of the scope does not see.
    if write_scope() not in (EVERYTHING, district_id):
        raise ScopeError(f"book of district {district_id}, scope {write_scope()}")
