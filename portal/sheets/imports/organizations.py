"""Party organizations from a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import delete, select, update

from portal import audit
from portal.database import session
from portal.organizations import search, service
from portal.organizations.models import CHILD_KINDS, Organization, OrganizationParent
from portal.plugin import DistrictRef
from portal.sheets.imports.columns.organizations import PROFILE
from portal.sheets.imports.dependents import leaning, pieces
from portal.sheets.imports.importer import Applied, Written, ambiguous, changed_since, judge, key, unknown
from portal.sheets.rows import Row
from portal.words import lazy_gettext as _

_PLAIN = ("code", "founded_on", "office_address", "office_phone", "opening_hours", "term_no", "term_start",
          "term_end", "can_transfer_directly")  # fmt: skip


class Organizations:
    """Import of organizations: matched by full name, parents may stand in the same sheet."""

    kind: ClassVar[str] = "organizations"
    ahead: ClassVar[bool] = False
    profile = PROFILE

    def __init__(self, district: DistrictRef, actor: Any) -> None:
        self.district, self.actor = district, actor
        self.existing: dict[str, list[Organization]] = {}
        self.names = {"parent": self.existing}
        self.by_id: dict[int, Organization] = {}
        self.in_file: dict[str, Row] = {}
        self.waiting: dict[str, Row] = {}

    def prepare(self, rows: Sequence[Row]) -> None:
        """Read the living organizations of the district and the names in the sheet."""
        living = session.scalars(
            select(Organization).where(
                Organization.district_id == self.district.id, Organization.dissolved_on.is_(None)
            )
        ).all()
        for one in living:
            self.existing.setdefault(key(one.name), []).append(one)
            self.by_id[one.id] = one
        for row in rows:
            self.in_file.setdefault(key(row.values["name"]), row)
        self.waiting = dict(self.in_file)

    def check(self, rows: Sequence[Row]) -> None:
        """Judge rows; a parent must exist here or stand in the sheet, and may not stand below its child."""
        for row in rows:
            found = self.existing.get(key(row.values["name"]), [])
            if len(found) > 1:
                row.refuse(ambiguous("党组织", row.values["name"], len(found)))
                continue
            old = found[0] if found else None
            self._check_parent(row)
            if row.reasons:
                continue
            row.target = old
            known = None
            if old is not None:
                known = self._values(old)
                parent = known.get("parent")
                if "parent" in row.values and parent and key(parent) == key(row.values["parent"]):
                    row.values["parent"] = parent
                if "aliases" in row.values:
                    row.values["aliases"] = tuple(row.values["aliases"])
            judge(self.profile, row, known)

    def also(self, rows: Sequence[Row]) -> None:
        """Say nothing more: where a row belongs in the tree needs its name, kind and parent."""

    def known(self, records: Sequence[Organization]) -> dict[int, dict[str, Any]]:
        """Read organizations as their sheet would say them; after ``prepare``."""
        return {row.id: self._values(row) for row in records}

    def _values(self, row: Organization) -> dict[str, Any]:
        found = {name: getattr(row, name) for name in _PLAIN}
        found = {name: value for name, value in found.items() if value not in (None, "")}
        found |= {"name": row.name, "kind": row.kind, "aliases": tuple(row.aliases)}
        parent = self.by_id.get(row.parent_id or 0)
        return found | ({"parent": parent.name} if parent else {})

    def _check_parent(self, row: Row) -> None:
        name = row.values.get("parent")
        if name is None:
            return
        seen = {key(row.values["name"])}
        here: str | None = name
        while here is not None:
            if key(here) in seen:
                row.refuse(_("上级党组织“%(name)s”又在它自己下面，请核对。", name=name))
                return
            seen.add(key(here))
            above = self.in_file.get(key(here))
            here = above.values.get("parent") if above is not None else None
        above = self.in_file.get(key(name))
        found = self.existing.get(key(name), [])
        if above is None and not found:
            row.refuse(unknown("上级党组织", name))
        elif above is None and len(found) > 1:
            row.refuse(ambiguous("上级党组织", name, len(found)))
        elif above is not None and above.reasons:
            row.refuse(
                _("上级党组织“%(name)s”那一行（第%(number)s行）没有通过。", name=name, number=above.number)
            )
        else:
            kind = above.values["kind"] if above is not None else found[0].kind
            if row.values["kind"] not in CHILD_KINDS[kind]:
                row.refuse(_("“%(name)s”下面不能设这一类党组织。", name=name))

    def write(self, rows: Sequence[Row]) -> list[Written]:
        """Write parents before their children."""
        done: list[Written] = []
        for row in rows:
            self._write_with_parents(row, done)
        return done

    def _write_with_parents(self, row: Row, done: list[Written]) -> None:
        if self.waiting.pop(key(row.values["name"]), None) is None:
            return  # written already, before one of its children
        above = self.waiting.get(key(row.values.get("parent") or ""))
        if above is not None:
            self._write_with_parents(above, done)
        values = self.columns(row.values)
        old: Organization | None = row.target
        if old is None:
            made = service.create_organization(district_id=self.district.id, actor=self.actor, **values)
            self.existing[key(made.name)] = [made]
            self.by_id[made.id] = made
            done.append(Written(row=row, target_id=made.id, version=made.version, before=None))
            return
        changed = {change.field for change in row.changes}
        values = {name: value for name, value in values.items() if name in changed}
        before = {name: old.parent_id if name == "parent" else getattr(old, name) for name in values}
        service.change_organization(old, version=old.version, actor=self.actor, **values)
        done.append(Written(row=row, target_id=old.id, version=old.version, before=before))

    def columns(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn what a sheet says into what an organization's verbs take."""
        columns = {name: value for name, value in values.items() if name != "number"}
        if "aliases" in columns:
            columns["aliases"] = list(columns["aliases"])
        if "parent" in columns:
            columns["parent"] = self.existing[key(columns["parent"])][0]
        return columns

    def take_back(self, applied: Sequence[Applied]) -> list[Any]:
        """Put changed organizations back and remove new ones on which nothing leans."""
        reasons: list[Any] = []
        found = {
            row.id: row
            for row in session.scalars(
                select(Organization).where(Organization.district_id == self.district.id)
            )
        }
        for one in applied:
            row = found.get(one.target_id)
            if row is None or row.version != one.version:
                reasons.append(_("第%(number)s行：%(why)s", number=one.number, why=changed_since()))
            elif one.before is not None:
                before = dict(one.before)
                if "parent" in before:
                    before["parent"] = found.get(before["parent"] or 0)
                service.change_organization(row, version=one.version, actor=self.actor, **before)
        new = [one.target_id for one in applied if one.before is None]
        return reasons or self._remove(new)

    def _remove(self, ids: list[int]) -> list[Any]:
        here = self.district.id
        for piece in pieces(ids):
            session.execute(
                update(Organization)
                .where(Organization.district_id == here, Organization.id.in_(piece))
                .values(parent_id=None)
            )
            session.execute(
                delete(OrganizationParent).where(
                    OrganizationParent.district_id == here, OrganizationParent.organization_id.in_(piece)
                )
            )
        if leaning(Organization.__table__, ids):
            return [_("有的党组织已经有党员、单位或下级，不能整批撤销。")]
        for piece in pieces(ids):
            search.forget("organization", piece)
            session.execute(
                delete(Organization).where(Organization.district_id == here, Organization.id.in_(piece))
            )
        for one in ids:
            audit.record(
                "organization.take_back", ("organization", one), actor=self.actor, district=self.district
            )
        return []

    def title(self, row: Row) -> str:
        """Name a row for lists."""
        return str(row.values.get("name") or "")
