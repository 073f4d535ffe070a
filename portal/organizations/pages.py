"""Reads behind the public pages: one organization, the service center."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, literal, or_, select

from portal import clock
from portal.database import rows, session
from portal.organizations.models import CenterRoom, Organization, ServiceCenter, UnitCoverage


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicOrganization:
    """What anybody may know of an organization: ``above`` are names from the top, ``units`` a count only."""

    id: int
    kind: str
    name: str
    above: tuple[str, ...]
    address: str
    phone: str
    hours: str
    lat: float | None
    lng: float | None
    units: int


def organization(organization_id: int) -> PublicOrganization | None:
    """Return the public part of a living organization of the district in scope."""
    table, coverage, today = Organization.__table__, UnitCoverage.__table__, clock.today()
    names = ("id", "kind", "name", "path", "office_address", "office_phone", "opening_hours", "lat", "lng")
    units = (
        select(func.count())
        .select_from(coverage)
        .where(
            coverage.c.organization_id == organization_id,
            coverage.c.valid_from <= today,
            or_(coverage.c.valid_to.is_(None), coverage.c.valid_to > today),
        )
        .scalar_subquery()
    )
    row = session.execute(
        rows(Organization, *(table.c[name] for name in names), units.label("units")).where(
            table.c.id == organization_id,
            or_(table.c.dissolved_on.is_(None), table.c.dissolved_on > today),
        )
    ).first()
    if row is None:
        return None
    return PublicOrganization(
        id=row.id,
        kind=row.kind,
        name=row.name,
        above=_above(row),
        address=row.office_address,
        phone=row.office_phone,
        hours=row.opening_hours,
        lat=row.lat,
        lng=row.lng,
        units=row.units,
    )


def _above(row: Any) -> tuple[str, ...]:
    ids = [int(part) for part in row.path.split("/") if part][:-1]
    if not ids:
        return ()
    table = Organization.__table__
    found = session.execute(rows(Organization, table.c.id, table.c.name).where(table.c.id.in_(ids)))
    by_id = {one.id: one.name for one in found}
    return tuple(by_id[one] for one in ids if one in by_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicCenter:
    """A service center with its rooms ``(name, purpose)``."""

    name: str
    address: str
    phone: str
    hours: str
    lat: float | None
    lng: float | None
    rooms: tuple[tuple[str, str], ...]


def center() -> PublicCenter | None:
    """Return the first service center of the district in scope, in one query."""
    table, room = ServiceCenter.__table__, CenterRoom.__table__
    first = rows(ServiceCenter, func.min(table.c.id)).scalar_subquery()
    found = session.execute(
        rows(
            ServiceCenter,
            table.c.name,
            table.c.address,
            table.c.phone,
            table.c.opening_hours,
            table.c.lat,
            table.c.lng,
            func.coalesce(room.c.name, literal("")).label("room"),
            func.coalesce(room.c.purpose, literal("")).label("purpose"),
        )
        .outerjoin(room, and_(room.c.center_id == table.c.id, room.c.district_id == table.c.district_id))
        .where(table.c.id == first)
        .order_by(room.c.id)
    ).all()
    if not found:
        return None
    one = found[0]
    return PublicCenter(
        name=one.name,
        address=one.address,
        phone=one.phone,
        hours=one.opening_hours,
        lat=one.lat,
        lng=one.lng,
        rooms=tuple((row.room, row.purpose) for row in found if row.room),
    )
