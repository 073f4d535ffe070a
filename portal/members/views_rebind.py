"""At the desk: a new number or a second factor set anew, after the identity card was looked at."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, request, url_for
from sqlalchemy import or_, select

from portal import clock, crypto
from portal.current import district
from portal.database import session, transaction
from portal.identity import addresses, limits, people, rebinding, views_wishes
from portal.identity.models import STAFF_ROLES, Account, Grant
from portal.identity.rebinding_models import Rebinding
from portal.identity.views import phone_problem, too_often
from portal.members import queries, service
from portal.members.models import Member
from portal.members.views_paper import findable
from portal.web import searching
from portal.web.access import asks_again, requires
from portal.web.frame import mask_phone, say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext

rebind = Blueprint("rebind", __name__)

PERMISSION, STAFF = "core.login_codes", "core.roles"


searching.by_post(rebind, "/d/<district_code>/desk/rebind", "find", PERMISSION)


@rebind.get("/d/<district_code>/desk/rebind")
@requires(PERMISSION)
def find() -> Any:
    """Find who stands in front of the desk; show what waits for a second person."""
    text = people.tidy(searching.typed())[:40]
    waits: list[Any] = []
    colleagues: list[Account] = []
    if g.actor.reach(STAFF).everywhere:
        waits = [(row, _account(row.account_id)) for row in rebinding.waiting(district().id)]
        colleagues = _colleagues()
    return render(
        "members/rebind_find.html",
        block="found",
        text=text,
        found=findable(text) if text else None,
        waits=waits,
        colleagues=colleagues,
    )


def _account(account_id: int) -> Account:
    return session.get_one(Account, account_id)


def _colleagues() -> list[Account]:
    """Return the accounts that hold a role here today and have no member record to be found by."""
    today = clock.today()
    held = select(Grant.account_id).where(
        Grant.district_id == district().id,
        Grant.role.in_(STAFF_ROLES),
        Grant.valid_from <= today,
        or_(Grant.valid_to.is_(None), Grant.valid_to > today),
    )
    mine = Account.id.in_(held) & Account.person_id.is_(None) & (Account.id != g.actor.account_id)
    return list(session.scalars(select(Account).where(mine).order_by(Account.display_name, Account.id)))


@rebind.get("/d/<district_code>/desk/rebind/<int:member_id>")
@requires(PERMISSION)
def member(member_id: int) -> Any:
    """Ask what was seen and what is to be done."""
    found = _member(member_id)
    return _page(found, _of(found))


def _member(member_id: int) -> Member:
    found = queries.member_at(member_id, g.actor, PERMISSION)
    if found is None or found.closed_on is not None:
        abort(404)
    return found


def _of(found: Member) -> Account | None:
    return session.scalars(select(Account).where(Account.person_id == found.person_id)).one_or_none()


def _page(
    found: Member | None,
    account: Account | None,
    errors: list[tuple[str, str]] | None = None,
    *,
    status: int = 200,
) -> Any:
    if found is not None:
        name, shown = found.name, found.phone_tail
    else:
        assert account is not None  # one of the two was found
        name = account.display_name
        shown = addresses.phone_of(account.uid, account.phone_sealed)[-4:]
    return render(
        "members/rebind.html",
        status=status,
        member=found,
        account=account,
        name=name,
        branch=queries.branch_name(found.organization_id) if found else "",
        tail=shown,
        asks_tail=bool(found and found.ric_tail),
        typed=request.form,
        errors=errors or [],
    )


@rebind.post("/d/<district_code>/desk/rebind/<int:member_id>")
@asks_again
@requires(PERMISSION)
def do_member(member_id: int) -> Any:
    """Do it, or let it wait for the second person.

    Not wrapped by ``once``, which takes everything of a refused form back: a wrong card must count.
    """
    found = _member(member_id)
    account, version = _of(found), required_version()
    rules = limits.guessing("tail", str(found.id), views_wishes.address())
    try:
        limits.check(*rules)
    except limits.TooOften as error:
        return _page(found, account, [("", too_often(error))], status=429)
    purpose, phone, errors = _asked(account)
    if found.ric_tail and not crypto.same(
        people.tidy(request.form.get("ric_tail", "")).upper(), found.ric_tail.upper()
    ):
        limits.count(*rules)
        errors.append(("ric_tail", gettext("和登记的对不上。请再看一遍证件；还不对，先别办。")))
    if errors:
        return _page(found, account, errors, status=422)
    return _carry_out(found, account, purpose=purpose, phone=phone, version=version)


def _asked(account: Account | None) -> tuple[str, str, list[tuple[str, str]]]:
    """Return what is to be done, the new number, and what is missing."""
    purpose = request.form.get("purpose", "")
    phone = people.tidy_phone(request.form.get("phone", ""))
    errors = []
    if request.form.get("seen") != "1":
        errors.append(("seen", gettext("请先看过本人的身份证。")))
    if purpose not in {rebinding.PHONE, rebinding.FACTOR} or account is None and purpose != rebinding.PHONE:
        errors.append(("purpose", gettext("请选要办什么。")))
    elif purpose == rebinding.PHONE:
        problem = phone_problem(phone)
        if problem is None and people.tidy_phone(request.form.get("again", "")) != phone:
            problem = gettext("两次填的号码不一样，请再看一遍。")
        if problem is not None:
            errors.append(("phone", problem))
    return purpose, phone, errors


def _carry_out(
    found: Member | None, account: Account | None, *, purpose: str, phone: str, version: int
) -> Any:
    here, wanted = district().id, phone if purpose == rebinding.PHONE else None
    try:
        with transaction():
            row = (
                rebinding.ask(account, purpose=purpose, phone=wanted, district_id=here, by=g.actor)
                if account is not None
                else None
            )
            done = row is None or row.state == "done"
            if found is not None and wanted and done:
                service.change(found, version=version, actor=g.actor, phone=wanted)
    except rebinding.Refused as refused:
        return _page(found, account, [("", refusal(refused))], status=403)
    if done:
        say(gettext("办好了。原来登录的设备都已退出，也告诉了本人。"))
    else:
        say(gettext("记下了。这位有工作权限，要另一位管理员确认后才生效。"))
    return go(url_for("rebind.find"))


def refusal(refused: rebinding.Refused) -> str:
    """Return why somebody may not do it."""
    return {
        "self": gettext("不能办自己的，请另一位同志办。"),
        "roles": gettext("这位同志有工作权限，只能由能授予这些权限的管理员办。"),
        "same": gettext("提出的人不能自己确认，请另一位管理员确认。"),
        "old": gettext("超过24小时了，请当面重新办。"),
        "disabled": gettext("这个账号已停用。"),
        "asker": gettext("提出的人账号停用了，他提出的不算。请重新办。"),
    }[refused.reason]


@rebind.get("/d/<district_code>/desk/rebind/account/<uid>")
@requires(STAFF)
def colleague(uid: str) -> Any:
    """Ask the same for an account of staff without a record."""
    return _page(None, _colleague(uid))


def _colleague(uid: str) -> Account:
    if not g.actor.reach(STAFF).everywhere:
        abort(404)
    found = next((one for one in _colleagues() if one.uid == uid), None)
    if found is None:
        abort(404)
    return found


@rebind.post("/d/<district_code>/desk/rebind/account/<uid>")
@asks_again
@requires(STAFF)
def do_colleague(uid: str) -> Any:
    """Let it wait for the second person."""
    account = _colleague(uid)
    purpose, phone, errors = _asked(account)
    if errors:
        return _page(None, account, errors, status=422)
    return _carry_out(None, account, purpose=purpose, phone=phone, version=0)


@rebind.get("/d/<district_code>/desk/rebind/waiting/<uid>")
@requires(STAFF)
def second(uid: str) -> Any:
    """Show the second person what was asked, by whom."""
    return _second_page(_waiting(uid))


def _waiting(uid: str) -> Rebinding:
    if not g.actor.reach(STAFF).everywhere:
        abort(404)
    found = session.scalars(
        select(Rebinding).where(Rebinding.uid == uid, Rebinding.asked_in_id == district().id)
    ).one_or_none()
    if found is None:
        abort(404)
    return found


def _second_page(row: Rebinding, problem: str | None = None, *, status: int = 200) -> Any:
    phone = crypto.decrypt("rebinding.phone_sealed", row.uid, row.phone_sealed) if row.phone_sealed else ""
    return render(
        "members/rebind_second.html",
        status=status,
        row=row,
        name=_account(row.account_id).display_name,
        asker=_account(row.asked_by).display_name,
        phone=mask_phone(phone) if phone else "",
        problem=problem,
    )


@rebind.post("/d/<district_code>/desk/rebind/waiting/<uid>")
@asks_again
@requires(STAFF)
@once
def decide(uid: str) -> Any:
    """Carry it out, or refuse it with a reason."""
    row, accept = _waiting(uid), request.form.get("answer") == "accept"
    if accept and request.form.get("seen") != "1":
        return _second_page(row, gettext("请先看过本人的身份证。"), status=422)
    try:
        with transaction():
            rebinding.decide(
                row,
                version=required_version(),
                accept=accept,
                reason=request.form.get("reason", ""),
                by=g.actor,
            )
            if accept and row.purpose == rebinding.PHONE:
                _write_down(_account(row.account_id))
    except rebinding.Refused as refused:
        return _second_page(row, refusal(refused), status=403)
    except ValueError:
        return _second_page(row, gettext("请写明不同意的原因。"), status=422)
    say(
        gettext("办好了。原来登录的设备都已退出，也告诉了本人。")
        if accept
        else gettext("没有同意，已记下原因。")
    )
    return go(url_for("rebind.find"))


def _write_down(account: Account) -> None:
    """Put the new number into the holder's record here, if there is one."""
    if account.person_id is None:
        return
    mine = select(Member).where(Member.person_id == account.person_id, Member.closed_on.is_(None))
    found = session.scalars(mine).first()
    now = addresses.of(account.id)
    if found is not None and now is not None:
        service.change(found, version=found.version, actor=g.actor, phone=now.phone)
