"""The second way in: user name and password; and the code on paper."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, request, url_for
from sqlalchemy import select

from portal import clock
from portal.database import session, transaction
from portal.identity import (
    addresses,
    claims,
    codes,
    devices,
    first_login,
    limits,
    passwords,
    people,
    views_entering,
    views_wishes,
)
from portal.identity.models import Account, LoginSession
from portal.identity.views import identity, too_often
from portal.web.access import public, requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.links import local_path
from portal.words import gettext


@identity.get("/login/password")
@public
def password() -> Any:
    """Ask for user name and password."""
    back = local_path(request.args.get("next"))
    if g.actor.is_authenticated:
        return go(views_entering.landing(g.actor.account_id, back))
    return _password_page(back)


def _password_page(back: str, problem: str | None = None, *, status: int = 200) -> Any:
    username = request.form.get("username", "")
    return render(
        "identity/password.html", block="form", status=status, back=back, username=username, problem=problem
    )


@identity.post("/login/password")
@public
def check_password() -> Any:
    """Check the password; branch and district roles then prove their number as well."""
    back = local_path(request.form.get("next"))
    username, secret = request.form.get("username", ""), request.form.get("password", "")
    if not username.strip() or not secret:
        return _password_page(back, gettext("用户名和密码都要填。"), status=422)
    name, index = passwords.meant(username)
    device = devices.known(index) if index else None
    rules = limits.guessing("password", name, views_wishes.address(), device=device)
    try:
        limits.check(*rules)
    except limits.TooOften as error:
        return _password_page(back, too_often(error), status=429)
    account_id = passwords.verify(username, secret)
    if account_id is None:
        limits.count(*rules)
        return _password_page(back, gettext("用户名或密码不对。也可以用手机验证码登录。"), status=422)
    try:
        return views_entering.proceed(account_id, way="password", phone_proven=False, back=back)
    except views_entering.NoPhone:
        return _password_page(back, _no_phone(), status=422)
    except limits.TooOften as error:
        return _password_page(back, too_often(error), status=429)


def _no_phone() -> str:
    return gettext("这个账号没有登记手机号，请让管理员补上后再登录。")


@identity.get("/login/paper")
@public
def paper() -> Any:
    """Ask for the code on paper and the name."""
    return _paper_page()


def _paper_page(problem: str | None = None, *, status: int = 200) -> Any:
    typed = {"code": request.form.get("code", ""), "name": request.form.get("name", "")}
    return render("identity/paper.html", block="form", status=status, typed=typed, problem=problem)


def _no_paper() -> str:
    """Return what a paper code hears that opens nothing: wrong, too old, used, or of another name."""
    phone = current_app.config["HELP_PHONE"]
    if not phone:
        return gettext(
            "没核对上：登录码或姓名不对，或者码过期、用过了。用过的请用手机号登录；还不行请到服务台。"
        )
    return gettext(
        "没核对上：登录码或姓名不对，或者码过期、用过了。用过的请用手机号登录；还不行请打%(phone)s。",
        phone=phone,
    )


@identity.post("/login/paper")
@public
def check_paper() -> Any:
    """Spend the paper code and go in."""
    code, name = request.form.get("code", ""), request.form.get("name", "")
    if not code.strip() or not name.strip():
        return _paper_page(gettext("登录码和姓名都要填。"), status=422)
    rules = limits.guessing("paper", "", views_wishes.address())
    try:
        limits.check(*rules)
    except limits.TooOften as error:
        return _paper_page(too_often(error), status=429)
    try:
        # Staff prove the number, or what they set up, as well: a paper alone opens no work for others.
        with transaction():
            account_id = claims.redeem(code, name=name)
            if account_id is not None:
                return views_entering.proceed(account_id, way="paper", phone_proven=False, back=None)
            account_id = first_login.redeem(code, name=name)
            if account_id is not None:
                # The deployer's own hand at the server's console: it may set the first password.
                return views_entering.proceed(account_id, way="first", phone_proven=True, back=None)
    except views_entering.NoPhone:
        return _paper_page(_no_phone(), status=422)
    except limits.TooOften as error:
        return _paper_page(too_often(error), status=429)
    limits.count(*rules)
    return _paper_page(_no_paper(), status=422)


@identity.get("/d/<district_code>/me/password")
@requires("core.me")
def my_password() -> Any:
    """Ask for a new password."""
    return _my_password_page()


def _my_password_page(errors: list[tuple[str, str]] | None = None, *, status: int = 200) -> Any:
    account = session.get_one(Account, g.actor.account_id)
    return render(
        "identity/my_password.html",
        block="form",
        status=status,
        username=request.form.get("username", account.username or ""),
        has_password=account.password_hash is not None,
        fresh=_fresh(),
        errors=errors or [],
    )


def _fresh() -> bool:
    """Tell whether the number was proven in this session within the last ten minutes."""
    proven = session.scalar(
        select(LoginSession.second_factor_at).where(LoginSession.id == g.actor.session_id)
    )
    return proven is not None and clock.now() - proven < codes.LIFE


@identity.post("/d/<district_code>/me/password")
@requires("core.me")
def set_my_password() -> Any:
    """Set it, after asking again who this is (ASVS 7.5.1); other devices are logged out."""
    account = session.get_one(Account, g.actor.account_id)
    secret, username = request.form.get("password", ""), people.tidy(request.form.get("username", ""))
    rules = limits.guessing("change", str(account.id), views_wishes.address())
    if not _fresh():
        try:
            limits.check(*rules)
        except limits.TooOften as error:
            return _my_password_page([("current", too_often(error))], status=429)
        if not passwords.is_right(account, request.form.get("current", "")):
            limits.count(*rules)
            words = gettext("现在的密码不对。没有密码的，请退出后用验证码登录，10分钟内再来设。")
            return _my_password_page([("current", words)], status=422)
    errors = _errors(account, username, secret)
    if errors:
        return _my_password_page(errors, status=422)
    with transaction():
        account.username = username or None
        passwords.set_password(account.id, secret, keep_session=g.actor.session_id)
    say(gettext("密码已设好。别的设备都已退出。"))
    return go(url_for("web.me"))


def _errors(account: Account, username: str, secret: str) -> list[tuple[str, str]]:
    found = []
    if username and not (3 <= len(username) <= 64 and username.replace("_", "").replace(".", "").isalnum()):
        found.append(("username", gettext("用户名用3个以上的字母、数字或汉字。")))
    elif username.isdigit() and len(username) == 11:
        found.append(("username", gettext("用户名不要用手机号，手机号本来就能登录。")))
    elif username and _taken(account, username):
        found.append(("username", gettext("这个用户名已有人用，请换一个。")))
    phone = addresses.phone_of(account.uid, account.phone_sealed)
    problem = passwords.problem(secret, about=(phone, account.display_name, username))
    words = {
        "short": gettext("密码至少10个字符，可以是一句话。"),
        "long": gettext("密码太长了，最多200个字符。"),
        "common": gettext("这个密码太常见，容易被猜到，请换一个。"),
        "personal": gettext("密码里不要有自己的手机号、姓名或用户名。"),
    }
    if problem is not None:
        found.append(("password", words[problem]))
    return found


def _taken(account: Account, username: str) -> bool:
    other = select(Account.id).where(Account.username == username, Account.id != account.id)
    return session.scalar(other) is not None
