"""The register of units (employers); what is handed out can be imported again as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flask import g
from sqlalchemy import ColumnElement, Select, false, func, select

from portal.database import rows, session
from portal.desk import listing
from portal.desk.register import Filter, Listed, Register
from portal.organizations import units
from portal.organizations.models import Unit
from portal.sheets.imports.columns.units import KINDS, PROFILE, STATUSES
from portal.sheets.imports.units import Units as Importer
from portal.sheets.screen_words import on_screen
from portal.words import gettext
from portal.words import lazy_gettext as _

_TABLE: Any = Unit.__table__


class Units(Register):
    """The units of the district; they belong to the district, not to a branch."""

    name, one = "units", "unit"
    read = edit = "core.organizations.edit"
    title, hint = _("单位"), _("按名称、拼音或信用代码找")
    nobody = _("换个名称试试，或者登记一个。")
    adding, changing = _("登记单位"), _("修改单位")
    model, profile, kind = Unit, PROFILE, Importer
    columns = (
        Listed(label=_("名称"), value=lambda row: row.name, key="name"),
        Listed(label=_("类别"), value=lambda row: on_screen(KINDS.get(row.kind, row.kind))),
        Listed(
            label=_("经营状态"),
            value=lambda row: on_screen(STATUSES.get(row.operating_status, row.operating_status)),
            by="operating_status",
        ),
        Listed(label=_("从业人数"), value=lambda row: row.staff, key="staff", num=True),
    )
    filters = (
        Filter(name="kind", column=_TABLE.c.kind, words=KINDS),
        Filter(name="operating_status", column=_TABLE.c.operating_status, words=STATUSES, ready=False),
    )
    cleared: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "aliases": {"aliases": []},
        "above_scale": {"above_scale": False},
        "operating_status": {"operating_status": "operating"},
        "organization": {"organization": None},
        "place": {"place_id": None},
        "area": {"area_id": None},
    }

    def found(self, *permissions: str) -> Select[Any]:
        """Select the district's units for whoever's role reaches the whole district."""
        columns = (_TABLE.c[name] for name in ("id", "name", "kind", "operating_status", "staff"))
        found = rows(Unit, *columns)
        return found if all(map(self._everywhere, permissions)) else found.where(false())

    def _everywhere(self, permission: str) -> bool:
        return bool(g.actor.reach(permission).everywhere)

    def search(self, text: str) -> ColumnElement[bool] | None:
        """Find by name, pinyin or the whole credit code."""
        code = _TABLE.c.uscc == (text.strip().upper() or None)
        return listing.named(text, _TABLE.c.name, _TABLE.c.sort_key, code)

    def sorts(self) -> dict[str, Any]:
        """Sort by name, or by how many people work there."""
        return {"name": _TABLE.c.sort_key, "staff": func.coalesce(_TABLE.c.staff, -1)}

    def sheet(self, found: Select[Any]) -> tuple[str, list[str], list[list[str]]]:
        """Hand out the sheet that an import takes."""
        return "单位", *self.as_imported(found)

    def record(self, record_id: int, permission: str) -> Unit | None:
        """Return a unit."""
        if not self._everywhere(permission):
            return None
        return session.scalars(select(Unit).where(Unit.id == record_id)).first()

    def taken(self, name: str) -> str:
        """Say that the unit is known."""
        return gettext("“%(name)s”已经登记过，请查找后修改。", name=name)

    def change(self, row: Unit, *, version: int, **values: Any) -> None:
        """Change a unit."""
        units.change_unit(row, version=version, actor=g.actor, **values)
