"""My base: what the branch has written down for the new year, and my word that it is right."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, g, url_for

from portal.api import Conflict, go, once, render, required_version, requires, say
from portal.api import gettext as _

from .. import page_words as words
from ..queries.proposals import entity, waiting
from ..queries.reliefs import own
from ..service import assessments
from . import dues


@dues.get("/base")
@requires("dues.pay")
def base() -> Response:
    """Show the proposal that waits for my word."""
    if g.actor.member_id is None:
        abort(404)
    return render(
        "dues/base.html",
        block="content",
        proposal=waiting(g.actor.member_id),
        reliefs=own(g.actor.member_id),
        words=words,
    )


@dues.post("/base/<int:assessment_id>/confirm")
@requires("dues.pay")
@once
def confirm_base(assessment_id: int) -> Any:
    """Say that it is right; somebody else approves it."""
    row = entity(assessment_id)
    if row is None or g.actor.member_id is None or row.member_id != g.actor.member_id:
        abort(404)
    try:
        assessments.confirm(row, version=required_version(), by=g.actor)
    except Conflict as conflict:
        raise Conflict(_("这份核定刚才改过了，请再看一遍。")) from conflict
    say(_("已确认，等支部核定。"))
    return go(url_for("dues.statement"))
