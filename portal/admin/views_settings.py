"""The settings' pages: what holds here and where it comes from, and a form for the core and each plugin."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, request, url_for

from portal.admin import configuring, setting_form, trail
from portal.admin.setting_words import worded
from portal.current import district
from portal.database import Conflict
from portal.districts import settings
from portal.districts.setting_values import BadValue
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import once
from portal.words import gettext, ngettext

config = Blueprint("config", __name__)

PERMISSION = "core.settings"


@config.get("/d/<district_code>/admin/settings")
@requires(PERMISSION)
def index() -> Any:
    """Show every setting that holds here, and which district it comes from."""
    here = district()
    groups = [setting_form.group(here, owner) for owner in setting_form.owners(here)]
    return render("admin/settings.html", groups=groups)


@config.get("/d/<district_code>/admin/settings/<plugin>")
@requires(PERMISSION)
def form(plugin: str) -> Any:
    """Show the form of the core's or a plugin's settings."""
    return _form(_owner(plugin))


@config.post("/d/<district_code>/admin/settings/<plugin>")
@requires(PERMISSION)
@once
def save(plugin: str) -> Any:
    """Keep what was changed; secrets left empty stay as they are."""
    owner, sent, seen = _owner(plugin), request.form, request.form.get("seen", "")
    if not seen:
        abort(400)
    try:
        count = setting_form.save(district(), owner, sent, seen=seen, actor=g.actor)
    except BadValue:
        return _form(owner, sent, status=422)
    except Conflict:
        settings.forget()
        words = gettext("刚有人改过这些设置。下面是您填的，旁边是现在的；看过再保存。")
        return _form(owner, sent, problem=words, status=409)
    said = ngettext("已保存，改了%(n)s项。", "已保存，改了%(n)s项。", count, n=count)
    say(said if count else gettext("没有改动。"))
    return go(url_for("config.form", plugin=owner))


def _owner(plugin: str) -> str:
    return plugin if plugin in setting_form.owners(district()) else abort(404)


def _form(owner: str, sent: Any = None, *, problem: str = "", status: int = 200) -> Any:
    here = district()
    group = setting_form.group(here, owner, sent)
    return render(
        "admin/settings_form.html",
        status=status,
        group=group,
        problem=problem,
        errors=[(f"{field.id}-own", field.error) for field in group.fields if field.error],
        changes=trail.of_subject(here.id, configuring.subject(owner)),
        labels={field.setting.key: field.setting.label for field in group.fields},
        worded=worded,
    )
