"""Logging out, changing over to the other of a couple, and the form that came after its session."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import g, request, url_for

from portal.database import transaction
from portal.identity import addresses, kept, limits, people, sessions, views_entering, views_wishes
from portal.identity.views import identity, too_often
from portal.web.access import public, signed_in
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.links import local_path
from portal.words import gettext


@identity.post("/logout")
@public
def logout() -> Any:
    """End the session, here and on the server."""
    with transaction():
        sessions.end()
    kept.drop(request.cookies.get(kept.COOKIE))
    say(gettext("已退出。"))
    response = go("/")
    response.delete_cookie(kept.COOKIE, path="/")
    # Nothing of this person stays in a shared browser (ASVS 14.3.1).
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@identity.post("/login/switch")
@signed_in
def switch() -> Any:
    """Log out, and send a code to the same number for the other one who shares it."""
    here, account = local_path(request.form.get("next")), addresses.of(g.actor.account_id)
    if account is None or not account.phone or not people.beside(g.actor.account_id):
        return go(here)
    try:
        with transaction():
            views_wishes.ask(account.phone, back=None)
            views_wishes.survive(partial(sessions.end, why="switch"))
    except limits.TooOften as error:
        say(too_often(error))
        return go(here)
    response = go(url_for("identity.code"))
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@identity.get("/login/kept")
@signed_in
def kept_form() -> Any:
    """Offer the form again that arrived after the session had ended."""
    found = kept.of(request.cookies.get(kept.COOKIE), account_id=g.actor.account_id)
    if found is None:
        return go(views_entering.landing(g.actor.account_id, None))
    return render("identity/kept.html", kept=found)


@identity.post("/login/kept/drop")
@signed_in
def drop_kept_form() -> Any:
    """Forget that form."""
    kept.drop(request.cookies.get(kept.COOKIE))
    response = go(views_entering.landing(g.actor.account_id, None))
    response.delete_cookie(kept.COOKIE, path="/")
    return response
