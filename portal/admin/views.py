"""The switchboard's pages: the board with the tree below, one service, its preview, the history."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, request, url_for

from portal.admin import configuring, effects, switchboard, trail, tree
from portal.admin.above import above
from portal.admin.setting_words import worded
from portal.current import district, registry
from portal.database import Conflict, session
from portal.districts import settings
from portal.districts.models import District
from portal.districts.queries import ids_of
from portal.districts.service import SwitchLocked
from portal.districts.switch import STATES
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once
from portal.words import gettext, lazy_gettext

admin = Blueprint("admin", __name__)

PERMISSION = "core.switchboard"
#: What can be chosen, in the order it is offered.
CHOICES = {
    "inherit": (lazy_gettext("跟随上级"), lazy_gettext("上级开就开，上级关就关")),
    "on": (lazy_gettext("打开"), lazy_gettext("下级还可以自己关")),
    "off": (lazy_gettext("关闭"), lazy_gettext("下级还可以自己开")),
    "locked-on": (lazy_gettext("打开并锁定"), lazy_gettext("下级也都打开，不能改")),
    "locked-off": (lazy_gettext("关闭并锁定"), lazy_gettext("下级也都关闭，不能改")),
}
LOSSES_SHOWN = 20
#: Districts a plugin is asked about before the page is shown; all of them when somebody wants to know.
ASKED = 300


@admin.get("/d/<district_code>/admin/plugins")
@requires(PERMISSION)
def board() -> Any:
    """Show every service here, and the districts below by services."""
    return _board()


@admin.get("/d/<district_code>/admin/plugins/<plugin>")
@requires(PERMISSION)
def plugin(plugin: str) -> Any:
    """Show one service here; with ``to`` what that change would do, and ask."""
    line, wanted = _line(plugin), request.args.get("to", "")
    if not wanted:
        return _plugin_page(line)
    if wanted not in STATES:
        abort(404)
    if line.locked_above:
        return _plugin_page(line, problem=_locked_words(line))
    every = request.args.get("all") == "1"
    return render(
        "admin/confirm.html",
        line=line,
        to=wanted,
        choices=CHOICES,
        effect=effects.of_switch(district(), plugin, wanted, most=None if every else ASKED),
        shown=None if every else LOSSES_SHOWN,
    )


@admin.post("/d/<district_code>/admin/plugins/<plugin>")
@requires(PERMISSION)
@once
def change(plugin: str) -> Any:
    """Switch, audited; it acts on the next request."""
    line, wanted, seen = _line(plugin), request.form.get("to", ""), request.form.get("seen", "")
    if wanted not in STATES or seen not in STATES:
        abort(400)
    try:
        switchboard.switch(
            session.get_one(District, district().id), plugin, state=wanted, seen=seen, actor=g.actor
        )
    except SwitchLocked:
        return _plugin_page(_line(plugin), problem=_locked_words(_line(plugin)), status=409)
    except Conflict:
        now = _line(plugin)
        words = gettext("刚有人改过，现在是“%(now)s”。请看过再定。", now=CHOICES[now.own][0])
        return _plugin_page(now, problem=words, status=409)
    say(_said(line, wanted))
    return go(url_for("admin.plugin", plugin=plugin))


@admin.get("/d/<district_code>/admin/history")
@requires(PERMISSION)
def history() -> Any:
    """Show who switched what, here and below."""
    changes, more = trail.below(
        district(), (switchboard.ACTION, configuring.ACTION), before=request.args.get("before", type=int)
    )
    return render(
        "admin/history.html",
        changes=changes,
        more=more,
        choices=CHOICES,
        names=_names(),
        labels=settings.declared(),
        worded=worded,
    )


def _board() -> Any:
    here = district()
    asked = _asked()
    return render(
        "admin/board.html",
        block="tree",
        lines=switchboard.board(ids_of(here.path)),
        crumbs=above(here, g.actor, PERMISSION),
        tree=tree.read(here, asked),
        asked=asked,
        all_plugins=list(_names().items()),
    )


def _asked() -> tree.Asked:
    asked = request.args
    state = asked.get("state", "")
    return tree.Asked(
        text=asked.get("q", "").strip()[:60],
        plugin=asked.get("plugin", "")[:40],
        state=state if state in tree.WANTED else "",
        own=asked.get("own") == "1",
        under=asked.get("under") == "1",
        after=asked.get("after", "")[:40],
        before=asked.get("before", "")[:40],
    )


def _line(slug: str) -> switchboard.Line:
    lines = switchboard.board(ids_of(district().path))
    return next((line for line in lines if line.slug == slug), None) or abort(404)


def _plugin_page(line: switchboard.Line, *, problem: str = "", status: int = 200) -> Any:
    here = district()
    changes = trail.of_subject(here.id, switchboard.subject(line.slug))
    last = changes[0].detail if changes else {}
    # Only what the newest change left behind can be taken back by one press.
    back = last.get("before", "") if last.get("after") == line.own and not line.locked_above else ""
    return render(
        "admin/plugin.html",
        status=status,
        line=line,
        problem=problem,
        choices=CHOICES,
        changes=changes,
        back=back,
        # Taking back may hide something as well: then it is shown before it is asked.
        hides=bool(back) and effects.goes_off(here, line.slug, back),
    )


def _names() -> dict[str, Any]:
    known = registry()
    return {slug: known.plugins[slug].name for slug in known.ordered()}


def _locked_words(line: switchboard.Line) -> str:
    return gettext("由%(name)s统一管理，这里不能改。要改请找那里的管理员。", name=line.source)


def _said(line: switchboard.Line, wanted: str) -> str:
    words = {
        "inherit": gettext("“%(name)s”已改为跟随上级。", name=line.name),
        "on": gettext("“%(name)s”已打开。", name=line.name),
        "off": gettext("“%(name)s”已关闭。数据都在，重新打开就恢复。", name=line.name),
        "locked-on": gettext("“%(name)s”已打开并锁定。", name=line.name),
        "locked-off": gettext("“%(name)s”已关闭并锁定。数据都在，重新打开就恢复。", name=line.name),
    }
    return words[wanted]
