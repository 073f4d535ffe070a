"""Two districts full of data that could leak, and people in every role: where the walks take place."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask
from sqlalchemy import false, insert, inspect, select, text
from werkzeug.routing import Rule

from portal import clock
from portal.database import Model, db, everything, session, transaction
from portal.database.core import reading
from portal.districts.models import District
from portal.identity import permissions
from portal.identity.models import BRANCH_ROLES, Account, Grant
from portal.members import merging
from portal.members.models import Member, Request
from portal.organizations.models import Organization, Place, Unit
from portal.testing import Browser, World
from portal.web import access

SEED = 7


@dataclass
class Side:
    """One district: its marker word is in every name that only its own people may read."""

    marker: str
    district: District
    branch: Organization
    members: list[Member]
    unit: Unit
    place: Place
    #: Another branch of the same district, with its own marker; only the left side has one.
    neighbour: Side | None = None
    #: This side is such a branch: its records are those of its branch and members.
    is_branch: bool = False


class Town:
    """Two sides, each filled by the core's own records and by every plugin's demo data."""

    def __init__(self, world: World, app: Flask) -> None:
        self.world, self.app = world, app
        app.config["EXPORTS_A_MINUTE"] = 0  # a walk asks faster than people do
        self.left = self._side("甲密", "999911", neighbour="丙密")
        self.right = self._side("乙密", "999922")
        session.remove()

    def _side(self, marker: str, code: str, *, neighbour: str = "") -> Side:
        world = self.world
        district = world.district(code=code)
        top = world.organization(district, kind="committee", name=f"{code}党委")
        branch = world.organization(district, kind="branch", name=f"{code}党支部", parent=top)
        members = [world.member(branch, name=f"{marker}{letter}") for letter in "赵钱孙李周"]
        with world.writing(district), transaction():
            place = Place(district_id=district.id, kind="building", name=f"{code}大厦")
            session.add(place)
            session.flush()
            unit = Unit(
                district_id=district.id,
                kind="nonpublic_enterprise",
                name=f"{code}有限公司",
                place_id=place.id,
            )
            session.add(unit)
        self._asked(district, f"R{code}", marker, members[0], branch)
        self._merged(district, marker, branch)
        side = Side(marker, district, branch, members, unit, place)
        if neighbour:
            side.neighbour = self._neighbour(neighbour, side, top)
        reference = world.ref(district)
        registry = self.app.extensions["portal.registry"]
        for _slug, register in registry.implementers("register_demo"):
            with world.writing(district), transaction():
                register(district=reference, seed=SEED)
        return side

    def _neighbour(self, marker: str, side: Side, top: Organization) -> Side:
        world, district = self.world, side.district
        branch = world.organization(district, kind="branch", name=f"{district.code}邻支部", parent=top)
        members = [world.member(branch, name=f"{marker}{letter}") for letter in "赵钱孙"]
        self._asked(district, f"N{district.code}", marker, members[0], branch)
        return Side(marker, district, branch, members, side.unit, side.place, is_branch=True)

    def _merged(self, district: District, marker: str, branch: Organization) -> None:
        """Let two records of one person have been merged, so that the merge can be undone."""
        two = [self.world.member(branch, name=f"{marker}吴") for _again in range(2)]
        with self.world.writing(district):
            kept, absorbed = (session.get_one(Member, one.id) for one in two)
            merging.merge(kept, absorbed, versions=(1, 1), reason=f"{marker}重复", actor=None)

    def _asked(
        self, district: District, reference: str, marker: str, member: Member, branch: Organization
    ) -> None:
        """Let a member's claim of the record wait for an answer."""
        asker = self.world.account(member)
        with self.world.writing(district), transaction():
            session.add(
                Request(
                    district_id=district.id,
                    reference=reference,
                    kind="members.claim",
                    asked_by=asker.id,
                    member_id=member.id,
                    organization_id=branch.id,
                    answer_permission="core.requests.answer",
                    subject=f"{marker}的申请",
                    asked_at=clock.now(),
                )
            )

    # --- people -------------------------------------------------------------------------------

    def roles(self) -> list[str]:
        """Return every role some permission is given to."""
        return sorted({role for one in permissions.declared().values() for role in one.roles})

    def browser(self, side: Side, role: str) -> Browser:
        """Return a browser of somebody who has ``role`` in ``side``; ``all``: every role there is."""
        if role == "visitor":
            return self.world.browser()
        if role == "resident":
            return self.world.browser(self.world.account())
        number = {"member": 1, "all": 2}.get(role)
        if number is not None:
            return self.world.browser(self._of(side.members[number], role, side))
        if role in BRANCH_ROLES:
            return self.world.browser(
                self.world.account(self._colleague(side), role=role, organization=side.branch)
            )
        return self.world.browser(self.world.account(role=role, district=side.district))

    def _colleague(self, side: Side) -> Member:
        return self.world.member(side.branch, name=f"{side.marker}同")

    def _of(self, member: Member, role: str, side: Side) -> Account:
        with everything():
            found = session.scalar(select(Account).where(Account.person_id == member.person_id))
        account = found or self.world.account(member)
        if role == "all":
            with everything(), transaction():
                session.execute(insert(Grant), [self._grant(account, one, side) for one in self.roles()])
        return account

    def _grant(self, account: Account, role: str, side: Side) -> dict[str, Any]:
        return {
            "district_id": side.district.id,
            "account_id": account.id,
            "role": role,
            "organization_id": side.branch.id if role in BRANCH_ROLES else None,
            "valid_from": date(2020, 1, 1),
            "granted_at": clock.now(),
        }

    # --- addresses ----------------------------------------------------------------------------

    def rules(self, method: str, *, inside: bool | None = None) -> Iterator[Rule]:
        """Yield the routes that answer ``method``; ``inside``: only those (not) below /d/<code>/."""
        for rule in sorted(self.app.url_map.iter_rules(), key=lambda one: one.rule):
            if rule.endpoint.split(".")[-1] == "static" or method not in (rule.methods or ()):
                continue
            if inside is None or ("district_code" in rule.arguments) == inside:
                yield rule

    def path(self, rule: Rule, side: Side) -> str:
        """Return the address of ``rule`` with the ids of ``side``."""
        values = {name: self._sample(rule, name, side) for name in rule.arguments}
        built = rule.build(values, append_unknown=False)
        assert built is not None, f"no address for {rule.rule} with {values}"
        return str(built[1])

    def _sample(self, rule: Rule, name: str, side: Side) -> Any:
        known = {
            "district_code": side.district.code,
            "organization_id": side.branch.id,
            "member_id": side.members[0].id,
            "member_uid": side.members[0].uid,
            "unit_id": side.unit.id,
            "place_id": side.place.id,
        }
        if name in known:
            return known[name]
        choices = getattr(rule._converters[name], "regex", "")
        if choices.startswith("(?:") and "[" not in choices:
            return choices.removeprefix("(?:").removesuffix(")").split("|")[0]
        found = self._from_tables(rule, name, side)
        if found is not None:
            return found
        return 1 if "int" in type(rule._converters[name]).__name__.lower() else "none"

    def _from_tables(self, rule: Rule, name: str, side: Side) -> Any:
        """Find a value in the tables: ``voucher_id`` is the id of some ``…voucher``, and so with ``_uid``."""
        owner = rule.endpoint.split(".")[0].split("_")[0]
        stem, _of, column = name.rpartition("_") if name.endswith(("_id", "_uid")) else ("", "", name)
        tables = [t for t in Model.metadata.sorted_tables if column in t.c and "district_id" in t.c]
        tables.sort(key=lambda table: (not table.name.startswith(owner), table.name))
        for table in tables:
            if stem and table.name != stem and not table.name.endswith(f"_{stem}"):
                continue
            with everything():
                found = session.scalar(select(table.c[column]).where(_belongs(table, side)).limit(1))
            session.rollback()
            if found is not None:
                return found
        return None


