"""The register of organizations: list, one, new, change, hand out."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for
from flask_babel import gettext
from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from portal.current import district
from portal.database import Conflict, rows, session
from portal.desk import forms, listing
from portal.desk.blueprint import desk
from portal.desk.exports import hand_out
from portal.members.models import Member
from portal.organizations import service, words
from portal.organizations.models import Organization, Unit, UnitCoverage
from portal.sheets.imports.columns.organizations import KINDS, PROFILE
from portal.sheets.imports.importer import ambiguous, key, unknown
from portal.sheets.imports.organizations import Organizations, values_of
from portal.sheets.rows import Row
from portal.sheets.screen_words import on_screen, value_on_screen
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version

COLUMNS = PROFILE.columns[1:]
_TABLE: Any = Organization.__table__
PERMISSION = "core.organizations.edit"


def _found() -> Select[Any]:
    found = rows(Organization, _TABLE.c.id, _TABLE.c.name, _TABLE.c.kind, _TABLE.c.office_phone)
    found = found.where(_TABLE.c.dissolved_on.is_(None))
    clause = listing.named(request.args.get("q", ""), _TABLE.c.name, _TABLE.c.sort_key)
    if clause is not None:
        found = found.where(clause)
    if request.args.get("kind") in KINDS:
        found = found.where(_TABLE.c.kind == request.args["kind"])
    return found


@desk.get("/d/<district_code>/desk/organizations")
@requires(PERMISSION)
def organizations() -> Any:
    """List the living organizations."""
    page = listing.page(_found(), sorts={"name": _TABLE.c.sort_key}, ident=_TABLE.c.id)
    return render("desk/organizations.html", block="list", page=page, kinds=words.KINDS)


@desk.post("/d/<district_code>/desk/organizations/export")
@requires("core.export")
def export_organizations() -> Any:
    """Hand the list out; it can be imported again as it is."""
    if not g.actor.can(PERMISSION):
        abort(404)
    above = aliased(Organization)
    ids = _found().with_only_columns(_TABLE.c.id)
    found = session.execute(
        select(Organization, above.name)
        .outerjoin(above, above.id == Organization.parent_id)
        .where(Organization.id.in_(ids))
        .order_by(Organization.sort_key, Organization.id)
    )
    lines = []
    for row, parent in found:
        known = values_of(row, parent)
        lines.append([c.show(known[c.name]) if c.name in known else "" for c in COLUMNS])
    kind = "csv" if request.form.get("as") == "csv" else "xlsx"
    return hand_out("organization", "党组织", [c.header for c in COLUMNS], lines, kind=kind)


def _one(organization_id: int) -> Organization:
    found = session.scalars(select(Organization).where(Organization.id == organization_id)).first()
    if found is None:
        abort(404)
    return found


def _known(row: Organization) -> dict[str, Any]:
    parent = session.scalar(select(Organization.name).where(Organization.id == (row.parent_id or 0)))
    return values_of(row, parent)


@desk.get("/d/<district_code>/desk/organizations/<int:organization_id>")
@requires(PERMISSION)
def organization(organization_id: int) -> Any:
    """Show one organization with what belongs to it."""
    row = _one(organization_id)
    known = _known(row)
    facts = [(on_screen(c.header), value_on_screen(c, known[c.name])) for c in COLUMNS if c.name in known]
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
    return render("desk/organization.html", row=row, facts=facts, units=units, members=count)


@desk.get("/d/<district_code>/desk/organizations/new")
@requires(PERMISSION)
def new_organization() -> Any:
    """Ask for a new organization."""
    return _form(forms.shown(COLUMNS, {}), None)


@desk.post("/d/<district_code>/desk/organizations/new")
@requires(PERMISSION)
@once
def create_organization() -> Any:
    """Create an organization by the rules of the sheet."""
    form = forms.sent(COLUMNS, request.form)
    if form.errors:
        return _form(form, None, status=422)
    row = Row(number=0, cells=(), values={n: v for n, v in form.values.items() if v is not None})
    importer = Organizations(district(), g.actor)
    importer.prepare([row])
    importer.check([row])
    if row.target is not None and not row.reasons:
        row.refuse(gettext("已经有叫“%(name)s”的党组织。", name=row.target.name))
    if row.reasons:
        form.refuse(row.reasons)
        return _form(form, None, status=422)
    [written] = importer.write([row])
    say(gettext("已登记“%(name)s”。", name=row.values["name"]))
    return go(url_for("desk.organization", organization_id=written.target_id))


@desk.get("/d/<district_code>/desk/organizations/<int:organization_id>/edit")
@requires(PERMISSION)
def edit_organization(organization_id: int) -> Any:
    """Show an organization's form."""
    row = _one(organization_id)
    return _form(forms.shown(COLUMNS, _known(row)), row)


@desk.post("/d/<district_code>/desk/organizations/<int:organization_id>/edit")
@requires(PERMISSION)
@once
def change_organization(organization_id: int) -> Any:
    """Change what was typed; a version that is not today's is a conflict, shown field by field."""
    row, version = _one(organization_id), required_version()
    known = _known(row)
    form = forms.sent(COLUMNS, request.form, known)
    if form.errors:
        return _form(form, row, version=version, status=422)
    values = forms.changed(form, known)
    try:
        if row.version != version:
            raise Conflict
        if values:
            service.change_organization(row, version=version, actor=g.actor, **_columns(values))
    except Conflict:
        return _form(form, row, status=409, differences=forms.differences(form, _known(row)))
    except service.NotAllowed as refused:
        form.refuse([refused])
        return _form(form, row, version=version, status=422)
    say(gettext("已保存。") if values else gettext("没有改动。"))
    return go(url_for("desk.organization", organization_id=row.id))


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """Turn what the form says into what the verb takes; cleared fields become empty."""
    empty: dict[str, Any] = {"aliases": [], "can_transfer_directly": False}
    columns = {
        name: (empty.get(name, None if _TABLE.c[name].nullable else "") if value is None else value)
        for name, value in values.items()
        if name != "parent"
    }
    if "aliases" in columns:
        columns["aliases"] = list(columns["aliases"] or ())
    if "parent" in values:
        columns["parent"] = _named(values["parent"]) if values["parent"] else None
    return columns


def _named(name: str) -> Organization:
    importer = Organizations(district(), g.actor)
    importer.prepare([])
    found = importer.existing.get(key(name), [])
    if len(found) != 1:
        label = gettext("上级党组织")
        raise service.NotAllowed(ambiguous(label, name, len(found)) if found else unknown(label, name))
    return found[0]


def _form(
    form: forms.Form,
    row: Organization | None,
    *,
    version: int | None = None,
    status: int = 200,
    differences: list[forms.Difference] | None = None,
) -> Any:
    back = url_for("desk.organizations")
    if row is not None:
        back = url_for("desk.organization", organization_id=row.id)
    return render(
        "desk/form.html",
        block="content" if status != 200 else None,
        status=status,
        sheet=form,
        version=version or (row.version if row else None),
        title=gettext("修改党组织") if row else gettext("登记党组织"),
        back=back,
        differences=differences or [],
    )
