"""My privacy: who can see me and why, who did, what I agreed to, and what I can ask for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request, url_for
from sqlalchemy import select

from portal.current import district
from portal.database import session
from portal.identity import consents, notice, role_words
from portal.identity.models import Account
from portal.members import delegation_words, queries_delegations, requests, sight
from portal.members.models import Member
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once
from portal.words import gettext

privacy = Blueprint("privacy", __name__)

#: What somebody may ask for here: subject of the request, and who answers it.
KINDS = {"correction": "core.members.edit", "erasure": "core.members.edit"}
LONGEST = 500


@privacy.get("/d/<district_code>/me/privacy")
@requires("core.me")
def mine() -> Any:
    """Show all of it on one page, to be read or printed."""
    return _page()


def _page(problem: str | None = None, *, status: int = 200) -> Any:
    here, member = district(), _member()
    seers: list[Any] = []
    acts: tuple[list[Any], int | None] = ([], None)
    if member is not None:
        seers = sight.seers(member, district=here, overrides=g.actor.overrides)
        acts = sight.opened(member, before=request.args.get("before", type=int))
    answers = consents.of(g.actor.account_id)
    marks = session.scalar(select(Account.agreed).where(Account.id == g.actor.account_id)) or []
    return render(
        "members/privacy.html",
        status=status,
        member=member,
        person=g.actor.person_id is not None,
        withheld=member is None and g.has_record,
        asked=g.has_record,
        seers=[
            {
                "name": one.name,
                "roles": gettext("、").join(role_words.name(role) for role in one.roles),
                "sees": gettext("；").join(str(text) for text in one.sees),
            }
            for one in seers
        ],
        acts=acts[0],
        older=acts[1],
        answers=answers,
        helpers=[one for one in queries_delegations.mine(g.actor)[1] if one.state == "active"],
        relations=delegation_words.RELATION,
        agreed=notice.mark(notice.SENSITIVE, notice.identity(here)) in marks,
        typed=request.form.get("text", ""),
        problem=problem,
    )


def _member() -> Member | None:
    return session.get(Member, g.actor.member_id) if g.actor.member_id is not None else None


@privacy.post("/d/<district_code>/me/privacy/ask/<any(correction, erasure):kind>")
@requires("core.me")
@once
def ask(kind: str) -> Any:
    """Ask the desk to put something right, or to erase what may go (PIPL 46, 47)."""
    text = request.form.get("text", "").strip()
    if not text:
        return _page(gettext("请写明哪里不对，应该是什么。"), status=422)
    member = _member()
    subject = gettext("要求改正登记") if kind == "correction" else gettext("要求删除资料")
    row = requests.ask(
        f"members.{kind}",
        district_id=district().id,
        asked_by=g.actor.account_id,
        subject=subject,
        answer_permission=KINDS[kind],
        member_id=member.id if member else None,
        payload={gettext("说明"): text[:LONGEST]},
    )
    say(gettext("收到了，编号%(number)s。", number=row.reference))
    return go(url_for("members.my_request", request_id=row.id))
