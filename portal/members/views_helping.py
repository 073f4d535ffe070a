"""Who helps me, whom I help: my side of it, asking to help, agreeing, and stopping at once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, g, request, url_for
from sqlalchemy import select

from portal.current import district
from portal.database import session
from portal.identity import limits
from portal.identity.models import Account
from portal.members import delegation_purposes, delegation_words, queries, queries_delegations
from portal.members import service_delegations as service
from portal.members.models_delegation import Delegation
from portal.organizations.service import NotAllowed
from portal.web.access import requires
from portal.web.frame import civil, say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext

helping = Blueprint("helping", __name__)

BASE = "/d/<district_code>/me/helping"
#: Of one account: names typed in a day, right or wrong.
ASKED_A_DAY = ((5, limits.HOUR), (10, limits.DAY))


@helping.get(BASE)
@requires("core.me")
def index() -> Response:
    """Show whom I help and who helps me."""
    i_help, help_me = queries_delegations.mine(g.actor)
    return render(
        "helping/index.html",
        i_help=i_help,
        help_me=help_me,
        purposes=_purposes(),
        named=delegation_purposes.named,
        words=delegation_words,
    )


@helping.get(f"{BASE}/ask")
@requires("core.me")
def ask() -> Response:
    """Ask whom somebody wants to help, and with what."""
    return _form()


@helping.post(f"{BASE}/ask")
@requires("core.me")
@once
def asked() -> Any:
    """Pass the question on; the answer here is the same for every name."""
    try:
        limits.take(limits.Rule("delegation.ask", str(g.actor.account_id), ASKED_A_DAY))
        service.ask(
            district_id=district().id,
            by=g.actor,
            name=request.form.get("name", ""),
            tail=request.form.get("tail", ""),
            relation=request.form.get("relation", ""),
            purposes=request.form.getlist("purpose"),
        )
    except limits.TooOften:
        return _form([("", gettext("今天问得太多了，请明天再来，或到支部当面办。"))], status=429)
    except service.AlreadyAsked:
        return _form([("name", gettext("这位您已经提过了，请等答复。"))], status=422)
    except NotAllowed as refused:
        return _form([(refused.field, str(refused))], status=422)
    say(gettext("已提交。核对上了，本人和支部会看到；同意以后这里会变。"))
    return go(url_for("helping.index"))


@helping.get(f"{BASE}/<uid>")
@requires("core.me")
def show(uid: str) -> Response:
    """Show one delegation: who, for what, since when, and what was done."""
    row, mine = _own(uid)
    return _page(row, mine)


@helping.post(f"{BASE}/<uid>/<any(agree, refuse, withdraw, revoke):act>")
@requires("core.me")
@once
def answer(uid: str, act: str) -> Any:
    """Agree, refuse, take back or stop; it counts from the next request on."""
    row, mine = _own(uid)
    if not mine & set(service.MOVES[act][2]):
        abort(404)
    version = required_version()
    service.move(row, act, version=version, by=g.actor, reason=request.form.get("reason", ""))
    say(
        {
            "agree": gettext("已同意，还要支部同意。"),
            "refuse": gettext("已回绝。"),
            "withdraw": gettext("已撤回。"),
            "revoke": gettext("已停止，马上生效。"),
        }[act]
    )
    return go(url_for("helping.show", uid=uid))


def _own(uid: str) -> tuple[Delegation, frozenset[str]]:
    """Return a delegation of mine; the branch's eyes have their own pages at the desk."""
    found = queries_delegations.one(uid, g.actor)
    if found is None or not found[1] & {"helper", "member"}:
        abort(404)
    return found


def _page(row: Delegation, mine: frozenset[str]) -> Response:
    offered = delegation_purposes.offered(district())
    helper = session.scalar(select(Account.display_name).where(Account.id == row.account_id))
    return render(
        "helping/show.html",
        row=row,
        mine=mine,
        helper=helper,
        # The helper reads the surname and nothing else of the record (ux.md, "for family").
        branch=queries.branch_name(row.organization_id) if "member" in mine else "",
        purposes=[one for one in offered if one.slug in row.purposes],
        acts=queries_delegations.acts(row.id, offered, by=g.actor, own=True),
        words=delegation_words,
        steps=timeline(row),
    )


def timeline(row: Delegation) -> list[dict[str, Any]]:
    """Return how far it has come: asked, agreed, consented, ended."""
    words = delegation_words
    steps = [_step(gettext("提出"), row.asked_at)]
    if row.agreed_at:
        steps.append(_step(gettext("本人同意"), row.agreed_at, words.HOW.get(row.agreed_how, "")))
    if row.consented_at:
        how = words.CONSENT_HOW.get(row.consented_how, "")
        steps.append(_step(gettext("支部同意"), row.consented_at, how))
    if row.ended_at:
        note = row.end_reason or words.END_WHY.get(row.end_why, "")
        steps.append(_step(words.STATE[row.state], row.ended_at, note, state="stopped"))
    elif row.state != "active":
        # Whoever asked cannot read from this whether the name was found.
        steps.append(_step(gettext("等本人和支部同意"), None, state="now"))
    return steps


def _step(label: Any, at: Any, note: Any = "", *, state: str = "done") -> dict[str, Any]:
    return {"label": label, "state": state, "at": civil(at), "who": "", "note": note}


def _purposes() -> dict[str, str]:
    return delegation_purposes.labels(district())


def _form(errors: list[tuple[str, str]] | None = None, *, status: int = 200) -> Response:
    return render(
        "helping/ask.html",
        block="content" if errors else None,
        status=status,
        purposes=delegation_purposes.offered(district()),
        relations=list(delegation_words.HELPED.items()),
        errors=errors or [],
        typed=request.form,
    )
