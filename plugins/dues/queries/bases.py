"""Reads of the yearly bases: who is in a branch and what is fixed, proposals that wait, sheets brought in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import false, func, or_, select

from portal.api import Account, Member, Organization, Reach, Unit, rows, session

from ..base_verdict import Known
from ..models import DuesAssessment, DuesBaseSheet
from ..service.owing import MEMBER_STAGES
from . import reached
from .proposals import WAITING
from .statement import assessed_of

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A proposal for somebody's yearly amount (fen) that waits for a word."""

    id: int
    version: int
    name: str
    member_id: int
    branch: str
    from_month: str
    state: str
    base_fen: int | None
    amount_fen: int
    now_fen: int | None
    sentence: str
    drafted_by: int | None
    confirmed_by: int | None
    confirmed_how: str


def within(found: Any, reach: Reach) -> Any:
    """Narrow a query over organizations to those within reach."""
    if reach.everywhere:
        return found
    path = Organization.__table__.c.path
    below = [path.startswith(own, autoescape=True) for own in reach.paths]
    return found.where(or_(*below) if below else false())


def people(organization_id: int, from_month: str) -> list[Known]:
    """Return a branch's members with what is in force in ``from_month`` and what waits."""
    who, fixed = Member.__table__.c, DuesAssessment.__table__.c
    found = session.execute(
        rows(Member, who.id, who.name, who.ric_tail, Unit.kind.label("unit_kind"))
        .outerjoin(Unit, Unit.id == who.unit_id)
        .where(
            who.organization_id == organization_id,
            who.closed_on.is_(None),
            who.state == "normal",
            who.stage.in_(MEMBER_STAGES),
        )
        .order_by(who.sort_key, who.id)
    ).all()
    known: dict[int, dict[str, Any]] = {
        row.id: {
            "member_id": row.id,
            "name": row.name,
            "last_four": (row.ric_tail or "").upper(),
            "unit_kind": row.unit_kind,
        }
        for row in found
    }
    fixings = session.execute(
        rows(
            DuesAssessment,
            fixed.member_id,
            fixed.state,
            fixed.category,
            fixed.base_fen,
            fixed.amount_fen,
            fixed.from_month,
        )
        .where(
            fixed.member_id.in_(
                select(Member.id).where(Member.organization_id == organization_id).scalar_subquery()
            ),
            fixed.state.in_((*WAITING, "approved")),
        )
        .order_by(fixed.from_month, fixed.id)
    )
    for row in fixings:
        one = known.get(row.member_id)
        if one is None:
            continue
        if row.state in WAITING:
            one["waiting"] = (row.category, row.base_fen, row.from_month)
            continue
        if row.from_month <= from_month or "category" not in one:
            one |= {"category": row.category, "base_fen": row.base_fen, "amount_fen": row.amount_fen}
        one["from_month"] = row.from_month
    return [Known(**one) for one in known.values()]


def waiting(
    reach: Reach, *, organization_id: int | None = None, state: str = "", after: int = 0, limit: int = PAGE
) -> list[Waiting]:
    """Return the proposals within reach, the oldest first; ``state`` narrows to one step."""
    fixed, place = DuesAssessment.__table__.c, Organization.__table__.c
    older = DuesAssessment.__table__.alias("older")
    now = (
        select(older.c.amount_fen)
        .where(
            older.c.member_id == fixed.member_id,
            older.c.state == "approved",
            older.c.from_month <= fixed.from_month,
        )
        .order_by(older.c.from_month.desc())
        .limit(1)
        .scalar_subquery()
    )
    found = within(
        rows(
            DuesAssessment,
            *DuesAssessment.__table__.c,
            Member.name.label("member_name"),
            place.name.label("branch"),
            now.label("now_fen"),
        )
        .join(Member, Member.id == fixed.member_id)
        .join(Organization, place.id == fixed.organization_id)
        .where(fixed.state.in_([state] if state in WAITING else WAITING), fixed.id > after),
        reach,
    )
    if organization_id is not None:
        found = found.where(fixed.organization_id == organization_id)
    return [_waiting(row) for row in session.execute(found.order_by(fixed.id).limit(limit))]


def _waiting(row: Any) -> Waiting:
    return Waiting(
        id=row.id,
        version=row.version,
        name=row.member_name,
        member_id=row.member_id,
        branch=row.branch,
        from_month=row.from_month,
        state=row.state,
        base_fen=row.base_fen,
        amount_fen=row.amount_fen,
        now_fen=row.now_fen,
        sentence=assessed_of(row).sentence,
        drafted_by=row.drafted_by,
        confirmed_by=row.confirmed_by,
        confirmed_how=row.confirmed_how,
    )


def to_approve(reach: Reach, *, account_id: int | None) -> int:
    """Count the proposals this person may approve: confirmed, and not drafted or confirmed by this person."""
    fixed, place = DuesAssessment.__table__.c, Organization.__table__.c
    found = within(
        rows(DuesAssessment, func.count(fixed.id))
        .join(Organization, place.id == fixed.organization_id)
        .where(
            fixed.state == "confirmed",
            func.coalesce(fixed.drafted_by, 0) != account_id,
            func.coalesce(fixed.confirmed_by, 0) != account_id,
        ),
        reach,
    )
    return int(session.execute(found).scalar_one())


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A sheet that was brought in, for a list."""

    id: int
    filename: str
    branch: str
    from_month: str
    state: str
    who: str
    created_at: datetime
    drafted: int
    same: int
    refused: int


def brought(reach: Reach, *, limit: int = 10) -> list[Brought]:
    """Return the latest sheets within reach that were not thrown away."""
    sheet, place = DuesBaseSheet.__table__.c, Organization.__table__.c
    found = within(
        rows(
            DuesBaseSheet,
            sheet.id,
            sheet.filename,
            place.name.label("branch"),
            sheet.from_month,
            sheet.state,
            Account.display_name.label("who"),
            sheet.created_at,
            sheet.drafted,
            sheet.same,
            sheet.refused,
        )
        .join(Organization, place.id == sheet.organization_id)
        .join(Account, Account.id == sheet.created_by)
        .where(sheet.state != "discarded"),
        reach,
    )
    return [Brought(**row._asdict()) for row in session.execute(found.order_by(sheet.id.desc()).limit(limit))]


def sheet_at(sheet_id: int, reach: Reach) -> DuesBaseSheet | None:
    """Return a sheet whose branch is within reach; None reads the same as unknown."""
    return reached.at(DuesBaseSheet, sheet_id, reach)


def branch_name(organization_id: int) -> str:
    """Return a branch's name."""
    return str(session.scalar(select(Organization.name).where(Organization.id == organization_id)) or "")


def all_within(assessment_ids: list[int], reach: Reach) -> bool:
    """Tell whether every one of these proposals belongs to a branch within reach."""
    fixed, place = DuesAssessment.__table__.c, Organization.__table__.c
    found = within(
        rows(DuesAssessment, func.count(fixed.id))
        .join(Organization, place.id == fixed.organization_id)
        .where(fixed.id.in_(assessment_ids)),
        reach,
    )
    return int(session.execute(found).scalar_one()) == len(set(assessment_ids))
