"""Proving by a passkey: as the second step of a login, as a login by itself, and when asked again."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for
from flask import session as browser

from portal import crypto
from portal.database import transaction
from portal.identity import (
    again_views,
    limits,
    passkey_asks,
    passkeys,
    step_views,
    steps,
    views_entering,
    views_wishes,
)
from portal.identity.passkey_views import asking, token
from portal.identity.passkey_words import refusal
from portal.identity.views import identity, phone_page, too_often
from portal.web.access import first_things, public, requires
from portal.web.htmx import go
from portal.web.links import local_path

_KEY = "passkey"


def _question(purpose: str, *, bind: str, account_id: int | None) -> Any:
    try:
        limits.take(asking(account_id))
        return passkeys.ask_to_prove(purpose, bind=bind, account_id=account_id)
    except limits.TooOften as error:
        return {"problem": too_often(error)}, 429
    except passkeys.Refused as error:
        return {"problem": refusal(error)}, 422


# --- the second step -----------------------------------------------------------------------------


@identity.post("/login/step/passkey/begin")
@public
def begin_step_passkey() -> Any:
    """Tell the browser which passkeys finish this login."""
    asked = views_entering.step_asked()
    row = steps.alive(asked) if asked else None
    if asked is None or row is None:
        return go(url_for("identity.login"))
    return _question(passkey_asks.STEP, bind=asked.bind, account_id=row.account_id)


@identity.post("/login/step/passkey")
@public
def check_step_passkey() -> Any:
    """Take the passkey as the second proof, and go in."""
    asked = views_entering.step_asked()
    row = steps.alive(asked) if asked else None
    if asked is None or row is None:
        return step_views.start_over()
    account_id, way = row.account_id, row.way
    rules = limits.guessing("factor", str(account_id), views_wishes.address())
    try:
        limits.check(*rules)
        if not steps.take_try(asked):
            return step_views.start_over()
        answer = request.form.get("answer", "")
        passkeys.prove(answer, passkey_asks.STEP, bind=asked.bind, account_id=account_id)
    except limits.TooOften as error:
        return step_views.page(account_id, too_often(error), status=429)
    except passkeys.Refused as error:
        limits.count(*rules)
        if steps.alive(asked) is None:
            return step_views.start_over(spent=True)
        return step_views.page(account_id, refusal(error), status=422)
    with transaction():
        if not steps.use(row):
            return step_views.start_over()
        return views_entering.enter(account_id, way=way, factor="passkey", back=views_entering.step_back())


# --- a login by itself ---------------------------------------------------------------------------


@identity.post("/login/passkey/begin")
@public
def begin_passkey_login() -> Any:
    """Ask for any passkey of this place; nobody says yet who they are."""
    bind = crypto.new_token()
    browser[_KEY] = bind
    return _question(passkey_asks.LOGIN, bind=bind, account_id=None)


@identity.post("/login/passkey")
@public
def passkey_login() -> Any:
    """Let in whom the passkey belongs to: it is there, and its owner unlocked it."""
    back = local_path(request.form.get("next"))
    rule = limits.Rule("passkey.address", views_wishes.address(), ((60, limits.HOUR),))
    try:
        limits.check(rule)
        answer, bind = request.form.get("answer", ""), str(browser.get(_KEY, ""))
        account_id = passkeys.prove(answer, passkey_asks.LOGIN, bind=bind, account_id=None)
    except limits.TooOften as error:
        return phone_page(back=back, problem=too_often(error), status=429)
    except passkeys.Refused as error:
        limits.count(rule)
        return phone_page(back=back, problem=refusal(error), status=422)
    with transaction():
        return views_entering.enter(account_id, way="passkey", factor="passkey", back=back)


# --- asked again ---------------------------------------------------------------------------------


@identity.post("/d/<district_code>/me/again/passkey/begin")
@first_things
@requires("core.me")
def begin_again_passkey() -> Any:
    """Tell the browser which passkeys are mine."""
    return _question(passkey_asks.AGAIN, bind=token(), account_id=g.actor.account_id)


@identity.post("/d/<district_code>/me/again/passkey")
@first_things
@requires("core.me")
def check_again_passkey() -> Any:
    """Take the passkey as the fresh proof, and go on with what was wanted."""
    back, account_id = local_path(request.form.get("next")), g.actor.account_id
    rules = limits.guessing("factor", str(account_id), views_wishes.address())
    try:
        limits.check(*rules)
        answer = request.form.get("answer", "")
        passkeys.prove(answer, passkey_asks.AGAIN, bind=token(), account_id=account_id)
    except limits.TooOften as error:
        return again_views.page(back, too_often(error), status=429)
    except passkeys.Refused as error:
        limits.count(*rules)
        return again_views.page(back, refusal(error), status=422)
    return again_views.proven(back, "passkey")
