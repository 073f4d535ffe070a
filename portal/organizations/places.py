"""Verbs on places: buildings, parks, communities, and the organization that answers for each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal import audit
from portal.database import session, swap, transaction
from portal.organizations.models import PLACE_KINDS, Organization, Place
from portal.organizations.search import index
from portal.organizations.service import NotAllowed
from portal.words import lazy_gettext as _


def create_place(
    *,
    district_id: int,
    kind: str,
    name: str,
    actor: Any,
    organization: Organization | None = None,
    **values: Any,
) -> Place:
    """Register a place; ``organization`` answers for it.

    Raises:
        NotAllowed: an unknown kind, the name is taken here, or the organization is dissolved.
    """
    with transaction():
        _check(district_id, kind, name, organization, None)
        row = Place(
            district_id=district_id,
            kind=kind,
            name=name,
            organization_id=organization.id if organization else None,
            **values,
        )
        session.add(row)
        session.flush()
        index(row)
        audit.record("place.create", row, actor=actor, district=district_id)
    return row


def change_place(row: Place, *, version: int, actor: Any, **values: Any) -> Place:
    """Change a place that is still at ``version``; ``organization`` (or None) says who answers for it.

    Raises:
        NotAllowed: as in ``create_place``.
        Conflict: somebody else changed it meanwhile.
    """
    with transaction():
        organization: Organization | None = values.get("organization")
        _check(
            row.district_id, values.get("kind", row.kind), values.get("name", row.name), organization, row.id
        )
        if "organization" in values:
            del values["organization"]
            values["organization_id"] = organization.id if organization else None
        swap(row, version=version, **values)
        index(row)
        audit.record(
            "place.change", row, actor=actor, district=row.district_id, detail={"fields": sorted(values)}
        )
    return row


def _check(
    district_id: int, kind: str, name: str, organization: Organization | None, own_id: int | None
) -> None:
    if kind not in PLACE_KINDS:
        raise NotAllowed(_("请选择是楼宇、园区、社区还是别的。"))
    taken = session.scalar(
        select(Place.id).where(
            Place.district_id == district_id,
            Place.kind == kind,
            Place.name == name,
            Place.id != (own_id or 0),
        )
    )
    if taken is not None:
        raise NotAllowed(_("“%(name)s”已经登记过。", name=name))
    if organization is not None and organization.dissolved_on is not None:
        raise NotAllowed(_("“%(name)s”已经撤销，不能再负责。", name=organization.name))
    if organization is not None and organization.district_id != district_id:
        raise NotAllowed(_("只能由本地的党组织负责。"))
