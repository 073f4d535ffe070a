"""Members from the official sheet, with the columns plugins add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import inspect, select

from portal.database import session
from portal.districts import settings
from portal.identity.models import Account
from portal.members import service
from portal.members.events import ref
from portal.members.models import Member, Person
from portal.members.sealed import ric_index, unseal
from portal.organizations.models import BRANCH_KINDS, Organization, Unit
from portal.plugin import DistrictRef
from portal.sheets.imports import rules
from portal.sheets.imports.columns.members import PROFILE
from portal.sheets.imports.contributions import contributed, extended, own_values
from portal.sheets.imports.importer import Applied, Written, judge, key, misnamed
from portal.sheets.imports.members_back import take_back
from portal.sheets.rows import Row
from portal.words import lazy_gettext as _

SEALED = ("phone", "landline", "address")
PLAIN = (
    "name", "sex", "nation", "birth_date", "education", "stage", "joined_on", "full_on", "post", "state",
    "lost_contact", "lost_contact_on", "floating", "floating_to", "remark",
)  # fmt: skip
_FEW = 1000
KEEP_RIC = "core.keep_national_id"


class Members:
    """Import of members: matched by national id within the district, the branch by its full name."""

    kind: ClassVar[str] = "members"
    ahead: ClassVar[bool] = True

    def __init__(self, district: DistrictRef, actor: Any) -> None:
        self.district, self.actor = district, actor
        self.contributions = contributed("members", district)
        self.profile = extended(PROFILE, self.contributions)
        self.branches: dict[str, list[tuple[int, str]]] = {}
        self.units: dict[str, list[tuple[int, str]]] = {}
        self.names = {"branch": self.branches, "unit": self.units}
        self.own_index: str | None = None

    def prepare(self, rows: Sequence[Row]) -> None:
        """Read the district's branches, and its units unless the sheet names none."""
        account_id = getattr(self.actor, "account_id", self.actor)
        if account_id is not None and self.contributions:
            self.own_index = session.scalar(
                select(Person.ric_index)
                .join(Account, Account.person_id == Person.id)
                .where(Account.id == account_id)
            )
        living = (
            select(Organization.id, Organization.name, Organization.kind)
            .where(Organization.district_id == self.district.id, Organization.dissolved_on.is_(None))
            .order_by(Organization.sort_key, Organization.id)
        )
        for organization_id, name, kind in session.execute(living):
            if kind in BRANCH_KINDS:
                self.branches.setdefault(key(name), []).append((organization_id, name))
        if not rows or any("unit" in row.values for row in rows):
            known = (
                select(Unit.id, Unit.name, Unit.aliases)
                .where(Unit.district_id == self.district.id)
                .order_by(Unit.sort_key, Unit.id)
            )
            for unit_id, name, aliases in session.execute(known):
                for spelling in {key(name), *map(key, aliases)}:
                    self.units.setdefault(spelling, []).append((unit_id, name))

    def also(self, rows: Sequence[Row]) -> None:
        """Look at the names in rows that have unreadable cells."""
        for row in rows:
            if "branch" in row.values:
                self._find(row, "branch", self.branches, "所在党支部")
            if "unit" in row.values and self.units:
                self._find(row, "unit", self.units, "工作单位")

    def check(self, rows: Sequence[Row]) -> None:
        """Judge rows: branch and unit must be found here, dates must agree; a sheet moves nobody."""
        found = self._records([row.values["ric"] for row in rows])
        known = self.known(list(found.values()))
        for row in rows:
            self._find(row, "branch", self.branches, "所在党支部")
            if "unit" in row.values:
                self._find(row, "unit", self.units, "工作单位")
            for one in self.contributions:
                values = own_values(one, row.values)
                if values and one.check is not None:
                    for reason in one.check(values=values):
                        row.refuse(reason)
            row.target = found.get(row.values["ric"])
            old = known[row.target.id] | {"ric": row.values["ric"]} if row.target else None
            rules.complete(row, old or {})
            rules.check(row, {**(old or {}), **row.values})
            if old is not None and not row.reasons and old.get("branch") != row.values["branch"]:
                row.refuse(
                    _(
                        "这位同志现在登记在“%(branch)s”。换支部请办组织关系转接；登记错了，请在个人页更正。",
                        branch=old.get("branch") or "",
                    )
                )
            if self._is_own(row, old or {}):
                row.refuse(_("这是您本人的登记，这几栏请另一位同志导入。"))
            judge(self.profile, row, old)

    def _is_own(self, row: Row, old: Mapping[str, Any]) -> bool:
        """Tell whether the importer decides in a plugin's columns what she herself owes (rule K12).

        A record that this sheet would only make is hers too: she may be known from another district.
        """
        if self.own_index is None or ric_index(row.values["ric"]) != self.own_index:
            return False
        said = {name: v for one in self.contributions for name, v in own_values(one, row.values).items()}
        return any(value is not None and value != old.get(name) for name, value in said.items())

    def _find(self, row: Row, name: str, known: dict[str, list[tuple[int, str]]], label: str) -> None:
        said = row.values[name]
        found = known.get(key(said), [])
        # Thousands of units are too many to look through for each wrong row.
        names = (one for same in known.values() for _id, one in same) if len(known) < _FEW else ()
        why = misnamed(label, said, len(found), names)
        if why:
            row.refuse(why)
        else:
            row.values[name] = found[0][1]

    def _records(self, rics: Sequence[str]) -> dict[str, Member]:
        by_index = {ric_index(ric): ric for ric in rics}
        found = session.execute(
            select(Person.ric_index, Member)
            .join(Member, Member.person_id == Person.id)
            .where(
                Person.ric_index.in_(list(by_index)),
                Member.district_id == self.district.id,
                Member.closed_on.is_(None),
            )
        )
        return {by_index[str(index)]: member for index, member in found}

    def known(self, records: Sequence[Member]) -> dict[int, dict[str, Any]]:
        """Read records as the sheet would say them, the plugins' columns included."""
        branches = {i: name for same in self.branches.values() for i, name in same}
        units = {i: name for same in self.units.values() for i, name in same}
        known = {}
        for member in records:
            values = {name: getattr(member, name) for name in PLAIN}
            values |= {name: unseal(member, name) for name in SEALED}
            values |= {
                "branch": branches.get(member.organization_id or 0),
                "unit": units.get(member.unit_id or 0),
            }
            known[member.id] = {name: value for name, value in values.items() if value not in (None, "")}
        for one in self.contributions:
            if one.current is not None and records:
                told = one.current(members=[ref(member) for member in records])
                for member_id, more in told.items():
                    known[member_id] |= dict(more)
        return known

    def write(self, rows: Sequence[Row]) -> list[Written]:
        """Take in new people, change known ones, and hand the plugins' columns to their plugins."""
        new = [row for row in rows if row.target is None]
        self._read_anew([row.target for row in rows if row.target is not None])
        keep = bool(settings.get(self.district, KEEP_RIC))
        made = service.take_in(
            [
                service.Intake(
                    ric=row.values["ric"],
                    organization_id=self.branches[key(row.values["branch"])][0][0],
                    values=self.columns(row.values),
                )
                for row in new
            ],
            district_id=self.district.id,
            actor=self.actor,
            keep_ric=keep,
        )
        self._hand_over_new(new, made)
        done = [
            Written(row=row, target_id=member.id, version=member.version, before=None)
            for row, member in zip(new, made, strict=True)
        ]
        for row in rows:
            if row.target is not None:
                done.append(self._change(row, row.target))
        return done

    def _read_anew(self, targets: Sequence[Member]) -> None:
        # Read before the write lock was ours, they would come back one by one.
        ids = [key[0] for target in targets if (key := inspect(target).identity)]
        if ids:
            session.scalars(select(Member).where(Member.id.in_(ids))).all()

    def columns(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn what a sheet says into what a member's verbs take."""
        columns = {name: values[name] for name in (*PLAIN, *SEALED) if name in values}
        if "unit" in values:
            columns["unit_id"] = self.units[key(values["unit"])][0][0]
        return columns

    def _change(self, row: Row, member: Member) -> Written:
        changed = {change.field for change in row.changes}
        values = {name: value for name, value in row.values.items() if name in changed}
        columns = self.columns(values)
        before: dict[str, Any] = {
            name: unseal(member, name) if name in SEALED else getattr(member, name) for name in columns
        }
        if columns:
            service.change(member, version=member.version, actor=self.actor, **columns)
        handed = self._hand_over(row, member, values)
        if handed:
            before["*"] = handed
        return Written(row=row, target_id=member.id, version=member.version, before=before)

    def _hand_over_new(self, rows: Sequence[Row], members: Sequence[Member]) -> None:
        made = [(ref(member), row.values) for row, member in zip(rows, members, strict=True)]
        for one in self.contributions:
            given = [(member, own) for member, values in made if (own := own_values(one, values))]
            if one.apply_new is not None:
                one.apply_new(rows=given, actor=self.actor)
                continue
            for member, own in given:
                one.apply(member=member, values=own, actor=self.actor)

    def _hand_over(self, row: Row, member: Member, values: dict[str, Any]) -> list[str]:
        handed: list[str] = []
        for one in self.contributions:
            own = own_values(one, values)
            if own:
                one.apply(member=ref(member), values=own, actor=self.actor)
                handed.extend(own)
        return handed

    def take_back(self, applied: Sequence[Applied]) -> list[Any]:
        """Put changed records back and remove new ones on which nothing leans."""
        return take_back(applied, self.contributions, district=self.district, actor=self.actor)

    def title(self, row: Row) -> str:
        """Name a row for lists."""
        return str(row.values.get("name") or "")
