"""Everybody's new year as one statement: the base in force, by the rate table of 1 January."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, literal, select

from portal.api import DistrictRef, Member, clock, is_postgresql, settings

from ..assessment_sql import amount_expression
from ..models import DuesAssessment
from ..months import first_day
from ..rate_files import rate_tables

T: Any = DuesAssessment.__table__
WAITING = ("draft", "confirmed")


def carried(
    district: DistrictRef, year: int, by: int | None, organization_ids: Iterable[int] | None
) -> Select[Any]:
    """Select the rows of ``draft_year``: members who have no proposal for that year yet."""
    table = rate_tables().on(first_day(f"{year}-01"))
    rounding = settings.get(district, "dues.rounding")
    who = _members(district.id, year, organization_ids)
    amount = amount_expression(
        table,
        category=T.c.category,
        base_fen=T.c.base_fen,
        rounding=rounding,
        apply_norm=T.c.apply_norm,
    )
    return (
        select(
            T.c.district_id,
            T.c.member_id,
            who.c.organization_id,
            literal(f"{year}-01").label("from_month"),
            literal("draft").label("state"),
            literal("branch").label("origin"),
            T.c.category,
            T.c.base_fen,
            T.c.formula,
            T.c.apply_norm,
            literal(rounding).label("rounding"),
            literal(table.version).label("rate_version"),
            amount.label("amount_fen"),
            literal("").label("reason"),
            literal("").label("confirmed_how"),
            literal(by, T.c.drafted_by.type).label("drafted_by"),
            literal(clock.now(), T.c.drafted_at.type).label("drafted_at"),
            literal(1).label("version"),
        )
        .select_from(who)
        .join(T, T.c.id == who.c.assessment_id)
        .where(amount.is_not(None))
    )


def _members(district_id: int, year: int, organization_ids: Iterable[int] | None) -> Any:
    """Select the members without a proposal for the year, each with the assessment in force before it.

    Looked up for one member in an index and kept apart from the joins, as ``obligations._members`` is and for
    the same reason.
    """
    other = T.alias("other")
    proposal = (
        select(other.c.id)
        .where(
            other.c.district_id == district_id,
            other.c.member_id == Member.id,
            (other.c.state.in_(WAITING))
            | ((other.c.state == "approved") & (other.c.from_month >= f"{year}-01")),
        )
        .limit(1)
    )
    in_force = (
        select(T.c.id)
        .where(
            T.c.district_id == district_id,
            T.c.member_id == Member.id,
            T.c.state == "approved",
            T.c.from_month < f"{year}-01",
        )
        .order_by(T.c.from_month.desc())
        .limit(1)
    )
    found = select(
        Member.id.label("member_id"),
        Member.organization_id,
        in_force.scalar_subquery().label("assessment_id"),
    ).where(
        Member.district_id == district_id,
        Member.organization_id.is_not(None),
        Member.state == "normal",
        Member.closed_on.is_(None),
        proposal.scalar_subquery().is_(None),
    )
    if organization_ids is not None:
        found = found.where(Member.organization_id.in_(list(organization_ids)))
    # SQLite has no choice to be kept from; and it counts the rows of a statement that begins with INSERT.
    return found.cte("who").prefix_with("MATERIALIZED") if is_postgresql() else found.subquery("who")
