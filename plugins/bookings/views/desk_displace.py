"""Take one time away from whoever has it, and give it back: a reason, other times, and no closure."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for

from portal.api import Conflict, clock, go, once, render, required_version, requires, say
from portal.api import gettext as _

from .. import actors, permissions
from ..models import BookingsOccurrence
from ..service import changing
from ..service import desk as work
from ..verdicts import NotFree, Refused
from . import bookings
from .desk_answer import times_instead
from .desk_record import Record, page, record_of, when_of


@bookings.get("/desk/<uid>/displace")
@requires("bookings.manage")
def desk_displace_form(uid: str) -> Any:
    """Ask why a time is needed, and show which times are free instead."""
    found = record_of(uid)
    return _page(found, _row(found, request.args.get("time", "")))


@bookings.post("/desk/<uid>/displace")
@requires("bookings.manage")
@once
def desk_displace(uid: str) -> Any:
    """Take it; whose it was reads why and which times there are."""
    found, version = record_of(uid), required_version()
    row = _row(found, request.form.get("time", ""))
    there = times_instead(found, row)
    instead = [text for text in request.form.getlist("instead") if text in there]
    try:
        work.displace(g.actor, row, version=version, reason=request.form.get("reason", ""), instead=instead)
    except PermissionError:
        abort(403)
    except Refused as refused:
        return _page(found, row, errors={one.field: one.text for one in refused.refusals}, status=422)
    say(_("让出来了，已经告诉对方，他排在候补第一位。现在可以替人约这个时间。"))
    return go(url_for("bookings.desk_show", uid=uid))


@bookings.post("/desk/<uid>/give-back")
@requires("bookings.manage")
@once
def desk_give_back(uid: str) -> Any:
    """Give the time back, while nobody else has it."""
    found, version = record_of(uid), required_version()
    row = _row(found, request.form.get("time", ""))
    try:
        work.give_back(g.actor, row, version=version)
    except PermissionError:
        abort(403)
    except NotFree as clash:
        text = clash.verdicts[0].refusals[0].text
        return page(found, errors={"": _("恢复不了：%(why)s", why=text)}, status=409)
    say(_("恢复了，已经告诉对方照原来的时间来。"))
    return go(url_for("bookings.desk_show", uid=uid))


def _row(found: Record, uid: str) -> BookingsOccurrence:
    row = next((one for one in found.times if one.uid == uid), None)
    if row is None:
        abort(404)
    return row


def _page(
    found: Record, row: BookingsOccurrence, *, errors: dict[str, str] | None = None, status: int = 200
) -> Any:
    if not actors.reaches(g.actor, permissions.MANAGE, found.rooms[row.room_id]):
        abort(403)
    if row.state not in changing.OPEN or row.starts_at <= clock.now():
        raise Conflict(_("这个时间已经开始、结束或者取消了，不能再改。"))
    return render(
        "bookings/desk_displace.html",
        status=status,
        record=found,
        row=row,
        when=when_of(found, row),
        others=[(one, one) for one in times_instead(found, row)],
        errors=errors or {},
        typed=request.form,
        instead=request.form.getlist("instead") if request.method == "POST" else None,
    )
