"""My own record and my own requests."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from flask import Blueprint, Response, abort, g, request, url_for

from portal import audit
from portal.database import session
from portal.members import queries, requests, rights, sealed, words
from portal.members.models import Member, Request
from portal.web.access import requires
from portal.web.frame import civil, mask_phone, say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext

members = Blueprint("members", __name__)


def _me() -> Member:
    if g.actor.member_id is None:
        abort(404)
    return session.get_one(Member, g.actor.member_id)


@members.get("/d/<district_code>/me/record")
@requires("core.me")
def record() -> Any:
    """Show what the register holds about me, and whom to ask for a correction."""
    if g.actor.member_id is None:
        return render("members/no_record.html", withheld=g.has_record)
    member = _me()
    facts = [
        (gettext("姓名"), member.name),
        (gettext("党支部"), queries.branch_name(member.organization_id)),
        (gettext("人员类别"), words.STAGE[member.stage]),
        (gettext("入党日期"), civil(member.joined_on)),
        (gettext("转正日期"), civil(member.full_on)),
        (gettext("出生日期"), civil(member.birth_date)),
        (gettext("手机号"), mask_phone(sealed.unseal(member, "phone"))),
        (gettext("工作岗位"), member.post),
    ]
    return render("members/record.html", facts=[fact for fact in facts if fact[1]])


@members.get("/d/<district_code>/me/record.json")
@requires("core.me")
def copy() -> Response:
    """Hand out everything the portal holds about me, as a file (PIPL art. 45)."""
    member = _me()
    audit.record_view(member, actor=g.actor, district=member.district_id, action="member.copy")
    text = json.dumps(rights.copy_of(member), ensure_ascii=False, indent=2, default=plain)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = "attachment; filename=my-record.json"
    return response


def plain(value: Any) -> str:
    """Write a day or an instant into a file for other systems."""
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


@members.get("/d/<district_code>/me/requests")
@requires("core.me")
def my_requests() -> Any:
    """Show what I asked for and how far it is."""
    before = request.args.get("before", type=int)
    found = queries.own_requests(g.actor, before=before, limit=21)
    return render(
        "members/requests.html",
        rows=found[:20],
        more=found[19].id if len(found) > 20 else None,
        words=words,
    )


@members.get("/d/<district_code>/me/requests/<int:request_id>")
@requires("core.me")
def my_request(request_id: int) -> Any:
    """Show one request: its number, who has it, what is next."""
    row = _own(request_id)
    return render("members/request.html", row=row, steps=timeline(row), words=words)


@members.post("/d/<district_code>/me/requests/<int:request_id>/withdraw")
@requires("core.me")
@once
def withdraw(request_id: int) -> Any:
    """Take an own open request back."""
    requests.withdraw(_own(request_id), version=required_version(), actor=g.actor)
    say(gettext("已撤回。"))
    return go(url_for("members.my_request", request_id=request_id))


def _own(request_id: int) -> Request:
    row = session.get(Request, request_id)
    if row is None or row.asked_by != g.actor.account_id:
        abort(404)
    return row


def timeline(row: Request) -> list[dict[str, Any]]:
    """Return the steps of a request for the timeline macro; the one that is next comes last."""
    steps: list[dict[str, Any]] = [
        {
            "label": words.REQUEST_STEP.get(step.action, step.action),
            "state": "stopped" if step.action in {"refused", "withdrawn"} else "done",
            "at": civil(step.at),
            "who": "",
            "note": step.note,
        }
        for step in requests.steps(row)
    ]
    if row.state == "open":
        place = queries.branch_name(row.organization_id) or gettext("服务台")
        due = gettext("%(day)s前答复", day=civil(row.due_on)) if row.due_on else ""
        steps.append({"label": gettext("等待办理"), "state": "now", "at": due, "who": place, "note": ""})
    return steps
