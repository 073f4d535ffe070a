"""Where the books of a branch begin: its first month, and how far each member had paid."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, func

from portal.api import Member, rows, session

from ..models import DuesBranchOpening, DuesMemberOpening, DuesObligation
from ..service.owing import MEMBER_STAGES


@dataclass(frozen=True, kw_only=True)
class OpeningLine:
    """A member's 党费缴至; ``fixed`` once a month of theirs is on the books."""

    member_id: int
    name: str
    paid_through: str
    fixed: bool


def start_of(organization_id: int) -> tuple[str, bool]:
    """Return a branch's first month ("" when there is none), and whether it cannot be changed any more."""
    opening, owed = DuesBranchOpening.__table__.c, DuesObligation.__table__.c
    start = session.execute(
        rows(DuesBranchOpening, opening.start_month).where(opening.organization_id == organization_id)
    ).scalar()
    months = session.execute(
        rows(DuesObligation, func.count(owed.id)).where(owed.organization_id == organization_id)
    ).scalar_one()
    return start or "", bool(months)


def members(organization_id: int) -> list[OpeningLine]:
    """Return a branch's members with how far they had paid, by name."""
    who, opening, owed = Member.__table__.c, DuesMemberOpening.__table__.c, DuesObligation.__table__.c
    found = session.execute(
        rows(
            Member,
            who.id,
            who.name,
            func.coalesce(opening.paid_through, "").label("paid_through"),
            exists().where(owed.member_id == who.id).label("fixed"),
        )
        .outerjoin(DuesMemberOpening, opening.member_id == who.id)
        .where(
            who.organization_id == organization_id,
            who.closed_on.is_(None),
            who.state == "normal",
            who.stage.in_(MEMBER_STAGES),
        )
        .order_by(who.sort_key, who.id)
    )
    return [
        OpeningLine(member_id=row.id, name=row.name, paid_through=row.paid_through, fixed=bool(row.fixed))
        for row in found
    ]
