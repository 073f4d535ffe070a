"""A person's own notices."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, request, url_for

from portal import audit
from portal.current import district
from portal.database import transaction
from portal.notices import queries, service
from portal.web.access import requires
from portal.web.htmx import go, render

notices = Blueprint("notices", __name__)

PAGE = 20


@notices.get("/d/<district_code>/me/notices")
@requires("core.me")
def mine() -> Any:
    """Show my notices, newest first."""
    before = request.args.get("before", type=int)
    found = queries.inbox(g.actor.account_id, before=before, limit=PAGE + 1)
    older = found[PAGE - 1].id if len(found) > PAGE else None
    return render("notices/mine.html", items=found[:PAGE], older=older)


@notices.post("/d/<district_code>/me/notices")
@requires("core.me")
def read() -> Any:
    """Mark those I have seen as read; whether somebody was told is asked for later, so it is on record."""
    with transaction():
        count = service.mark_read(request.form.getlist("id", type=int)[:100], account_id=g.actor.account_id)
        if count:
            subject = ("account", g.actor.account_id)
            audit.record(
                "account.notices.read",
                subject,
                actor=g.actor,
                district=district().id,
                detail={"count": count},
            )
    return go(url_for("notices.mine"))
