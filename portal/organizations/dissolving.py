"""Dissolve an organization: nobody and nothing may be left behind in it (domain.md §2.1, Art. 7)."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import column, or_, select, table

from portal import audit, clock
from portal.database import session, swap, transaction
from portal.organizations.models import Organization, OrganizationParent, UnitCoverage
from portal.organizations.search import index
from portal.organizations.service import NotAllowed

# members is a room above this one; only whether anybody is left is asked of its table.
_MEMBER = table("member", column("id"), column("district_id"), column("organization_id"), column("closed_on"))


def dissolve_organization(
    row: Organization, *, version: int, actor: Any, on: date | None = None
) -> Organization:
    """Dissolve an organization that is still at ``version``, from the day ``on`` (default today) on.

    Coverage and its place in the tree end that day; the history stays. It is found no more.

    Raises:
        NotAllowed: members or organizations are still below it, or the day does not fit.
        Conflict: somebody else changed it meanwhile.
    """
    day = on or clock.today()
    with transaction():
        _check_day(row, day)
        _check_empty(row)
        for coverage in session.scalars(
            select(UnitCoverage).where(
                UnitCoverage.organization_id == row.id, UnitCoverage.valid_to.is_(None)
            )
        ):
            _end(coverage, day)
        for place in session.scalars(
            select(OrganizationParent).where(
                OrganizationParent.organization_id == row.id, OrganizationParent.valid_to.is_(None)
            )
        ):
            _end(place, day)
        swap(row, version=version, dissolved_on=day)
        index(row)
        audit.record(
            "organization.dissolve",
            row,
            actor=actor,
            district=row.district_id,
            detail={"on": day.isoformat()},
        )
    return row


def _end(row: UnitCoverage | OrganizationParent, day: date) -> None:
    """End a dated row; one that began no earlier was never in force and goes."""
    if row.valid_from >= day:
        session.delete(row)
    else:
        row.valid_to = day


def _check_day(row: Organization, day: date) -> None:
    if row.dissolved_on is not None:
        raise NotAllowed(_("“%(name)s”已经撤销。", name=row.name))
    if day > clock.today():
        raise NotAllowed(_("撤销日期不能晚于今天。"))
    if row.founded_on is not None and day < row.founded_on:
        raise NotAllowed(_("撤销日期不能早于成立日期。"))


def _check_empty(row: Organization) -> None:
    below = session.scalar(
        select(Organization.name)
        .where(
            Organization.district_id == row.district_id,
            Organization.parent_id == row.id,
            or_(Organization.dissolved_on.is_(None), Organization.dissolved_on > clock.today()),
        )
        .limit(1)
    )
    if below is not None:
        raise NotAllowed(_("下面还有“%(name)s”，请先调整或撤销它。", name=below))
    left = session.scalar(
        select(_MEMBER.c.id)
        .where(
            _MEMBER.c.district_id == row.district_id,
            _MEMBER.c.organization_id == row.id,
            _MEMBER.c.closed_on.is_(None),
        )
        .limit(1)
    )
    if left is not None:
        raise NotAllowed(_("这里还有党员，请先把组织关系转走。"))
