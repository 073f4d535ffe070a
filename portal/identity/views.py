"""Logging in with a phone number and a one-time code, and logging out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, g, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

from portal import clock
from portal.database import transaction
from portal.identity import (
    claims,
    codes,
    joining,
    kept,
    limits,
    people,
    permissions,
    views_entering,
    views_joining,
    views_wishes,
)
from portal.identity.login_models import LoginCode
from portal.identity.passkey_words import offer
from portal.web import access
from portal.web.access import public
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.links import local_path
from portal.words import gettext, ngettext

identity = Blueprint("identity", __name__)


def no_match() -> str:
    """Return what somebody hears whose words match no record, whatever was wrong."""
    phone = current_app.config["HELP_PHONE"]
    if not phone:
        return gettext("没核对上。请再看一遍；还不行请带身份证到服务台，我们帮您查。")
    return gettext("没核对上。请再看一遍；还不行请打%(phone)s，我们帮您查。", phone=phone)


def too_often(error: limits.TooOften) -> str:
    """Return when to try again."""
    if error.wait <= 90:
        return ngettext("请等%(seconds)s秒再试。", "请等%(seconds)s秒再试。", error.wait, seconds=error.wait)
    if error.wait <= 5400:
        return ngettext(
            "试得太多了，请%(minutes)s分钟后再试，或到服务台办。",
            "试得太多了，请%(minutes)s分钟后再试，或到服务台办。",
            -(-error.wait // 60),
            minutes=-(-error.wait // 60),
        )
    return gettext("试得太多了，请明天再试，或到服务台办。")


def phone_problem(phone: str) -> str | None:
    """Return what is wrong with a typed number, or None."""
    if not phone:
        return gettext("请填手机号。")
    if not phone.isascii() or not phone.isdigit():
        return gettext("手机号只要数字，空格和横线可以有。")
    if len(phone) != 11:
        return gettext("手机号要11位数字，现在是%(count)s位。", count=len(phone))
    return None if phone.startswith("1") else gettext("手机号以1开头，请再看一遍。")


@identity.get("/login")
@public
def login() -> Any:
    """Ask for the phone number."""
    back = local_path(request.args.get("next"))
    if g.actor.is_authenticated:
        return go(views_entering.landing(g.actor.account_id, back))
    return phone_page(back=back)


def phone_page(*, back: str, phone: str = "", problem: str | None = None, status: int = 200) -> Any:
    """Show the first page of logging in."""
    return render(
        "identity/phone.html",
        block="form",
        status=status,
        back=back,
        phone=phone,
        problem=problem,
        wanted=_wanted(back),
        kept=kept.COOKIE in request.cookies,
        passkey=offer(),
        join=views_joining.link(back),
    )


def _wanted(back: str) -> str:
    """Return what is to be said of the page that was wanted: which permission it asks for, or nothing."""
    try:
        rule, _values = current_app.create_url_adapter(request).match(  # type: ignore[union-attr]  # in a request
            urlsplit(back).path, method="GET", return_rule=True
        )
    except (HTTPException, RoutingException):
        return ""
    found = access.of(current_app.view_functions[rule.endpoint])
    named = permissions.declared().get(found.permission) if found else None
    if named:
        return gettext("“%(what)s”要先登录。登录好了就回到刚才那一页，选好的都在。", what=named.label)
    return gettext("这一页要先登录。登录好了就回到这里。") if found and found.kind == "signed_in" else ""


@identity.post("/login")
@public
def ask_code() -> Any:
    """Send a code, or seem to: the answer is the same for every number."""
    back = local_path(request.form.get("next"))
    typed = request.form.get("phone", "")
    phone = people.tidy_phone(typed)
    problem = phone_problem(phone)
    if problem is not None:
        return phone_page(back=back, phone=typed, problem=problem, status=422)
    try:
        views_wishes.ask(phone, back=back)
    except limits.TooOften as error:
        return phone_page(back=back, phone=typed, problem=too_often(error), status=429)
    return go(url_for("identity.code"))


@identity.get("/login/code")
@public
def code() -> Any:
    """Ask for the code."""
    row = _unanswered()
    if row is None:
        return go(url_for("identity.login", next=views_wishes.back()))
    return _code_page(_words(codes.EXPIRED) if row.expires_at <= clock.now() else None)


def _unanswered() -> LoginCode | None:
    asked = views_wishes.current()
    row = codes.unanswered(asked) if asked else None
    # An old second factor is not asked for anew: the password before it is as old.
    old = row is not None and row.account_id is not None and row.expires_at <= clock.now()
    return None if old else row


def _words(outcome: str) -> str:
    return {
        codes.WRONG: gettext("验证码不对，请再看一遍短信里的6位数字。"),
        codes.SPENT: gettext("错了太多次，这个验证码作废了。请重新发一个。"),
        codes.EXPIRED: gettext("验证码过期了，请重新发一个。"),
    }[outcome]


def _code_page(problem: str | None = None, *, status: int = 200) -> Any:
    asked, back = views_wishes.current(), views_wishes.back()
    row = codes.unanswered(asked) if asked else None
    said = codes.joining_of(row) if row is not None else None
    return render(
        "identity/code.html",
        block="form",
        status=status,
        shown=views_wishes.shown(),
        problem=problem,
        joining=said is not None,
        join=views_joining.link(back),
    )


@identity.post("/login/again")
@public
def ask_again() -> Any:
    """Send another code to the same number."""
    row = _unanswered()
    if row is None:
        return go(url_for("identity.login", next=views_wishes.back()))
    try:
        wait = views_wishes.ask(
            codes.phone_of(row),
            back=views_wishes.back(),
            purpose=row.purpose,
            account_id=row.account_id,
            joining=codes.joining_of(row),
        )
    except limits.TooOften as error:
        return _code_page(too_often(error), status=429)
    if wait:
        say(
            ngettext(
                "验证码刚发过，请先看看短信。还没收到，%(seconds)s秒后再发。",
                "验证码刚发过，请先看看短信。还没收到，%(seconds)s秒后再发。",
                wait,
                seconds=wait,
            )
        )
    elif row.purpose == codes.JOIN:
        say(gettext("验证码已再发一次。"))
    else:
        say(gettext("如果这个号码登记过，验证码已再发一次。"))
    return go(url_for("identity.code"))


@identity.post("/login/code")
@public
def check_code() -> Any:
    """Check the code; then in, or first say who it is."""
    asked = views_wishes.current()
    if asked is None:
        return go(url_for("identity.login"))
    rules = limits.guessing("code", asked.uid, views_wishes.address())
    try:
        limits.check(*rules)
    except limits.TooOften as error:
        return _code_page(too_often(error), status=429)
    outcome = codes.check(asked, request.form.get("code", ""))
    if outcome != codes.OK:
        limits.count(*rules)
        return _code_page(_words(outcome), status=422)
    row = codes.verified(asked)
    assert row is not None
    if row.account_id is not None:
        return _enter(row, row.account_id)
    said = codes.joining_of(row)
    if said is not None:
        return views_joining.arrive(row, said)
    found = people.behind(row.phone_index)
    if len(found.accounts) == 1 and not found.unclaimed:
        return _enter(row, found.accounts[0].account_id)
    return go(url_for("identity.who" if found.accounts else "identity.claim"))


def _enter(row: LoginCode, account_id: int) -> Any:
    back = views_wishes.back()
    with transaction():
        if not codes.use(row):
            return go(url_for("identity.login"))
        way = {"second": "password", "paper": "paper"}.get(row.purpose, "code")
        return views_entering.proceed(account_id, way=way, phone_proven=True, back=back)


def _proven() -> LoginCode | None:
    asked = views_wishes.current()
    row = codes.verified(asked) if asked else None
    # A second factor proves one account only: it opens no choice.
    return row if row is not None and row.account_id is None else None


@identity.get("/login/who")
@public
def who() -> Any:
    """Ask who of those sharing the number it is."""
    row = _proven()
    if row is None:
        return go(url_for("identity.login"))
    return _who_page(row)


def _who_page(row: LoginCode, problem: str | None = None, *, status: int = 200) -> Any:
    said = codes.joining_of(row)
    why = joining.refusal(row) if said is not None else None
    return render(
        "identity/who.html",
        status=status,
        found=people.behind(row.phone_index),
        problem=problem,
        joins=said.name if said is not None and why is None else "",
        why_not=views_joining.why_not(why) if why is not None else "",
    )


@identity.post("/login/who")
@public
def choose() -> Any:
    """Take the choice."""
    row = _proven()
    if row is None:
        return _start_over()
    found, chosen = people.behind(row.phone_index), request.form.get("who", "")
    for known in found.accounts:
        if known.uid == chosen:
            return _enter(row, known.account_id)
    if chosen == "new" and found.unclaimed:
        return go(url_for("identity.claim"))
    said = codes.joining_of(row)
    if chosen == "join" and said is not None:
        return views_joining.arrive(row, said, new=True)
    return _who_page(row, gettext("请选一位。"), status=422)


@identity.get("/login/claim")
@public
def claim() -> Any:
    """Ask for name and last four of the id, before anything of the record is shown."""
    if _proven() is None:
        return go(url_for("identity.login"))
    return _claim_page()


def _claim_page(errors: list[tuple[str, str]] | None = None, *, status: int = 200) -> Any:
    row = _proven()
    said = codes.joining_of(row) if row is not None else None
    typed = {
        "name": request.form.get("name", said.name if said is not None else ""),
        "tail": request.form.get("tail", ""),
    }
    return render("identity/claim.html", block="form", status=status, typed=typed, errors=errors or [])


def who_problems(name: str, tail: str) -> list[tuple[str, str]]:
    """Return what is missing in the words by which somebody names themselves; it costs no try."""
    found, count = [], len(people.tidy(tail))
    if not people.tidy(name):
        found.append(("name", gettext("请填姓名，和身份证上一样。")))
    if not count:
        found.append(("tail", gettext("请填身份证号后4位。")))
    elif count != 4:
        found.append(("tail", gettext("只填身份证号的后4位，现在是%(count)s位。", count=count)))
    return found


@identity.post("/login/claim")
@public
def claim_record() -> Any:
    """Open the account of the record that matches, and go in."""
    row = _proven()
    if row is None:
        return _start_over()
    name, tail = request.form.get("name", ""), request.form.get("tail", "")
    missing = who_problems(name, tail)
    if missing:
        return _claim_page(missing, status=422)
    if not codes.claim_try(row):
        return _claim_page([("", gettext("试得太多了。请带身份证到服务台，我们帮您查。"))], status=429)
    with transaction():
        account_id = claims.claim(row, name=name, tail=tail, phone=codes.phone_of(row))
        account_id = account_id or claims.claimed(row, name=name, tail=tail)
        if account_id is not None:
            return _enter(row, account_id)
    return _claim_page([("name", no_match())], status=422)


def _start_over() -> Any:
    """Lead back to the first step, and say why: the ten minutes to name oneself are over."""
    say(gettext("等得太久了，请重新发一个验证码。"))
    return go(url_for("identity.login"))
