"""Disabled accounts: shut out at once by one person, let in again, where roles are held by two."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, g, request, url_for
from itsdangerous import BadData, URLSafeTimedSerializer

from portal.admin import role_list, stop_list
from portal.current import district
from portal.database import session, transaction
from portal.identity import claims, role_words, stops
from portal.identity.models import Account
from portal.identity.stop_models import AccountStop
from portal.members import left_work
from portal.web.access import asks_again, requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext

pages = Blueprint("stops", __name__, url_prefix="/d/<district_code>/admin/stops")

PERMISSION = "core.roles"


@pages.before_request
def _whole_district() -> None:
    """Only who gives the roles of the whole district finds these pages; the branch has one of its own."""
    if request.endpoint != "stops.waiting" and not g.actor.reach(PERMISSION).everywhere:
        abort(404)


@pages.get("")
@requires(PERMISSION)
def index() -> Any:
    """List the disabled accounts, those that wait for a second person, and those back lately."""
    return render("admin/stops.html", stopped=stop_list.listed(back=False), back=stop_list.listed(back=True))


@pages.get("/waiting")
@requires("core.members.read")
def waiting() -> Any:
    """Show the branch whose work waits because an account is disabled."""
    found = left_work.waiting(g.actor.reach("core.members.read"))
    return render("admin/stops_waiting.html", found=found, role_name=role_words.name)


@pages.get("/find")
@requires(PERMISSION)
def find() -> Any:
    """Ask whose account it is."""
    return render("admin/stop_find.html", typed="", people=[])


@pages.post("/find")
@requires(PERMISSION)
def found() -> Any:
    """Show whom what was typed may mean; by POST, so that no number stands in an address or a log."""
    typed = request.form.get("q", "").strip()[:60]
    here = district().id
    people = [
        (one, _sealed(one.account) if one.account else "")
        for one in role_list.people(typed)
        # A whole number finds anybody; whoever does not belong here is not said to be there.
        if one.account is None or stops.belongs(one.account, here)
    ]
    return render("admin/stop_find.html", typed=typed, people=people)


@pages.get("/new")
@requires(PERMISSION)
def new() -> Any:
    """Say what disabling this account does, and ask why."""
    return _form(_account(request.args.get("person", "")))


@pages.post("/new")
@asks_again
@requires(PERMISSION)
@once
def stop() -> Any:
    """Disable it."""
    account = _account(request.form.get("person", ""))
    try:
        reason = request.form.get("reason", "")
        row = stops.stop(account, reason=reason, district_id=district().id, by=g.actor)
    except ValueError:
        return _form(account, [("reason", _no_reason())], status=422)
    except stops.Refused as refused:
        return _form(account, [("", refusal(refused.reason))], status=422)
    say(gettext("“%(name)s”的账号已停用，所有设备都已退出。", name=account.display_name))
    return go(url_for("stops.show", uid=row.uid))


@pages.get("/<uid>")
@requires(PERMISSION)
def show(uid: str) -> Any:
    """Show why an account is disabled, what waits because of it, and how it comes back."""
    return _page(_row(uid))


@pages.post("/<uid>/back")
@asks_again
@requires(PERMISSION)
@once
def back(uid: str) -> Any:
    """Let it in again, or ask a second person to."""
    row, version = _row(uid), required_version()
    try:
        with transaction():
            done = stops.ask_back(
                row,
                version=version,
                reason=request.form.get("reason", ""),
                drop_password=request.form.get("drop_password") == "1",
                by=g.actor,
            )
    except ValueError:
        return _page(row, [("reason", _no_reason())], version=version, status=422)
    except stops.Refused as refused:
        return _page(row, [("", refusal(refused.reason))], version=version, status=422)
    say(
        gettext("恢复了，本人会收到消息。")
        if done
        else gettext("已提出恢复。这位有工作权限，请另一位管理员确认。")
    )
    return go(url_for("stops.show", uid=uid))


@pages.post("/<uid>/answer")
@asks_again
@requires(PERMISSION)
@once
def answer(uid: str) -> Any:
    """Let the second person decide, or whoever asked take it back."""
    row, version = _row(uid), required_version()
    wanted = request.form.get("to", "")
    if wanted not in {"yes", "no"}:
        abort(400)
    if row.state != "asked":
        abort(409)
    try:
        with transaction():
            stops.answer(
                row,
                version=version,
                accept=wanted == "yes",
                reason=request.form.get("reason", ""),
                by=g.actor,
            )
    except ValueError:
        return _page(row, [("reason", _no_reason())], version=version, status=422)
    except stops.Refused as refused:
        return _page(row, [("", refusal(refused.reason))], version=version, status=422)
    say(gettext("恢复了，本人会收到消息。") if wanted == "yes" else gettext("没有恢复，理由已记下。"))
    return go(url_for("stops.show", uid=uid))


def refusal(reason: str) -> str:
    """Return why somebody may not do it."""
    return {
        "self": gettext("不能办自己的，请另一位同志办。"),
        "roles": gettext("这位同志有工作权限，只能由能授予这些权限的管理员办，或由部署人员用命令行办。"),
        "last": gettext("这是最后一位管理员，停用后就没有人能管了。请先把这个角色给另一位同志。"),
        "disabled": gettext("这个账号已停用。"),
        "same": gettext("提出的人不能自己确认，请另一位管理员确认。"),
        "asker": gettext("提出的人账号停用了，他提出的不算。请重新提出。"),
    }[reason]


def _no_reason() -> str:
    return gettext("请写明理由（2到200个字），以后查得到。")


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=f"stop {g.actor.account_id}")


def _sealed(account: Account) -> str:
    """Return what names a found account in an address: good for an hour, here, for whoever found it."""
    return str(_signer().dumps([district().id, account.id]))


def _account(sealed: str) -> Account:
    try:
        place, account_id = _signer().loads(sealed, max_age=3600)
    except BadData:
        abort(404)
    account = session.get(Account, account_id) if place == district().id else None
    if account is None or not stops.belongs(account, district().id):
        abort(404)
    return account


def _row(uid: str) -> AccountStop:
    return stop_list.one(uid) or abort(404)


def _form(account: Account, errors: list[tuple[str, str]] | None = None, *, status: int = 200) -> Any:
    why_not = stops.refusal(account, district_id=district().id, by=g.actor)
    if account.disabled_at is not None:
        why_not = "disabled"
    return render(
        "admin/stop_form.html",
        status=status,
        person=role_list.person(account.id),
        sealed=_sealed(account),
        devices=stop_list.devices(account.id),
        why_not=refusal(why_not) if why_not else "",
        reason=request.form.get("reason", ""),
        errors=errors or [],
    )


def _page(
    row: AccountStop,
    errors: list[tuple[str, str]] | None = None,
    *,
    version: int | None = None,
    status: int = 200,
) -> Any:
    account = session.get_one(Account, row.account_id)
    why_not = stops.refusal(account, district_id=district().id, by=g.actor)
    return render(
        "admin/stop.html",
        status=status,
        row=row,
        # What was refused is rolled back, the version it had moved on to as well.
        version=version or row.version,
        person=role_list.person(account.id),
        names={who: _name(who) for who in (row.stopped_by, row.asked_by, row.lifted_by)},
        two=claims.holds_roles(account.id),
        mine=row.asked_by == g.actor.account_id,
        why_not=refusal(why_not) if why_not else "",
        typed=request.form,
        errors=errors or [],
    )


def _name(account_id: int | None) -> str:
    if account_id is None:
        return gettext("命令行或系统")
    return session.get_one(Account, account_id).display_name
