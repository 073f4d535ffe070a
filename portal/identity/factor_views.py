"""My second factor: setting up a code program, printing recovery codes, taking it off again; my passkeys."""

from __future__ import annotations

from typing import Any

import segno
from flask import current_app, g, request, url_for

from portal.database import session, transaction
from portal.identity import factors, limits, passkeys, people, recovery, sessions, totp, views_wishes
from portal.identity.models import Account
from portal.identity.passkey_words import offer
from portal.identity.views import identity, too_often
from portal.web.access import asks_again, first_things, requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.words import gettext


@identity.get("/d/<district_code>/me/second-factor")
@first_things
@requires("core.me")
def my_factor() -> Any:
    """Show what is set up, and what has to be."""
    return factor_page()


def factor_page(problem: str | None = None, *, status: int = 200, typed: str = "") -> Any:
    """Show it; ``problem`` is what was wrong with a passkey, ``typed`` the name given to it."""
    account_id = g.actor.account_id
    has_totp, found = totp.is_set(account_id), passkeys.of(account_id)
    return render(
        "identity/factor.html",
        status=status,
        has_totp=has_totp,
        passkeys=found,
        passkey=offer(),
        left=recovery.left(account_id),
        last=people.holds_district_role(account_id) and has_totp + len(found) == 1,
        weak=g.weak,
        problem=problem,
        typed=typed,
    )


@identity.post("/d/<district_code>/me/second-factor/totp/begin")
@first_things
@asks_again
@requires("core.me")
def begin_totp() -> Any:
    """Make a new secret and show it; the present one counts until the new one is confirmed."""
    totp.begin(g.actor.account_id)
    return go(url_for("identity.show_totp"))


@identity.get("/d/<district_code>/me/second-factor/totp")
@first_things
@asks_again
@requires("core.me")
def show_totp() -> Any:
    """Show the picture to scan, the same in letters, and ask for the first code."""
    return _totp_page()


def _totp_page(problem: str | None = None, *, status: int = 200) -> Any:
    secret = totp.pending(g.actor.account_id)
    if secret is None:
        say(gettext("等得太久了，请重新开始。"))
        return go(url_for("identity.my_factor"))
    account = session.get_one(Account, g.actor.account_id)
    name = account.username or account.display_name or account.uid
    code = segno.make(
        totp.address(secret, name=name, issuer=current_app.config["SITE_NAME"]), error="m", micro=False
    )
    return render(
        "identity/totp.html",
        block="form",
        status=status,
        picture=code.png_data_uri(scale=5, border=4),
        letters=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        problem=problem,
    )


@identity.post("/d/<district_code>/me/second-factor/totp")
@first_things
@asks_again
@requires("core.me")
def confirm_totp() -> Any:
    """Take the first code: from now on the program is asked for at every login."""
    account_id, typed = g.actor.account_id, request.form.get("code", "")
    if not typed.strip():
        return _totp_page(gettext("请填口令。"), status=422)
    rules = limits.guessing("factor", str(account_id), views_wishes.address())
    try:
        limits.check(*rules)
    except limits.TooOften as error:
        return _totp_page(too_often(error), status=429)
    first = not factors.has_strong(account_id)
    with transaction():
        if totp.confirm(account_id, typed):
            # What this session may do has grown: it goes on under a new name, and no other one does.
            row = sessions.begin(account_id, factor="totp")
            sessions.end_all(account_id, why="factor", keep=row.id)
            if first or not recovery.left(account_id):
                return codes_page(recovery.renew(account_id), first=True)
            say(gettext("动态口令换好了。"))
            return go(url_for("identity.my_factor"))
    limits.count(*rules)
    return _totp_page(gettext("口令不对。看看手机时间准不准，等下一个再填。"), status=422)


def codes_page(codes: list[str], *, first: bool = False) -> Any:
    """Show new recovery codes, this once."""
    return render("identity/recovery.html", codes=codes, first=first)


@identity.post("/d/<district_code>/me/second-factor/codes")
@asks_again
@requires("core.me")
def new_codes() -> Any:
    """Make a new set of recovery codes and show it, this once."""
    if not factors.has_strong(g.actor.account_id):
        return go(url_for("identity.my_factor"))
    return codes_page(recovery.renew(g.actor.account_id))


@identity.post("/d/<district_code>/me/second-factor/totp/remove")
@asks_again
@requires("core.me")
def remove_totp() -> Any:
    """Take the code program off; whoever needs one changes it instead."""
    try:
        factors.remove_totp(g.actor.account_id)
    except factors.LastOne:
        say(gettext("您的工作权限要求动态口令或通行密钥，至少留一样，只能换，不能都去掉。"))
        return go(url_for("identity.my_factor"))
    if factors.has_strong(g.actor.account_id):
        say(gettext("动态口令去掉了，以后用通行密钥。"))
    else:
        say(gettext("动态口令去掉了，备用码也作废了。"))
    return go(url_for("identity.my_factor"))
