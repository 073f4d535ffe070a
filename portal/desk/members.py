"""The register of members: masked in lists and exports, the whole record to whoever may see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from flask import g, request, url_for
from sqlalchemy import ColumnElement, Select, func, select

from portal import audit, clock
from portal.current import district, registry
from portal.database import rows, session
from portal.desk import listing
from portal.desk.register import Filter, Listed, Register
from portal.members import merging, queries, sealed, service, words
from portal.members.events import ref
from portal.members.models import Member
from portal.members.service_delegations import PERMISSION as DELEGATIONS
from portal.organizations.models import Organization
from portal.plugin import Panel
from portal.sheets.imports import rules
from portal.sheets.imports.columns.members import PROFILE
from portal.sheets.imports.members import SEALED
from portal.sheets.imports.members import Members as Importer
from portal.sheets.profiles import Column
from portal.sheets.rows import Row
from portal.sheets.screen_words import on_screen, value_on_screen
from portal.web.frame import civil, mask_phone
from portal.web.wording import sentences
from portal.words import gettext
from portal.words import lazy_gettext as _

_TABLE: Any = Member.__table__
_ORGANIZATION: Any = Organization.__table__
PRIVATE = "core.members.read_private"
MASKED = {"phone": mask_phone, "landline": lambda _text: "****", "address": lambda _text: "****"}


@dataclass(frozen=True, kw_only=True)
class _Branch(Filter):
    """One branch's members; organizations lead here."""

    def chosen(self) -> int | None:
        return request.args.get(self.name, type=int) or None

    def says(self, value: Any) -> str:
        return queries.branch_name(value)


