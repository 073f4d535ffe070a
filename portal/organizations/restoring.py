"""Take a mistaken dissolution back: as long as nothing has taken the organization's place or name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from portal import audit
from portal.database import session, swap, transaction
from portal.organizations.dissolving import check_reason
from portal.organizations.models import Organization, OrganizationParent, Unit, UnitCoverage
from portal.organizations.search import index
from portal.organizations.service import NotAllowed, check_name, check_parent
from portal.words import lazy_gettext as _


def hindrance(row: Organization) -> str | None:
    """Return in words what has happened since that a dissolution can no longer be taken back, or None."""
    try:
        _check(row)
    except NotAllowed as refused:
        return str(refused)
    return None


def units_back(row: Organization) -> Sequence[Any]:
    """Return (id, name) of the units it would cover again: those that nobody covers since."""
    return session.execute(
        select(Unit.id, Unit.name).join(UnitCoverage, UnitCoverage.unit_id == Unit.id).where(*_ended(row))
    ).all()


def restore_organization(row: Organization, *, version: int, reason: str, actor: Any) -> Organization:
    """Take a dissolution back, as if it had not been; what was and what is are both on record.

    Raises:
        NotAllowed: it is not dissolved, its place above or its name is gone, or no reason is given.
        Conflict: somebody else changed it meanwhile.
    """
    why = check_reason(reason)
    with transaction():
        if row.version == version:
            _check(row)
        day = row.dissolved_on
        swap(row, version=version, dissolved_on=None)
        for coverage in session.scalars(select(UnitCoverage).where(*_ended(row, day))):
            coverage.valid_to = None
        place = session.scalars(
            select(OrganizationParent).where(
                OrganizationParent.organization_id == row.id, OrganizationParent.valid_to == day
            )
        ).first()
        if place is not None and place.parent_id == row.parent_id:
            place.valid_to = None
        else:  # it began on the day of the dissolution, and went with it
            session.add(
                OrganizationParent(
                    district_id=row.district_id,
                    organization_id=row.id,
                    parent_id=row.parent_id,
                    valid_from=day,
                )
            )
        session.flush()
        index(row)
        audit.record(
            "organization.restore", row, actor=actor, district=row.district_id, detail={"reason": why}
        )
    return row


def _check(row: Organization) -> None:
    if row.dissolved_on is None:
        raise NotAllowed(_("“%(name)s”没有撤销。", name=row.name))
    parent = session.get(Organization, row.parent_id) if row.parent_id is not None else None
    if parent is not None and parent.dissolved_on is not None:
        raise NotAllowed(_("上级“%(name)s”也撤销了，请先恢复上级。", name=parent.name))
    check_parent(row.kind, parent)
    check_name(row.district_id, row.name, row.id)


def _ended(row: Organization, day: Any = None) -> tuple[Any, ...]:
    """Return the clauses of the coverage that ended with it, of units that nobody covers since."""
    other = aliased(UnitCoverage)
    covered = select(other.id).where(other.unit_id == UnitCoverage.unit_id, other.valid_to.is_(None))
    return (
        UnitCoverage.organization_id == row.id,
        UnitCoverage.valid_to == (day or row.dissolved_on),
        ~covered.exists(),
    )
