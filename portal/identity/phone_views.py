"""Changing my own number: asked again first, then a code to the new one. Without the old one: the desk."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for
from flask import session as browser

from portal.identity import addresses, codes, limits, numbers, own_codes, people, views_wishes
from portal.identity.views import identity, phone_problem, too_often
from portal.web.access import asks_again, requires
from portal.web.frame import mask_phone, say
from portal.web.htmx import go, render
from portal.words import gettext

_PURPOSE = "new"


def _token() -> str:
    return str(getattr(browser, "token", ""))


def _waiting() -> Any:
    return own_codes.waits(g.actor.account_id, purpose=_PURPOSE, token=_token())


def _page(errors: list[tuple[str, str]] | None = None, *, status: int = 200) -> Any:
    account, row = addresses.of(g.actor.account_id), _waiting()
    return render(
        "identity/my_phone.html",
        block="form",
        status=status,
        shown=mask_phone(account.phone) if account and account.phone else "",
        sent=mask_phone(codes.phone_of(row)) if row is not None else "",
        typed=request.form.get("phone", ""),
        errors=errors or [],
    )


@identity.get("/d/<district_code>/me/phone")
@asks_again
@requires("core.me")
def my_phone() -> Any:
    """Show the present number, masked, and ask for the new one or for the code sent there."""
    return _page()


@identity.post("/d/<district_code>/me/phone")
@asks_again
@requires("core.me")
def send_to_new() -> Any:
    """Send a code to the new number."""
    typed = request.form.get("phone", "")
    phone = people.tidy_phone(typed)
    problem = phone_problem(phone)
    present = addresses.of(g.actor.account_id)
    if problem is None and present is not None and present.phone == phone:
        problem = gettext("这就是现在的号码。")
    if problem is not None:
        return _page([("phone", problem)], status=422)
    try:
        own_codes.send(
            g.actor.account_id, purpose=_PURPOSE, phone=phone, token=_token(), address=views_wishes.address()
        )
    except limits.TooOften as error:
        return _page([("phone", too_often(error))], status=429)
    return go(url_for("identity.my_phone"))


@identity.post("/d/<district_code>/me/phone/confirm")
@asks_again
@requires("core.me")
def confirm_phone() -> Any:
    """Take the code that went to the new number, and change over to it."""
    account_id = g.actor.account_id
    rules = limits.guessing("phone", str(account_id), views_wishes.address())
    try:
        limits.check(*rules)
    except limits.TooOften as error:
        return _page([("code", too_often(error))], status=429)
    row = own_codes.take(account_id, request.form.get("code", ""), purpose=_PURPOSE, token=_token())
    if row is None:
        limits.count(*rules)
        return _page([("code", gettext("验证码不对，或者过期了。"))], status=422)
    numbers.change(
        account_id, codes.phone_of(row), by=g.actor, district_id=None, how="own", keep=g.actor.session_id
    )
    say(gettext("手机号换好了。别的设备都已退出。"))
    return go(url_for("identity.my_security"))
