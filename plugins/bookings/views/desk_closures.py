"""Close a room or a venue for a time, with a choice for every booking in it; and open it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, g, request, url_for

from portal.api import Conflict, clock, go, ngettext, once, render, required_version, requires, say
from portal.api import gettext as _

from .. import permissions, typed
from ..models import BookingsClosure, BookingsOccurrence
from ..queries import closures as queries
from ..queries import places
from ..queries.places import Room
from ..service import closing, desk, freeing
from ..verdicts import Refusal, Refused, Span, clock_words
from ..words import STATES, when_words
from . import bookings
from .desk import reached, tabs

#: What a field of the form is called in the refusals of the verb.
_FIELDS = {"start": "from", "end": "to", "last": "to-day"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is to be closed: one room, or all rooms of a venue (``room`` None)."""

    key: str
    venue_id: int
    room: Room | None
    rooms: Sequence[Room]
    name: str


@bookings.get("/desk/closures")
@requires("bookings.manage")
def desk_closures() -> Any:
    """Show what is closed and will be, or what was."""
    past = request.args.get("past") == "1"
    venue_ids = {room.venue_id for room in reached(permissions.MANAGE, places.rooms(every=True))}
    return render(
        "bookings/desk_closures.html",
        tabs=tabs(),
        closures=queries.closures(venue_ids, now=clock.now(), past=past),
        past=past,
        words=lambda one: clock_words(Span(start=one.start, end=one.end)),
    )


@bookings.get("/desk/closures/new")
@requires("bookings.manage")
def desk_closure_new() -> Any:
    """Ask what is to be closed when; with all of it in the address, show the bookings inside."""
    if "place" not in request.args:
        return _form()
    errors, place, span = _asked(request.args)
    if errors or place is None or span is None:
        return _form(errors=errors, status=422)
    return _preview(place, span, closing.touched(place.rooms, span))


@bookings.post("/desk/closures/new")
@requires("bookings.manage")
@once
def desk_closure_close() -> Any:
    """Close it, with what was chosen for each booking; what changed meanwhile is shown first."""
    errors, place, span = _asked(request.form)
    if errors or place is None or span is None:
        return _form(errors=errors, status=422)
    there = closing.touched(place.rooms, span)
    shown = set(request.form.getlist("shown"))
    if {f"{row.uid}.{row.version}" for row in there} != shown:
        return _preview(place, span, there, changed=True, status=409)
    choices = {row.id: _choice(row) for row in there}
    try:
        made = desk.close(
            g.actor,
            queries.venue(place.venue_id),
            place.room,
            span=span,
            reason=request.form.get("reason", ""),
            choices=choices,
        )
    except Refused as refused:
        return _form(errors=_beside(refused.refusals), status=422)
    except Conflict:
        return _preview(place, span, closing.touched(place.rooms, span), changed=True, status=409)
    ended = sum(choice != "keep" for choice in choices.values())
    words = _("停用好了：%(what)s。", what=place.name)
    if ended:
        words += ngettext("%(num)s个预约已经通知到人。", "%(num)s个预约已经通知到人。", ended)
    say(words)
    return go(url_for("bookings.desk_closure", uid=made.uid))


@bookings.get("/desk/closures/<uid>")
@requires("bookings.manage")
def desk_closure(uid: str) -> Any:
    """Show a closure, and who would be offered the slots if it were lifted now."""
    found, rooms = _closure(uid)
    return _closure_page(found, rooms)


@bookings.post("/desk/closures/<uid>/lift")
@requires("bookings.manage")
@once
def desk_closure_lift(uid: str) -> Any:
    """Open again; who was displaced is offered the time first."""
    found, _rooms = _closure(uid)
    offers = desk.lift(g.actor, found, version=required_version())
    words = _("恢复使用了。")
    if offers:
        words += ngettext("先给了%(num)s家排在前面的。", "先给了%(num)s家排在前面的。", offers)
    say(words)
    return go(url_for("bookings.desk_closures"))


def _asked(sent: Any) -> tuple[dict[str, str], Place | None, Span | None]:
    """Read what is to be closed when; return errors beside their fields, the place and the time."""
    errors: dict[str, str] = {}
    place = next((one for one in _places() if one.key == sent.get("place")), None)
    if place is None:
        errors["place"] = _("请选场馆或者房间。")
    first, last = typed.day_of(sent.get("from-day", "")), typed.day_of(sent.get("to-day", ""))
    begin, stop = typed.minute(sent.get("from", "") or "0:00"), typed.minute(sent.get("to", "") or "24:00")
    if first is None:
        errors["from-day"] = _("日期看不懂，请写成2026-11-01这样。")
    if last is None:
        errors["to-day"] = _("日期看不懂，请写成2026-11-01这样。")
    if begin is None:
        errors["from"] = _("几点开始看不懂，请写成9:00这样。")
    if stop is None:
        errors["to"] = _("几点结束看不懂，请写成10:30这样。")
    span = None
    if first is not None and last is not None and begin is not None and stop is not None:
        span = Span(start=clock.at(first, begin), end=clock.at(last, stop))
    return errors | _beside(closing.against(span, sent.get("reason", ""))), place, span


