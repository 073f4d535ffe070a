"""The second step of logging in, for whoever set up a code program: its code, or a printed one."""

from __future__ import annotations

from typing import Any

from flask import request, url_for

from portal.database import transaction
from portal.identity import factors, limits, steps, views_entering, views_wishes
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
    if asked is None or steps.alive(asked) is None:
        return go(url_for("identity.login"))
    return _page()


def _page(problem: str | None = None, *, status: int = 200) -> Any:
    return render("identity/step.html", block="form", status=status, problem=problem)


def wrong_factor() -> str:
    """Return what a code hears that is wrong, used, or of another moment."""
    return gettext("不对，或者已经用过了。口令每30秒换一个，请等下一个；手机的时间要准。")


@identity.post("/login/step")
@public
def check_step() -> Any:
    """Take the second proof, and go in."""
    asked = views_entering.step_asked()
    row = steps.alive(asked) if asked else None
    if asked is None or row is None:
        return _start_over()
    typed = request.form.get("code", "")
    if not typed.strip():
        return _page(gettext("请填口令。"), status=422)
    account_id, way = row.account_id, row.way
    rules = limits.guessing("factor", str(account_id), views_wishes.address())
    try:
        limits.check(*rules)
    except limits.TooOften as error:
        return _page(too_often(error), status=429)
    if not steps.take_try(asked):
        return _start_over()
    factor = factors.take(account_id, typed)
    if factor is None:
        limits.count(*rules)
        return _page(wrong_factor(), status=422) if steps.alive(asked) else _start_over(spent=True)
    with transaction():
        if not steps.use(row):
            return _start_over()
        return views_entering.enter(account_id, way=way, factor=factor, back=views_entering.step_back())


def _start_over(*, spent: bool = False) -> Any:
    say(gettext("错了太多次，请从头登录。") if spent else gettext("等得太久了，请从头登录。"))
    return go(url_for("identity.login"))
