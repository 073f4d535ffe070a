"""The second step of logging in, for whoever set one up: a program's code, a passkey, or a printed code."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from portal.database import transaction
from portal.identity import factors, limits, passkeys, steps, totp, views_entering, views_wishes
from portal.identity.passkey_words import offer
from portal.identity.views import identity, too_often
from portal.web.access import public
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.words import gettext


@identity.get("/login/step")
@public
def step() -> Any:
    """Ask for the second proof."""
    asked = views_entering.step_asked()
    row = steps.alive(asked) if asked else None
    if row is None:
        return go(url_for("identity.login"))
    return page(row.account_id)


def page(account_id: int, problem: str | None = None, *, status: int = 200) -> Any:
    """Show what this account may prove it by."""
    return render(
        "identity/step.html",
        block="form",
        status=status,
        has_totp=totp.is_set(account_id),
        passkey=offer() if passkeys.any_of(account_id) else None,
        problem=problem,
    )


def wrong_factor(account_id: int) -> str:
    """Return what a code hears that is wrong, used, or of another moment."""
    if not totp.is_set(account_id):
        return gettext("备用码不对，或者已经用过了。")
    return gettext("不对，或者已经用过了。口令每30秒换一个，请等下一个；手机的时间要准。")


@identity.post("/login/step")
@public
def check_step() -> Any:
    """Take the second proof, and go in."""
    asked = views_entering.step_asked()
    row = steps.alive(asked) if asked else None
    if asked is None or row is None:
        return start_over()
    account_id, way, typed = row.account_id, row.way, request.form.get("code", "")
    if not typed.strip():
        return page(account_id, gettext("请填口令。"), status=422)
    rules = limits.guessing("factor", str(account_id), views_wishes.address())
    try:
        limits.check(*rules)
    except limits.TooOften as error:
        return page(account_id, too_often(error), status=429)
    if not steps.take_try(asked):
        return start_over()
    factor = factors.take(account_id, typed)
    if factor is None:
        limits.count(*rules)
        alive = steps.alive(asked) is not None
        return page(account_id, wrong_factor(account_id), status=422) if alive else start_over(spent=True)
    with transaction():
        if not steps.use(row):
            return start_over()
        return views_entering.enter(account_id, way=way, factor=factor, back=views_entering.step_back())


def start_over(*, spent: bool = False) -> Any:
    """Lead back to the first step, and say why."""
    say(gettext("错了太多次，请从头登录。") if spent else gettext("等得太久了，请从头登录。"))
    return go(url_for("identity.login"))