def said(answer: Any) -> str:
    """Return what an answer says; a workbook's sheets are zipped."""
    data: bytes = answer.get_data()
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            data = b"".join(book.read(name) for name in book.namelist())
    return data.decode(errors="replace")


def _belongs(table: Any, side: Side) -> Any:
    """Return the clause that keeps a scoped table to one side."""
    here = table.c.district_id == side.district.id
    if not side.is_branch:
        return here
    if "organization_id" in table.c:
        return here & (table.c.organization_id == side.branch.id)
    if "member_id" in table.c:
        return here & table.c.member_id.in_([member.id for member in side.members])
    return here & false()


def access_of(app: Flask, rule: Rule) -> access.Access | None:
    """Return what the view of a rule declared."""
    return access.of(app.view_functions[rule.endpoint])


def state(app: Flask, *, without: tuple[str, ...] = (), of: Side | None = None) -> dict[str, str]:
    """Return a checksum of every table, or of one side's rows in it, read beside the application."""
    found = {}
    session.remove()
    token = reading.set(True)
    try:
        with app.app_context(), everything(), db.engine.connect() as connection:
            there = inspect(connection)
            for name in sorted(there.get_table_names()):
                if name in without or name.startswith("search_fts"):
                    continue
                statement = f'select * from "{name}"'  # noqa: S608  names from the catalogue
                if of is not None:
                    clause = _rows_of({column["name"] for column in there.get_columns(name)}, name, of)
                    if clause is None:
                        continue
                    statement += f" where {clause}"
                # A row that was changed and changed back may stand in another place.
                rows = sorted(repr(row) for row in connection.execute(text(statement)))
                found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    finally:
        reading.reset(token)
    return found


def _rows_of(columns: set[str], name: str, side: Side) -> str | None:
    if "district_id" not in columns:
        return None
    here = f"district_id = {side.district.id}"
    if not side.is_branch:
        return here
    if name == "member" or "member_id" in columns:
        numbers = ",".join(str(member.id) for member in side.members)
        return f"{here} and {'id' if name == 'member' else 'member_id'} in ({numbers})"
    return f"{here} and organization_id = {side.branch.id}" if "organization_id" in columns else None


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Return the tables that differ."""
    return sorted(name for name in after if before.get(name) != after[name])
