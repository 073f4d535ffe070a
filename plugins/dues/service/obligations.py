"""Months come onto the books: by the monthly job for everybody, and on demand for one who pays ahead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, String, and_, bindparam, case, cast, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from portal.api import (
    BRANCH_KINDS,
    Affiliation,
    Member,
    Organization,
    clock,
    forget,
    is_postgresql,
    jobs,
    prepared,
    rows,
    swap,
    swap_row,
    transaction,
)

from ..models import (
    DuesAssessment,
    DuesBranchOpening,
    DuesMemberOpening,
    DuesObligation,
    DuesRelief,
)
from ..months import first_day, shifted
from ..states import state_of
from . import books

MEMBER_STAGES = ("probationary", "full")
SYSTEM = "system"
MONTHS_JOB = "dues.months"

T: Any = DuesObligation.__table__


def create_month(*, district_id: int, month: str, member_ids: Sequence[int] | None = None) -> int:
    """Put ``month`` on the books for every member who owes it and does not have it; return how many.

    One statement for the whole district. Each month goes to the branch of the member's formal affiliation on
    its first day (or the first one within it), so that it belongs to exactly one branch. Running it again
    adds nobody twice: the unique key decides.
    """
    with transaction() as current:
        chosen = _who_owes(district_id, month, member_ids)
        columns = [column.name for column in chosen.selected_columns]
        dialect = postgresql if is_postgresql() else sqlite
        statement: Any = dialect.insert(T).from_select(columns, chosen, include_defaults=False)
        statement = statement.on_conflict_do_nothing(index_elements=["member_id", "month"])
        made = current.execute(statement.returning(T.c.id, T.c.member_id, T.c.due_fen)).all()
        books.post(
            district_id,
            (
                books.assessed(member_id=row.member_id, month=month, fen=row.due_fen, idem=f"assess:{row.id}")
                for row in made
                if row.due_fen
            ),
            actor=SYSTEM,
        )
        _apply_reliefs(district_id, month, [row.member_id for row in made])
    return len(made)


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


def ensure(*, district_id: int, member_id: int, months: Iterable[str]) -> None:
    """Put the given months of one member on the books, so that they can be paid (also ahead)."""
    wanted = list(months)
    with transaction() as current:
        known = set(current.execute(_on_books(), {"member_id": member_id, "months": wanted}).scalars())
        for month in wanted:
            if month not in known:
                create_month(district_id=district_id, month=month, member_ids=[member_id])


@prepared
def _on_books() -> Select[Any]:
    return rows(DuesObligation, T.c.month).where(
        T.c.member_id == bindparam("member_id"), T.c.month.in_(bindparam("months", expanding=True))
    )


def _who_owes(district_id: int, month: str, member_ids: Sequence[int] | None) -> Any:
    who = _members(district_id, month, member_ids)
    joined = cast(who.c.joined_on, String)
    owes = or_(
        DuesMemberOpening.paid_through < month,
        and_(
            DuesMemberOpening.id.is_(None),
            joined >= DuesBranchOpening.start_month.concat("-01"),
            who.c.joined_on < first_day(shifted(month, 1)),
        ),
    )
    zero = literal(0)
    return (
        select(
            literal(district_id).label("district_id"),
            who.c.member_id,
            who.c.organization_id,
            literal(month).label("month"),
            who.c.assessment_id,
            case((DuesAssessment.amount_fen == 0, "settled"), else_="open").label("state"),
            DuesAssessment.amount_fen.label("due_fen"),
            zero.label("relief_fen"),
            zero.label("paid_fen"),
            literal(clock.now(), T.c.created_at.type).label("created_at"),
            literal(1).label("version"),
        )
        .select_from(who)
        .join(Organization, Organization.id == who.c.organization_id)
        .join(DuesBranchOpening, DuesBranchOpening.organization_id == who.c.organization_id)
        .join(DuesAssessment, DuesAssessment.id == who.c.assessment_id)
        .outerjoin(DuesMemberOpening, DuesMemberOpening.member_id == who.c.member_id)
        .where(
            Organization.kind.in_(BRANCH_KINDS),
            DuesBranchOpening.start_month <= month,
            owes,
        )
    )


def _members(district_id: int, month: str, member_ids: Sequence[int] | None) -> Any:
    """Select the members who do not have the month, each with their branch of it and the assessment in force.

    All of it is looked up for one member in an index, by scalar subqueries, and kept apart from the joins:
    PostgreSQL, which knows nothing of tables that were just filled, then has no plan to choose that goes
    through the district once for every member. Grouped subqueries and NOT EXISTS are joins to it, and gave
    it one.
    """
    known = (
        select(T.c.id)
        .where(T.c.district_id == district_id, T.c.member_id == Member.id, T.c.month == month)
        .limit(1)
    )
    begins, ends = first_day(month), first_day(shifted(month, 1))
    branch = (
        select(Affiliation.organization_id)
        .where(
            Affiliation.district_id == district_id,
            Affiliation.member_id == Member.id,
            Affiliation.kind == "formal",
            Affiliation.void.is_(False),
            Affiliation.valid_from < ends,
            or_(Affiliation.valid_to.is_(None), Affiliation.valid_to > begins),
        )
        .order_by(Affiliation.valid_from, Affiliation.id)
        .limit(1)
    )
    in_force = (
        select(DuesAssessment.id)
        .where(
            DuesAssessment.district_id == district_id,
            DuesAssessment.member_id == Member.id,
            DuesAssessment.state == "approved",
            DuesAssessment.from_month <= month,
        )
        .order_by(DuesAssessment.from_month.desc())
        .limit(1)
    )
    found = select(
        Member.id.label("member_id"),
        Member.joined_on,
        branch.scalar_subquery().label("organization_id"),
        in_force.scalar_subquery().label("assessment_id"),
    ).where(
        Member.district_id == district_id,
        Member.stage.in_(MEMBER_STAGES),
        Member.state == "normal",
        Member.closed_on.is_(None),
        known.scalar_subquery().is_(None),
    )
    if member_ids is not None:
        found = found.where(Member.id.in_(member_ids))
    return found.cte("who").prefix_with("MATERIALIZED")


def _apply_reliefs(district_id: int, month: str, member_ids: Sequence[int]) -> None:
    """Let decisions that already hold for ``month`` act on the months just made."""
    if not member_ids:
        return
    found = select(DuesRelief).where(
        DuesRelief.district_id == district_id,
        DuesRelief.state == "approved",
        DuesRelief.from_month <= month,
        DuesRelief.to_month >= month,
    )
    if len(member_ids) == 1:  # somebody pays ahead: not a matter of everybody's reliefs
        found = found.where(DuesRelief.member_id == member_ids[0])
    with transaction() as current:
        reliefs = current.scalars(found).all()
        wanted = set(member_ids)
        for relief in reliefs:
            if relief.member_id in wanted and relief.holds_in(month):
                relieve(relief, months=[month])


def relieve(relief: DuesRelief, *, months: Sequence[str] | None = None) -> int:
    """Take an approved relief off the open months it covers; return how many months changed."""
    with transaction() as current:
        found = current.scalars(
            select(DuesObligation)
            .where(
                DuesObligation.member_id == relief.member_id,
                DuesObligation.district_id == relief.district_id,
                DuesObligation.month.between(relief.from_month, relief.to_month),
                DuesObligation.state.in_(("open", "partly_paid")),
                DuesObligation.relief_fen == 0,
            )
            .order_by(DuesObligation.month)
        ).all()
        postings = []
        for each in found:
            if (months is not None and each.month not in months) or not relief.holds_in(each.month):
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
        books.post(relief.district_id, postings, actor=SYSTEM)
    return len(postings)


def adjust(assessment: DuesAssessment) -> int:
    """Let a newly approved assessment act on months already on the books; return how many changed.

    A month that was paid ahead owes the difference when the amount rises (预交后工资增加的，差额下次补交);
    nothing that was paid is taken back when it falls, and a waived month stays waived.
    """
    with transaction() as current:
        found = current.scalars(
            select(DuesObligation)
            .where(
                DuesObligation.member_id == assessment.member_id,
                DuesObligation.district_id == assessment.district_id,
                DuesObligation.month >= assessment.from_month,
                DuesObligation.state != "waived",
            )
            .order_by(DuesObligation.month)
        ).all()
        postings = []
        for each in found:
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
        books.post(assessment.district_id, postings, actor=SYSTEM)
    return len(postings)


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
