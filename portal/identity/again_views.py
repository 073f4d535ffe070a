"""Asked again: whoever decides about money or takes a whole table away proves once more who sits there."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for
from flask import session as browser

from portal.identity import addresses, factors, kept, limits, own_codes, passkeys, totp, views_wishes
from portal.identity.passkey_words import offer
from portal.identity.step_views import wrong_factor
from portal.identity.views import identity, too_often
from portal.web.access import first_things, requires
from portal.web.frame import mask_phone, say
from portal.web.htmx import go, render
from portal.web.links import local_path
from portal.words import gettext

_PURPOSE = "again"


def _token() -> str:
    return str(getattr(browser, "token", ""))


def _phone() -> str:
    found = addresses.of(g.actor.account_id)
    return found.phone if found else ""


@identity.get("/d/<district_code>/me/again")
@first_things
@requires("core.me")
def again() -> Any:
    """Ask for the code program's code, or offer to send one by phone."""
    return page(local_path(request.args.get("next")))


def page(back: str, problem: str | None = None, *, status: int = 200) -> Any:
    """Show what this account may prove it by; ``back`` is where it wanted to go."""
    strong = factors.has_strong(g.actor.account_id)
    waits = strong or own_codes.waits(g.actor.account_id, purpose=_PURPOSE, token=_token()) is not None
    return render(
        "identity/again.html",
        block="form",
        status=status,
        back=back,
        strong=strong,
        has_totp=totp.is_set(g.actor.account_id),
        passkey=offer() if passkeys.any_of(g.actor.account_id) else None,
        waits=waits,
        shown=mask_phone(_phone()),
        problem=problem,
    )


@identity.post("/d/<district_code>/me/again/send")
@first_things
@requires("core.me")
def send_again() -> Any:
    """Send a code to the account's own number."""
    back, phone = local_path(request.form.get("next")), _phone()
    if factors.has_strong(g.actor.account_id):
        return go(url_for("identity.again", next=back))
    if not phone:
        return page(back, gettext("这个账号没有登记手机号，请到服务台办。"), status=422)
    try:
        own_codes.send(
            g.actor.account_id,
            purpose=_PURPOSE,
            phone=phone,
            token=_token(),
            address=views_wishes.address(),
        )
    except limits.TooOften as error:
        return page(back, too_often(error), status=429)
    return go(url_for("identity.again", next=back))


@identity.post("/d/<district_code>/me/again")
@first_things
@requires("core.me")
def check_again() -> Any:
    """Take the proof and go on with what was wanted."""
    back, typed = local_path(request.form.get("next")), request.form.get("code", "")
    if not typed.strip():
        return page(back, gettext("请填口令或验证码。"), status=422)
    account_id = g.actor.account_id
    rules = limits.guessing("factor", str(account_id), views_wishes.address())
    try:
        limits.check(*rules)
    except limits.TooOften as error:
        return page(back, too_often(error), status=429)
    if factors.has_strong(account_id):
        factor = factors.take(account_id, typed)
    else:
        row = own_codes.take(account_id, typed, purpose=_PURPOSE, token=_token())
        factor = "phone" if row is not None else None
    if factor is None:
        limits.count(*rules)
        strong = factors.has_strong(account_id)
        wrong = wrong_factor(account_id) if strong else gettext("验证码不对，或者过期了。")
        return page(back, wrong, status=422)
    return proven(back, factor)


def proven(back: str, factor: str) -> Any:
    """Note the proof and lead on: to the kept form, or to the page that was wanted."""
    factors.prove(g.actor.session_id, factor)
    say(gettext("确认是本人。"))
    token = request.cookies.get(kept.COOKIE)
    if kept.of(token, account_id=g.actor.account_id) is not None:
        return go(url_for("identity.kept_form"))
    return go(back)
