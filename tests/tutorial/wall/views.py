"""The pages: read what was sent, call one verb, render one template."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, request, url_for

from portal.api import district, go, once, render, required_version, requires, say
from portal.api import gettext as _

from . import queries, service
from .models import LONGEST, WallWish

wall = Blueprint("wall", __name__, template_folder="templates")

PAGE = 20


@wall.get("/")
@requires("wall.read")
def wishes() -> Any:
    """Show the wall: the open wishes, or those that came true."""
    state = "granted" if request.args.get("state") == "granted" else "open"
    found = queries.wishes(state=state, before=request.args.get("after", type=int), limit=PAGE + 1)
    return render(
        "wall/wishes.html",
        block="list",
        wishes=found[:PAGE],
        after=found[PAGE - 1].id if len(found) > PAGE else None,
        state=state,
        may_write=g.actor.can("wall.write"),
        may_grant=g.actor.can("wall.grant"),
    )


@wall.get("/new")
@requires("wall.write")
def new() -> Any:
    """Ask for a wish."""
    return render("wall/new.html", text="", error="")


@wall.post("/new")
@requires("wall.write")
@once
def write() -> Any:
    """Hang it up; an empty or overlong one comes back with what was typed."""
    text = " ".join(request.form.get("text", "").split())
    error = _judge(text, empty=_("请写下您的心愿。"))
    if error:
        return render("wall/new.html", block="content", status=422, text=text, error=error)
    service.wish(district=district(), text=text, by=g.actor)
    say(_("心愿挂上墙了。"))
    return go(url_for("wall.wishes"))


@wall.get("/<int:wish_id>/grant")
@requires("wall.grant")
def answer(wish_id: int) -> Any:
    """Ask how a wish came true."""
    row = _wish(wish_id)
    return render("wall/grant.html", wish=row, text="", error="", version=row.version)


@wall.post("/<int:wish_id>/grant")
@requires("wall.grant")
@once
def grant(wish_id: int) -> Any:
    """Write the answer down; 409 when somebody else was faster."""
    row, version = _wish(wish_id), required_version()
    text = " ".join(request.form.get("answer", "").split())
    error = _judge(text, empty=_("请写是怎么办的，写心愿的同志会看到。"))
    if error:
        page = {"wish": row, "text": text, "error": error, "version": version}
        return render("wall/grant.html", block="content", status=422, **page)
    service.grant(row, version=version, answer=text, district=district(), by=g.actor)
    say(_("已答复，会通知写心愿的同志。"))
    return go(url_for("wall.wishes"))


def _judge(text: str, *, empty: str) -> str:
    """Return what is wrong with a text, in words; "" when nothing is."""
    if not text:
        return empty
    return _("最多%(most)s个字。", most=LONGEST) if len(text) > LONGEST else ""


def _wish(wish_id: int) -> WallWish:
    """Return a wish of this district; one of another is a page that does not exist."""
    row = queries.wish(wish_id)
    if row is None:
        abort(404)
    return row
