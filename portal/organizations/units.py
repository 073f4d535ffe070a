"""Verbs on units, the places they are in, and which organization covers them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from portal import audit, clock
from portal.database import session, swap, transaction
from portal.organizations.models import Organization, Place, Unit, UnitCoverage
from portal.organizations.names import sort_key
from portal.organizations.search import index
from portal.organizations.service import NotAllowed
from portal.words import lazy_gettext as _


def place_named(*, district_id: int, name: str, kinds: tuple[str, ...], actor: Any) -> Place:
    """Find a place of one of ``kinds`` by name or alias; when there is none, make one of the likeliest."""
    with transaction():
        for place in session.scalars(
            select(Place).where(Place.district_id == district_id, Place.kind.in_(kinds))
        ):
            if name == place.name or name in place.aliases:
                return place
        row = Place(district_id=district_id, kind=likely_kind(name, kinds), name=name)
        session.add(row)
        session.flush()
        index(row)
        audit.record("place.create", row, actor=actor, district=district_id)
    return row


def likely_kind(name: str, kinds: tuple[str, ...]) -> str:
    """Guess a place's kind from the last words of its name; the first of ``kinds`` when nothing tells."""
    for ending, kind in (("园", "park"), ("社区", "community"), ("村", "community"), ("街道", "street"),
                         ("路", "street"), ("市场", "market")):  # fmt: skip
        if ending in name and kind in kinds:
            return kind
    return kinds[0]


def create_unit(*, district_id: int, kind: str, name: str, actor: Any, **values: Any) -> Unit:
    """Create a unit; ``organization`` (or None) says who covers it from today."""
    values |= {"kind": kind, "name": name}
    return create_units([values], district_id=district_id, actor=actor)[0]


def create_units(many: Sequence[dict[str, Any]], *, district_id: int, actor: Any) -> list[Unit]:
    """Create units, in few statements however many they are; see ``create_unit``.

    Raises:
        NotAllowed: a credit code is registered already.
    """
    with transaction():
        made, covering = [], []
        for given in many:
            values = dict(given)
            covering.append(values.pop("organization", None))
            _check_uscc(district_id, values.get("uscc"), None)
            made.append(Unit(district_id=district_id, sort_key=sort_key(values["name"]), **values))
        session.add_all(made)
        session.flush()
        covered = [(unit, one) for unit, one in zip(made, covering, strict=True) if one is not None]
        session.add_all(_coverage(unit, one, clock.today()) for unit, one in covered)
        session.flush()
        index(*made)
        audit.record_each("unit.create", made, actor=actor, district=district_id)
        audit.record_each("unit.cover", [unit for unit, _one in covered], actor=actor, district=district_id)
    return made


def _coverage(unit: Unit, organization: Organization, day: date) -> UnitCoverage:
    return UnitCoverage(
        district_id=unit.district_id,
        organization_id=organization.id,
        unit_id=unit.id,
        form="joint" if organization.kind == "joint_branch" else "single",
        valid_from=day,
    )


def change_unit(row: Unit, *, version: int, actor: Any, **values: Any) -> Unit:
    """Change a unit that is still at ``version``; ``organization`` changes who covers it from today."""
    with transaction():
        covering = "organization" in values
        organization = values.pop("organization", None)
        if "name" in values:
            values["sort_key"] = sort_key(values["name"])
        if values.get("uscc"):
            _check_uscc(row.district_id, values["uscc"], row.id)
        swap(row, version=version, **values)
        index(row)
        audit.record(
            "unit.change",
            row,
            actor=actor,
            district=row.district_id,
            detail={"fields": sorted(values.keys() - {"sort_key"})},
        )
        if covering:
            cover(row, organization, actor=actor)
    return row


def _check_uscc(district_id: int, uscc: str | None, own_id: int | None) -> None:
    if not uscc:
        return
    name = session.scalar(
        select(Unit.name).where(Unit.district_id == district_id, Unit.uscc == uscc, Unit.id != (own_id or 0))
    )
    if name is not None:
        raise NotAllowed(_("这个统一社会信用代码已经登记在“%(name)s”名下。", name=name))


def cover(unit: Unit, organization: Organization | None, *, actor: Any, on: date | None = None) -> None:
    """Let ``organization`` (None: nobody) cover the unit from ``on``; the row before is ended.

    Raises:
        NotAllowed: the organization is dissolved.
    """
    day = on or clock.today()
    if organization is not None and organization.dissolved_on is not None:
        raise NotAllowed(_("“%(name)s”已经撤销。", name=organization.name))
    with transaction():
        open_rows = session.scalars(
            select(UnitCoverage).where(UnitCoverage.unit_id == unit.id, UnitCoverage.valid_to.is_(None))
        ).all()
        wanted = organization.id if organization else None
        if [row.organization_id for row in open_rows] == ([wanted] if wanted else []):
            return
        for row in open_rows:
            if row.valid_from >= day:
                session.delete(row)
            else:
                row.valid_to = day
        session.flush()
        if organization is not None:
            session.add(_coverage(unit, organization, day))
        audit.record(
            "unit.cover", unit, actor=actor, district=unit.district_id, detail={"organization": wanted}
        )
