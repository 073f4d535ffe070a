"""Who helps whom at the desk: the branch's list, its consent or refusal, and writing it down for a member."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, g, request, url_for
from werkzeug.exceptions import Forbidden

from portal import crypto
from portal.current import district
from portal.database import session
from portal.desk import listing
from portal.desk.exports import hand_out
from portal.identity import accounts, addresses, people
from portal.identity.models import Account
from portal.members import delegation_purposes, delegation_words, queries, queries_delegations
from portal.members import service_delegations as service
from portal.members.models import Member
from portal.members.models_delegation import Delegation
from portal.members.views_helping import timeline
from portal.organizations.service import NotAllowed
from portal.sheets.values import dates
from portal.web import searching
from portal.web.access import hands_out, requires
from portal.web.frame import civil, mask_phone, say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext

delegations = Blueprint("delegations", __name__)

BASE = "/d/<district_code>/desk/helping"
RECORD = "/d/<district_code>/desk/members/<int:member_id>/helping"
_D: Any = Delegation.__table__
_M: Any = Member.__table__


searching.by_post(delegations, BASE, "index", service.PERMISSION, keep=("state",))


@delegations.get(BASE)
@requires(service.PERMISSION)
def index() -> Response:
    """List who helps whom in the branches this person speaks for."""
    page = listing.page(
        _found(), sorts={"newest": _D.c.id, "name": _M.c.sort_key}, ident=_D.c.id, size=listing.SIZE
    )
    return render(
        "helping/list.html",
        block="list",
        page=page,
        words=delegation_words,
        state=_state(),
        text=searching.typed(),
        q=request.args.get("q") or None,
        purposes=delegation_purposes.labels(district()),
        named=delegation_purposes.named,
    )


@delegations.post(f"{BASE}/export")
@hands_out
@requires("core.export")
def export() -> Response:
    """Hand out what the list shows, and no more (rule K13)."""
    if not g.actor.can(service.PERMISSION):
        abort(404)
    headers = [
        gettext("姓名"),
        gettext("党支部"),
        gettext("代办人"),
        gettext("关系"),
        gettext("代办的事"),
        gettext("状态"),
        gettext("从哪天起"),
        gettext("到哪天"),
    ]
    names, words = delegation_purposes.labels(district()), delegation_words
    lines = [
        [
            row.name,
            row.branch,
            row.helper,
            str(words.RELATION[row.relation]),
            delegation_purposes.named(row.purposes, names),
            str(words.STATE[row.state]),
            civil(row.valid_from),
            civil(row.valid_to),
        ]
        for row in session.execute(_found().order_by(_D.c.id.desc()))
    ]
    kind = "csv" if request.form.get("as") == "csv" else "xlsx"
    return hand_out("delegation", gettext("请人代办"), headers, lines, kind=kind)


@delegations.get(f"{BASE}/<uid>")
@requires(service.PERMISSION)
def show(uid: str) -> Response:
    """Show one delegation with its acts, and the forms to consent, refuse or stop."""
    return _page(_theirs(uid))


@delegations.post(f"{BASE}/<uid>/<any(consent, refuse, revoke):act>")
@requires(service.PERMISSION)
@once
def answer(uid: str, act: str) -> Any:
    """Say yes, no, or no longer, for the branch."""
    row, version = _theirs(uid), required_version()
    try:
        until = _until()
        with session.begin_nested():
            if act == "consent" and row.state == "asked":
                # The member said yes to the branch: both steps are on record, one after the other.
                told = request.form.get("agreed_how", "")
                version = service.move(row, "agree", version=version, by=g.actor, how=told).version
            how, reason = request.form.get("consented_how", ""), request.form.get("reason", "")
            service.move(row, act, version=version, by=g.actor, how=how, reason=reason, valid_to=until)
    except NotAllowed as refused:
        session.refresh(row)
        return _page(row, errors=[(refused.field, str(refused))], status=422)
    say(
        {
            "consent": gettext("支部已同意，今天就可以代办。双方都会收到消息。"),
            "refuse": gettext("已答复，对方会看到。"),
            "revoke": gettext("已停止，马上生效。双方都会收到消息。"),
        }[act]
    )
    return go(url_for("delegations.show", uid=uid))


@delegations.get(f"{RECORD}/new")
@requires(service.PERMISSION)
def new(member_id: int) -> Response:
    """Ask who is to help a member who came to the branch."""
    return _form(_member(member_id))


@delegations.post(f"{RECORD}/new")
@requires(service.PERMISSION)
@once
def create(member_id: int) -> Any:
    """Write it down: the member's word, the branch's consent, the helper's account."""
    member = _member(member_id)
    form = request.form
    try:
        until = _until()
        row = service.record(
            member=member,
            helper=_helper(form.get("name", ""), form.get("phone", "")),
            relation=form.get("relation", ""),
            purposes=form.getlist("purpose"),
            agreed_how=form.get("agreed_how", ""),
            consented_how=form.get("consented_how", ""),
            valid_to=until,
            by=g.actor,
        )
    except service.AlreadyAsked:
        return _form(member, [("phone", gettext("两人之间已经有一份，请在列表里看。"))], status=422)
    except NotAllowed as refused:
        return _form(member, [(refused.field, str(refused))], status=422)
    except Forbidden:
        problem = gettext("您是其中一方，不能由您代表支部同意，请上级党组织办。")
        return _form(member, [("", problem)], status=422)
    say(gettext("已登记，今天就可以代办。"))
    return go(url_for("delegations.show", uid=row.uid))


