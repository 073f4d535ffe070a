"""Book for somebody at the counter: one form, Enter sends it, other times one key away when it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import abort, g, request, url_for

from portal.api import clock, crypto, district, go, once, render, requires, say
from portal.api import gettext as _

from .. import actors, alternatives, judging, nights, permissions, typed, verdicts
from ..alternatives import Alternative
from ..hours import Hours
from ..policy import policy_of
from ..queries import desk as queries
from ..queries import mine, places
from ..queries.desk import Known
from ..queries.places import Room
from ..questions import Question
from ..service import counter as work
from ..service.asking import Contact, Wanted
from ..verdicts import NotFree, Refusal, Refused, Span
from ..words import when_words
from . import bookings
from .desk import reached, tabs, time_errors, usual, venues

_FIELDS = {"contact": "contact_name", "contact_name": "contact_name", "start": "start", "end": "end"}
LENGTH = timedelta(hours=1)
#: Days in which the next opening is looked for.
AHEAD = 14


@dataclass(frozen=True, kw_only=True)
class Counter:
    """The rooms somebody books at the counter, all of one venue, and the one that is chosen."""

    every: Sequence[Room]
    rooms: Sequence[Room]
    room: Room


@bookings.get("/desk/counter")
@requires("bookings.desk")
def desk_counter() -> Any:
    """Ask who wants which room when; a free place pressed in the calendar fills it in."""
    counter = _counter(request.args.get("resource", ""), request.args.get("venue", ""))
    start, end = (typed.instant(request.args.get(name, "")) for name in ("start", "end"))
    return _page(counter, _usual_time(counter.room, start, end))


@bookings.post("/desk/counter")
@requires("bookings.desk")
@once
def desk_counter_book() -> Any:
    """Book it for whoever stands there; nobody needs to approve what the desk takes down for others."""
    form = request.form
    counter = _counter(form.get("room", ""), "")
    if form.get("venue", counter.room.venue_uid) != counter.room.venue_uid:
        # Another house was chosen: its rooms and things, and all else as it was typed.
        return _page(_counter("", form["venue"]), None)
    day = typed.day_of(form.get("day", ""))
    start, end = typed.minute(form.get("start", "")), typed.end_minute(form.get("end", ""))
    errors = time_errors(day, start, end)
    phone = typed.phone(form.get("phone", ""))
    if phone is None:
        errors["phone"] = _("号码看不懂，请写11位手机号，或者带区号的座机；没有就空着。")
    headcount = typed.whole(form.get("headcount", ""))
    if not headcount:
        errors["headcount"] = _("请填来多少人，只写数字。")
    needs = _needs(counter.room, form)
    if needs is None:
        errors["needs"] = _("设备几件请只写数字，不要的空着。")
    there = _known(phone, counter) if phone else []
    name = form.get("contact_name", "").strip() or (there[0].name if there else "")
    if not name:
        errors["contact_name"] = _("请写联系人怎么称呼。")
    night = None
    if day is not None and start is not None and end is not None and end < start:
        night, errors["end"] = nights.offer(counter.room, day, start, end)
    if errors or day is None or start is None or end is None or headcount is None or needs is None:
        others = [Alternative(room=counter.room, span=night)] if night else ()
        return _page(
            counter,
            None,
            errors=errors,
            status=422,
            known=there,
            others=others,
            name=name,
            night=night is not None,
        )
    span = typed.span_of(day, start, end)
    wanted = Wanted(
        room=counter.room,
        spans=(span,),
        title=form.get("title", "").strip() or _("到场使用"),
        headcount=headcount,
        contact=Contact(name=name, phone=phone or ""),
        asker=_asker(counter.room),
        needs=needs,
        over_reason=form.get("over_reason", "").strip(),
        way="desk",
    )
    try:
        made = work.book(wanted, by=g.actor.account_id)
    except NotFree as clash:
        if again := work.same_again(wanted, by=g.actor.account_id):
            say(_("这个刚才已经约好了，没有重复约。"))
            return go(url_for("bookings.desk_slip", uid=again))
        others = alternatives.three(district(), wanted.question(), span, headcount=headcount)
        (verdict,) = clash.verdicts
        errors, status = _beside(verdict.refusals), 409 if verdict.clashes else 422
        return _page(counter, None, errors=errors, status=status, known=there, others=others, name=name)
    except Refused as refused:
        over = any(one.code == "seats" for one in refused.refusals)
        crowd = over or any(one.code == "fire" for one in refused.refusals)
        others = (
            alternatives.larger(district(), wanted.question(), span, headcount=headcount) if crowd else []
        )
        errors = _beside(refused.refusals)
        return _page(
            counter, None, errors=errors, status=422, known=there, others=others, over=over, name=name
        )
    if mine.waits(made.id):
        say(_("交上去了。这是您自己要用的，要请另一位同志批准。"))
    else:
        say(_("约好了：%(room)s，%(when)s。", room=counter.room.name, when=verdicts.clock_words(span)))
    return go(url_for("bookings.desk_slip", uid=made.uid))


@bookings.post("/desk/counter/known")
@requires("bookings.desk")
def desk_counter_known() -> Any:
    """Say who left this number before; nothing is kept, and the number stands in no address."""
    counter = _counter(request.form.get("room", ""), "")
    phone = typed.phone(request.form.get("phone", ""))
    return render(
        "bookings/desk_known.html",
        status=200 if phone else 422,
        known=_known(phone, counter) if phone else [],
        typed_phone=phone,
    )


def _counter(room: str, venue: str) -> Counter:
    every = reached(permissions.DESK, places.rooms())
    if not every:
        abort(404)
    if room:
        rooms = [one for one in every if one.uid == room]
    elif venue:
        rooms = [one for one in every if one.venue_uid == venue]
    else:
        rooms = usual(every, every)
    if not rooms:
        abort(404)
    beside = [one for one in every if one.venue_id == rooms[0].venue_id]
    return Counter(every=every, rooms=beside, room=rooms[0])


def _asker(room: Room) -> Any:
    try:
        return actors.for_somebody(g.actor, room)
    except PermissionError:
        abort(404)


def _known(phone: str | None, counter: Counter) -> list[Known]:
    if not phone:
        return []
    return queries.known(crypto.blind_index("phone", phone), {room.id for room in counter.every})


def _beside(refusals: Sequence[Refusal]) -> dict[str, str]:
    """Return the words beside each field, the first of each: it says what the others follow from."""
    said: dict[str, str] = {}
    for one in refusals:
        said.setdefault(_FIELDS.get(one.field, one.field), one.text)
    return said


def _needs(room: Room, form: Mapping[str, str]) -> dict[int, int] | None:
    """Return the pieces that were typed of the kinds this venue has; None where one is no number."""
    found = {}
    for kind, _name in queries.equipment(room.venue_id):
        said = form.get(f"need-{kind}", "").strip()
        number = typed.whole(said, most=999) if said else 0
        if number is None:
            return None
        if number:
            found[kind] = number
    return found


def _usual_time(room: Room, start: datetime | None, end: datetime | None) -> Span:
    """Return what the form begins with: an hour from now, or from when the room is open and free again."""
    if start is None:
        running = judging.running(room, clock.now())
        now = _open_hour(room, running)
        if now.start == running and _is_free(room, now):
            return now
        return _open_hour(room, running + timedelta(minutes=room.grid))
    return Span(start=start, end=end if end is not None and end > start else start + LENGTH)


def _open_hour(room: Room, start: datetime) -> Span:
    last = start + timedelta(days=AHEAD)
    hours = Hours([room], clock.civil(start), clock.civil(last))
    for opens, closes in hours.intervals(room, start, last):
        if max(start, opens) < closes:
            start = max(start, opens)
            return Span(start=start, end=min(start + LENGTH, closes))
    return Span(start=start, end=start + LENGTH)


def _is_free(room: Room, span: Span) -> bool:
    question = Question(room=room, spans=(span,), asker=_asker(room), walk_in=True)
    return judging.judge(question, policy_of(district(), room)).verdicts[0].free


def _page(
    counter: Counter,
    span: Span | None,
    *,
    errors: dict[str, str] | None = None,
    status: int = 200,
    known: Sequence[Known] = (),
    others: Sequence[Alternative] = (),
    over: bool = False,
    name: str = "",
    night: bool = False,
) -> Any:
    sent = request.form
    begun = typed.spoken_span(span) if span is not None else ("", "", "")
    values = {
        "day": sent.get("day", begun[0]),
        "start": sent.get("start", begun[1]),
        "end": sent.get("end", begun[2]),
        "headcount": sent.get("headcount", ""),
    }
    return render(
        "bookings/desk_counter.html",
        status=status,
        tabs=tabs(),
        counter=counter,
        values=values,
        rooms=[
            (room.uid, _("%(room)s（%(seats)s座）", room=room.name, seats=room.capacity))
            for room in counter.rooms
        ],
        venues=venues(counter.every),
        equipment=queries.equipment(counter.room.venue_id),
        known=known,
        night=night,
        others=[_other(one, sent, name, counter.room) for one in others],
        over=over or bool(sent.get("over_reason")),
        errors=errors or {},
        typed=sent,
        typed_phone=typed.phone(sent.get("phone", "")),
        usual=[_("支部学习"), _("开会"), _("活动"), _("咨询"), _("到场使用")],
    )


def _other(one: Alternative, sent: Mapping[str, str], name: str, room: Room) -> dict[str, Any]:
    """Return one free time as a form of its own: everything typed, another room and time."""
    day, start, end = typed.spoken_span(one.span)
    hidden = {key: value for key, value in sent.items() if key not in ("csrf_token", "_once")}
    return {
        # Rooms of two houses may be called the same.
        "words": " ".join(
            (
                *([one.room.venue] if one.room.venue_id != room.venue_id else []),
                one.room.name,
                when_words(one.span.start, one.span.end),
            )
        ),
        "hidden": {
            **hidden,
            "contact_name": name,
            "room": one.room.uid,
            "venue": one.room.venue_uid,
            "day": day,
            "start": start,
            "end": end,
        },
    }
