"""Dissolve an organization, or take a mistaken dissolution back: look, ask, do."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import abort, g, request

from portal import clock
from portal.database import Conflict
from portal.desk.blueprint import desk
from portal.desk.organizations import Organizations
from portal.organizations import restoring
from portal.organizations.dissolving import dissolve_organization, standing
from portal.organizations.models import Organization
from portal.organizations.service import NotAllowed
from portal.sheets.errors import CellError, Where
from portal.sheets.values import dates
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext

REGISTER = Organizations()
_PLACE = "/d/<district_code>/desk/organizations/<int:organization_id>"


def _organization(organization_id: int) -> Organization:
    """Return an organization to whoever's role reaches the district: nobody dissolves the own branch."""
    if not REGISTER.may_add():
        abort(404)
    row: Organization = REGISTER.at(organization_id, REGISTER.edit)
    return row


@desk.get(f"{_PLACE}/dissolve", endpoint="dissolve_organization")
@requires(REGISTER.edit)
def ask(organization_id: int) -> Any:
    """Show what stands in the way of dissolving it, what would end with it, and the form."""
    row = _organization(organization_id)
    return go(REGISTER.url(record_id=row.id)) if row.dissolved_on else _page(row)


@desk.post(f"{_PLACE}/dissolve", endpoint="do_dissolve_organization")
@requires(REGISTER.edit)
@once
def dissolve(organization_id: int) -> Any:
    """Dissolve it."""
    row, version = _organization(organization_id), required_version()
    reason = request.form.get("reason", "")
    try:
        day = _day()
    except CellError as unread:
        missing = [] if reason.strip() else [("reason", gettext("请写原因或批准文件。"))]
        return _page(row, errors=[("day", str(unread)), *missing], status=422)
    try:
        dissolve_organization(row, version=version, reason=reason, actor=g.actor, on=day)
    except Conflict:
        return _page(row, stale=True, status=409)
    except NotAllowed as refused:
        return _page(row, errors=[(_field(refused), str(refused))], status=422)
    say(gettext("“%(name)s”已撤销。办错了，可以在这一页恢复。", name=row.name))
    return go(REGISTER.url(record_id=row.id))


def _day() -> date:
    typed = request.form.get("day", "").strip()
    label = gettext("撤销日期")
    if not typed:
        raise CellError(gettext("请填%(label)s。", label=label))
    return dates.day(typed, Where(label=label))


def _field(refused: NotAllowed) -> str:
    """Return which answer a refusal is about; "" where it is the organization itself."""
    if not request.form.get("reason", "").strip():
        return "reason"
    return refused.field


def _page(
    row: Organization,
    *,
    errors: list[tuple[str, str]] | None = None,
    stale: bool = False,
    status: int = 200,
) -> Any:
    found = standing(row)
    return render(
        "desk/dissolve.html",
        block="content" if status != 200 else None,
        status=status,
        row=row,
        back=REGISTER.url(record_id=row.id),
        found=found,
        typed=request.form,
        today=clock.today(),
        errors=errors or [],
        stale=stale,
    )


@desk.get(f"{_PLACE}/restore", endpoint="restore_organization")
@requires(REGISTER.edit)
def ask_back(organization_id: int) -> Any:
    """Show what would come back, or what has happened since."""
    row = _organization(organization_id)
    return _back_page(row) if row.dissolved_on else go(REGISTER.url(record_id=row.id))


@desk.post(f"{_PLACE}/restore", endpoint="do_restore_organization")
@requires(REGISTER.edit)
@once
def restore(organization_id: int) -> Any:
    """Take the dissolution back."""
    row, version = _organization(organization_id), required_version()
    try:
        reason = request.form.get("reason", "")
        restoring.restore_organization(row, version=version, reason=reason, actor=g.actor)
    except Conflict:
        return _back_page(row, stale=True, status=409)
    except NotAllowed as refused:
        return _back_page(row, errors=[(_field(refused), str(refused))], status=422)
    say(gettext("“%(name)s”已恢复。", name=row.name))
    return go(REGISTER.url(record_id=row.id))


def _back_page(
    row: Organization,
    *,
    errors: list[tuple[str, str]] | None = None,
    stale: bool = False,
    status: int = 200,
) -> Any:
    return render(
        "desk/restore.html",
        block="content" if status != 200 else None,
        status=status,
        row=row,
        back=REGISTER.url(record_id=row.id),
        hindrance=restoring.hindrance(row),
        units=restoring.units_back(row),
        typed=request.form,
        errors=errors or [],
        stale=stale,
    )
