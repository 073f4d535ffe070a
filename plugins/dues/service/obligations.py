"""Months come onto the books: by the monthly job for everybody, and on demand for one who pays ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, select, true
from sqlalchemy.dialects import postgresql, sqlite

from portal.api import (
    clock,
    forget,
    is_postgresql,
    jobs,
    ledger,
    prepared,
    rows,
    session,
    swap,
    swap_row,
    transaction,
)

from ..models import (
    DuesAssessment,
    DuesObligation,
    DuesRelief,
)
from ..states import state_of
from . import books, meanwhile
from .owing import who_owes

SYSTEM = "system"
MONTHS_JOB = "dues.months"

T: Any = DuesObligation.__table__


class Made(NamedTuple):
    """Months just put on the books: how many, and the entries that say so, still to be posted."""

    months: int
    postings: list[ledger.Posting]


def create_month(*, district_id: int, month: str, member_ids: Sequence[int] | None = None) -> int:
    """Put ``month`` on the books for every member who owes it and does not have it; return how many."""
    with transaction():
        made = put_on_books(district_id=district_id, month=month, member_ids=member_ids)
        books.post(district_id, made.postings, actor=SYSTEM)
    return made.months


def put_on_books(*, district_id: int, month: str, member_ids: Sequence[int] | None = None) -> Made:
    """Do the same inside of a verb that posts at its end, when it has taken everything else.

    One statement for the whole district. Each month goes to the branch of the member's formal affiliation on
    its first day (or the first one within it), so that it belongs to exactly one branch. Running it again
    adds nobody twice: the unique key decides. The rows come by member, so that two who put the same month on
    the books at once wait for each other in one order (``order``).
    """
    with transaction() as current:
        meanwhile.months_come(district_id)
        chosen = who_owes(district_id, month, member_ids)
        columns = [column.name for column in chosen.selected_columns]
        dialect = postgresql if is_postgresql() else sqlite
        statement: Any = dialect.insert(T).from_select(columns, chosen, include_defaults=False)
        statement = statement.on_conflict_do_nothing(index_elements=["member_id", "month"])
        made = current.execute(statement.returning(T.c.id, T.c.member_id, T.c.due_fen)).all()
        postings = [
            books.assessed(member_id=row.member_id, month=month, fen=row.due_fen, idem=f"assess:{row.id}")
            for row in made
            if row.due_fen
        ]
        postings += _apply_reliefs(district_id, month, [row.member_id for row in made])
    return Made(len(made), postings)


def create_soon(district_id: int) -> None:
    """Have the job put the months on the books in some seconds, after what this transaction decided.

    Whoever brings in how far members have paid does not wait six hours for the branch's page to say so.
    """
    now = clock.now()
    # A sheet decides thousands of times: one job a second is enough, begun when the sheet is committed.
    jobs.enqueue(
        MONTHS_JOB,
        district_id=district_id,
        dedupe_key=f"soon:{district_id}:{int(now.timestamp())}",
        not_before=now + timedelta(seconds=10),
    )


def ensure(*, district_id: int, wanted: Mapping[int, Iterable[str]]) -> list[ledger.Posting]:
    """Put the given months of members (by id) on the books, so that they can be paid (also ahead).

    Returns the entries that say so: the caller posts them when it has taken everything else (``order``).
    """
    named = {(month, member_id) for member_id, several in wanted.items() for month in several}
    asked = {"members": list(wanted), "months": sorted({month for month, _ in named})}
    with transaction() as current:
        known = {(row.month, row.member_id) for row in current.execute(_on_books(), asked)}
        postings: list[ledger.Posting] = []
        for month, missing in groupby(sorted(named - known), key=itemgetter(0)):
            members = [member_id for _, member_id in missing]
            postings += put_on_books(district_id=district_id, month=month, member_ids=members).postings
    return postings


@prepared
def _on_books() -> Select[Any]:
    return rows(DuesObligation, T.c.month, T.c.member_id).where(
        T.c.member_id.in_(bindparam("members", expanding=True)),
        T.c.month.in_(bindparam("months", expanding=True)),
    )


def _apply_reliefs(district_id: int, month: str, member_ids: Sequence[int]) -> list[ledger.Posting]:
    """Let decisions that already hold for ``month`` act on the months just made; return the entries."""
    if not member_ids:
        return []
    found = select(DuesRelief).where(
        DuesRelief.district_id == district_id,
        DuesRelief.state == "approved",
        DuesRelief.from_month <= month,
        DuesRelief.to_month >= month,
    )
    if len(member_ids) == 1:  # somebody pays ahead: not a matter of everybody's reliefs
        found = found.where(DuesRelief.member_id == member_ids[0])
    wanted = set(member_ids)
    postings = []
    for relief in session.scalars(found.order_by(DuesRelief.member_id, DuesRelief.id)).all():
        if relief.member_id in wanted and relief.holds_in(month):
            postings += _relieved(relief, months=[month])
    return postings


def relieve(relief: DuesRelief, *, months: Sequence[str] | None = None) -> int:
    """Take an approved relief off the open months it covers; return how many months changed."""
    with transaction():
        meanwhile.decides(relief.district_id)
        postings = _relieved(relief, months=months)
        books.post(relief.district_id, postings, actor=SYSTEM)
    return len(postings)


def _relieved(relief: DuesRelief, *, months: Sequence[str] | None) -> list[ledger.Posting]:
    found = locked(
        DuesObligation.member_id == relief.member_id,
        DuesObligation.district_id == relief.district_id,
        DuesObligation.month.between(relief.from_month, relief.to_month),
        DuesObligation.month.in_(months) if months is not None else true(),
        DuesObligation.state.in_(("open", "partly_paid")),
        DuesObligation.relief_fen == 0,
    )
    postings = []
    for each in found:
        if not relief.holds_in(each.month):
            continue
        off = each.due_fen - max(min(each.due_fen, relief.monthly_fen), each.paid_fen)
        if off <= 0:
            continue
        change(each, relief_fen=off, relief_id=relief.id)
        postings.append(
            books.relieved(
                member_id=each.member_id,
                month=each.month,
                fen=off,
                # The version tells apart a decision that was taken back and put in force again.
                idem=f"relief:{relief.id}:{each.id}" + (f":{relief.version}" if relief.ended_at else ""),
            )
        )
    return postings


def adjust(*, district_id: int, assessments: Sequence[DuesAssessment]) -> int:
    """Let newly approved assessments act on months already on the books; return how many changed.

    Each month owes by the decision in force in it: one that begins earlier changes nothing of a later one's.
    A month that was paid ahead owes the difference when the amount rises (预交后工资增加的，差额下次补交);
    nothing that was paid is taken back when it falls, and a waived month stays waived.
    """
    new = {one.id for one in assessments}
    with transaction():
        meanwhile.decides(district_id)
        by_member = _decided(district_id, {one.member_id for one in assessments})
        found = locked(
            DuesObligation.member_id.in_(list(by_member)),
            DuesObligation.district_id == district_id,
            DuesObligation.month >= min(one.from_month for one in assessments),
            DuesObligation.state != "waived",
        )
        postings = []
        for each in found:
            in_force = (one for one in by_member[each.member_id] if one.from_month <= each.month)
            assessment = next(in_force, None)
            if assessment is None or assessment.id not in new:
                continue
            due = max(assessment.amount_fen, each.paid_fen + each.relief_fen)
            more = due - each.due_fen
            change(each, due_fen=due, assessment_id=assessment.id)
            if more:
                postings.append(
                    books.assessed(
                        member_id=each.member_id,
                        month=each.month,
                        fen=more,
                        idem=f"adjust:{assessment.id}:{each.id}",
                    )
                )
        books.post(district_id, postings, actor=SYSTEM)
    return len(postings)


def _decided(district_id: int, member_ids: set[int]) -> dict[int, list[DuesAssessment]]:
    """Return the approved assessments of members (by id), the latest beginning first."""
    found = (
        select(DuesAssessment)
        .where(
            DuesAssessment.district_id == district_id,
            DuesAssessment.member_id.in_(member_ids),
            DuesAssessment.state == "approved",
        )
        .order_by(DuesAssessment.member_id, DuesAssessment.from_month.desc())
    )
    grouped = groupby(session.scalars(found), key=attrgetter("member_id"))
    return {member_id: list(several) for member_id, several in grouped}


def locked(*where: ColumnElement[bool]) -> Sequence[DuesObligation]:
    """Lock the months that ``where`` names, oldest first and by member, and return them as they are now."""
    found = select(DuesObligation).where(*where).order_by(DuesObligation.month, DuesObligation.member_id)
    now = found.with_for_update(of=DuesObligation).execution_options(populate_existing=True)
    return session.scalars(now).all()


def change(row: DuesObligation, **values: Any) -> None:
    """Set sums of a month and the state that follows from them, if nobody was faster (rules K2, K3)."""
    swap(row, version=row.version, states=(row.state,), **_with_state(row, values))


def change_row(row: Any, **values: Any) -> None:
    """Do the same to a month that was read as a plain row."""
    swap_row(DuesObligation, row.id, version=row.version, states=(row.state,), **_with_state(row, values))
    forget(DuesObligation, row.id)


def _with_state(row: Any, values: dict[str, Any]) -> dict[str, Any]:
    sums = {name: values.get(name, getattr(row, name)) for name in ("due_fen", "relief_fen", "paid_fen")}
    state = state_of(**sums)
    done = state in ("paid", "waived", "settled")
    return {**values, "state": state, "settled_at": clock.now() if done else None}
