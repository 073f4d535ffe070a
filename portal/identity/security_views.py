"""My account's safety: the places in one list, and the devices on which I am logged in."""

from __future__ import annotations

from typing import Any

from flask import abort, g, url_for

from portal.identity import own_sessions
from portal.identity.views import identity
from portal.web import doors
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.words import gettext, ngettext


@identity.get("/d/<district_code>/me/security")
@requires("core.me")
def my_security() -> Any:
    """Show what keeps my account mine."""
    return render("identity/security.html", places=doors.open_doors(doors.SECURITY))


@identity.get("/d/<district_code>/me/sessions")
@requires("core.me")
def my_sessions() -> Any:
    """Show where I am logged in."""
    found = own_sessions.of(g.actor.account_id, this=g.actor.session_id)
    return render("identity/sessions.html", found=found, others=sum(not one.is_this for one in found))


@identity.post("/d/<district_code>/me/sessions/<int:session_id>/end")
@requires("core.me")
def end_my_session(session_id: int) -> Any:
    """End one of my sessions elsewhere; this one ends by logging out."""
    if session_id == g.actor.session_id or not own_sessions.end(session_id, account_id=g.actor.account_id):
        abort(404)
    say(gettext("那台设备已退出。"))
    return go(url_for("identity.my_sessions"))


@identity.post("/d/<district_code>/me/sessions/end-others")
@requires("core.me")
def end_my_other_sessions() -> Any:
    """End all my sessions but this one."""
    count = own_sessions.end_others(g.actor.account_id, keep=g.actor.session_id)
    if count:
        say(ngettext("别的%(count)s台设备已退出。", "别的%(count)s台设备已退出。", count, count=count))
    else:
        say(gettext("没有别的设备登录着。"))
    return go(url_for("identity.my_sessions"))
