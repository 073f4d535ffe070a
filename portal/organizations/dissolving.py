"""Dissolve an organization: nobody and nothing may be left behind in it (domain.md §2.1, Art. 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Boolean, Date, column, func, or_, select, table

from portal import audit, clock
from portal.current import registry
from portal.database import session, swap, transaction
from portal.districts import context
from portal.identity.models import Grant
from portal.organizations.models import Organization, OrganizationParent, Unit, UnitCoverage
from portal.organizations.search import index
from portal.organizations.service import NotAllowed
from portal.plugin import Objection
from portal.words import lazy_gettext as _
from portal.words import ngettext

# members is a room above this one; only whether anybody is left is asked of its tables.
_MEMBER = table("member", column("id"), column("district_id"), column("organization_id"), column("closed_on"))
_AFFILIATION = table(
    "affiliation",
    column("member_id"),
    column("district_id"),
    column("organization_id"),
    column("valid_to", Date),
    column("void", Boolean),
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a dissolution meets: ``obstacles`` stop it, ``notes`` are to be known, ``units`` lose theirs."""

    obstacles: list[Any]
    notes: list[Any]
    below: Sequence[Any]
    members: int
    units: Sequence[Any]


def standing(row: Organization) -> Standing:
    """Return what stands in the way of dissolving an organization, and what would end with it."""
    below = _below(row)
    left = _members(row)
    units = session.execute(
        select(Unit.id, Unit.name)
        .join(UnitCoverage, UnitCoverage.unit_id == Unit.id)
        .where(UnitCoverage.organization_id == row.id, UnitCoverage.valid_to.is_(None))
        .order_by(Unit.sort_key, Unit.id)
    ).all()
    raised = _objections(row)
    obstacles = [*_in_the_way(row, below, left), *(one.text for one in raised if one.blocks)]
    notes: list[Any] = [one.text for one in raised if not one.blocks]
    posts = _posts(row)
    if posts:
        text = ngettext(
            "还有%(n)s人在这里任职，撤销后请收回角色。",
            "还有%(n)s人在这里任职，撤销后请收回角色。",
            posts,
            n=posts,
        )
        notes.append(text)
    return Standing(
        obstacles=obstacles,
        notes=notes,
        below=below,
        members=left,
        units=units,
    )


def _in_the_way(row: Organization, below: Sequence[Any], members: int) -> list[Any]:
    found: list[Any] = []
    if row.dissolved_on is not None:
        found.append(_("“%(name)s”已经撤销。", name=row.name))
    if below:
        found.append(_("下面还有“%(name)s”，请先调整或撤销它。", name=below[0].name))
    if members:
        found.append(
            ngettext(
                "这里还有%(n)s名党员，请先把组织关系转走。",
                "这里还有%(n)s名党员，请先把组织关系转走。",
                members,
                n=members,
            )
        )
    return found


def dissolve_organization(
    row: Organization, *, version: int, reason: str, actor: Any, on: date | None = None
) -> Organization:
    """Dissolve an organization that is still at ``version``, from the day ``on`` (default today) on.

    Coverage and its place in the tree end that day; the history stays. It is found no more. ``reason``: the
    document or the reason, which is asked for (rule K10).

    Raises:
        NotAllowed: members or organizations are still below it, a plugin objects, the day does not fit, or
            no reason is given.
        Conflict: somebody else changed it meanwhile.
    """
    day = on or clock.today()
    why = check_reason(reason)
    with transaction():
        if row.version == version:  # else somebody was here: that is said first, by the swap
            obstacles = standing(row).obstacles
            if obstacles:
                raise NotAllowed("；".join(str(one).rstrip("。") for one in obstacles) + "。")
            _check_day(row, day)
        swap(row, version=version, dissolved_on=day)
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
        index(row)
        audit.record(
            "organization.dissolve",
            row,
            actor=actor,
            district=row.district_id,
            detail={"on": day.isoformat(), "reason": why},
        )
    return row


def check_reason(reason: str) -> str:
    """Return the reason tidied, or raise NotAllowed (rule K10)."""
    found = " ".join(reason.split())
    if not found:
        raise NotAllowed(_("请写原因或批准文件。"), field="reason")
    if len(found) > 120:
        raise NotAllowed(_("原因请写在120个字以内。"), field="reason")
    return found


def _end(row: UnitCoverage | OrganizationParent, day: date) -> None:
    """End a dated row; one that began no earlier was never in force and goes."""
    if row.valid_from >= day:
        session.delete(row)
    else:
        row.valid_to = day


def _members(row: Organization) -> int:
    """Count who is here: registered here, or here for a time with the home elsewhere."""
    home = select(_MEMBER.c.id).where(
        _MEMBER.c.district_id == row.district_id,
        _MEMBER.c.organization_id == row.id,
        _MEMBER.c.closed_on.is_(None),
    )
    guests = select(_AFFILIATION.c.member_id).where(
        _AFFILIATION.c.district_id == row.district_id,
        _AFFILIATION.c.organization_id == row.id,
        _AFFILIATION.c.valid_to.is_(None),
        _AFFILIATION.c.void.is_(False),
    )
    return session.scalar(select(func.count()).select_from(home.union(guests).subquery())) or 0


def _posts(row: Organization) -> int:
    held = select(func.count(Grant.account_id.distinct())).where(
        Grant.organization_id == row.id, or_(Grant.valid_to.is_(None), Grant.valid_to > clock.today())
    )
    return session.scalar(held) or 0


def _below(row: Organization) -> Sequence[Any]:
    return session.execute(
        select(Organization.id, Organization.name)
        .where(
            Organization.district_id == row.district_id,
            Organization.parent_id == row.id,
            or_(Organization.dissolved_on.is_(None), Organization.dissolved_on > clock.today()),
        )
        .order_by(Organization.sort_key, Organization.id)
    ).all()


def _objections(row: Organization) -> list[Objection]:
    answers = registry().ask(
        "organization_objections", district=context.ref(row.district_id), organization=row.id, act="dissolve"
    )
    return [objection for found in answers.values() for objection in found or ()]


def _check_day(row: Organization, day: date) -> None:
    if day > clock.today():
        raise NotAllowed(_("撤销日期不能晚于今天。"), field="day")
    if row.founded_on is not None and day < row.founded_on:
        raise NotAllowed(_("撤销日期不能早于成立日期。"), field="day")
    last = _last_used(row)
    if last is not None and day < last:
        raise NotAllowed(
            _("撤销日期不能早于%(day)s，在那之前这里还有党员、单位或下级党组织。", day=last.isoformat()),
            field="day",
        )


def _last_used(row: Organization) -> date | None:
    """Return the day until which members, units or organizations were here: the history stays true (K11)."""
    until = (
        select(func.max(_AFFILIATION.c.valid_to)).where(
            _AFFILIATION.c.district_id == row.district_id,
            _AFFILIATION.c.organization_id == row.id,
            _AFFILIATION.c.void.is_(False),
        ),
        select(func.max(UnitCoverage.valid_to)).where(UnitCoverage.organization_id == row.id),
        select(func.max(OrganizationParent.valid_to)).where(OrganizationParent.parent_id == row.id),
    )
    days = [session.scalar(one) for one in until]
    return max((day for day in days if day is not None), default=None)
