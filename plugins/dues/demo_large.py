"""Dues of a large demo: each table by one statement; the months are the monthly job's, as in earnest."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, case, cast, insert, literal, select, true

from portal.api import BRANCH_KINDS, Member, Organization, clock, session

from .assessment_sql import amount_expression
from .models import DuesAssessment, DuesBranchOpening, DuesMemberOpening
from .months import first_day, shifted
from .rate_files import rate_tables
from .service.owing import MEMBER_STAGES

_RETIRED = timedelta(days=60 * 365)
_MEMBER: Any = Member.__table__
ROUNDING = "fen"


def register(seed: int) -> None:
    """Open every branch's books this year and fix what each member pays; in the caller's transaction.

    Everybody had paid up to last month. The bases follow from the member's number and ``seed``.
    """
    month, now = clock.month(), clock.now()
    start = f"{month[:4]}-01"
    _openings(start, paid_through=shifted(month, -1), now=now)
    _assessments(start, now=now, seed=seed)


def _openings(start: str, *, paid_through: str, now: datetime) -> None:
    organization: Any = Organization.__table__
    began: Any = DuesBranchOpening.__table__
    _write(
        began,
        select(
            organization.c.district_id,
            organization.c.id.label("organization_id"),
            literal(start).label("start_month"),
            literal(now, began.c.recorded_at.type).label("recorded_at"),
            literal(1).label("version"),
        )
        .where(organization.c.kind.in_(BRANCH_KINDS))
        .order_by(organization.c.id),
    )
    opening: Any = DuesMemberOpening.__table__
    _write(
        opening,
        select(
            _MEMBER.c.district_id,
            _MEMBER.c.id.label("member_id"),
            literal(paid_through).label("paid_through"),
            literal("import").label("source"),
            literal(now, opening.c.recorded_at.type).label("recorded_at"),
            literal(1).label("version"),
        )
        .where(_MEMBER.c.stage.in_(MEMBER_STAGES))
        .order_by(_MEMBER.c.id),
    )


def _assessments(start: str, *, now: datetime, seed: int) -> None:
    table: Any = DuesAssessment.__table__
    rates = rate_tables().on(first_day(start))
    retired = _MEMBER.c.birth_date < clock.today() - _RETIRED
    # 2,600 to 13,000 yuan in steps of ten; pensions up to half of that.
    step = cast((_MEMBER.c.id + seed) % 1040, BigInteger)
    drafted = (
        select(
            _MEMBER.c.id,
            _MEMBER.c.district_id,
            _MEMBER.c.organization_id,
            case((retired, literal("retired")), else_=literal("salaried")).label("category"),
            case((retired, 240_000 + step % 320 * 1000), else_=260_000 + step * 1000).label("base_fen"),
        )
        .where(_MEMBER.c.stage.in_(MEMBER_STAGES))
        .subquery()
    )
    amount = amount_expression(
        rates,
        category=drafted.c.category,
        base_fen=drafted.c.base_fen,
        rounding=ROUNDING,
        apply_norm=true(),
    )
    at = table.c.drafted_at.type
    _write(
        table,
        select(
            drafted.c.district_id,
            drafted.c.id.label("member_id"),
            drafted.c.organization_id,
            literal(start).label("from_month"),
            literal("approved").label("state"),
            literal("opening").label("origin"),
            drafted.c.category,
            drafted.c.base_fen,
            literal("").label("formula"),
            true().label("apply_norm"),
            literal(ROUNDING).label("rounding"),
            literal(rates.version).label("rate_version"),
            amount.label("amount_fen"),
            literal("").label("reason"),
            literal("").label("confirmed_how"),
            literal(now, at).label("drafted_at"),
            literal(now, at).label("approved_at"),
            literal(1).label("version"),
        ).order_by(drafted.c.id),
    )


def _write(table: Any, chosen: Any) -> None:
    columns = [column.name for column in chosen.selected_columns]
    session.execute(insert(table).from_select(columns, chosen, include_defaults=False))
