"""The one order in which dues take their locks: months, the branches' numbers, the book.

Before them comes what a verb is about (an attempt, a cash sheet, a proposal, a voucher, a job's key); then

1. the district's lock of who puts months on the books and who decides about them (``meanwhile``);
2. the months: missing ones are put on the books first, then all of them are locked, oldest first and by
   member (``obligations.ensure``, ``obligations.locked``, ``held``);
3. the series of the branches' vouchers, by branch (``vouchers``);
4. the book, by whatever is posted (``books.post``, the core's payments). Whoever holds it waits for nothing.

So what a verb posts it gathers, and posts at its end. Whoever took the book and then asked for a month would
wait for a payer who waits for the book: PostgreSQL breaks one of them off (40P01), and a person is asked to
try again. The book comes last because a district has one and every payment needs it: it is held the shortest.
``tests/order.py`` looks at every verb that the tests of dues run on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import select

from portal.api import Member, ledger, rows, session, transaction

from ..models import DuesObligation
from . import books, obligations, vouchers

T: Any = DuesObligation.__table__
#: (member id, month) that a sheet under way has taken, or found that nobody owes.
_taken: ContextVar[frozenset[tuple[int, str]]] = ContextVar("dues_taken", default=frozenset())


def ensure(*, district_id: int, member_id: int, months: Sequence[str]) -> list[ledger.Posting]:
    """Put one member's months on the books, unless a sheet has; return the entries to be posted last."""
    missing = [month for month in months if (member_id, month) not in _taken.get()]
    if not missing:
        return []
    return obligations.ensure(district_id=district_id, wanted={member_id: missing})


@contextmanager
def several(*, district_id: int, months: Mapping[int, Sequence[str]], year: int) -> Iterator[None]:
    """Take what a sheet of many members (by id) needs before its first line is booked; in one transaction.

    ``year`` is the vouchers'. Line by line, the second one's months would be waited for with the book
    in hand.
    """
    wanted = frozenset((member_id, month) for member_id, named in months.items() for month in named)
    with transaction():
        postings = obligations.ensure(district_id=district_id, wanted=months)
        branches = _branches(district_id, months)
        vouchers.hold_numbers(district_id=district_id, organization_ids=branches, year=year)
        books.post(district_id, postings, actor=obligations.SYSTEM)
        before = _taken.set(wanted)
        try:
            yield
        finally:
            _taken.reset(before)


def _branches(district_id: int, months: Mapping[int, Sequence[str]]) -> set[int]:
    """Lock the months, and return the branches they and their members belong to."""
    found = (
        rows(DuesObligation, T.c.organization_id)
        .where(
            T.c.district_id == district_id,
            T.c.member_id.in_(list(months)),
            T.c.month.in_(sorted({month for named in months.values() for month in named})),
        )
        .order_by(T.c.month, T.c.member_id)
        .with_for_update(of=T)
    )
    owed_to = set(session.execute(found).scalars())
    theirs = select(Member.organization_id).where(Member.id.in_(list(months)))
    return owed_to | {branch for branch in session.scalars(theirs) if branch is not None}
