"""The register of organizations; what is handed out can be imported again as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import g
from sqlalchemy import ColumnElement, Select, case, func, select

from portal.database import rows, session
from portal.desk import listing
from portal.desk.register import Filter, Listed, Register
from portal.members.models import Member
from portal.members.queries import within
from portal.organizations import service, words
from portal.organizations.models import Organization, Unit, UnitCoverage
from portal.sheets.imports.columns.organizations import PROFILE
from portal.sheets.imports.organizations import Organizations as Importer
from portal.web.frame import civil
from portal.words import gettext
from portal.words import lazy_gettext as _

_TABLE: Any = Organization.__table__
_STATE = case((_TABLE.c.dissolved_on.is_(None), "living"), else_="dissolved")


class Organizations(Register):
    """The living organizations; the dissolved ones are a list of their own."""

    name, one = "organizations", "organization"
    read = edit = "core.organizations.edit"
    title, hint = _("党组织"), _("按名称或拼音找")
    nobody = _("换个名称试试，或者登记一个。")
    adding, changing = _("登记党组织"), _("修改党组织")
    model, profile, kind = Organization, PROFILE, Importer
    columns = (
        Listed(label=_("名称"), value=lambda row: row.name, key="name"),
        Listed(label=_("类别"), value=lambda row: words.KINDS.get(row.kind, row.kind)),
        Listed(label=_("办公电话"), value=lambda row: row.office_phone),
    )
    filters = (
        Filter(name="kind", column=_TABLE.c.kind, words=words.KINDS),
        Filter(name="state", column=_STATE, words={"dissolved": _("已撤销")}, unasked=_("现有的")),
    )
    more = "desk/_organization.html"
    cleared: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "aliases": {"aliases": []},
        "can_transfer_directly": {"can_transfer_directly": False},
        "parent": {"parent": None},
    }

    def found(self, *permissions: str) -> Select[Any]:
        """Select organizations below which the actor's roles reach: living ones, if nobody asks otherwise.

        What is handed out is imported again: dissolved ones are never in it.
        """
        found = rows(Organization, *(_TABLE.c[name] for name in ("id", "name", "kind", "office_phone")))
        if self.filters[1].chosen() is None or "core.export" in permissions:
            found = found.where(_TABLE.c.dissolved_on.is_(None))
        for permission in permissions:
            reach = within(g.actor.reach(permission), _TABLE.c.path)
            if reach is not None:
                found = found.where(reach)
        return found

    def search(self, text: str) -> ColumnElement[bool] | None:
        """Find by name or pinyin."""
        return listing.named(text, _TABLE.c.name, _TABLE.c.sort_key)

    def sorts(self) -> dict[str, Any]:
        """Sort by name."""
        return {"name": _TABLE.c.sort_key}

    def sheet(self, found: Select[Any]) -> tuple[str, list[str], list[list[str]]]:
        """Hand out the sheet that an import takes."""
        return "党组织", *self.as_imported(found)

    def record(self, record_id: int, permission: str) -> Organization | None:
        """Return an organization, dissolved ones as well."""
        row = session.scalars(select(Organization).where(Organization.id == record_id)).first()
        return row if row is not None and g.actor.reach(permission).covers(row.path) else None

    def beside(self, row: Organization) -> dict[str, Any]:
        """Show the units it covers, and how many members it has."""
        units = session.execute(
            select(Unit.id, Unit.name)
            .join(UnitCoverage, UnitCoverage.unit_id == Unit.id)
            .where(UnitCoverage.organization_id == row.id, UnitCoverage.valid_to.is_(None))
            .order_by(Unit.sort_key)
            .limit(200)
        ).all()
        count = session.scalar(
            select(func.count(Member.id)).where(
                Member.organization_id == row.id,
                Member.closed_on.is_(None),
                Member.stage.in_(("full", "probationary")),
            )
        )
        return {"units": units, "members": count, "ends": self.may_add()}

    def ended(self, row: Organization) -> str | None:
        """Say when it was dissolved."""
        if row.dissolved_on is None:
            return None
        return gettext("%(day)s撤销的。历史和账目都在，不能再改。", day=civil(row.dissolved_on))

    def taken(self, name: str) -> str:
        """Say that the name is taken."""
        return gettext("已经有叫“%(name)s”的党组织。", name=name)

    def change(self, row: Organization, *, version: int, **values: Any) -> None:
        """Change an organization."""
        service.change_organization(row, version=version, actor=g.actor, **values)
