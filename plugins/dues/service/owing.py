"""Who owes a month that is not on the books yet, as one statement: the rows it would have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import String, and_, case, cast, literal, or_, select

from portal.api import BRANCH_KINDS, Affiliation, Member, Organization, clock

from ..models import DuesAssessment, DuesBranchOpening, DuesMemberOpening, DuesObligation
from ..months import first_day, shifted

MEMBER_STAGES = ("probationary", "full")

T: Any = DuesObligation.__table__


def who_owes(district_id: int, month: str, member_ids: Sequence[int] | None) -> Any:
    """Select the rows of a month that is not on the books yet, by member: everybody's, or the given ones'."""
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
        .order_by(who.c.member_id)
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
