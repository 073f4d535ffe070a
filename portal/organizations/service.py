"""Verbs on organizations. Every one is audited and keeps the history of the tree.

Names and texts come in tidied (the sheets' parsers, or a form's); what the data must obey is checked here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from portal import audit, clock
from portal.database import session, swap, transaction
from portal.organizations.models import CHILD_KINDS, Organization, OrganizationParent
from portal.organizations.names import sort_key
from portal.organizations.search import index
from portal.words import lazy_gettext as _


class NotAllowed(ValueError):
    """The change breaks a rule; the message is for the person, ``field`` the answer it is about, if one."""

    def __init__(self, message: Any, *, field: str = "") -> None:
        super().__init__(message)
        self.message, self.field = message, field

    def __str__(self) -> str:
        return str(self.message)


def check_parent(kind: str, parent: Organization | None) -> None:
    """Refuse a parent that may not have a child of this kind (domain.md §2.1), or that is dissolved."""
    if parent is not None and parent.dissolved_on is not None:
        raise NotAllowed(_("“%(name)s”已经撤销，下面不能再设党组织。", name=parent.name))
    if parent is not None and kind not in CHILD_KINDS[parent.kind]:
        raise NotAllowed(_("“%(name)s”下面不能设这一类党组织。", name=parent.name))


def create_organization(
    *, district_id: int, kind: str, name: str, parent: Organization | None = None, actor: Any, **values: Any
) -> Organization:
    """Create an organization below ``parent`` from its founding day (or today).

    Raises:
        NotAllowed: the kind does not fit below the parent, or the name is taken here.
    """
    with transaction():
        check_parent(kind, parent)
        check_name(district_id, name, None)
        row = Organization(
            district_id=district_id,
            kind=kind,
            name=name,
            parent_id=parent.id if parent else None,
            sort_key=sort_key(name),
            **values,
        )
        session.add(row)
        session.flush()
        row.path = f"{parent.path if parent else '/'}{row.id}/"
        session.add(
            OrganizationParent(
                district_id=district_id,
                organization_id=row.id,
                parent_id=row.parent_id,
                valid_from=row.founded_on or clock.today(),
            )
        )
        index(row)
        audit.record("organization.create", row, actor=actor, district=district_id)
    return row


def change_organization(row: Organization, *, version: int, actor: Any, **values: Any) -> Organization:
    """Change an organization that is still at ``version``; ``parent`` moves it (K3).

    Raises:
        NotAllowed: the new place or name breaks a rule, or it is dissolved: that is history.
        Conflict: somebody else changed it meanwhile.
    """
    with transaction():
        if row.dissolved_on is not None:
            raise NotAllowed(_("“%(name)s”已经撤销，不能再改。", name=row.name))
        moved = "parent" in values
        parent: Organization | None = values.pop("parent", None)
        if not moved and row.parent_id is not None:
            parent = session.get(Organization, row.parent_id)
        kind = values.get("kind", row.kind)
        check_parent(kind, parent)
        _check_children(row, kind)
        if "name" in values:
            check_name(row.district_id, values["name"], row.id)
            values["sort_key"] = sort_key(values["name"])
        if moved and (parent.id if parent else None) != row.parent_id:
            if parent is not None and parent.path.startswith(row.path):
                raise NotAllowed(_("不能放到自己下面。"))
            values["parent_id"] = parent.id if parent else None
            _move(row, parent)
            values["path"] = f"{parent.path if parent else '/'}{row.id}/"
        swap(row, version=version, **values)
        index(row)
        audit.record(
            "organization.change",
            row,
            actor=actor,
            district=row.district_id,
            detail={"fields": sorted(values.keys() - {"sort_key", "path"})},
        )
    return row


def check_name(district_id: int, name: str, own_id: int | None) -> None:
    """Refuse a name that another living organization of the district has."""
    found = session.scalar(
        select(Organization.id).where(
            Organization.district_id == district_id,
            Organization.name == name,
            Organization.dissolved_on.is_(None),
            Organization.id != (own_id or 0),
        )
    )
    if found is not None:
        raise NotAllowed(_("已经有叫“%(name)s”的党组织。", name=name))


def _check_children(row: Organization, kind: str) -> None:
    if kind == row.kind:
        return
    below = session.scalars(
        select(Organization.kind).where(
            Organization.district_id == row.district_id, Organization.parent_id == row.id
        )
    )
    if any(child not in CHILD_KINDS[kind] for child in below):
        raise NotAllowed(_("下面还有党组织，不能改成这一类。"))


def _move(row: Organization, parent: Organization | None) -> None:
    """End today's place in the tree, open the next one, and carry the paths below along."""
    today = clock.today()
    current = session.scalars(
        select(OrganizationParent).where(
            OrganizationParent.organization_id == row.id, OrganizationParent.valid_to.is_(None)
        )
    ).first()
    new_id = parent.id if parent else None
    if current is not None and current.valid_from >= today:
        current.parent_id = new_id  # opened today: the dates could not tell the two apart
    else:
        if current is not None:
            current.valid_to = today
        session.add(
            OrganizationParent(
                district_id=row.district_id, organization_id=row.id, parent_id=new_id, valid_from=today
            )
        )
    session.flush()
    below = session.execute(
        select(Organization.id, Organization.path).where(
            Organization.district_id == row.district_id, Organization.path.startswith(row.path)
        )
    ).all()
    prefix = f"{parent.path if parent else '/'}{row.id}/"
    for child_id, path in below:
        session.execute(
            update(Organization)
            .where(Organization.id == child_id, Organization.district_id == row.district_id)
            .values(path=prefix + path[len(row.path) :])
        )