def _beside(refusals: Sequence[Refusal]) -> dict[str, str]:
    """Return the words of refusals beside the fields they belong to."""
    return {_FIELDS.get(one.field, one.field): one.text for one in refusals}


def _places() -> list[Place]:
    """Return what this person may close: whole venues of theirs, then rooms."""
    # A venue is closed with its rooms out of use as well: what was booked there is still somebody's.
    rooms = reached(permissions.MANAGE, places.rooms(every=True))
    every = {
        room.venue_id: Place(
            key=f"v.{room.venue_uid}",
            venue_id=room.venue_id,
            room=None,
            rooms=[one for one in rooms if one.venue_id == room.venue_id],
            name=_("%(venue)s全部房间", venue=room.venue),
        )
        for room in rooms
    }
    several = len(every) > 1
    single = [
        Place(
            key=f"r.{room.uid}",
            venue_id=room.venue_id,
            room=room,
            rooms=[room],
            name=f"{room.venue} {room.name}" if several else room.name,
        )
        for room in rooms
        if room.active
    ]
    return [*single, *every.values()]


def _choice(row: BookingsOccurrence) -> str:
    """Return what was chosen for one booking: its own choice, else the one for all."""
    if row.state == "checked_in":
        return "keep"  # nobody is shown the door by a form
    return request.form.get(f"choice-{row.uid}") or request.form.get("every", "displace")


def _form(*, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    there = _places()
    if not there:
        abort(404)
    return render(
        "bookings/desk_closure_new.html",
        status=status,
        places=[(one.key, one.name) for one in there],
        errors=errors or {},
        typed=request.values,
        today_words=clock.today().isoformat(),
    )


def _preview(
    place: Place,
    span: Span,
    there: Sequence[BookingsOccurrence],
    *,
    changed: bool = False,
    status: int = 200,
) -> Any:
    titles = queries.titles({row.booking_id for row in there})
    rooms = places.rooms(ids={row.room_id for row in there}) if there else []
    names, seen = {room.id: room.name for room in rooms}, {one.id for one in reached(permissions.SEE, rooms)}
    kept = {
        name: request.values.get(name, "") for name in ("place", "from-day", "from", "to-day", "to", "reason")
    }
    again: dict[str, Any] = {name: value for name, value in kept.items() if name != "place"}
    return render(
        "bookings/desk_closure_preview.html",
        status=status,
        place=place,
        when=clock_words(span),
        kept=kept,
        reason=kept["reason"].strip(),
        lines=[
            {
                "uid": row.uid,
                "mark": f"{row.uid}.{row.version}",
                "here": row.state == "checked_in",
                "when": when_words(row.starts_at, row.ends_at),
                "room": names.get(row.room_id, ""),
                "state": STATES[row.state],
                "title": titles[row.booking_id][1] if row.room_id in seen else _("已约"),
                "who": titles[row.booking_id][2] if row.room_id in seen else "",
                "url": url_for("bookings.desk_show", uid=titles[row.booking_id][0]),
                "choice": request.form.get(f"choice-{row.uid}", ""),
            }
            for row in there
        ],
        every=request.form.get("every", "displace"),
        choices=choices(),
        changed=changed,
        again=url_for("bookings.desk_closure_new", **again),
    )


def choices() -> list[tuple[str, ...]]:
    """Return what can become of a booking inside a closure."""
    return [
        (
            "displace",
            _("让出来，恢复后先给他"),
            _("通知对方，对方打开预约就能看到还有哪些时间。没有账号、只留了电话的，请他打电话来，您帮他找。"),
        ),
        ("keep", _("保留，照常用")),
        ("cancel", _("取消，告诉对方原因")),
    ]


def _closure(uid: str) -> tuple[BookingsClosure, list[Room]]:
    found = queries.closure(uid)
    rooms = [] if found is None else places.rooms(venue_id=found.venue_id, every=True)
    if found is None or not reached(permissions.MANAGE, rooms):
        abort(404)
    return found, [room for room in rooms if found.room_id in (None, room.id)]


def _closure_page(found: BookingsClosure, rooms: Sequence[Room]) -> Any:
    names = {room.id: room.name for room in rooms}
    open_still = found.state == "closed" and found.ends_at > clock.now()
    offers = freeing.forecast(found, rooms) if open_still else []
    every = {room.id: room.name for room in places.rooms(every=True)} if offers else names
    return render(
        "bookings/desk_closure.html",
        closure=found,
        what=names[found.room_id]
        if found.room_id is not None
        else _("%(venue)s全部房间", venue=rooms[0].venue),
        when=clock_words(Span(start=found.starts_at, end=found.ends_at)),
        open_still=open_still,
        offers=[
            (
                wish.title,
                wish.contact_name,
                when_words(wish.starts_at, wish.ends_at),
                every[wish.room_id],
                wish.ahead,
            )
            for wish in offers
        ],
    )
