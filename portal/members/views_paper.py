"""First-login codes on paper: handed out after somebody looked at the identity card, on record."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, g, request, url_for
from sqlalchemy import or_, select

from portal import clock
from portal.current import district
from portal.database import session
from portal.identity import claims, people
from portal.members import queries
from portal.members.models import Member
from portal.notices import group_text
from portal.organizations.models import Organization
from portal.web import searching
from portal.web.access import requires
from portal.web.htmx import render
from portal.words import gettext

paper = Blueprint("paper", __name__)

PERMISSION = "core.login_codes"
MOST = 20


searching.by_post(paper, "/d/<district_code>/desk/login-codes", "codes", PERMISSION)


@paper.get("/d/<district_code>/desk/login-codes")
@requires(PERMISSION)
def codes() -> Any:
    """Find the member who stands in front of the desk."""
    text = people.tidy(searching.typed())[:40]
    return render("members/paper_find.html", block="found", text=text, found=findable(text) if text else None)


def findable(text: str) -> list[Any]:
    """Return the open records within reach that a name, initials or the last four of a phone may mean."""
    columns = (Member.id, Member.name, Member.phone_tail, Organization.name.label("branch"))
    wanted = or_(
        Member.name.startswith(text, autoescape=True),
        Member.initials.startswith(text.casefold(), autoescape=True),
        Member.phone_tail == text if len(text) == 4 and text.isdigit() else Member.name == text,
    )
    found = select(*columns).join(Organization, Organization.id == Member.organization_id, isouter=True)
    found = found.where(wanted, Member.closed_on.is_(None)).order_by(Member.sort_key, Member.id)
    where = queries.within(g.actor.reach(PERMISSION), Organization.path)
    if where is not None:
        found = found.where(where)
    return list(session.execute(found.limit(MOST)))


@paper.get("/d/<district_code>/desk/login-codes/<int:member_id>")
@requires(PERMISSION)
def check(member_id: int) -> Any:
    """Ask whether the card was looked at."""
    return _check_page(_member(member_id))


def _member(member_id: int) -> Member:
    found = queries.member_at(member_id, g.actor, PERMISSION)
    if found is None or found.closed_on is not None:
        abort(404)
    return found


def _check_page(member: Member, problem: str | None = None, *, status: int = 200) -> Any:
    branch = queries.branch_name(member.organization_id)
    return render("members/paper_check.html", status=status, member=member, branch=branch, problem=problem)


@paper.post("/d/<district_code>/desk/login-codes/<int:member_id>")
@requires(PERMISSION)
def print_code(member_id: int) -> Any:
    """Make the code and show its sheet, this once; an earlier code of this member is void."""
    member = _member(member_id)
    if request.form.get("seen") != "1":
        return _check_page(member, gettext("请先看过本人的身份证，再打印。"), status=422)
    try:
        code = claims.print_code(member.id, district_id=district().id, by=g.actor)
    except claims.StaffCode:
        problem = gettext("这位同志有工作权限，登录码只能由授予权限的管理员打印。")
        return _check_page(member, problem, status=403)
    except claims.StoppedCode:
        problem = gettext("这位同志的账号停用了，要先由管理员恢复，再打印登录码。")
        return _check_page(member, problem, status=403)
    address = current_app.config["PUBLIC_URL"] + url_for("identity.paper")
    return render(
        "members/paper_sheet.html",
        code=code,
        name=member.name,
        until=clock.now() + claims.PAPER_LIFE,
        link=group_text("", url=address),
    )
