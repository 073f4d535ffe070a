"""Move one time of one's own booking, and what all changes share. Where it cannot go it stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, g, request, url_for

from portal.api import (
    Conflict,
    district,
    go,
    once,
    render,
    required_version,
    requires,
    say,
)
from portal.api import gettext as _

from .. import actors, alternatives, judging, nights, permissions, shown, typed, words
from ..judging import Asker
from ..models import BookingsBooking, BookingsOccurrence
from ..policy import policy_of
from ..queries import mine, places
from ..queries.places import Room
from ..service import asking, changing
from ..service import late as late_rules
from ..verdicts import NotFree, Refused, Span, Verdict
from . import bookings
from .afterwards import afterwards, draws_afterwards
from .ask import errors_of
from .show import booking_or_404


def back_to(booking: BookingsBooking) -> str:
    """Return the address of a booking's own page."""
    return url_for("bookings.show", booking_uid=booking.uid)


@bookings.get("/<booking_uid>/times/<occurrence_uid>/move")
@requires(permissions.BOOK)
def move(booking_uid: str, occurrence_uid: str) -> Any:
    """Show one time, to be moved, shortened or taken to another room of the house."""
    booking = booking_or_404(booking_uid)
    row = _time_or_404(booking, occurrence_uid)
    fields = {**typed.query_of(Span(start=row.starts_at, end=row.ends_at)), "version": str(row.version)}
    return _move_page(booking, row, fields)


@bookings.post("/<booking_uid>/times/<occurrence_uid>/move")
@requires(permissions.BOOK)
@draws_afterwards
@once
def do_move(booking_uid: str, occurrence_uid: str) -> Any:
    """Move one time; where it cannot go it stays, and the page says where else."""
    booking = booking_or_404(booking_uid)
    row = _time_or_404(booking, occurrence_uid)
    version, fields = required_version(), request.form
    room = places.room(uid=fields.get("room", "")) or places.room_of(row)
    day, first, last, errors = _typed_time(fields)
    if day is not None and first is not None and last is not None and last < first:
        night, errors["to"] = nights.offer(room, day, first, last)
        return _move_page(booking, row, fields, errors=errors, night=night, status=422)
    if errors or day is None or first is None or last is None:
        return _move_page(booking, row, fields, errors=errors, status=422)
    span = typed.span_of(day, first, last)
    who = actors.of_booking(g.actor, booking, room, at_desk=False)
    try:
        moved = changing.move(row, version=version, span=span, room=room, asker=who, by=g.actor.account_id)
    except Refused as wrong:
        return _move_page(booking, row, fields, errors=errors_of(wrong.refusals), status=422)
    except NotFree as taken:
        (verdict,) = taken.verdicts
        return afterwards(lambda: _not_free(booking, row, room, verdict))
    if moved.state == "requested":
        say(_("新的时间交上去了，等场地方答复。"))
    else:
        say(_("改好了：%(when)s。", when=words.when_words(moved.starts_at, moved.ends_at)))
    return go(back_to(booking))


def _time_or_404(booking: BookingsBooking, uid: str) -> BookingsOccurrence:
    found = next((row for row in mine.times(booking.id) if row.uid == uid), None)
    if found is None:
        abort(404)
    return found


def _typed_time(fields: Any) -> tuple[Any, Any, Any, dict[str, str]]:
    day = typed.day(fields, "day")
    first, last = typed.minute(fields.get("from", "")), typed.end_minute(fields.get("to", ""))
    errors: dict[str, str] = {}
    if day is None:
        errors["day"] = _("日期没看懂，请写成2026年3月5日这样。")
    for name, value in (("from", first), ("to", last)):
        if value is None:
            errors[name] = _("请选时间，写成09:30这样也行。")
    if first is not None and last is not None and last <= first:
        errors["to"] = _("结束时间要晚于开始时间。")
    return day, first, last, errors


def _not_free(booking: BookingsBooking, row: BookingsOccurrence, room: Room, verdict: Verdict) -> Any:
    who = actors.of_booking(g.actor, booking, room, at_desk=False)
    question = question_of(booking, room, [row], [verdict.span], asker=who)
    others = alternatives.three(district(), question, verdict.span, headcount=booking.headcount)
    errors, status = errors_of(verdict.refusals), 409 if verdict.clashes else 422
    return _move_page(booking, row, request.form, errors=errors, others=others, status=status)


def _move_page(
    booking: BookingsBooking,
    row: BookingsOccurrence,
    fields: Any,
    *,
    errors: Any = None,
    others: Any = (),
    night: Span | None = None,
    status: int = 200,
) -> Any:
    room = places.room(uid=fields.get("room", "")) or places.room_of(row)
    policy = policy_of(district(), room)
    who = actors.of_booking(g.actor, booking, room, at_desk=False)
    first, last = typed.minute(fields.get("from", "")), typed.end_minute(fields.get("to", ""))
    return render(
        "bookings/move.html",
        block="content",
        status=status,
        booking=booking,
        row=row,
        room=room,
        rooms=[(one.uid, one.name) for one in places.rooms(venue_id=room.venue_id)],
        fields=fields,
        parts=typed.day(fields, "day") or typed.day_parts(fields, "day"),
        errors=errors or {},
        others=others,
        night=night,
        night_fields=kept_for(fields, night, ("version", "room")),
        may=shown.may_change(row),
        asks=asking.needs_approval(policy, who, by=g.actor.account_id),
        late=not who.staff and late_rules.is_late(row, policy_of(district(), places.room_of(row))),
        starts=typed.steps(room.grid, 7 * 60, 22 * 60, first),
        ends=typed.steps(room.grid, 7 * 60, late_of(room, fields), last),
        typed=typed,
        words=words,
    )


def late_of(room: Room, fields: Any) -> int:
    """Return the last end a list offers: ten in the evening, or that of a room open over midnight."""
    day = typed.day(fields, "day")
    return (nights.last_of(room, day) if day is not None else None) or 22 * 60


def kept_for(fields: Any, night: Span | None, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return what a form sends along for a time that ends on the next day."""
    if night is None:
        return []
    kept = [(name, fields[name]) for name in names if name in fields]
    return kept + list(typed.query_of(night).items())


def question_of(
    booking: BookingsBooking,
    room: Room,
    rows: Sequence[BookingsOccurrence],
    spans: Sequence[Span],
    *,
    asker: Asker,
) -> judging.Question:
    """Return what is to be judged when times of a booking move."""
    return judging.Question(
        room=room,
        spans=spans,
        asker=asker,
        needs={int(kind): number for kind, number in booking.needs.items()},
        series=bool(booking.rule),
        apart_from=[asking.holder(row) for row in rows],
        together=len(rows) > 1,
    )


def seen(booking: BookingsBooking, rows: Sequence[BookingsOccurrence]) -> dict[int, int]:
    """Return the versions of the times as the page has shown them; raises Conflict on others."""
    if required_version() != booking.version:
        raise Conflict(current=booking)
    shown_then = {
        name.removeprefix("v-"): request.form.get(name, type=int)
        for name in request.form
        if name.startswith("v-")
    }
    if set(shown_then) != {row.uid for row in rows}:
        raise Conflict(current=booking)
    return {row.id: shown_then[row.uid] or 0 for row in rows}
