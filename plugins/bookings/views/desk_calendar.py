"""All rooms on one screen, for a day or a week; a block that is dragged posts to the verb that moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import abort, g, request, url_for

from portal.api import (
    CalendarClosure,
    CalendarEvent,
    CalendarResource,
    calendar_plan,
    civil,
    clock,
    go,
    ngettext,
    once,
    render,
    required_version,
    requires,
    say,
)
from portal.api import gettext as _

from .. import permissions, typed, verdicts
from ..queries import calendar, places
from ..queries.calendar import Board, Busy
from ..queries.places import Room
from ..service import desk as work
from ..verdicts import NotFree, Refused, Span
from ..words import STATES, day_words, weekday
from . import bookings
from .desk import ROOMS, day_typed, reached, tabs, usual, venues
from .desk_record import time_of

_CHANGES = ("requested", "approved")
_FILTERS = ("venue", "room", "state", "page")
#: Stands for the name of a booking until it is put in.
_UID = "-uid-"


@bookings.get("/desk/day")
@requires("bookings.see")
def desk_day() -> Any:
    """Show every room of one day, side by side."""
    day, error = day_typed("on")
    return _page("desk_day", [day], error=error)


@bookings.get("/desk/week")
@requires("bookings.see")
def desk_week() -> Any:
    """Show seven days: every room a row, or one room a column a day."""
    day, error = day_typed("from")
    first = day - timedelta(days=day.weekday())
    return _page("desk_week", [first + timedelta(days=number) for number in range(7)], error=error)


@bookings.post("/desk/move")
@requires("bookings.desk")
@once
def desk_move() -> Any:
    """Move a time to where its block was dropped; what cannot be is said, and the block goes back."""
    version = required_version()
    row = time_of(request.form.get("id", ""))
    room = places.room(uid=request.form.get("resource", ""))
    start, end = (typed.instant(request.form.get(name, "")) for name in ("start", "end"))
    if room is None:
        abort(404)
    if start is None or end is None:
        abort(400)
    span, was = Span(start=start, end=end), row.state
    try:
        moved = work.move(g.actor, row, version=version, span=span, room=room)
    except PermissionError:
        abort(403)
    except NotFree as clash:
        (verdict,) = clash.verdicts
        return _refused([one.text for one in verdict.refusals], status=409 if verdict.clashes else 422)
    except Refused as refused:
        return _refused([one.text for one in refused.refusals], status=422)
    say(moved_words(was, moved.state, room, span))
    view = "desk_week" if request.args.get("view") == "desk_week" else "desk_day"
    kept: dict[str, Any] = {name: request.args[name] for name in _FILTERS if name in request.args}
    shown = request.args.get("day") or clock.civil(start).isoformat()
    return go(_address(view, shown, kept))


def moved_words(was: str, state: str, room: Room, span: Span) -> str:
    """Say where a time has gone, and whether it needs an answer again, or has got one by that."""
    words = _("改好了：%(room)s，%(when)s。", room=room.name, when=verdicts.clock_words(span))
    if state == "requested":
        return words + _("改了以后要再等答复。")
    return words + _("这个申请也就批准了。") if was == "requested" else words


def _refused(texts: Sequence[str], *, status: int) -> Any:
    return render("bookings/desk_refused.html", status=status, texts=texts, back=url_for("bookings.desk_day"))


def _address(view: str, day: str, kept: dict[str, Any]) -> str:
    """Return the address of a day or a week with its filters."""
    asked: dict[str, Any] = {"from" if view == "desk_week" else "on": day, **kept}
    return url_for(f"bookings.{view}", **asked)


def _page(view: str, days: Sequence[date], *, error: str = "") -> Any:
    every = places.rooms()
    chosen, more = rooms_asked(every)
    board = board_of(every, chosen, days) if chosen else None
    name, step = ("from", 7) if view == "desk_week" else ("on", 1)
    kept: dict[str, Any] = {one: request.args[one] for one in _FILTERS if request.args.get(one)}
    today, venue = clock.today(), _venue(every)
    return render(
        "bookings/desk_calendar.html",
        status=422 if error else 200,
        error=error,
        typed_day=request.args.get(name, "") if error else days[0].isoformat(),
        tabs=tabs(),
        view=view,
        name=name,
        day=days[0],
        label=day_words(days[0])
        if step == 1
        # Not day_words: "today until" is none of the seven days.
        else _(
            "%(first)s 到 %(last)s",
            first=f"{civil(days[0])} {weekday(days[0])}",
            last=f"{civil(days[-1])} {weekday(days[-1])}",
        ),
        plan=_plan(board, every, days) if board else None,
        back_days=_address(view, (days[0] - timedelta(days=step)).isoformat(), kept),
        next_days=_address(view, (days[0] + timedelta(days=step)).isoformat(), kept),
        at_today=url_for(f"bookings.{view}", **kept) if today not in days else None,
        other=_address("desk_day" if view == "desk_week" else "desk_week", days[0].isoformat(), kept),
        printed=url_for("bookings.desk_print", on=days[0].isoformat(), **kept),
        move_url=url_for("bookings.desk_move", view=view, day=days[0].isoformat(), **kept)
        if g.actor.can(permissions.DESK)
        else None,
        new_url=url_for("bookings.desk_counter") if g.actor.can(permissions.DESK) else None,
        venues=venues(every),
        rooms=[(room.uid, room.name) for room in every if room.venue_uid == venue],
        states=[(state, str(STATES[state][0])) for state in calendar.SHOWN],
        more=more,
        shown=len(chosen),
    )


def _venue(every: Sequence[Room]) -> str:
    said = request.args.get("venue", "")
    if said:
        return said
    chosen = usual(every, reached(permissions.SEE, every))
    return chosen[0].venue_uid if len({room.venue_id for room in chosen}) == 1 else ""


def rooms_asked(every: Sequence[Room]) -> tuple[list[Room], int]:
    """Return the rooms the address asks for, one page of them, and the number of the next page (or 0)."""
    venue, room = request.args.get("venue", ""), request.args.get("room", "")
    if venue == "all":
        found = list(every)
    elif venue:
        found = [one for one in every if one.venue_uid == venue]
    else:
        found = usual(every, reached(permissions.SEE, every))
    if room:
        found = [one for one in found if one.uid == room]
    page = request.args.get("page", 1, type=int)
    if page < 1 or (venue or room) and not found:
        abort(404)
    return found[(page - 1) * ROOMS : page * ROOMS], page + 1 if len(found) > page * ROOMS else 0


def board_of(every: Sequence[Room], rooms: Sequence[Room], days: Sequence[date]) -> Board:
    """Return what stands in these rooms on these days, as far as this person may read it."""
    state = request.args.get("state", "")
    found = calendar.board(
        rooms,
        days,
        every=every,
        seen={room.id for room in reached(permissions.SEE, every)},
        own=g.actor.account_id,
        states=(state,) if state in calendar.SHOWN else calendar.SHOWN,
    )
    # How somebody else's booking stands is not to be found out by asking for one state after the other.
    return replace(found, busy=tuple(one for one in found.busy if one.known)) if state else found


def _plan(board: Board, every: Sequence[Room], days: Sequence[date]) -> Any:
    shown = {room.id: room for room in board.rooms}
    named = {room.id: room.name for room in every}
    movable = (
        {room.id for room in reached(permissions.DESK, every)} if g.actor.can(permissions.DESK) else set()
    )
    events: list[CalendarEvent] = []
    # One address for all that are shown: hundreds stand in a week.
    address = url_for("bookings.desk_show", uid=_UID)
    for one in board.busy:
        if one.room_id in shown:
            url = address.replace(_UID, one.booking_uid)
            events.append(_event(one, shown[one.room_id].uid, one.room_id in movable, url))
        events += [_shadow(one, room, named[one.room_id]) for room in board.beside[one.room_id]]
    for number, held in enumerate(board.held):
        events += [
            CalendarEvent(
                id=f"held-{number}",
                resource_id=room.uid,
                start=held.start,
                end=held.end,
                title=_("留给候补"),
                tone="warn",
            )
            for room in ([shown[held.room_id]] if held.room_id in shown else board.beside[held.room_id])
        ]
    by_uid = {room.uid: room for room in board.rooms}
    return calendar_plan(
        resources=[
            CalendarResource(
                id=room.uid,
                name=room.name,
                url=_address("desk_week", days[0].isoformat(), {"venue": room.venue_uid, "room": room.uid}),
                sub=_sub(room, board),
            )
            for room in board.rooms
        ],
        events=events,
        days=days,
        opens=lambda resource, day: board.hours.windows(by_uid[str(resource.id)], day),
        closures=[
            CalendarClosure(
                start=shut.start,
                end=shut.end,
                reason=_("停用：%(why)s", why=shut.reason),
                resource_id=room.uid,
            )
            for shut in board.shut
            for room in board.rooms
            if board.shuts(shut, room)
        ],
    )


def _sub(room: Room, board: Board) -> str:
    seats = ngettext("%(num)s座", "%(num)s座", room.capacity)
    return seats if len({one.venue_id for one in board.rooms}) == 1 else f"{room.venue} {seats}"


def _event(one: Busy, uid: str, movable: bool, url: str) -> CalendarEvent:
    if not one.known:
        return CalendarEvent(
            id=f"taken-{one.id}", resource_id=uid, start=one.start, end=one.end, title=_("已约"), tone="quiet"
        )
    word, tone = STATES[one.state]
    people = ngettext("%(num)s人", "%(num)s人", one.headcount)
    return CalendarEvent(
        id=one.uid,
        resource_id=uid,
        start=one.start,
        end=one.end,
        title=one.title,
        url=url,
        sub=" · ".join((str(word), one.who, people)),
        tone=tone,
        movable=movable and one.state in _CHANGES and one.start > clock.now(),
        version=one.version,
    )


def _shadow(one: Busy, room: Room, name: str) -> CalendarEvent:
    """Return how a time of a hall stands in the rooms it is made of, and the other way round."""
    return CalendarEvent(
        id=f"beside-{one.id}",
        resource_id=room.uid,
        start=one.start,
        end=one.end,
        title=_("%(room)s有人用", room=name),
        url=url_for("bookings.desk_show", uid=one.booking_uid) if one.known else "",
        tone="quiet",
    )
