"""Acts on a member's record that touch every plugin: move, correct, leave, merge, erase. Preview, ask, do."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, abort, g, request, url_for
from sqlalchemy import select

from portal import clock
from portal.database import session
from portal.members import merging, queries, rights, service, words
from portal.members.models import Member
from portal.members.objections import objections
from portal.organizations.models import BRANCH_KINDS, Organization
from portal.organizations.service import NotAllowed
from portal.sheets.values import dates
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext

acts = Blueprint("acts", __name__)

#: The act as plugins' ``member_objections`` hear it.
_OBJECTION = {"move": "transfer", "correct": "transfer"}


@acts.get("/d/<district_code>/desk/members/<int:member_id>/<any(move, correct, leave, merge, erase):act>")
@requires("core.members.edit")
def ask(member_id: int, act: str) -> Any:
    """Show what an act would do, what speaks against it, and the form."""
    return _page(_member(member_id), act)


@acts.post("/d/<district_code>/desk/members/<int:member_id>/<any(move, correct, leave, merge, erase):act>")
@requires("core.members.edit")
@once
def do(member_id: int, act: str) -> Any:
    """Do it; a reason is always asked for (rule K10)."""
    member = _member(member_id)
    do_it = {"move": _move, "correct": _correct, "leave": _leave, "merge": _merge, "erase": _erase}[act]
    errors = _missing(act)
    if errors:
        return _page(member, act, errors=errors, status=422)
    try:
        said = do_it(member)
    except NotAllowed as refused:
        return _page(member, act, errors=[(refused.field, str(refused))], status=422)
    say(said)
    # A move may take the record out of a branch's reach.
    seen = queries.member_at(member.id, g.actor, "core.members.read")
    return go(_record(member) if seen is not None else url_for("web.desk"))


def _record(member: Member) -> str:
    return url_for("desk.member", member_id=member.id)


def _missing(act: str) -> list[tuple[str, str]]:
    """Return (field, words) of every answer that is missing or cannot be read."""
    found = []
    if act in ("move", "correct") and not _number("organization"):
        found.append(("organization", gettext("请选转到哪个党支部。")))
    if act == "leave" and request.form.get("exit", "") not in words.EXIT:
        found.append(("exit", gettext("请选去向。")))
    if act in ("move", "leave"):
        day = dates.whole_day(request.form.get("day", ""))
        if day is None:
            found.append(("day", gettext("日期看不懂，请写成2026-03-01这样。")))
        elif day > clock.today():
            found.append(("day", gettext("日期不能晚于今天。")))
    if not request.form.get("reason", "").strip():
        found.append(("reason", gettext("请写明原因。")))
    return found


def _target() -> Organization:
    target = session.get(Organization, _number("organization"))
    if target is None:
        raise NotAllowed(gettext("请选转到哪个党支部。"), field="organization")
    return target


def _correct(member: Member) -> str:
    target = _target()
    reason = request.form.get("reason", "")
    service.correct_home(member, target, version=required_version(), reason=reason, actor=g.actor)
    return gettext("已更正，登记在“%(name)s”。", name=target.name)


def _move(member: Member) -> str:
    target = _target()
    rights.move(
        member,
        target,
        version=required_version(),
        from_day=_day(),
        reason=request.form.get("reason", ""),
        actor=g.actor,
    )
    return gettext("已转到“%(name)s”。", name=target.name)


def _leave(member: Member) -> str:
    rights.leave(
        member,
        version=required_version(),
        on_day=_day(),
        exit_type=request.form.get("exit", ""),
        reason=request.form.get("reason", ""),
        actor=g.actor,
    )
    return gettext("登记已结束，历史都在。")


def _merge(member: Member) -> str:
    other = _other(member)
    if other is None:
        raise NotAllowed(gettext("没有找到要并入的另一条登记。"))
    merging.merge(
        member,
        other,
        versions=(required_version(), _number("other_version")),
        reason=request.form.get("reason", ""),
        actor=g.actor,
    )
    return gettext("已合并成一条登记，30天内可以在“合并过的登记”里撤销。")


def _erase(member: Member) -> str:
    told = rights.erase(
        member, version=required_version(), reason=request.form.get("reason", ""), actor=g.actor
    )
    kept = [str(one.reason) for one in told.values() if one and one.kept and one.reason]
    said = gettext("个人资料已删除。")
    return said + gettext("按规定保留：%(what)s", what="；".join(kept)) if kept else said


def _member(member_id: int) -> Member:
    member = queries.member_at(member_id, g.actor, "core.members.edit")
    if member is None:
        abort(404)
    return member


def _other(member: Member) -> Member | None:
    """Return the record to be absorbed: the one whose number was typed, within reach."""
    uid = request.values.get("other", "").strip().upper()
    if not uid:
        return None
    found = session.scalar(select(Member.id).where(Member.uid == uid, Member.id != member.id))
    return queries.member_at(found, g.actor, "core.members.edit") if found is not None else None


def _number(field: str) -> int:
    text = request.form.get(field, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _day() -> date:
    found = dates.whole_day(request.form.get("day", ""))
    assert found is not None  # _missing has asked
    return found


def _page(member: Member, act: str, *, errors: list[tuple[str, str]] | None = None, status: int = 200) -> Any:
    branches: list[tuple[str, str]] = []
    if act in ("move", "correct"):
        found = session.execute(
            select(Organization.id, Organization.name)
            .where(
                Organization.kind.in_(BRANCH_KINDS),
                Organization.dissolved_on.is_(None),
                Organization.id != member.organization_id,
            )
            .order_by(Organization.sort_key, Organization.id)
            .limit(500)
        )
        branches = [(str(row.id), row.name) for row in found]
    other = _other(member) if act == "merge" else None
    # A merge asks of the record that goes, as the verb does.
    asked = other if act == "merge" else member
    said = objections(asked, _OBJECTION.get(act, act)) if asked else []
    return render(
        "members/act.html",
        block="content" if errors else None,
        status=status,
        member=member,
        act=act,
        branch=queries.branch_name(member.organization_id),
        branches=branches,
        objections=said + (merging.about_logins(member, other) if other else []),
        other=other,
        alike=queries.look_alikes(member, g.actor, "core.members.edit")
        if act == "merge" and not other
        else [],
        exits=list(words.EXIT.items()),
        errors=errors or [],
        back=_record(member),
        typed=request.form,
        titles={
            "move": gettext("转到本地另一个党支部"),
            "correct": gettext("更正登记错的党支部"),
            "leave": gettext("结束这条登记"),
            "merge": gettext("合并重复的登记"),
            "erase": gettext("删除个人资料"),
        },
    )
