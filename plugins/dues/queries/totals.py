"""Every branch's month in numbers, for those above: counts and sums, no names, no bases."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, case, exists, func, select

from portal.api import BRANCH_KINDS, Fen, Organization, Reach, clock, rows, session

from ..models import DuesObligation, DuesReminder
from ..models.obligation import PAYABLE
from ..months import shifted
from ..rate_files import rate_tables
from .bases import within


@dataclass(frozen=True, kw_only=True)
class BranchTotals:
    """One branch's month (people, fen); ``long_open``: people for the branch meeting's agenda today."""

    id: int
    name: str
    people: int
    unpaid: int
    due_fen: int
    paid_fen: int
    long_open: int
    #: How many of those were reminded in these months: what the branch has tried.
    reminded: int


def totals(reach: Reach, month: str, *, after: int = 0, limit: int = 50) -> list[BranchTotals]:
    """Return the living branches within reach in the order they were made, in one query."""
    place, owed = Organization.__table__.c, DuesObligation.__table__.c
    now, steps = clock.month(), rate_tables().on(clock.today()).review.meeting
    told = DuesReminder.__table__.c
    reminded = exists().where(told.member_id == owed.member_id, told.month >= shifted(now, -steps))
    runs = (
        rows(
            DuesObligation,
            owed.organization_id,
            owed.member_id,
            func.max(case((reminded, 1), else_=0)).label("reminded"),
        )
        .where(owed.state.in_(PAYABLE), owed.month.between(shifted(now, -steps), shifted(now, -1)))
        .group_by(owed.organization_id, owed.member_id)
        .having(func.count(owed.id) >= steps)
        .subquery()
    )
    late = (
        select(
            runs.c.organization_id,
            func.count().label("people"),
            func.sum(runs.c.reminded).label("reminded"),
        )
        .group_by(runs.c.organization_id)
        .subquery()
    )
    found = within(
        rows(
            Organization,
            place.id,
            place.name,
            func.count(owed.id).label("people"),
            func.coalesce(func.sum(case((owed.state.in_(PAYABLE), 1), else_=0)), 0).label("unpaid"),
            func.coalesce(func.sum(owed.due_fen - owed.relief_fen, type_=Fen), 0).label("due_fen"),
            func.coalesce(func.sum(owed.paid_fen), 0).label("paid_fen"),
            func.coalesce(func.max(late.c.people), 0).label("long_open"),
            func.coalesce(func.max(late.c.reminded), 0).label("reminded"),
        )
        .outerjoin(DuesObligation, and_(owed.organization_id == place.id, owed.month == month))
        .outerjoin(late, late.c.organization_id == place.id)
        .where(place.kind.in_(BRANCH_KINDS), place.dissolved_on.is_(None), place.id > after)
        .group_by(place.id, place.name),
        reach,
    )
    return [BranchTotals(**row._asdict()) for row in session.execute(found.order_by(place.id).limit(limit))]
