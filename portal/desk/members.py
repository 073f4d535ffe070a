"""The register of members: list, one, new, change, hand out; masked in lists and exports."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, g, request, url_for
from flask_babel import gettext
from sqlalchemy import Select, func, select

from portal import audit
from portal.current import district, registry
from portal.database import Conflict, rows, session
from portal.desk import forms, listing
from portal.desk.blueprint import desk
from portal.desk.exports import hand_out
from portal.members import queries, sealed, service, words
from portal.members.events import ref
from portal.members.models import Member
from portal.organizations.models import Organization
from portal.organizations.service import NotAllowed
from portal.sheets.imports import rules
from portal.sheets.imports.columns.members import PROFILE
from portal.sheets.imports.importer import ambiguous, key, unknown
from portal.sheets.imports.members import Members
from portal.sheets.profiles import Column
from portal.sheets.rows import Row
from portal.sheets.screen_words import on_screen, value_on_screen
from portal.web.access import requires
from portal.web.frame import mask_phone, say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.web.wording import sentences

_TABLE: Any = Member.__table__
_ORGANIZATION: Any = Organization.__table__
READ, PRIVATE, EDIT = "core.members.read", "core.members.read_private", "core.members.edit"
# the home branch moves by a transfer, the id never changes
FIXED = ("number", "ric", "branch")
MASKED = {"phone": mask_phone, "landline": lambda _text: "****", "address": lambda _text: "****"}


def _found() -> Select[Any]:
    columns = (_TABLE.c[name] for name in ("id", "name", "stage", "state", "phone_tail", "joined_on"))
    found = rows(Member, *columns, _ORGANIZATION.c.name.label("branch")).select_from(
        _TABLE.outerjoin(_ORGANIZATION, _ORGANIZATION.c.id == _TABLE.c.organization_id)
    )
    found = found.where(_TABLE.c.closed_on.is_(None))
    reach = queries.within(g.actor.reach(READ), _ORGANIZATION.c.path)
    if reach is not None:
        found = found.where(reach)
    typed = "".join(c for c in request.args.get("q", "") if c.isascii() and c.isalnum()).lower()
    more = [_TABLE.c.initials.startswith(typed)] if typed.isalpha() else []
    if len(typed) == 11 and typed.isdigit():
        more.append(_TABLE.c.phone_index == sealed.phone_index(typed))
    elif len(typed) == 4 and typed.isdigit():
        more.append(_TABLE.c.phone_tail == typed)
    clause = listing.named(request.args.get("q", ""), _TABLE.c.name, _TABLE.c.sort_key, *more)
    if clause is not None:
        found = found.where(clause)
    if request.args.get("stage") in words.STAGE:
        found = found.where(_TABLE.c.stage == request.args["stage"])
    branch = request.args.get("branch", type=int)
    if branch:
        found = found.where(_TABLE.c.organization_id == branch)
    return found


@desk.get("/d/<district_code>/desk/members")
@requires(READ)
def members() -> Any:
    """List the members whom this person may see."""
    sorts = {"name": _TABLE.c.sort_key, "joined": func.coalesce(_TABLE.c.joined_on, date(1, 1, 1))}
    page = listing.page(_found(), sorts=sorts, ident=_TABLE.c.id)
    branch = request.args.get("branch", type=int)
    return render(
        "desk/members.html",
        block="list",
        page=page,
        words=words,
        branch=queries.branch_name(branch) if branch else "",
    )


@desk.post("/d/<district_code>/desk/members/export")
@requires("core.export")
def export_members() -> Any:
    """Hand out what the list shows, masked as it is there."""
    if not g.actor.can(READ):
        abort(404)
    headers = ["姓名", "所在党支部", "人员类别", "党籍状态", "加入党组织日期", "手机号后4位"]
    headers = [on_screen(header) for header in headers]
    found = _found()
    reach = queries.within(g.actor.reach("core.export"), _ORGANIZATION.c.path)
    if reach is not None:
        found = found.where(reach)
    listed = session.execute(found.order_by(_TABLE.c.sort_key, _TABLE.c.id))
    lines = [
        [r.name, r.branch, words.STAGE[r.stage], words.STATE[r.state], r.joined_on, r.phone_tail]
        for r in listed
    ]
    kind = "csv" if request.form.get("as") == "csv" else "xlsx"
    return hand_out(
        "member", gettext("党员名册"), headers, [[str(v or "") for v in line] for line in lines], kind=kind
    )


def _one(member_id: int, permission: str) -> Member:
    found = queries.member_at(member_id, g.actor, permission)
    if found is None:
        abort(404)
    return found


def _importer() -> Members:
    importer = Members(district(), g.actor)
    importer.prepare([])
    return importer


def _columns() -> tuple[Column, ...]:
    return tuple(c for c in PROFILE.columns if c.name not in FIXED)


@desk.get("/d/<district_code>/desk/members/<int:member_id>")
@requires(READ)
def member(member_id: int) -> Any:
    """Show one record; whoever sees private values in full is put on record (security.md row 32)."""
    row = _one(member_id, READ)
    path = session.scalar(select(Organization.path).where(Organization.id == (row.organization_id or 0)))
    private = g.actor.reach(PRIVATE).covers(path)
    edits = g.actor.reach(EDIT).covers(path)
    known = _importer().known([row])[row.id]
    facts = []
    for column in PROFILE.columns:
        if column.name not in known or column.name in ("number", "ric"):
            continue
        if column.data_class >= 3 and not edits:
            continue
        value = value_on_screen(column, known[column.name])
        facts.append((on_screen(column.header), value if private else MASKED.get(column.name, str)(value)))
    if edits:
        facts.append((gettext("身份证号后4位"), row.ric_tail))
    if private:
        audit.record_view(row, actor=g.actor, district=district())
    panels = registry().collect("member_panels", district=district(), actor=g.actor, member=ref(row))
    return render("desk/member.html", member=row, facts=facts, panels=panels, edits=edits)


@desk.get("/d/<district_code>/desk/members/new")
@requires(EDIT)
def new_member() -> Any:
    """Ask for a new member, with the plugins' columns."""
    importer = _importer()
    return _form(forms.shown(importer.profile.columns[1:], {}, branch=_branches(importer)), None)


