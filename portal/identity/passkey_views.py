"""My passkeys: adding one, naming it, taking it off."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for
from flask import session as browser

from portal.database import transaction
from portal.identity import factors, limits, passkeys, recovery, sessions, views_wishes, whereabouts
from portal.identity.factor_views import codes_page, factor_page
from portal.identity.passkey_words import refusal
from portal.identity.views import identity, too_often
from portal.web.access import asks_again, first_things, requires
from portal.web.frame import say
from portal.web.htmx import go
from portal.words import gettext


def token() -> str:
    """Return what only this session can show."""
    return str(getattr(browser, "token", ""))


def asking(account_id: int | None) -> limits.Rule:
    """Return the limit of asking for challenges (each is a row): of an account, or of a visitor's address."""
    who = views_wishes.address() if account_id is None else f"account {account_id}"
    return limits.Rule("passkey.ask", who, ((120, limits.HOUR),))


@identity.post("/d/<district_code>/me/second-factor/passkeys/begin")
@first_things
@asks_again
@requires("core.me")
def begin_passkey() -> Any:
    """Tell the browser how to make a passkey."""
    try:
        limits.take(asking(g.actor.account_id))
        return passkeys.ask_to_add(g.actor.account_id, bind=token())
    except limits.TooOften as error:
        return {"problem": too_often(error)}, 429
    except passkeys.Refused as error:
        return {"problem": refusal(error)}, 422


@identity.post("/d/<district_code>/me/second-factor")
@first_things
@asks_again
@requires("core.me")
def add_passkey() -> Any:
    """Keep the passkey that was made: from now on it opens this account."""
    account_id, typed = g.actor.account_id, request.form.get("name", "")
    first = not factors.has_strong(account_id)
    name = passkeys.tidy_name(typed) or _device()
    try:
        passkeys.add(account_id, request.form.get("answer", ""), bind=token(), name=name)
    except passkeys.Refused as error:
        return factor_page(refusal(error), status=422, typed=typed)
    with transaction():
        if first:
            # What this session may do has grown: it goes on under a new name, and no other one does.
            row = sessions.begin(account_id, factor="passkey")
            sessions.end_all(account_id, why="factor", keep=row.id)
        if not recovery.left(account_id):
            return codes_page(recovery.renew(account_id), first=True)
    say(gettext("通行密钥加好了。"))
    return go(url_for("identity.my_factor"))


def _device() -> str:
    found = whereabouts.device_words(whereabouts.device(request.user_agent.string))
    return passkeys.tidy_name(str(found)) or gettext("通行密钥")


@identity.post("/d/<district_code>/me/second-factor/passkeys/<int:passkey_id>/name")
@requires("core.me")
def name_passkey(passkey_id: int) -> Any:
    """Call one of my passkeys otherwise."""
    name = passkeys.tidy_name(request.form.get("name", ""))
    if not name:
        return factor_page(gettext("请写一个名字，好认是哪一台。"), status=422)
    if not passkeys.rename(g.actor.account_id, passkey_id, name):
        abort(404)
    say(gettext("名字改好了。"))
    return go(url_for("identity.my_factor"))


@identity.post("/d/<district_code>/me/second-factor/passkeys/<int:passkey_id>/remove")
@asks_again
@requires("core.me")
def remove_passkey(passkey_id: int) -> Any:
    """Take one of my passkeys off; sessions elsewhere end with it."""
    try:
        if not factors.remove_passkey(g.actor.account_id, passkey_id, keep=g.actor.session_id):
            abort(404)
    except factors.LastOne:
        say(gettext("您的工作权限要求动态口令或通行密钥，至少留一样。请先设好另一样，再去掉这个。"))
        return go(url_for("identity.my_factor"))
    say(gettext("通行密钥去掉了，用不了了。手机或电脑里存的那一份，可以到它的设置里删。"))
    return go(url_for("identity.my_factor"))
