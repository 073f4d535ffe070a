"""The pages that every register has: the list, its export, a record, and its form for new and for changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, g, request

from portal.database import Conflict
from portal.desk import forms, listing
from portal.desk.blueprint import desk
from portal.desk.exports import hand_out
from portal.desk.register import Register
from portal.organizations.service import NotAllowed
from portal.sheets.rows import Row
from portal.web import searching
from portal.web.access import hands_out, is_handed_out, requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.web.wording import sentences
from portal.words import gettext


def serve(register: Register) -> None:
    """Hang a register's pages into the desk."""
    name, one, edit = register.name, register.one, register.edit
    base = f"/d/<district_code>/desk/{name}"
    place = f"{base}/<int:{one}_id>"
    for endpoint, rule, method, permission, page in (
        (name, base, "GET", register.read, listed),
        (f"search_{name}", f"{base}/search", "POST", register.read, searched),
        (f"export_{name}", f"{base}/export", "POST", "core.export", hands_out(exported)),
        (f"new_{one}", f"{base}/new", "GET", edit, asked),
        (f"create_{one}", f"{base}/new", "POST", edit, once(created)),
        (one, place, "GET", register.read, shown),
        (f"edit_{one}", f"{place}/edit", "GET", edit, opened),
        (f"change_{one}", f"{place}/edit", "POST", edit, once(changed)),
    ):
        desk.add_url_rule(rule, endpoint, requires(permission)(_view(page, register)), methods=[method])


def _view(page: Callable[..., Any], register: Register) -> Callable[..., Any]:
    """Return a page of one register; the only argument left of its address is the record's number."""

    def view(**place: int) -> Any:
        return page(register, *place.values())

    view.__doc__ = page.__doc__
    return hands_out(view) if is_handed_out(page) else view


def listed(register: Register) -> Any:
    """List what this person may see: searched, filtered, sorted, a page at a time."""
    page = listing.page(register.listed(), sorts=register.sorts(), ident=register.model.__table__.c.id)
    return render(
        "desk/register.html",
        block="list",
        register=register,
        page=page,
        asked=_asked(register),
        typed=searching.typed(),
    )


def searched(register: Register) -> Any:
    """Lead to the list of what was searched for; a whole number stands sealed in its address."""
    return searching.to(f"desk.{register.name}")


def _asked(register: Register) -> dict[str, Any]:
    """Return what the address asks for, as links to the list take it along."""
    asked = {one.name: one.chosen() for one in register.filters}
    return {"q": request.args.get("q") or None} | asked


def exported(register: Register) -> Any:
    """Hand out what the list shows, and no more than it shows (rule K13)."""
    if not g.actor.can(register.read):
        abort(404)
    name, headers, lines = register.sheet(register.listed("core.export"))
    kind = "csv" if request.form.get("as") == "csv" else "xlsx"
    return hand_out(register.one, name, headers, lines, kind=kind)


def shown(register: Register, record_id: int) -> Any:
    """Show one record."""
    row = register.at(record_id, register.read)
    facts = register.facts(row)
    register.looked_at(row, form=False)
    edits = register.record(record_id, register.edit) is not None
    return render(
        "desk/record.html",
        register=register,
        row=row,
        ended=register.ended(row),
        facts=facts,
        edits=edits,
        **register.beside(row),
    )


def asked(register: Register) -> Any:
    """Ask for a new record."""
    if not register.may_add():
        abort(404)
    columns, options = register.asked(None)
    return _form(register, forms.shown(columns, {}, options=options))


def created(register: Register) -> Any:
    """Take a new record in by the rules of its sheet."""
    if not register.may_add():
        abort(404)
    columns, options = register.asked(None)
    form = forms.sent(columns, request.form, options=options)
    if form.errors:
        return _form(register, form, status=422)
    row = Row(number=0, cells=(), values={n: v for n, v in form.values.items() if v is not None})
    importer = register.importer([row])
    importer.check([row])
    if row.target is not None:
        row.reasons = [register.taken(row.target.name)]
    if row.reasons:
        form.refuse(row.reasons)
        return _form(register, form, status=422)
    [written] = importer.write([row])
    said = gettext("已登记“%(name)s”。", name=row.values["name"])
    say(sentences(said, *form.warnings, *row.warnings))
    return go(register.url(record_id=written.target_id))


def opened(register: Register, record_id: int) -> Any:
    """Show a record's form."""
    row = register.at(record_id, register.edit)
    if register.ended(row) is not None:
        return go(register.url(record_id=row.id))
    register.looked_at(row, form=True)
    columns, options = register.asked(row)
    return _form(register, forms.shown(columns, register.known(row), options=options), row)


def changed(register: Register, record_id: int) -> Any:
    """Change what was typed; a version that is not today's is a conflict, shown field by field (rule K3)."""
    row, version = register.at(record_id, register.edit), required_version()
    known = register.known(row)
    columns, options = register.asked(row)
    form = forms.sent(columns, request.form, known, options=options)
    judged = Row(number=0, cells=(), values=form.values)
    if not form.errors:
        register.judge(judged)
        form.refuse(judged.reasons)
    if form.errors:
        return _form(register, form, row, version=version, status=422)
    values = forms.changed(form, known)
    try:
        if row.version != version:
            raise Conflict
        if values:
            register.change(row, version=version, **register.fields(values))
    except Conflict:
        differences = forms.differences(form, register.known(row))
        return _form(register, form, row, status=409, differences=differences)
    except NotAllowed as refused:
        form.refuse([refused])
        return _form(register, form, row, version=version, status=422)
    said = gettext("已保存。") if values else gettext("没有改动。")
    say(sentences(said, *form.warnings, *judged.warnings))
    return go(register.url(record_id=row.id))


def _form(
    register: Register,
    form: forms.Form,
    row: Any = None,
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
        title=register.changing if row else register.adding,
        back=register.url(record_id=row.id if row else None),
        differences=differences or [],
    )
