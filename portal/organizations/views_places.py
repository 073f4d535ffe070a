"""The desk's places (buildings, parks, communities) and the posters with the QR code for a door."""

from __future__ import annotations

import re
from typing import Any

import segno
from flask import Blueprint, abort, current_app, g, request, url_for
from markupsafe import Markup

from portal.current import district
from portal.organizations import place_queries, places, words
from portal.organizations.models import PLACE_KINDS, Place
from portal.organizations.service import NotAllowed
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext

_FIELDS = ("kind", "name", "aliases", "address", "organization")


def install(finding: Blueprint) -> None:
    """Add these pages to the blueprint of the search."""
    base = "/d/<district_code>/desk/places"
    finding.get(base)(place_list)
    finding.get(f"{base}/new")(place_new)
    finding.post(f"{base}/new", endpoint="place_create")(place_create)
    finding.get(f"{base}/<int:place_id>")(place_edit)
    finding.post(f"{base}/<int:place_id>", endpoint="place_change")(place_change)
    finding.get(f"{base}/<int:place_id>/poster")(place_poster)
    finding.get("/d/<district_code>/desk/unit-poster/<int:unit_id>")(unit_poster)


def _desk() -> None:
    # Places belong to the district; a role of one branch does not reach them.
    if not g.actor.reach("core.organizations.edit").everywhere:
        abort(404)


@requires("core.organizations.edit")
def place_list() -> Any:
    """Show the places and who answers for each."""
    _desk()
    kind = request.args.get("kind", "")
    kind = kind if kind in PLACE_KINDS else ""
    found, after = place_queries.listed(kind=kind, after=request.args.get("after", type=int))
    return render("find/places.html", rows=found, after=after, kind=kind, kinds=words.PLACES)


@requires("core.organizations.edit")
def place_new() -> Any:
    """Show the empty form."""
    _desk()
    return _form(None, dict.fromkeys(_FIELDS, ""), {})


@requires("core.organizations.edit")
@once
def place_create() -> Any:
    """Register a place."""
    _desk()
    typed, values, errors = _read()
    if not errors:
        try:
            row = places.create_place(district_id=district().id, actor=g.actor, **values)
        except NotAllowed as refused:
            errors["name"] = str(refused)
        else:
            say(gettext("已登记“%(name)s”。", name=row.name))
            return go(url_for("find.place_list"))
    return _form(None, typed, errors, status=422)


@requires("core.organizations.edit")
def place_edit(place_id: int) -> Any:
    """Show the form of one place."""
    row = _found(place_id)
    typed = {
        "kind": row.kind,
        "name": row.name,
        "aliases": "、".join(row.aliases),
        "address": row.address,
        "organization": place_queries.organization_name(row.organization_id),
    }
    return _form(row, typed, {})


@requires("core.organizations.edit")
@once
def place_change(place_id: int) -> Any:
    """Change a place that nobody else has changed meanwhile."""
    row, version = _found(place_id), required_version()
    typed, values, errors = _read()
    if not errors:
        try:
            places.change_place(row, version=version, actor=g.actor, **values)
        except NotAllowed as refused:
            errors["name"] = str(refused)
        else:
            say(gettext("已保存“%(name)s”。", name=row.name))
            return go(url_for("find.place_list"))
    return _form(row, typed, errors, status=422)


def _found(place_id: int) -> Place:
    _desk()
    row = place_queries.place(place_id)
    if row is None:
        abort(404)
    return row


def _read() -> tuple[dict[str, str], dict[str, Any], dict[str, str]]:
    """Return what was typed, the values of the verb, and what has to be mended."""
    typed = {name: " ".join(request.form.get(name, "").split()) for name in _FIELDS}
    errors = {}
    if not 2 <= len(typed["name"]) <= 80:
        errors["name"] = gettext("请写名称，2到80个字。")
    if typed["kind"] not in PLACE_KINDS:
        errors["kind"] = gettext("请选择是楼宇、园区、社区还是别的。")
    organization = None
    if typed["organization"]:
        organization = place_queries.organization_named(typed["organization"])
        if organization is None:
            errors["organization"] = gettext("没有叫这个名字的党组织，请写全称。")
    aliases = [part for part in re.split(r"[、,，;；]+", typed["aliases"]) if part.strip()]
    values = {
        "kind": typed["kind"],
        "name": typed["name"],
        "aliases": [part.strip()[:80] for part in aliases][:10],
        "address": typed["address"][:200],
        "organization": organization,
    }
    return typed, values, errors


def _form(row: Place | None, typed: dict[str, str], errors: dict[str, str], *, status: int = 200) -> Any:
    return render("find/place.html", status=status, row=row, typed=typed, errors=errors, kinds=words.PLACES)


@requires("core.organizations.edit")
def place_poster(place_id: int) -> Any:
    """Show the sheet for the door of a building or park."""
    return _poster(_found(place_id).name, url_for("find.place_door", place_id=place_id))


@requires("core.organizations.edit")
def unit_poster(unit_id: int) -> Any:
    """Show the sheet for the door of an employer."""
    _desk()
    name = place_queries.unit_name(unit_id)
    if name is None:
        abort(404)
    return _poster(name, url_for("find.unit_door", unit_id=unit_id))


def _poster(name: str, path: str) -> Any:
    address = current_app.config["PUBLIC_URL"] + path
    # Highest correction: a door is dirty, badly lit, half covered.
    code = Markup(segno.make(address, error="h", micro=False).svg_inline(border=4, omitsize=True))
    return render("find/poster.html", name=name, address=address, code=code)
