"""The roles' pages: who holds what from when to when; give, confirm, end; hand out as a sheet."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, g, request, url_for
from itsdangerous import BadData, URLSafeTimedSerializer

from portal.admin import role_form, role_list
from portal.current import district
from portal.database import Conflict, session
from portal.desk.exports import hand_out
from portal.districts.models import District
from portal.identity import grants, permissions, role_requests, role_words
from portal.identity.models import BRANCH_ROLES, Account, RoleRequest
from portal.web import searching
from portal.web.access import asks_again, hands_out, requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext

roles = Blueprint("roles", __name__, url_prefix="/d/<district_code>/admin/roles")

PERMISSION = "core.roles"


searching.by_post(roles, "", "index", PERMISSION, keep=("role", "when"))


@roles.get("")
@requires(PERMISSION)
def index() -> Any:
    """List the roles of this district and its branches, and what waits for a second person."""
    asked = _asked()
    return render(
        "admin/roles.html",
        block="list",
        page=role_list.page(role_list.listed(**asked)),
        asked=asked,
        waiting=role_requests.waiting(),
        offered=[(role, role_words.name(role)) for role in role_words.WORDS],
        **_helpers(),
    )


@roles.post("/export")
@hands_out
@requires(PERMISSION)
def export() -> Any:
    """Hand out what the list shows as a sheet; on record."""
    if not g.actor.can("core.export"):
        abort(404)
    headers, lines = role_list.sheet(role_list.listed(**_asked()))
    kind = "csv" if request.form.get("as") == "csv" else "xlsx"
    return hand_out("role", gettext("角色名单"), headers, lines, kind=kind)


@roles.get("/<int:role_grant_id>")
@requires(PERMISSION)
def show(role_grant_id: int) -> Any:
    """Show one role: who, where, from when to when, who gave it and why, what it may do."""
    return _one(_row(role_grant_id))


@roles.post("/<int:role_grant_id>/end")
@asks_again
@requires(PERMISSION)
@once
def end(role_grant_id: int) -> Any:
    """Let a role end, at once or after a day."""
    row = _row(role_grant_id)
    if request.form.get("seen", "?") != _seen(row):
        raise Conflict(gettext("刚有人改过这个角色，请看过再定。"))
    on, reason, errors = role_form.ending(request.form)
    if errors:
        return _one(row, errors=errors, status=422)
    account = session.get_one(Account, row.account_id)
    try:
        grants.end(
            account,
            row.role,
            district=_here(),
            organization_id=row.organization_id,
            on=on,
            by=g.actor.account_id,
            reason=reason,
        )
    except grants.RoleRefused as refused:
        return _one(row, errors=dict([role_form.refused(refused)]), status=422)
    say(gettext("已结束“%(name)s”的“%(role)s”。", name=row.display_name, role=role_words.name(row.role)))
    return go(url_for("roles.index"))


@roles.get("/find")
@requires(PERMISSION)
def find() -> Any:
    """Ask whom the role is for."""
    return render("admin/role_find.html", typed="", people=[])


@roles.post("/find")
@requires(PERMISSION)
def found() -> Any:
    """Show whom what was typed may mean; by POST, so that no number stands in an address or a log."""
    typed = request.form.get("q", "").strip()[:60]
    people = [(one, _sealed(one)) for one in role_list.people(typed)]
    return render("admin/role_find.html", typed=typed, people=people)


@roles.get("/new")
@requires(PERMISSION)
def new() -> Any:
    """Ask for the role of a person who was found."""
    person = _person(request.args.get("person", ""))
    return _form(person, role_form.Giving(organization=person.branch))


@roles.post("/new")
@asks_again
@requires(PERMISSION)
@once
def give() -> Any:
    """Give a branch's role; ask a second person for one of the whole district."""
    person = _person(request.form.get("person", ""))
    form, account = role_form.giving(request.form), person.account
    if form.errors or account is None:
        return _form(person, form, status=422)
    branch = form.role in BRANCH_ROLES
    try:
        if branch:
            grants.give(
                account,
                form.role,
                district=_here(),
                organization_id=form.organization_id,
                valid_from=form.valid_from,
                valid_to=form.valid_to,
                by=g.actor.account_id,
                reason=form.reason,
            )
        else:
            role_requests.ask(
                account,
                form.role,
                district=_here(),
                valid_from=form.valid_from,
                valid_to=form.valid_to,
                reason=form.reason,
                by=g.actor.account_id,
            )
    except grants.RoleRefused as refused:
        form.errors.update([role_form.refused(refused)])
        return _form(person, form, status=422)
    words = {"name": person.name, "role": role_words.name(form.role)}
    say(
        gettext("“%(name)s”现在是“%(role)s”，马上起作用，本人会收到消息。", **words)
        if branch
        else gettext("已提出让“%(name)s”担任“%(role)s”，请另一位管理员确认。", **words)
    )
    return go(url_for("roles.index"))


