"""The notice and the separate consent: asked once for each notice; refused, withdrawn and given again."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for
from sqlalchemy import select

from portal.current import district
from portal.database import session, transaction
from portal.identity import consents, notice, sessions
from portal.identity.models import Account
from portal.identity.views import identity
from portal.web.access import first_things, public, requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.links import local_path
from portal.words import gettext


@identity.get("/d/<district_code>/me/notice")
@first_things
@requires("core.me")
def my_notice() -> Any:
    """Show the notice in force here, and ask."""
    return _page(local_path(request.args.get("next")))


def _page(back: str, problem: str | None = None, *, status: int = 200) -> Any:
    here = district()
    name = notice.identity(here)
    agreed = session.scalar(select(Account.agreed).where(Account.id == g.actor.account_id)) or []
    return render(
        "identity/notice.html",
        status=status,
        back=back,
        name=name,
        parts=notice.CURRENT.parts,
        own_words=notice.own_words(here),
        sensitive=notice.SENSITIVE_TEXT if g.has_record else None,
        read=notice.mark(notice.NOTICE, name) in agreed,
        yes=notice.mark(notice.SENSITIVE, name) in agreed,
        no=notice.mark(notice.SENSITIVE, name, given=False) in agreed,
        staff=g.actor.is_staff,
        resident=g.actor.person_id is None,
        problem=problem,
    )


@identity.post("/d/<district_code>/me/notice")
@first_things
@requires("core.me")
def answer_notice() -> Any:
    """Take the answer: go on, go on without what is sensitive, or leave."""
    back, name = local_path(request.form.get("next")), notice.identity(district())
    if request.form.get("notice") != name:
        return _page(back, gettext("告知书刚换了新的，请再看一遍。"), status=409)
    if request.form.get("answer") == "leave":
        return _leave(name)
    wanted = request.form.get("sensitive")
    if g.has_record and wanted not in {"yes", "no"}:
        return _page(back, gettext("请选同意或不同意。"), status=422)
    if g.has_record and wanted == "no" and g.actor.is_staff:
        return _page(
            back, gettext("您是工作人员，不同意就不能在这里办别人的事；可以先到服务台说明。"), status=422
        )
    with transaction():
        _answer(notice.NOTICE, name, consents.GIVEN)
        if g.has_record:
            _answer(notice.SENSITIVE, name, consents.GIVEN if wanted == "yes" else consents.REFUSED)
    say(gettext("记下了。以后在“我的隐私”里随时能改。"))
    return go(back if back != "/" else url_for("web.home"))


def _answer(kind: str, name: str, answer: str) -> None:
    consents.answer(
        g.actor.account_id,
        kind,
        notice=name,
        answer=answer,
        district_id=district().id,
        how="page",
        actor=g.actor,
    )


def _leave(name: str) -> Any:
    with transaction():
        _answer(notice.NOTICE, name, consents.REFUSED)
        sessions.end_all(g.actor.account_id, why="notice")
        sessions.end(why="notice")
    return go(url_for("identity.without"))


@identity.get("/d/<district_code>/without")
@public
def without() -> Any:
    """Say what is possible without agreeing, and how to reach the desk."""
    return render("identity/without.html")


@identity.post("/d/<district_code>/me/privacy/consent")
@requires("core.me")
def change_consent() -> Any:
    """Give or withdraw the separate consent; withdrawing reaches forward only (PIPL 15)."""
    name, wanted = notice.identity(district()), request.form.get("to")
    if wanted == "leave":
        return _leave(name)
    if wanted == "withdraw" and g.actor.is_staff:
        say(gettext("您是工作人员：撤回以后就不能在这里办别人的事。请先让管理员收回您的工作权限。"))
    elif wanted in {"give", "withdraw"} and g.has_record:
        given = consents.GIVEN if wanted == "give" else consents.WITHDRAWN
        _answer(notice.SENSITIVE, name, given)
        say(gettext("记下了。") if wanted == "give" else gettext("撤回了。以前办过的事不受影响。"))
    return go(url_for("privacy.mine"))
