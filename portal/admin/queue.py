"""What the worker could not do: dead letters and messages that did not arrive, and another try."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, url_for

from portal import audit, jobs, notices
from portal.current import district
from portal.database import Conflict, transaction
from portal.health.standing import standing
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.words import gettext

queue = Blueprint("queue", __name__)

PERMISSION = "core.queue"


def _dead() -> Any:
    # Work of the installation itself is shown to those who run it.
    return jobs.dead(district_ids=[district().id], unbound="deployer" in g.actor.roles)


@queue.get("/d/<district_code>/admin/queue")
@requires(PERMISSION)
def board() -> Any:
    """Show what is stuck here; to those who run the installation also how it stands."""
    lines = standing() if "deployer" in g.actor.roles else []
    return render("admin/queue.html", dead=_dead(), stuck=notices.stuck(), standing=lines)


@queue.post("/d/<district_code>/admin/queue/job/<int:job_id>")
@requires(PERMISSION)
def retry(job_id: int) -> Any:
    """Give a dead letter another round of tries."""
    if job_id not in {row.id for row in _dead()}:
        abort(404)
    with transaction():
        if not jobs.retry(job_id):
            raise Conflict()
        audit.record("job.retry", ("job", job_id), actor=g.actor, district=district())
    say(gettext("已排上，一会儿再看。"))
    return go(url_for("queue.board"))


@queue.post("/d/<district_code>/admin/queue/message/<int:delivery_id>")
@requires(PERMISSION)
def resend(delivery_id: int) -> Any:
    """Send a message once more; whoever decides it is on record."""
    if delivery_id not in {row.id for row in notices.stuck() if row.whole}:
        abort(404)
    with transaction():
        notices.resend(delivery_id)
        audit.record("notice.resend", ("notice_delivery", delivery_id), actor=g.actor, district=district())
    say(gettext("已排上，一会儿再看。"))
    return go(url_for("queue.board"))
