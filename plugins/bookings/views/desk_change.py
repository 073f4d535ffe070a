"""Move one time of a booking, or call times off, from the booking's own page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, g, redirect, request, url_for

from portal.api import Conflict, clock, district, go, ngettext, once, render, required_version, requires, say
from portal.api import gettext as _

from .. import actors, alternatives, nights, permissions, typed, words
from ..alternatives import Alternative
from ..models import BookingsOccurrence
from ..queries import places
from ..queries.places import Room
from ..service import changing
from ..service import desk as work
from ..verdicts import NotFree, Refusal, Refused, Span
from . import bookings
from .change import question_of
from .desk import reached, time_errors, versions_sent
from .desk_calendar import moved_words
from .desk_record import Record, record_of, when_of


@bookings.get("/desk/<uid>/move")
@requires("bookings.desk")
def desk_move_form(uid: str) -> Any:
    """Ask where one time of a booking is to go."""
    found = record_of(uid)
    row = _row(found, request.args.get("time", ""))
    if not _may_move(row):
        return redirect(url_for("bookings.desk_show", uid=uid), 303)
    return _move_page(found, row)


@bookings.post("/desk/<uid>/move")
@requires("bookings.desk")
@once
def desk_move_to(uid: str) -> Any:
    """Move one time of a booking."""
    found, version = record_of(uid), required_version()
    row = _row(found, request.form.get("time", ""))
    room = places.room(uid=request.form.get("room", ""))
    if room is None:
        abort(404)
    day = typed.day_of(request.form.get("day", ""))
    start, end = typed.minute(request.form.get("start", "")), typed.end_minute(request.form.get("end", ""))
    errors, night = time_errors(day, start, end), None
    if day is not None and start is not None and end is not None and end < start:
        night, errors["end"] = nights.offer(room, day, start, end)
    if errors or day is None or start is None or end is None:
        return _move_page(found, row, errors=errors, night=night, status=422)
    span, was = typed.span_of(day, start, end), row.state
    try:
        moved = work.move(g.actor, row, version=version, span=span, room=room)
    except PermissionError:
        abort(403)
    except NotFree as clash:
        question = question_of(
            found.booking, room, [row], [span], asker=actors.of_booking(g.actor, found.booking, room)
        )
        others = alternatives.three(district(), question, span, headcount=found.booking.headcount)
        (verdict,) = clash.verdicts
        status = 409 if verdict.clashes else 422
        return _move_page(found, row, errors=_beside(verdict.refusals), others=others, status=status)
    except Refused as refused:
        return _move_page(found, row, errors=_beside(refused.refusals), status=422)
    say(moved_words(was, moved.state, room, span))
    return go(url_for("bookings.desk_show", uid=uid))


_FIELD = {"start": "start", "end": "end", "day": "day"}


def _beside(refusals: Sequence[Refusal]) -> dict[str, str]:
    """Return the words beside each field, the first of each: it says what the others follow from."""
    said: dict[str, str] = {}
    for one in refusals:
        said.setdefault(_FIELD.get(one.field, "room"), one.text)
    return said


def _row(found: Record, uid: str) -> BookingsOccurrence:
    row = next((one for one in found.times if one.uid == uid), None)
    if row is None:
        abort(404)
    return row


def _may_move(row: BookingsOccurrence) -> bool:
    return row.state in changing.OPEN and row.starts_at > clock.now()


def _move_page(
    found: Record,
    row: BookingsOccurrence,
    *,
    errors: dict[str, str] | None = None,
    night: Span | None = None,
    others: Sequence[Alternative] = (),
    status: int = 200,
) -> Any:
    if not _may_move(row):
        raise Conflict(_("这个时间已经开始、结束或者取消了，不能再改。"))
    rooms = reached(permissions.DESK, places.rooms()) or [found.rooms[row.room_id]]
    day, start, end = typed.spoken_span(Span(start=row.starts_at, end=row.ends_at))
    return render(
        "bookings/desk_move.html",
        status=status,
        record=found,
        row=row,
        now=when_of(found, row),
        rooms=[(room.uid, _named(room)) for room in rooms],
        room=found.rooms[row.room_id].uid,
        day=day,
        start=start,
        end=end,
        errors=errors or {},
        typed=request.form,
        night=night,
        night_fields=_night_fields(night),
        others=[_other(one) for one in others if one.room in rooms],
        words=words,
    )


def _named(room: Room) -> str:
    return room.name if room.venue_kind == "center" else f"{room.venue} {room.name}"


def _other(one: Alternative) -> tuple[str, list[tuple[str, str]]]:
    """Return a free time in words, and what a form sends that moves it there."""
    fields = [(name, request.form.get(name, "")) for name in ("version", "time")]
    times = zip(("day", "start", "end"), typed.spoken_span(one.span), strict=True)
    return (
        f"{_named(one.room)} {words.when_words(one.span.start, one.span.end)}",
        [*fields, ("room", one.room.uid), *times],
    )


def _night_fields(night: Span | None) -> list[tuple[str, str]]:
    """Return everything typed, with the end on the next day."""
    if night is None:
        return []
    kept = [(name, request.form.get(name, "")) for name in ("version", "time", "room")]
    return kept + list(zip(("day", "start", "end"), typed.spoken_span(night), strict=True))


@bookings.get("/desk/<uid>/cancel")
@requires("bookings.desk")
def desk_cancel_form(uid: str) -> Any:
    """Show what would be called off, and ask why."""
    found = record_of(uid)
    if not found.changeable:
        return redirect(url_for("bookings.desk_show", uid=uid), 303)
    return _cancel_page(found)


@bookings.post("/desk/<uid>/cancel")
@requires("bookings.desk")
@once
def desk_cancel(uid: str) -> Any:
    """Call off the chosen times; whose booking it is reads why."""
    found, version = record_of(uid), required_version()
    chosen = versions_sent("time")
    rows = [row for row in found.times if row.uid in chosen]
    if len(rows) != len(chosen):
        abort(404)
    if not rows:
        return _cancel_page(found, errors={"time": _("请勾上要取消的时间。")}, status=422)
    if found.booking.version != version:
        raise Conflict(current=found.booking)
    try:
        number = work.cancel(
            g.actor,
            rows,
            versions={row.id: chosen[row.uid] for row in rows},
            reason=request.form.get("reason", ""),
        )
    except PermissionError:
        abort(403)
    except Refused as refused:
        return _cancel_page(found, errors={one.field: one.text for one in refused.refusals}, status=422)
    say(ngettext("取消了%(num)s个时间，已经告诉对方。", "取消了%(num)s个时间，已经告诉对方。", number))
    return go(url_for("bookings.desk_show", uid=uid))


def _cancel_page(found: Record, *, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    rows = found.changeable
    if not rows:
        raise Conflict(_("没有还能取消的时间了：已经开始、结束或者取消了。"))
    return render(
        "bookings/desk_cancel.html",
        status=status,
        record=found,
        times=[(f"{row.uid}.{row.version}", when_of(found, row)) for row in rows],
        chosen=request.form.getlist("time"),
        errors=errors or {},
        typed=request.form,
    )