@roles.get("/request/<int:role_request_id>")
@requires(PERMISSION)
def waiting(role_request_id: int) -> Any:
    """Show what one person asked for, to be given by another one."""
    return _request_page(_request(role_request_id))


@roles.post("/request/<int:role_request_id>")
@asks_again
@requires(PERMISSION)
@once
def answer(role_request_id: int) -> Any:
    """Give what was asked for, refuse it, or withdraw one's own."""
    found, version = _request(role_request_id), required_version()
    wanted = request.form.get("to", "")
    if wanted not in {"give", "no"}:
        abort(400)
    try:
        if wanted == "give":
            role_requests.confirm(found, version=version, by=g.actor.account_id)
        else:
            role_requests.turn_down(found, version=version, by=g.actor.account_id)
    except grants.RoleRefused as refused:
        words = role_form.refused(refused)[1]
        return _request_page(found, version=version, problem=words, status=422)
    say(gettext("已给，马上起作用，本人会收到消息。") if wanted == "give" else gettext("已取消。"))
    return go(url_for("roles.index"))


def _asked() -> dict[str, str]:
    when, role = request.args.get("when", ""), request.args.get("role", "")
    return {
        "text": searching.typed().strip()[:60],
        "role": role if role in role_words.WORDS else "",
        "when": when if when in role_list.WHEN else "open",
    }


def _helpers() -> dict[str, Any]:
    return {"role_name": role_words.name, "state_of": role_list.state, "last_day": role_list.last_day}


def _here() -> District:
    return session.get_one(District, district().id)


def _row(grant_id: int) -> Any:
    return role_list.one(grant_id) or abort(404)


def _request(request_id: int) -> RoleRequest:
    found = role_requests.by_id(request_id)
    return found if found is not None and found.state == "waiting" else abort(404)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=f"role {g.actor.account_id}")


def _sealed(person: role_list.Person) -> str:
    """Return what names a found person in an address: good for an hour, here, for whoever found them."""
    if person.account is None or person.stopped:
        return ""
    return str(_signer().dumps([district().id, person.account.id]))


def _person(sealed: str) -> role_list.Person:
    """Return a person who was found: an id alone opens nobody's name."""
    try:
        place, account_id = _signer().loads(sealed, max_age=3600)
    except BadData:
        abort(404)
    return role_list.person(account_id) if place == district().id else abort(404)


def _seen(row: Any) -> str:
    return row.valid_to.isoformat() if row.valid_to else ""


def _may(role: str) -> list[Any]:
    """Return what a role may do here, in words."""
    on, overrides = district().plugins_on, g.actor.overrides
    return [
        found.label
        for name, found in permissions.declared().items()
        if role in permissions.roles_allowed(name, plugins_on=on, overrides=overrides)
    ]


def _one(row: Any, *, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    return render(
        "admin/role.html",
        status=status,
        row=row,
        own=row.account_id == g.actor.account_id,
        seen=_seen(row),
        may=_may(row.role),
        errors=errors or {},
        sent=request.form,
        **_helpers(),
    )


def _form(person: role_list.Person, form: role_form.Giving, *, status: int = 200) -> Any:
    return render(
        "admin/role_form.html",
        status=status,
        person=person,
        sealed=_sealed(person),
        form=form,
        own=person.account is not None and person.account.id == g.actor.account_id,
        offered=[(role, *role_words.WORDS[role]) for role in role_form.OFFERED],
        branch_roles=BRANCH_ROLES,
    )


def _request_page(
    found: RoleRequest, *, version: int | None = None, problem: str = "", status: int = 200
) -> Any:
    return render(
        "admin/role_request.html",
        status=status,
        found=found,
        # What was refused is rolled back, the version it had moved on to as well.
        version=version or found.version,
        account=session.get_one(Account, found.account_id),
        asker=session.get_one(Account, found.asked_by),
        mine=found.asked_by == g.actor.account_id,
        about_me=found.account_id == g.actor.account_id,
        may=_may(found.role),
        problem=problem,
        **_helpers(),
    )