class Members(Register):
    """Whoever has an open record; the home branch moves by a transfer, the national id never changes."""

    name, one = "members", "member"
    read, edit = "core.members.read", "core.members.edit"
    title, hint = _("党员名册"), _("按姓名、拼音或手机号后4位找")
    nobody = _("换个写法试试，比如拼音。")
    adding, changing = _("登记党员"), _("修改党员登记")
    model, profile, kind = Member, PROFILE, Importer
    columns = (
        Listed(label=_("姓名"), value=lambda row: row.name, key="name"),
        Listed(label=_("所在党支部"), value=lambda row: row.branch),
        Listed(label=_("人员类别"), value=lambda row: words.STAGE[row.stage]),
        Listed(label=_("加入党组织日期"), value=lambda row: row.joined_on, key="joined"),
        Listed(label=_("手机号后4位"), value=lambda row: row.phone_tail),
    )
    filters = (
        Filter(name="stage", column=_TABLE.c.stage, words=words.STAGE),
        _Branch(name="branch", column=_TABLE.c.organization_id, ready=False),
    )
    fixed = frozenset({"number", "ric", "branch"})
    more = "desk/_member.html"
    cleared: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "unit": {"unit_id": None},
        "sex": {"sex": "9"},
        "state": {"state": "normal"},
        "lost_contact": {"lost_contact": False},
        "floating": {"floating": False},
        **{name: {name: None} for name in SEALED},
    }

    def found(self, *permissions: str) -> Select[Any]:
        """Select open records, within the branches the actor's roles reach."""
        columns = (_TABLE.c[name] for name in ("id", "name", "stage", "state", "phone_tail", "joined_on"))
        found = rows(Member, *columns, _ORGANIZATION.c.name.label("branch")).select_from(
            _TABLE.outerjoin(_ORGANIZATION, _ORGANIZATION.c.id == _TABLE.c.organization_id)
        )
        found = found.where(_TABLE.c.closed_on.is_(None))
        for permission in permissions:
            reach = queries.within(g.actor.reach(permission), _ORGANIZATION.c.path)
            if reach is not None:
                found = found.where(reach)
        return found

    def search(self, text: str) -> ColumnElement[bool] | None:
        """Find by name, pinyin, initials, the whole phone number or its last four digits."""
        typed = "".join(c for c in text if c.isascii() and c.isalnum()).lower()
        more = [_TABLE.c.initials.startswith(typed)] if typed.isalpha() else []
        if len(typed) == 11 and typed.isdigit():
            more.append(_TABLE.c.phone_index == sealed.phone_index(typed))
        elif len(typed) == 4 and typed.isdigit():
            more.append(_TABLE.c.phone_tail == typed)
        return listing.named(text, _TABLE.c.name, _TABLE.c.sort_key, *more)

    def sorts(self) -> dict[str, Any]:
        """Sort by name, or by the day of joining."""
        return {"name": _TABLE.c.sort_key, "joined": func.coalesce(_TABLE.c.joined_on, date(1, 1, 1))}

    def sheet(self, found: Select[Any]) -> tuple[str, list[str], list[list[str]]]:
        """Hand out what the list shows, masked as it is there."""
        headers = ["姓名", "所在党支部", "人员类别", "党籍状态", "加入党组织日期", "手机号后4位"]
        lines = [
            [r.name, r.branch, words.STAGE[r.stage], words.STATE[r.state], r.joined_on, r.phone_tail]
            for r in session.execute(found.order_by(_TABLE.c.sort_key, _TABLE.c.id))
        ]
        said = [[str(value or "") for value in line] for line in lines]
        return gettext("党员名册"), [on_screen(header) for header in headers], said

    def record(self, record_id: int, permission: str) -> Member | None:
        """Return a member of a branch that the permission reaches."""
        return queries.member_at(record_id, g.actor, permission)

    def facts(self, row: Member) -> list[tuple[str, str]]:
        """Show private values masked to whoever may not see them, and the most private to editors only."""
        private, edits = self._may(row, PRIVATE), self._may(row, self.edit)
        known, facts = self.known(row), []
        for column in self.profile.columns:
            if column.name not in known or column.name in ("number", "ric"):
                continue
            if column.data_class >= 3 and not edits:
                continue
            value = value_on_screen(column, known[column.name])
            facts.append(
                (on_screen(column.header), value if private else MASKED.get(column.name, str)(value))
            )
        return facts + ([(gettext("身份证号后4位"), row.ric_tail)] if edits else [])

    def beside(self, row: Member) -> dict[str, Any]:
        """Show the plugins' panels, and the way back for a record that was merged into another lately."""
        actor, member, since = g.actor, ref(row), clock.now() - merging.UNDO
        gone = row.closed_on is not None and actor.can(self.edit)
        panels = registry().collect("member_panels", district=district(), actor=actor, member=member)
        return {
            "panels": [*panels, *self._helped(row)],
            "merges": queries.merges(actor, self.edit, since=since, of=row.id, limit=1) if gone else [],
        }

    def _helped(self, row: Member) -> list[Panel]:
        """Offer who helps this member to whoever speaks for the branch."""
        if not self._may(row, DELEGATIONS):
            return []
        url = url_for("delegations.panel", member_id=row.id)
        return [Panel(key="core-helping", title=gettext("请人代办"), url=url, order=60)]

    def ended(self, row: Member) -> str | None:
        """Say when the record ended and how; how is of class 3: for those who may write it down."""
        if row.closed_on is None:
            return None
        said = gettext("这条登记%(day)s结束。历史都在，不能再改。", day=civil(row.closed_on))
        why = words.EXIT.get(row.exit_type or "") if self._may(row, self.edit) else None
        return sentences(said, gettext("去向：%(why)s。", why=why)) if why else said

    def looked_at(self, row: Member, *, form: bool) -> None:
        """Put on record who sees private values in full (security.md row 32)."""
        if form or self._may(row, PRIVATE):
            audit.record_view(row, actor=g.actor, district=district())

    def _may(self, row: Member, permission: str) -> bool:
        path = session.scalar(select(Organization.path).where(Organization.id == (row.organization_id or 0)))
        return bool(g.actor.reach(permission).covers(path))

    def asked(self, row: Member | None) -> tuple[tuple[Column, ...], dict[str, Sequence[str]]]:
        """Ask for the home branch of a new member only, to be chosen from the district's."""
        columns, options = super().asked(row)
        if row is None:
            importer = self.importer()
            columns = tuple(column for column in importer.profile.columns if column.name != "number")
            options["branch"] = sorted(
                name for same in importer.names["branch"].values() for _id, name in same
            )
        return columns, options

    def taken(self, name: str) -> str:
        """Say in whose name the national id is registered."""
        return gettext("这个身份证号已经登记在“%(name)s”名下，请查找后修改。", name=name)

    def judge(self, row: Row) -> None:
        """Let the dates of a record agree."""
        rules.check(row, row.values)

    def change(self, row: Member, *, version: int, **values: Any) -> None:
        """Change a member's record."""
        service.change(row, version=version, actor=g.actor, **values)