def _branches(importer: Members) -> list[str]:
    return sorted(name for same in importer.branches.values() for _id, name in same)


@desk.post("/d/<district_code>/desk/members/new")
@requires(EDIT)
@once
def create_member() -> Any:
    """Take one person in by the rules of the sheet."""
    importer = _importer()
    form = forms.sent(importer.profile.columns[1:], request.form, branch=_branches(importer))
    if form.errors:
        return _form(form, None, status=422)
    row = Row(number=0, cells=(), values={n: v for n, v in form.values.items() if v is not None})
    importer.check([row])
    if row.target is not None:
        row.reasons = [gettext("这个身份证号已经登记在“%(name)s”名下，请查找后修改。", name=row.target.name)]
    if row.reasons:
        form.refuse(row.reasons)
        return _form(form, None, status=422)
    [written] = importer.write([row])
    said = gettext("已登记“%(name)s”。", name=row.values["name"])
    say(sentences(said, *form.warnings, *row.warnings))
    return go(url_for("desk.member", member_id=written.target_id))


@desk.get("/d/<district_code>/desk/members/<int:member_id>/edit")
@requires(EDIT)
def edit_member(member_id: int) -> Any:
    """Show a member's form."""
    row = _one(member_id, EDIT)
    audit.record_view(row, actor=g.actor, district=district())
    return _form(forms.shown(_columns(), _importer().known([row])[row.id]), row)


@desk.post("/d/<district_code>/desk/members/<int:member_id>/edit")
@requires(EDIT)
@once
def change_member(member_id: int) -> Any:
    """Change what was typed; a version that is not today's is a conflict, shown field by field."""
    row, version = _one(member_id, EDIT), required_version()
    importer = _importer()
    known = importer.known([row])[row.id]
    form = forms.sent(_columns(), request.form, known)
    if form.errors:
        return _form(form, row, version=version, status=422)
    checked = Row(number=0, cells=(), values=form.values)
    rules.check(checked, form.values)
    if checked.reasons:
        form.refuse(checked.reasons)
        return _form(form, row, version=version, status=422)
    values = forms.changed(form, known)
    try:
        if row.version != version:
            raise Conflict
        if values:
            service.change(row, version=version, actor=g.actor, **_fields(importer, values))
    except Conflict:
        now = _importer().known([row])[row.id]
        return _form(form, row, status=409, differences=forms.differences(form, now))
    except NotAllowed as refused:
        form.refuse([refused])
        return _form(form, row, version=version, status=422)
    said = gettext("已保存。") if values else gettext("没有改动。")
    say(sentences(said, *form.warnings, *checked.warnings))
    return go(url_for("desk.member", member_id=row.id))


def _fields(importer: Members, values: dict[str, Any]) -> dict[str, Any]:
    """Turn what the form says into what the verb takes; cleared fields become empty."""
    name = values.get("unit")
    if name:
        found = importer.units.get(key(name), [])
        if len(found) != 1:
            label = gettext("工作单位")
            raise NotAllowed(ambiguous(label, name, len(found)) if found else unknown(label, name))
    fields = importer.columns({n: v for n, v in values.items() if v is not None})
    empty = {"sex": "9", "lost_contact": False, "floating": False, "state": "normal"}
    for cleared in (n for n, v in values.items() if v is None):
        if cleared == "unit":
            fields["unit_id"] = None
        elif f"{cleared}_sealed" in _TABLE.c:
            fields[cleared] = None
        else:
            fields[cleared] = empty.get(cleared, None if _TABLE.c[cleared].nullable else "")
    return fields


def _form(
    form: forms.Form,
    row: Member | None,
    *,
    version: int | None = None,
    status: int = 200,
    differences: list[forms.Difference] | None = None,
) -> Any:
    return render(
        "desk/form.html",
        block="content" if status != 200 else None,
        status=status,
        sheet=form,
        version=version or (row.version if row else None),
        title=gettext("修改党员登记") if row else gettext("登记党员"),
        back=url_for("desk.member", member_id=row.id) if row else url_for("desk.members"),
        differences=differences or [],
    )
