"""The switchboard's pages."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, request, url_for

from portal.admin import switchboard
from portal.current import district
from portal.database import session
from portal.districts.models import District
from portal.districts.service import SwitchLocked
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once
from portal.words import gettext

admin = Blueprint("admin", __name__)

CHOICES = {"on": True, "off": False, "inherit": None}


def _here() -> District:
    return session.get_one(District, district().id)


@admin.get("/d/<district_code>/admin/plugins")
@requires("core.switchboard")
def board() -> Any:
    """Show every service: on or off here, and who decided."""
    return render("admin/board.html", lines=switchboard.board(_here()))


@admin.get("/d/<district_code>/admin/plugins/<slug>")
@requires("core.switchboard")
def preview(slug: str) -> Any:
    """Show what a change would do, and ask."""
    here = _here()
    line = next((line for line in switchboard.board(here) if line.slug == slug), None)
    wanted = request.args.get("to", "")
    if line is None or wanted not in CHOICES:
        abort(404)
    hidden = switchboard.warnings(here, slug) if wanted != "on" and line.on else []
    return render("admin/confirm.html", line=line, to=wanted, hidden=hidden)


@admin.post("/d/<district_code>/admin/plugins/<slug>")
@requires("core.switchboard")
@once
def change(slug: str) -> Any:
    """Switch, audited; it acts on the next request."""
    wanted = request.form.get("to", "")
    if wanted not in CHOICES:
        abort(400)
    try:
        switchboard.switch(
            _here(), slug, on=CHOICES[wanted], locked=request.form.get("lock") == "1", actor=g.actor
        )
    except switchboard.UnknownPlugin:
        abort(404)
    except SwitchLocked:
        return render(
            "admin/board.html",
            status=409,
            lines=switchboard.board(_here()),
            problem=gettext("由上级统一管理，这里不能改。"),
        )
    say(
        {
            "on": gettext("已打开。"),
            "off": gettext("已关闭。数据都在，重新打开就恢复。"),
            "inherit": gettext("已改为跟随上级。"),
        }[wanted]
    )
    return go(url_for("admin.board"))
