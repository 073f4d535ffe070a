"""Reads for the desk's list of places and for the posters of their doors."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from portal import clock
from portal.database import rows, session
from portal.organizations.models import Organization, Place, Unit

PAGE = 30


def listed(*, kind: str = "", after: int | None = None) -> tuple[list[Any], int | None]:
    """Return one page of places with the name of who answers for each, and the cursor of the next page."""
    table, organization = Place.__table__, Organization.__table__
    statement = (
        rows(
            Place,
            table.c.id,
            table.c.kind,
            table.c.name,
            table.c.address,
            organization.c.name.label("organization"),
        )
        .outerjoin(organization, organization.c.id == table.c.organization_id)
        .order_by(table.c.id)
        .limit(PAGE + 1)
    )
    if kind:
        statement = statement.where(table.c.kind == kind)
    if after is not None:
        statement = statement.where(table.c.id > after)
    found = list(session.execute(statement))
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def place(place_id: int) -> Place | None:
    """Return a place of the district in scope."""
    return session.execute(select(Place).where(Place.id == place_id)).scalar_one_or_none()


def unit_name(unit_id: int) -> str | None:
    """Return the name of a unit of the district in scope."""
    table = Unit.__table__
    return session.scalar(rows(Unit, table.c.name).where(table.c.id == unit_id))


def organization_named(name: str) -> Organization | None:
    """Return the living organization with this full name in the district in scope."""
    return session.execute(
        select(Organization).where(
            Organization.name == name,
            or_(Organization.dissolved_on.is_(None), Organization.dissolved_on > clock.today()),
        )
    ).scalar_one_or_none()


def organization_name(organization_id: int | None) -> str:
    """Return an organization's name, "" for none."""
    if organization_id is None:
        return ""
    table = Organization.__table__
    found = session.scalar(rows(Organization, table.c.name).where(table.c.id == organization_id))
    return found or ""
