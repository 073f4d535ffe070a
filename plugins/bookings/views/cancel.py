"""Call off one day of a booking or all to come: every day is named, and the figure is what happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import abort, g, request, url_for

from portal.api import Conflict, clock, district, go, ngettext, once, render, requires, say
from portal.api import gettext as _

from .. import permissions, words
from ..models import BookingsBooking, BookingsOccurrence
from ..policy import policies
from ..queries import places
from ..service import changing
from ..verdicts import Refused
from . import bookings
from .afterwards import afterwards, draws_afterwards
from .ask import errors_of
from .change import seen
from .show import booking_or_404


@bookings.get("/<booking_uid>/cancel")
@requires(permissions.BOOK)
def cancel(booking_uid: str) -> Any:
    """Show which days would be called off, how many, and what follows."""
    booking = booking_or_404(booking_uid)
    return _page(booking, _chosen(booking, request.args.get("only", "")))


@bookings.post("/<booking_uid>/cancel")
@requires(permissions.BOOK)
@draws_afterwards
@once
def do_cancel(booking_uid: str) -> Any:
    """Call off exactly the days the page has shown, or none of them."""
    booking = booking_or_404(booking_uid)
    rows = _chosen(booking, request.form.get("only", ""))
    versions = seen(booking, rows)
    if not rows:
        raise Conflict(_("这个预约已经开始、结束或者取消了，不能再改。"), current=booking)
    reason = request.form.get("reason", "")
    try:
        count = changing.cancel(rows, versions=versions, reason=reason, by=g.actor.account_id, staff=False)
    except Refused as wrong:
        errors = errors_of(wrong.refusals)
        return afterwards(lambda: _page(booking, rows, errors=errors, reason=reason))
    say(ngettext("取消了%(num)s次。", "取消了%(num)s次。", count))
    return go(url_for("bookings.show", booking_uid=booking.uid))


def _chosen(booking: BookingsBooking, only: str) -> list[BookingsOccurrence]:
    rows = changing.upcoming(booking, states=changing.OPEN)
    chosen = [row for row in rows if row.uid == only] if only else rows
    if only and not chosen:
        abort(404)
    return chosen


def _page(
    booking: BookingsBooking, rows: Sequence[BookingsOccurrence], *, errors: Any = None, reason: str = ""
) -> Any:
    rooms = {room.id: room for room in places.rooms(ids={booking.room_id, *(row.room_id for row in rows)})}
    known = policies(district(), rooms.values())
    return render(
        "bookings/cancel.html",
        block="content",
        status=422 if errors else 200,
        booking=booking,
        rows=rows,
        rooms=rooms,
        only=(request.form if request.method == "POST" else request.args).get("only", ""),
        late=sum(_is_late(row, known[row.room_id]) for row in rows),
        errors=errors or {},
        reason=reason,
        words=words,
        note=_("取消以后，时间马上放出来给别人。"),
    )


def _is_late(row: BookingsOccurrence, policy: Any) -> bool:
    return bool(policy.points) and row.starts_at - clock.now() < timedelta(hours=policy.late_hours)
