"""Change what somebody's booking says, from the booking's page at the desk."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for

from portal.api import Conflict, go, once, render, required_version, requires, say
from portal.api import gettext as _

from .. import alter_form
from ..service import desk as work
from ..verdicts import NotFree, Refused
from . import bookings
from .desk_record import Record, record_of


@bookings.get("/desk/<uid>/words")
@requires("bookings.desk")
def desk_words(uid: str) -> Any:
    """Show what a booking says of itself, to be changed."""
    return _page(record_of(uid))


@bookings.post("/desk/<uid>/words")
@requires("bookings.desk")
@once
def desk_save_words(uid: str) -> Any:
    """Change what a booking says; whose it is, and who prepares the room, are told."""
    found, version = record_of(uid), required_version()
    room = found.rooms[found.booking.room_id]
    said, errors = alter_form.read(request.form, found.booking, alter_form.kinds(found.booking, room))
    if errors:
        return _page(found, errors=errors, status=422)
    try:
        changed = work.alter(g.actor, found.booking, said, version=version)
    except PermissionError:
        abort(403)
    except Refused as refused:
        over = any(one.code == "seats" for one in refused.refusals)
        return _page(found, errors=alter_form.errors_of(refused.refusals), status=422, over=over)
    except NotFree as clash:
        return _page(found, errors=alter_form.too_few(clash), status=409)
    say(_("改好了，已经告诉约的人。") if changed else _("没有改动。"))
    return go(url_for("bookings.desk_show", uid=uid))


def _page(
    found: Record, *, errors: dict[str, str] | None = None, status: int = 200, over: bool = False
) -> Any:
    if not found.changeable:
        raise Conflict(_("这个预约已经开始、结束或者取消了，不能再改。"))
    booking = found.booking
    room = found.rooms[booking.room_id]
    return render(
        "bookings/desk_words.html",
        status=status,
        booking=booking,
        kept=alter_form.kept(booking, request.form),
        version=request.form.get("version", booking.version),
        kinds=alter_form.kinds(booking, room),
        room=room,
        over=over or bool(booking.over_reason) or bool(request.form.get("over_reason")),
        errors=errors or {},
    )
