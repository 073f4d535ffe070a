"""The register of units: list, one, new, change, hand out."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for
from flask_babel import gettext
from sqlalchemy import Select, func, select

from portal.current import district
from portal.database import Conflict, rows, session
from portal.desk import forms, listing
from portal.desk.blueprint import desk
from portal.desk.exports import hand_out
from portal.organizations import units as verbs
from portal.organizations.models import Unit
from portal.organizations.service import NotAllowed
from portal.sheets.imports.columns.units import KINDS, PROFILE, STATUSES
from portal.sheets.imports.importer import ambiguous, key, unknown
from portal.sheets.imports.units import Units
from portal.sheets.rows import Row
from portal.sheets.screen_words import on_screen, value_on_screen
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.web.wording import sentences

COLUMNS = PROFILE.columns[1:]
_TABLE: Any = Unit.__table__
PERMISSION = "core.organizations.edit"


def _found() -> Select[Any]:
    columns = (_TABLE.c[name] for name in ("id", "name", "kind", "operating_status", "address", "staff"))
    found = rows(Unit, *columns)
    typed = request.args.get("q", "").strip().upper()
    clause = listing.named(
        request.args.get("q", ""), _TABLE.c.name, _TABLE.c.sort_key, _TABLE.c.uscc == (typed or None)
    )
    if clause is not None:
        found = found.where(clause)
    if request.args.get("kind") in KINDS:
        found = found.where(_TABLE.c.kind == request.args["kind"])
    if request.args.get("status") in STATUSES:
        found = found.where(_TABLE.c.operating_status == request.args["status"])
    return found


@desk.get("/d/<district_code>/desk/units")
@requires(PERMISSION)
def units() -> Any:
    """List the units."""
    sorts = {"name": _TABLE.c.sort_key, "staff": func.coalesce(_TABLE.c.staff, -1)}
    page = listing.page(_found(), sorts=sorts, ident=_TABLE.c.id)
    kinds, statuses = ({code: on_screen(word) for code, word in one.items()} for one in (KINDS, STATUSES))
    return render("desk/units.html", block="list", page=page, kinds=kinds, statuses=statuses)


def _importer() -> Units:
    importer = Units(district(), g.actor)
    importer.prepare([])
    return importer


@desk.post("/d/<district_code>/desk/units/export")
@requires("core.export")
def export_units() -> Any:
    """Hand the list out; it can be imported again as it is."""
    if not g.actor.can(PERMISSION):
        abort(404)
    importer = _importer()
    found = session.scalars(
        select(Unit)
        .where(Unit.id.in_(_found().with_only_columns(_TABLE.c.id)))
        .order_by(Unit.sort_key, Unit.id)
    )
    lines = []
    for row in found:
        known = importer.values_of(row)
        lines.append([c.show(known[c.name]) if c.name in known else "" for c in COLUMNS])
    kind = "csv" if request.form.get("as") == "csv" else "xlsx"
    return hand_out("unit", "单位", [c.header for c in COLUMNS], lines, kind=kind)


def _one(unit_id: int) -> Unit:
    found = session.scalars(select(Unit).where(Unit.id == unit_id)).first()
    if found is None:
        abort(404)
    return found


@desk.get("/d/<district_code>/desk/units/<int:unit_id>")
@requires(PERMISSION)
def unit(unit_id: int) -> Any:
    """Show one unit."""
    row = _one(unit_id)
    known = _importer().values_of(row)
    facts = [(on_screen(c.header), value_on_screen(c, known[c.name])) for c in COLUMNS if c.name in known]
    return render("desk/unit.html", row=row, facts=facts)


@desk.get("/d/<district_code>/desk/units/new")
@requires(PERMISSION)
def new_unit() -> Any:
    """Ask for a new unit."""
    return _form(forms.shown(COLUMNS, {}), None)


@desk.post("/d/<district_code>/desk/units/new")
@requires(PERMISSION)
@once
def create_unit() -> Any:
    """Create a unit by the rules of the sheet."""
    form = forms.sent(COLUMNS, request.form)
    if form.errors:
        return _form(form, None, status=422)
    row = Row(number=0, cells=(), values={n: v for n, v in form.values.items() if v is not None})
    importer = Units(district(), g.actor)
    importer.prepare([row])
    importer.check([row])
    if row.target is not None and not row.reasons:
        row.refuse(gettext("“%(name)s”已经登记过，请查找后修改。", name=row.target.name))
    if row.reasons:
        form.refuse(row.reasons)
        return _form(form, None, status=422)
    [written] = importer.write([row])
    say(sentences(gettext("已登记“%(name)s”。", name=row.values["name"]), *form.warnings))
    return go(url_for("desk.unit", unit_id=written.target_id))


@desk.get("/d/<district_code>/desk/units/<int:unit_id>/edit")
@requires(PERMISSION)
def edit_unit(unit_id: int) -> Any:
    """Show a unit's form."""
    row = _one(unit_id)
    return _form(forms.shown(COLUMNS, _importer().values_of(row)), row)


@desk.post("/d/<district_code>/desk/units/<int:unit_id>/edit")
@requires(PERMISSION)
@once
def change_unit(unit_id: int) -> Any:
    """Change what was typed; a version that is not today's is a conflict, shown field by field."""
    row, version = _one(unit_id), required_version()
    importer = _importer()
    known = importer.values_of(row)
    form = forms.sent(COLUMNS, request.form, known)
    if form.errors:
        return _form(form, row, version=version, status=422)
    values = forms.changed(form, known)
    try:
        if row.version != version:
            raise Conflict
        if values:
            verbs.change_unit(row, version=version, actor=g.actor, **_columns(importer, values))
    except Conflict:
        now = _importer().values_of(row)
        return _form(form, row, status=409, differences=forms.differences(form, now))
    except NotAllowed as refused:
        form.refuse([refused])
        return _form(form, row, version=version, status=422)
    say(sentences(gettext("已保存。") if values else gettext("没有改动。"), *form.warnings))
    return go(url_for("desk.unit", unit_id=row.id))


def _columns(importer: Units, values: dict[str, Any]) -> dict[str, Any]:
    """Turn what the form says into what the verb takes; cleared fields become empty."""
    name = values.get("organization")
    if name:
        found = importer.organizations.get(key(name), [])
        if len(found) != 1:
            label = gettext("党组织")
            raise NotAllowed(ambiguous(label, name, len(found)) if found else unknown(label, name))
    columns = importer.columns({n: v for n, v in values.items() if v is not None})
    empty: dict[str, Any] = {"aliases": [], "above_scale": False, "operating_status": "operating"}
    for cleared in (n for n, v in values.items() if v is None):
        if cleared == "organization":
            columns["organization"] = None
        elif cleared in ("place", "area"):
            columns[f"{cleared}_id"] = None
        else:
            columns[cleared] = empty.get(cleared, None if _TABLE.c[cleared].nullable else "")
    return columns


def _form(
    form: forms.Form,
    row: Unit | None,
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
        title=gettext("修改单位") if row else gettext("登记单位"),
        back=url_for("desk.unit", unit_id=row.id) if row else url_for("desk.units"),
        differences=differences or [],
    )
