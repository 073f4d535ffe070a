"""Points: a person's own, with why and until when; and the appeals that somebody answers."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for

from portal.api import gettext as _
from portal.api import go, once, render, required_version, requires, say, session, signed_in
from portal.api import lazy_gettext as _l

from .. import permissions
from ..models import BookingsOccurrence, BookingsPoint
from ..points import halves
from ..queries import presence as reads
from ..service import appealing
from ..verdicts import Refused
from ..words import hour_words
from . import bookings
from .keeping_forms import refusals, text

WHY = {"no_show": _l("没有签到"), "late": _l("取消得晚")}
#: In words, and the tone of the tag.
STATES = {
    "counts": (_l("记着"), "warn"),
    "appealed": (_l("等答复"), "info"),
    "upheld": (_l("还是记着"), "warn"),
    "lifted": (_l("消掉了"), "ok"),
}


@bookings.get("/keep/mine/points")
@signed_in
def my_points() -> Any:
    """Show my points: for which booking, why, and when each ends."""
    return _mine()


@bookings.post("/keep/mine/points/<uid>")
@signed_in
@once
def my_appeal(uid: str) -> Any:
    """Say that a point is not deserved."""
    point = _point(uid)
    if point.account_id != g.actor.account_id:
        abort(404)
    try:
        appealing.appeal(point, version=required_version(), text=text("appeal", 300), by=g.actor.account_id)
    except Refused as refused:
        return _mine(errors={f"appeal-{uid}": refusals(refused)["appeal"]})
    say(_("收到了，会有人看，答复后告诉您。"))
    return go(url_for("bookings.my_points"))


@bookings.get("/keep/points")
@requires("bookings.desk")
def staff_points() -> Any:
    """Show the points at the own venues, contested ones first."""
    return _list()


@bookings.post("/keep/points/<uid>")
@requires("bookings.desk")
@once
def point_answer(uid: str) -> Any:
    """Take a point off, or say why it stays."""
    point = _point(uid)
    row = session.get_one(BookingsOccurrence, point.occurrence_id)
    if row.room_id not in reads.rooms_of(g.actor, permissions.DESK):
        abort(404)
    act = request.form.get("act", "")
    if act not in ("lift", "uphold"):
        abort(400)
    try:
        appealing.answer(
            point,
            version=required_version(),
            lifted=act == "lift",
            text=text("answer", 300),
            by=g.actor,
        )
    except Refused as refused:
        return _list(errors={f"answer-{uid}": refusals(refused)["answer"]})
    say(_("消掉了，已经告诉本人。") if act == "lift" else _("已经答复本人。"))
    return go(url_for("bookings.staff_points"))


def _point(uid: str) -> BookingsPoint:
    found = reads.point(uid)
    if found is None:
        abort(404)
    return found


def _mine(*, errors: dict[str, str] | None = None) -> Any:
    counted = halves(g.actor.account_id)
    return _shown(
        "bookings/keep_my_points.html",
        errors,
        points=reads.points(account_id=g.actor.account_id),
        total=counted / 2 if counted % 2 else counted // 2,
        when=hour_words,
    )


def _list(*, errors: dict[str, str] | None = None) -> Any:
    return _shown(
        "bookings/keep_points.html",
        errors,
        points=reads.points(reads.rooms_of(g.actor, permissions.DESK)),
        me=g.actor.account_id,
    )


def _shown(template: str, errors: dict[str, str] | None, **values: Any) -> Any:
    return render(
        template,
        block="content" if errors else None,
        status=422 if errors else 200,
        why=WHY,
        states=STATES,
        typed=request.form,
        errors=errors or {},
        **values,
    )