@delegations.get(f"{RECORD}/panel")
@requires(service.PERMISSION)
def panel(member_id: int) -> Response:
    """Show who helps a member, on the member's page."""
    member = _member(member_id, closed=True)
    return render(
        "helping/panel.html",
        block="panel",
        member=member,
        rows=queries_delegations.of_member(member.id),
        words=delegation_words,
    )


def _found() -> Any:
    found, typed = queries_delegations.listed(g.actor), searching.typed()
    helper = Account.__table__.c.display_name.contains(typed.strip()[:40], autoescape=True)
    clause = listing.named(typed, _M.c.name, _M.c.sort_key, helper)
    if clause is not None:
        found = found.where(clause)
    if _state() == "waiting":
        return found.where(_D.c.state.in_(("asked", "agreed")))
    return found.where(_D.c.state == "active") if _state() == "active" else found


def _state() -> str:
    asked = request.args.get("state", "")
    return asked if asked in ("waiting", "active") else ""


def _theirs(uid: str) -> Delegation:
    found = queries_delegations.one(uid, g.actor)
    if found is None or "branch" not in found[1]:
        abort(404)
    return found[0]


def _member(member_id: int, *, closed: bool = False) -> Member:
    found = queries.member_at(member_id, g.actor, service.PERMISSION)
    if found is None or not closed and (found.closed_on is not None or found.organization_id is None):
        abort(404)
    return found


def _helper(name: str, phone: str) -> Account:
    """Return the helper's account; somebody who never logged in gets one, to be opened by their own phone.

    Raises:
        NotAllowed: the name or number cannot be read, or a registered member has not logged in yet.
    """
    digits = people.tidy_phone(phone)
    known = [one for one in accounts.find(digits) if people.same_name(one.display_name, name)]
    if known and known[0].disabled_at is None:
        return known[0]
    if people.behind(crypto.blind_index("phone", digits)).unclaimed:
        raise NotAllowed(gettext("这个号码登记过党员，请这位先用手机号登录一次，再来登记。"), field="phone")
    try:
        made, _new = accounts.open_account(
            name=name, phone=phone, username=None, password=None, by=g.actor.account_id
        )
    except accounts.AccountRefused as refused:
        field = "name" if refused.reason == "name" else "phone"
        problem = gettext("请填代办人的姓名。") if field == "name" else gettext("请填代办人11位的手机号。")
        raise NotAllowed(problem, field=field) from None
    return made


def _until() -> Any:
    typed = request.form.get("until", "").strip()
    if not typed:
        return None
    day = dates.whole_day(typed)
    if day is None:
        raise NotAllowed(gettext("日期看不懂，请写成2026-03-01这样。"), field="until")
    return day


def _page(row: Delegation, errors: list[tuple[str, str]] | None = None, *, status: int = 200) -> Response:
    helper = session.get_one(Account, row.account_id)
    member = session.get_one(Member, row.member_id)
    offered = delegation_purposes.offered(district())
    return render(
        "helping/consent.html",
        block="content" if errors else None,
        status=status,
        row=row,
        member=member,
        branch=queries.branch_name(row.organization_id),
        helper=helper,
        phone=mask_phone(addresses.phone_of(helper.uid, helper.phone_sealed)),
        purposes=[one for one in offered if one.slug in row.purposes],
        acts=queries_delegations.acts(row.id, offered, by=g.actor, own=False),
        steps=timeline(row),
        words=delegation_words,
        errors=errors or [],
        typed=request.form,
    )


def _form(member: Member, errors: list[tuple[str, str]] | None = None, *, status: int = 200) -> Response:
    return render(
        "helping/record.html",
        block="content" if errors else None,
        status=status,
        member=member,
        branch=queries.branch_name(member.organization_id),
        purposes=delegation_purposes.offered(district()),
        words=delegation_words,
        errors=errors or [],
        typed=request.form,
    )
