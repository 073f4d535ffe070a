"""What waits for an answer: the list and the answering of requests."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, request, url_for

from portal.members import queries, requests, words
from portal.members.models import Request
from portal.members.views_me import timeline
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once, required_version
from portal.words import gettext

answering = Blueprint("requests", __name__)


@answering.get("/d/<district_code>/desk/requests")
@requires("core.requests.answer")
def queue() -> Any:
    """Show the open requests this person may answer, oldest first."""
    found = queries.answerable(g.actor, before=request.args.get("after", type=int), limit=31)
    return render(
        "members/queue.html", rows=found[:30], more=found[29].id if len(found) > 30 else None, words=words
    )


@answering.get("/d/<district_code>/desk/requests/<int:request_id>")
@requires("core.requests.answer")
def detail(request_id: int) -> Any:
    """Show one request with what was asked and the form to answer."""
    return _page(_answerable(request_id))


@answering.post("/d/<district_code>/desk/requests/<int:request_id>")
@requires("core.requests.answer")
@once
def answer(request_id: int) -> Any:
    """Accept or refuse; a refusal needs a reason."""
    row = _answerable(request_id)
    wanted = request.form.get("answer")
    if wanted not in {"accept", "refuse"}:
        return _page(row, error=gettext("请选择同意或不同意。"), status=422)
    try:
        requests.answer(
            row,
            version=required_version(),
            accept=wanted == "accept",
            note=request.form.get("note", ""),
            actor=g.actor,
        )
    except requests.ReasonMissing:
        return _page(row, error=gettext("请写明不同意的原因，对方会看到。"), status=422)
    except PermissionError:
        abort(403)
    say(gettext("已答复，对方会看到。"))
    return go(url_for("requests.queue"))


def _answerable(request_id: int) -> Request:
    row = queries.request_for_answer(request_id, g.actor)
    if row is None:
        abort(404)
    return row


def _page(row: Request, *, error: str = "", status: int = 200) -> Any:
    return render(
        "members/answer.html",
        block="content" if error else None,
        status=status,
        row=row,
        steps=timeline(row),
        words=words,
        error=error,
        typed=request.form,
    )
