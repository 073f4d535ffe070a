"""Move all times to come of a series: each is previewed, then all go or those that are free.

Its owner does so, or staff on the owner's behalf (``views/desk_series.py``): the same page and choices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from flask import g, request, url_for

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

from .. import actors, judging, nights, permissions, typed, words
from ..judging import Asker
from ..models import BookingsBooking, BookingsOccurrence
from ..policy import policy_of
from ..queries.places import Room, room_of
from ..service import asking, changing
from ..service import late as late_rules
from ..verdicts import NotFree, Refused, Span, Verdict
from . import bookings
from .afterwards import afterwards, draws_afterwards
from .ask import errors_of
from .change import back_to, kept_for, late_of, question_of, seen
from .show import booking_or_404

#: Days by which a series may be shifted as a whole: to another weekday, not to another week.
SHIFTS = range(-6, 7)


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a series is moved: for whom, by which verb, from which page and back to which."""

    booking: BookingsBooking
    room: Room
    asker: Asker
    verb: Callable[..., list[BookingsOccurrence]]
    action: str
    back: str
    staff: bool = False

    @property
    def rows(self) -> list[BookingsOccurrence]:
        """Return the times to come; days left out for a clash may come back (case c.9)."""
        return changing.upcoming(self.booking, states=changing.OPEN, left_out=True)


@bookings.get("/<booking_uid>/move")
@requires(permissions.BOOK)
def move_all(booking_uid: str) -> Any:
    """Show the hours of a series, to be changed for every time to come."""
    return asked(_own(booking_uid))


@bookings.post("/<booking_uid>/move")
@requires(permissions.BOOK)
@draws_afterwards
@once
def do_move_all(booking_uid: str) -> Any:
    """Preview where every time to come would go, then move them: all, or those that are free."""
    return moved(_own(booking_uid))


def _own(booking_uid: str) -> Way:
    booking = booking_or_404(booking_uid)
    room = room_of(booking)
    who = actors.of_booking(g.actor, booking, room, at_desk=False)
    return Way(
        booking=booking,
        room=room,
        asker=who,
        verb=partial(changing.move_all, asker=who, by=g.actor.account_id),
        action=url_for("bookings.do_move_all", booking_uid=booking.uid),
        back=back_to(booking),
    )


def asked(way: Way) -> Any:
    """Answer with the form: the hours as they are."""
    rows = way.rows
    fields: dict[str, str] = {}
    if rows:
        # A day that was left out keeps the hours it was wanted at; the others may have moved since.
        first = next((row for row in rows if row.state != "skipped"), rows[0])
        fields = typed.query_of(Span(start=first.starts_at, end=first.ends_at))
    return _page(way, rows, fields)


def moved(way: Way) -> Any:
    """Answer what was sent: the preview, or the move itself."""
    fields, rows = request.form, way.rows
    versions = seen(way.booking, rows)
    first, last = typed.minute(fields.get("from", "")), typed.end_minute(fields.get("to", ""))
    shift = fields.get("shift", 0, type=int)
    errors = {
        name: _("请选时间，写成09:30这样也行。")
        for name, value in (("from", first), ("to", last))
        if value is None
    }
    if first is None or last is None or shift not in SHIFTS or not rows:
        return _page(way, rows, fields, errors=errors, status=422)
    days = [clock.civil(row.starts_at) + timedelta(days=shift) for row in rows]
    if last <= first:
        night, text = nights.offer(way.room, days[0], first, last)
        return _page(way, rows, fields, errors={"to": text}, night=night, status=422)
    spans = [typed.span_of(day, first, last) for day in days]
    act = fields.get("act", "check")
    if act == "edit":
        return _page(way, rows, fields)
    try:
        if act in ("send", "skip"):
            done = way.verb(rows, versions=versions, spans=spans, room=way.room, skip=act == "skip")
            return _done(way, len(done), waits=any(row.state == "requested" for row in done))
    except Refused as wrong_one:
        return _page(way, rows, fields, errors=errors_of(wrong_one.refusals), status=422)
    except NotFree as taken:
        found = taken.verdicts
        return afterwards(lambda: _page(way, rows, fields, verdicts=found, status=409))
    question = question_of(way.booking, way.room, rows, spans, asker=way.asker)
    found = judging.judge_move(question, policy_of(district(), way.room)).verdicts
    return _page(way, rows, fields, verdicts=found)


def _done(way: Way, number: int, *, waits: bool) -> Any:
    if waits:
        text = ngettext(
            "%(num)s次的新时间交上去了，等场地方答复。", "%(num)s次的新时间交上去了，等场地方答复。", number
        )
        say(text)
    elif way.staff:
        say(ngettext("%(num)s次改好了，已经告诉对方。", "%(num)s次改好了，已经告诉对方。", number))
    else:
        say(ngettext("%(num)s次改好了。", "%(num)s次改好了。", number))
    return go(way.back)


def _page(
    way: Way,
    rows: Sequence[BookingsOccurrence],
    fields: Any,
    *,
    errors: Any = None,
    verdicts: Sequence[Verdict] = (),
    night: Span | None = None,
    status: int = 200,
) -> Any:
    first, last = typed.minute(fields.get("from", "")), typed.end_minute(fields.get("to", ""))
    day = {"day": clock.civil(rows[0].starts_at).isoformat()} if rows else {}
    return render(
        "bookings/move_all.html",
        block="content",
        status=status,
        way=way,
        booking=way.booking,
        rows=rows,
        room=way.room,
        fields=fields,
        first=first,
        last=last,
        shifts=[(step, _shift_words(step)) for step in SHIFTS],
        verdicts=verdicts,
        free=sum(one.free for one in verdicts),
        late=_late(way, rows, verdicts),
        errors=errors or {},
        night=night,
        night_fields=kept_for(fields, night, ["version", "shift", *(f"v-{row.uid}" for row in rows)]),
        asks=asking.needs_approval(policy_of(district(), way.room), way.asker, by=g.actor.account_id),
        starts=typed.steps(way.room.grid, 7 * 60, 22 * 60, first),
        ends=typed.steps(way.room.grid, 7 * 60, late_of(way.room, day), last),
        typed=typed,
        words=words,
    )


def _late(way: Way, rows: Sequence[BookingsOccurrence], verdicts: Sequence[Verdict]) -> int:
    """Return how many of the times that can move count half a point for it."""
    pairs = [(row, one.span) for row, one in zip(rows, verdicts, strict=True) if one.free] if verdicts else []
    return late_rules.late_moves(
        [row for row, _span in pairs], [span for _row, span in pairs], way.room, way.asker
    )


def _shift_words(step: int) -> str:
    if step == 0:
        return _("日子不变")
    if step < 0:
        return ngettext("提前%(num)s天", "提前%(num)s天", -step)
    return ngettext("推后%(num)s天", "推后%(num)s天", step)
