"""My account, of whoever has no record: what is kept, a copy of it, another name, its deletion."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, abort, g, request, url_for

from portal import audit
from portal.database import session
from portal.identity import addresses, joining, sessions
from portal.identity.models import Account
from portal.members import account_rights
from portal.members.views_me import plain
from portal.organizations.service import NotAllowed
from portal.web.access import asks_again, first_things, requires
from portal.web.frame import mask_phone, say
from portal.web.htmx import go, render
from portal.web.once import required_version
from portal.words import gettext

account = Blueprint("account", __name__)


def _own() -> Account:
    if g.actor.person_id is not None:
        abort(404)  # that account has a record: its rights are there
    return session.get_one(Account, g.actor.account_id)


@account.get("/d/<district_code>/me/account")
@requires("core.me")
def mine() -> Any:
    """Show what is kept about my account, and what I can do with it."""
    return _page(_own())


def _page(row: Account, problem: str | None = None, *, status: int = 200) -> Any:
    return render(
        "members/account.html",
        status=status,
        row=row,
        shown=mask_phone(addresses.phone_of(row.uid, row.phone_sealed)) if row.phone_sealed else "",
        typed=request.form.get("name", row.display_name),
        hindrance=account_rights.hindrance(row),
        problem=problem,
    )


@account.post("/d/<district_code>/me/account")
@requires("core.me")
def rename() -> Any:
    """Take another name to be addressed by."""
    row = _own()
    name = joining.tidy_name(request.form.get("name", ""))
    try:
        account_rights.rename(row, name=name, version=required_version(), actor=g.actor)
    except NotAllowed as error:
        return _page(row, str(error), status=422)
    say(gettext("记下了。"))
    return go(url_for("account.mine"))


@account.get("/d/<district_code>/me/account.json")
@requires("core.me")
def copy() -> Response:
    """Hand out everything the portal holds about my account, as a file (PIPL art. 45)."""
    row = _own()
    audit.record_view(row, actor=g.actor, district=account_rights.home_of(row), action="account.copy")
    text = json.dumps(account_rights.copy_of(row), ensure_ascii=False, indent=2, default=plain)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = "attachment; filename=my-account.json"
    return response


@account.get("/d/<district_code>/me/account/delete")
@first_things
@asks_again
@requires("core.me")
def confirm_delete() -> Any:
    """Say what goes and what stays, and ask; also of somebody who does not agree to the notice."""
    return _delete_page(_own())


def _delete_page(row: Account, problem: str | None = None, *, status: int = 200) -> Any:
    found = [] if account_rights.hindrance(row) else account_rights.objections(row, "erase")
    return render(
        "members/account_delete.html",
        status=status,
        row=row,
        hindrances=[account_rights.hindrance(row)] if account_rights.hindrance(row) else [],
        blocking=dict.fromkeys(str(one.text) for one in found if one.blocks),
        warnings=dict.fromkeys(str(one.text) for one in found if not one.blocks),
        problem=problem,
    )


@account.post("/d/<district_code>/me/account/delete")
@first_things
@asks_again
@requires("core.me")
def delete() -> Any:
    """Delete my account, and log out everywhere (PIPL art. 47)."""
    row = _own()
    try:
        told = account_rights.erase(row, version=required_version(), actor=g.actor)
    except NotAllowed as error:
        return _delete_page(row, str(error), status=409)
    sessions.end(why="disabled")
    kept = gettext("；").join(dict.fromkeys(str(one.reason) for one in told if one.kept and one.reason))
    say(gettext("账号删除了。") + (gettext("依法要留的：%(what)s", what=kept) if kept else ""))
    response = go("/")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
