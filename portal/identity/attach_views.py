"""Somebody logged in without a record (staff, a resident) says which imported record is theirs."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for

from portal.database import session, transaction
from portal.identity import claims, limits, views_wishes
from portal.identity.models import Account
from portal.identity.views import identity, no_match, too_often, who_problems
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.words import gettext


def _account() -> Account:
    if g.actor.person_id is not None:
        abort(404)
    return session.get_one(Account, g.actor.account_id)


@identity.get("/d/<district_code>/me/claim")
@requires("core.me")
def attach() -> Any:
    """Ask for name and last four of the id, before anything of the record is shown."""
    _account()
    return _page()


def _page(errors: list[tuple[str, str]] | None = None, *, status: int = 200) -> Any:
    typed = {"name": request.form.get("name", ""), "tail": request.form.get("tail", "")}
    return render("identity/attach.html", block="form", status=status, typed=typed, errors=errors or [])


@identity.post("/d/<district_code>/me/claim")
@requires("core.me")
def attach_record() -> Any:
    """Tie the matching record to this account; the number was proven when the account was opened."""
    account = _account()
    name, tail = request.form.get("name", ""), request.form.get("tail", "")
    missing = who_problems(name, tail)
    if missing:
        return _page(missing, status=422)
    rules = limits.guessing("attach", str(account.id), views_wishes.address())
    try:
        limits.check(*rules)
    except limits.TooOften as error:
        return _page([("", too_often(error))], status=429)
    with transaction():
        found = claims.attach(account, name=name, tail=tail)
        if not found:
            limits.count(*rules)
    if not found:
        return _page([("name", no_match())], status=422)
    say(gettext("对上了。"))
    return go(url_for("web.me"))
