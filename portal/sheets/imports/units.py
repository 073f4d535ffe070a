"""Units (employers) from a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import delete, select

from portal import audit
from portal.database import session
from portal.organizations import search, units
from portal.organizations.models import Organization, Place, Unit, UnitCoverage
from portal.plugin import DistrictRef
from portal.sheets.imports.columns.units import AREA_KINDS, PLACE_KINDS, PROFILE
from portal.sheets.imports.dependents import leaning, pieces
from portal.sheets.imports.importer import Applied, Written, ambiguous, changed_since, judge, key, misnamed
from portal.sheets.rows import Row
from portal.words import lazy_gettext as _

_PLAIN = ("kind", "name", "uscc", "address", "industry", "operating_status", "above_scale", "staff")


class Units:
    """Import of units: matched by credit code, else by full name; the organization by its full name."""

    kind: ClassVar[str] = "units"
    ahead: ClassVar[bool] = False
    profile = PROFILE

    def __init__(self, district: DistrictRef, actor: Any) -> None:
        self.district, self.actor = district, actor
        self.by_name: dict[str, list[Unit]] = {}
        self.by_uscc: dict[str, Unit] = {}
        self.organizations: dict[str, list[Organization]] = {}
        self.names = {"organization": self.organizations}
        self.organization_names: dict[int, str] = {}
        self.covered: dict[int, int] = {}
        self.places: dict[int, str] = {}
        self.place_ids: dict[tuple[str, str], int] = {}
        self.seen: dict[str, Row] = {}

    def prepare(self, rows: Sequence[Row]) -> None:
        """Read the district's units, places and organizations."""
        here = self.district.id
        for unit in session.scalars(select(Unit).where(Unit.district_id == here)):
            self.by_name.setdefault(key(unit.name), []).append(unit)
            if unit.uscc:
                self.by_uscc[unit.uscc] = unit
        living = select(Organization).where(
            Organization.district_id == here, Organization.dissolved_on.is_(None)
        )
        for organization in session.scalars(living):
            self.organizations.setdefault(key(organization.name), []).append(organization)
            self.organization_names[organization.id] = organization.name
        for place in session.scalars(select(Place).where(Place.district_id == here)):
            self.places[place.id] = place.name
        covering = select(UnitCoverage).where(
            UnitCoverage.district_id == here, UnitCoverage.valid_to.is_(None)
        )
        for row in session.scalars(covering):
            self.covered[row.unit_id] = row.organization_id

    def check(self, rows: Sequence[Row]) -> None:
        """Judge rows; a name that fits several units needs its credit code."""
        for row in rows:
            self._match(row)
            self._check_organization(row)
            if not row.reasons:
                judge(self.profile, row, self._values(row.target) if row.target else None)

    def also(self, rows: Sequence[Row]) -> None:
        """Look at the organization named in rows that have unreadable cells."""
        for row in rows:
            self._check_organization(row)

    def _check_organization(self, row: Row) -> None:
        name = row.values.get("organization")
        why = misnamed("负责的党组织", name, len(self.organizations.get(key(name), []))) if name else None
        if why:
            row.refuse(why)

    def _match(self, row: Row) -> None:
        uscc, name = row.values.get("uscc"), row.values["name"]
        named = self.by_name.get(key(name), [])
        if uscc and uscc in self.by_uscc:
            row.target = self.by_uscc[uscc]
        elif uscc:
            # a unit registered without its code, or under another one
            without = [unit for unit in named if not unit.uscc]
            if len(without) > 1:
                row.refuse(ambiguous("单位", name, len(without)))
            row.target = without[0] if without else None
        elif len(named) > 1:
            row.refuse(
                _("叫“%(name)s”的单位有%(count)s个，请补上统一社会信用代码。", name=name, count=len(named))
            )
        else:
            row.target = named[0] if named else None
            first = self.seen.setdefault(key(name), row)
            if first is not row and not first.values.get("uscc"):
                row.refuse(_("“单位名称”和第%(first)s行重复，请只留一行。", first=first.number))

    def known(self, records: Sequence[Unit]) -> dict[int, dict[str, Any]]:
        """Read units as their sheet would say them; after ``prepare``."""
        return {unit.id: self._values(unit) for unit in records}

    def _values(self, unit: Unit) -> dict[str, Any]:
        found = {name: getattr(unit, name) for name in _PLAIN}
        found |= {
            "aliases": tuple(unit.aliases),
            "place": self.places.get(unit.place_id or 0),
            "area": self.places.get(unit.area_id or 0),
            "organization": self.organization_names.get(self.covered.get(unit.id, 0)),
        }
        return {name: value for name, value in found.items() if value not in (None, "")}

    def write(self, rows: Sequence[Row]) -> list[Written]:
        """Write units, making places that are not known yet."""
        new = [row for row in rows if row.target is None]
        made = units.create_units(
            [self.columns(row.values) for row in new], district_id=self.district.id, actor=self.actor
        )
        done = [
            Written(row=row, target_id=unit.id, version=unit.version, before=None)
            for row, unit in zip(new, made, strict=True)
        ]
        return done + [self._change(row, row.target) for row in rows if row.target is not None]

    def _change(self, row: Row, unit: Unit) -> Written:
        changed = {change.field for change in row.changes}
        columns = self.columns({name: value for name, value in row.values.items() if name in changed})
        before = {name: getattr(unit, name) for name in columns if name != "organization"}
        if "organization" in columns:
            before["organization"] = self.covered.get(unit.id)
        units.change_unit(unit, version=unit.version, actor=self.actor, **columns)
        return Written(row=row, target_id=unit.id, version=unit.version, before=before)

    def columns(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn what a sheet says into what a unit's verbs take."""
        columns = {name: value for name, value in values.items() if name != "number"}
        if "aliases" in columns:
            columns["aliases"] = list(columns["aliases"])
        if "organization" in columns:
            columns["organization"] = self.organizations[key(columns["organization"])][0]
        for name, kinds in (("place", PLACE_KINDS), ("area", AREA_KINDS)):
            if name in columns:
                columns[f"{name}_id"] = self._place(columns.pop(name), kinds)
        return columns

    def _place(self, name: str, kinds: tuple[str, ...]) -> int:
        known = self.place_ids.get((kinds[0], name))
        if known is None:
            place = units.place_named(district_id=self.district.id, name=name, kinds=kinds, actor=self.actor)
            known = self.place_ids[kinds[0], name] = place.id
        return known

    def take_back(self, applied: Sequence[Applied]) -> list[Any]:
        """Put changed units back and remove new ones on which nothing leans."""
        reasons: list[Any] = []
        for one in applied:
            unit = session.get(Unit, one.target_id)
            if unit is None or unit.version != one.version:
                reasons.append(_("第%(number)s行：%(why)s", number=one.number, why=changed_since()))
            elif one.before is not None:
                before = dict(one.before)
                if "organization" in before:
                    before["organization"] = session.get(Organization, before["organization"] or 0)
                units.change_unit(unit, version=one.version, actor=self.actor, **before)
        return reasons or self._remove([one.target_id for one in applied if one.before is None])

    def _remove(self, ids: list[int]) -> list[Any]:
        here = self.district.id
        for piece in pieces(ids):
            session.execute(
                delete(UnitCoverage).where(UnitCoverage.district_id == here, UnitCoverage.unit_id.in_(piece))
            )
        if leaning(Unit.__table__, ids):
            return [_("有的单位已经有党员登记在名下，不能整批撤销。")]
        for piece in pieces(ids):
            search.forget("unit", piece)
            session.execute(delete(Unit).where(Unit.district_id == here, Unit.id.in_(piece)))
        for one in ids:
            audit.record("unit.take_back", ("unit", one), actor=self.actor, district=self.district)
        return []

    def title(self, row: Row) -> str:
        """Name a row for lists."""
        return str(row.values.get("name") or "")
