"""Move all times to come of a series of one's own: each is previewed, then all go or those that are free."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import g, request

from portal.api import (
    clock,
    district,
    go,
    ngettext,
    once,
    render,
    requires,
    say,
)
from portal.api import gettext as _

from .. import actors, judging, permissions, typed, words
from ..models import BookingsBooking, BookingsOccurrence
from ..policy import policy_of
from ..service import asking, changing
from ..verdicts import NotFree, Refused, Span
from . import bookings
from .afterwards import afterwards, draws_afterwards
from .ask import errors_of
from .change import back_to, question_of, room_of, seen
from .show import booking_or_404

#: Days by which a series may be shifted as a whole: to another weekday, not to another week.
SHIFTS = range(-6, 7)


@bookings.get("/<booking_uid>/move")
@requires(permissions.BOOK)
def move_all(booking_uid: str) -> Any:
    """Show the hours of a series, to be changed for every time to come."""
    booking = booking_or_404(booking_uid)
    rows = changing.upcoming(booking, states=changing.OPEN, left_out=True)
    fields: dict[str, str] = {}
    if rows:
        fields = typed.query_of(Span(start=rows[0].starts_at, end=rows[0].ends_at))
    return _move_all_page(booking, rows, fields)


@bookings.post("/<booking_uid>/move")
@requires(permissions.BOOK)
@draws_afterwards
@once
def do_move_all(booking_uid: str) -> Any:
    """Preview where every time to come would go, then move them: all, or those that are free."""
    booking = booking_or_404(booking_uid)
    fields, room = request.form, room_of(booking)
    rows = changing.upcoming(booking, states=changing.OPEN, left_out=True)
    versions = seen(booking, rows)
    first, last = typed.minute(fields.get("from", "")), typed.minute(fields.get("to", ""))
    shift = fields.get("shift", 0, type=int)
    errors = {
        name: _("请选时间，写成09:30这样也行。")
        for name, value in (("from", first), ("to", last))
        if value is None
    }
    if first is None or last is None or shift not in SHIFTS:
        return _move_all_page(booking, rows, fields, errors=errors, status=422)
    if last <= first:
        wrong = {"to": _("结束时间要晚于开始时间。")}
        return _move_all_page(booking, rows, fields, errors=wrong, status=422)
    spans = [typed.span_of(clock.civil(row.starts_at) + timedelta(days=shift), first, last) for row in rows]
    act = fields.get("act", "check")
    who = actors.of_booking(g.actor, booking, room)
    if act == "edit":
        return _move_all_page(booking, rows, fields)
    try:
        if act in ("send", "skip"):
            moved = changing.move_all(
                rows,
                versions=versions,
                spans=spans,
                room=room,
                asker=who,
                by=g.actor.account_id,
                skip=act == "skip",
            )
            text = ngettext("%(num)s次改好了。", "%(num)s次改好了。", len(moved))
            say(text)
            return go(back_to(booking))
    except Refused as wrong_one:
        return _move_all_page(booking, rows, fields, errors=errors_of(wrong_one.refusals), status=422)
    except NotFree as taken:
        found = taken.verdicts
        return afterwards(lambda: _move_all_page(booking, rows, fields, verdicts=found, status=409))
    question = question_of(booking, room, rows, spans)
    found = judging.judge(question, policy_of(district(), room)).verdicts
    return _move_all_page(booking, rows, fields, verdicts=found)


def _move_all_page(
    booking: BookingsBooking,
    rows: Sequence[BookingsOccurrence],
    fields: Any,
    *,
    errors: Any = None,
    verdicts: Any = (),
    status: int = 200,
) -> Any:
    room = room_of(booking)
    who = actors.of_booking(g.actor, booking, room)
    first, last = typed.minute(fields.get("from", "")), typed.minute(fields.get("to", ""))
    return render(
        "bookings/move_all.html",
        block="content",
        status=status,
        booking=booking,
        rows=rows,
        room=room,
        fields=fields,
        first=first,
        last=last,
        shifts=[(step, _shift_words(step)) for step in SHIFTS],
        verdicts=verdicts,
        free=sum(one.free for one in verdicts),
        errors=errors or {},
        asks=asking.needs_approval(policy_of(district(), room), who, by=g.actor.account_id),
        hours=typed.steps(room.grid, 7 * 60, 22 * 60, first, last),
        typed=typed,
        words=words,
    )


def _shift_words(step: int) -> str:
    if step == 0:
        return _("日子不变")
    if step < 0:
        return ngettext("提前%(num)s天", "提前%(num)s天", -step)
    return ngettext("推后%(num)s天", "推后%(num)s天", step)
