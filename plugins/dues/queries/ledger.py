"""The branch's year as the 党费收缴台账 has it (domain.md §8.5), in three queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, or_

from portal.api import Fen, Member, rows, session

from ..models import DuesAssessment, DuesObligation
from ..service.owing import MEMBER_STAGES
from .statement import assessed_of


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
    """One member's year in one branch (fen). ``base_fen`` and ``rate`` are class 3: see ``lines``."""

    member_id: int
    name: str
    base_fen: int | None
    rate: Any
    category_label: str
    monthly_fen: int | None
    due_fen: int
    paid_fen: int
    waived: tuple[str, ...] = ()
    reduced: tuple[str, ...] = ()


def lines(organization_id: int, year: int, *, with_bases: bool) -> list[LedgerLine]:
    """Return every member with months on the branch's books in ``year``, and today's members; by name.

    ``due_fen`` is what was owed after reliefs. Bases and rates are only read ``with_bases``: what must not be
    shown does not leave the database.
    """
    span = (f"{year}-01", f"{year}-12")
    who, owed = Member.__table__.c, DuesObligation.__table__.c
    sums = (
        rows(
            DuesObligation,
            owed.member_id,
            func.sum(owed.due_fen - owed.relief_fen, type_=Fen).label("due_fen"),
            func.sum(owed.paid_fen).label("paid_fen"),
        )
        .where(owed.organization_id == organization_id, owed.month.between(*span))
        .group_by(owed.member_id)
        .subquery()
    )
    here = and_(
        who.organization_id == organization_id,
        who.closed_on.is_(None),
        who.state == "normal",
        who.stage.in_(MEMBER_STAGES),
    )
    found = session.execute(
        rows(
            Member,
            who.id,
            who.name,
            func.coalesce(sums.c.due_fen, 0).label("due_fen"),
            func.coalesce(sums.c.paid_fen, 0).label("paid_fen"),
        )
        .outerjoin(sums, sums.c.member_id == who.id)
        .where(or_(here, sums.c.member_id.is_not(None)))
        .order_by(who.sort_key, who.id)
    ).all()
    ids = [row.id for row in found]
    fixed, relieved = _fixed(ids, span[1], with_bases=with_bases), _relieved(organization_id, span)
    return [
        LedgerLine(
            member_id=row.id,
            name=row.name,
            due_fen=int(row.due_fen),
            paid_fen=int(row.paid_fen),
            waived=tuple(month for month, whole in relieved.get(row.id, ()) if whole),
            reduced=tuple(month for month, whole in relieved.get(row.id, ()) if not whole),
            **fixed.get(row.id, _NOTHING),
        )
        for row in found
    ]


_NOTHING: dict[str, Any] = {"base_fen": None, "rate": None, "category_label": "", "monthly_fen": None}


def _fixed(member_ids: list[int], until: str, *, with_bases: bool) -> dict[int, dict[str, Any]]:
    table = DuesAssessment.__table__
    columns = list(table.c) if with_bases else [table.c.member_id, table.c.amount_fen]
    found = session.execute(
        rows(DuesAssessment, *columns)
        .where(table.c.member_id.in_(member_ids), table.c.state == "approved", table.c.from_month <= until)
        .order_by(table.c.from_month, table.c.id)
    )
    fixed = {}
    for row in found:
        fixed[row.member_id] = {**_NOTHING, "monthly_fen": row.amount_fen}
        if with_bases:
            fixed[row.member_id] |= _explained(row)
    return fixed


def _explained(row: Any) -> dict[str, Any]:
    try:
        known = assessed_of(row)
    except ValueError:  # a base that was erased at the person's wish explains nothing any more
        return {}
    label = known.table.category(row.category).label
    return {"base_fen": row.base_fen, "rate": known.explanation.rate, "category_label": label}


def _relieved(organization_id: int, span: tuple[str, str]) -> dict[int, list[tuple[str, bool]]]:
    owed = DuesObligation.__table__.c
    found = session.execute(
        rows(DuesObligation, owed.member_id, owed.month, owed.state)
        .where(owed.organization_id == organization_id, owed.month.between(*span), owed.relief_fen > 0)
        .order_by(owed.member_id, owed.month)
    )
    by_member: dict[int, list[tuple[str, bool]]] = {}
    for member_id, month, state in found:
        by_member.setdefault(member_id, []).append((month, state == "waived"))
    return by_member
