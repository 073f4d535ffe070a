"""Answer a request: approve some or all of its times, or refuse with a reason and other times at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, g, redirect, request, url_for

from portal.api import Conflict, clock, go, ngettext, once, render, required_version, requires, say
from portal.api import gettext as _

from .. import instead, permissions, verdicts
from ..models import BookingsOccurrence
from ..queries import desk as queries
from ..queries import places, requests
from ..queries.requests import Near
from ..service import desk as work
from ..verdicts import NotFree, Refused
from ..words import STATES, day_words, hours_words, in_brackets, until_words
from . import bookings
from .desk import reached, versions_sent
from .desk_record import Record, page, record_of


@bookings.get("/desk/<uid>/answer")
@requires("bookings.approve")
def desk_answer(uid: str) -> Any:
    """Show what waits of a booking, what stands around it, and the form for the answer."""
    found = record_of(uid)
    if not work.answerable(g.actor, found.times):
        # Answered meanwhile, by somebody else or from the list: its own page says by whom and how.
        return redirect(url_for("bookings.desk_show", uid=uid), 303)
    return _page(found)


@bookings.post("/desk/<uid>/answer")
@requires("bookings.approve")
@once
def desk_answered(uid: str) -> Any:
    """Approve or refuse the ticked times."""
    found, version = record_of(uid), required_version()
    act = request.form.get("act")
    if act not in ("approve", "refuse"):
        abort(400)
    only = _chosen(found)
    if not only:
        return _page(found, errors={"time": _("请勾上要答复的时间。")}, status=422)
    try:
        if act == "approve":
            number = work.approve(g.actor, found.booking, version=version, only=only)
        else:
            others = [text for text in request.form.getlist("instead") if text in _offered(found)]
            reason = request.form.get("reason", "")
            number = work.refuse(
                g.actor, found.booking, version=version, reason=reason, instead=others, only=only
            )
    except PermissionError:
        abort(403)
    except NotFree as clash:
        return _page(found, errors={"time": verdicts.texts(clash.verdicts)[0]}, status=409)
    except Refused as refused:
        return _refused(found, refused)
    if act == "approve":
        say(ngettext("批准了%(num)s个时间，已经告诉对方。", "批准了%(num)s个时间，已经告诉对方。", number))
    else:
        say(ngettext("答复了%(num)s个时间，已经告诉对方。", "答复了%(num)s个时间，已经告诉对方。", number))
    return go(url_for("bookings.desk_requests"))


@bookings.post("/desk/<uid>/approve")
@requires("bookings.approve")
@once
def desk_approve(uid: str) -> Any:
    """Approve everything that waits of a booking, at once from the list."""
    found, version = record_of(uid), required_version()
    try:
        number = work.approve(g.actor, found.booking, version=version)
    except PermissionError:
        abort(403)
    except NotFree as clash:
        return _page(found, errors={"time": verdicts.texts(clash.verdicts)[0]}, status=409)
    except Refused as refused:
        return _refused(found, refused)
    say(ngettext("批准了%(num)s个时间，已经告诉对方。", "批准了%(num)s个时间，已经告诉对方。", number))
    return go(url_for("bookings.desk_requests"))


def _refused(found: Record, refused: Refused) -> Any:
    own = any(one.code == "own" for one in refused.refusals)
    # A guide is chosen on the visit's own page; what is wrong here is that this time cannot be approved yet.
    errors = {"time" if one.field == "guide" else one.field: one.text for one in refused.refusals}
    return _page(found, errors=errors, status=403 if own else 422)


def _chosen(found: Record) -> list[int]:
    """Return the ids of the ticked times, each still as the page has read it."""
    sent = versions_sent("time")
    rows = [row for row in found.times if row.uid in sent]
    if len(rows) != len(sent):
        abort(404)
    if any(row.version != sent[row.uid] for row in rows):
        raise Conflict(current=found.booking)
    return [row.id for row in rows]


def _page(found: Record, *, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    waiting = work.answerable(g.actor, found.times)
    if not waiting:
        if errors:
            return page(found, errors=errors, status=status)
        raise Conflict(_("这里没有等您答复的时间了：可能别人已经答复，或者对方取消了。"))
    every = places.rooms(every=True)
    rooms = [found.rooms[row.room_id] for row in waiting]
    near = requests.around(
        [(row.room_id, row.starts_at, row.ends_at) for row in waiting], requests.sharing(rooms, every)
    )
    seen = {room.id for room in reached(permissions.SEE, every)}
    names = {room.id: room.name for room in every}
    shared = requests.sharing(rooms, every)
    others = [] if found.own else _offered(found, waiting[0])
    return render(
        "bookings/desk_answer.html",
        status=status,
        record=found,
        booking=found.booking,
        organization=queries.organization_name(found.booking.organization_id),
        lines=[_line(found, row, near, shared[row.room_id], seen, names) for row in waiting],
        others=others,
        others_choices=[(one, one) for one in others],
        until=until_words(min(row.answer_by for row in waiting if row.answer_by is not None)),
        errors=errors or {},
        typed=request.form,
        chosen=request.form.getlist("time"),
        instead=request.form.getlist("instead") if request.method == "POST" else None,
    )


def _line(
    found: Record,
    row: BookingsOccurrence,
    near: Sequence[Near],
    shared: set[int],
    seen: set[int],
    names: dict[int, str],
) -> dict[str, Any]:
    """Return one waiting time with what clashes with it and what comes before and after."""
    own = [one for one in near if one.room_id in shared and one.booking_id != found.booking.id]
    clashing = [one for one in own if one.start < row.ends_at and one.end > row.starts_at]
    beside = [
        one for one in own if one not in clashing and clock.civil(one.start) == clock.civil(row.starts_at)
    ]

    def words(one: Near) -> str:
        title = one.title if one.room_id in seen else _("已约")
        named = in_brackets(title, STATES[one.state][0])
        return f"{hours_words(one.start, one.end)} {names[one.room_id]} {named}"

    hints = [_("撞上：%(what)s", what=words(one)) for one in clashing]
    hints += [_("同一天：%(what)s", what=words(one)) for one in beside] or [_("这一天没有别人用")]
    return {
        "value": f"{row.uid}.{row.version}",
        "day": day_words(clock.civil(row.starts_at)),
        "rest": f"{hours_words(row.starts_at, row.ends_at)} {found.rooms[row.room_id].name}",
        "hint": _("；").join(hints),
        "rivals": len({one.booking_id for one in clashing if one.state == "requested"})
        if row.competes
        else 0,
    }


def _offered(found: Record, row: BookingsOccurrence | None = None) -> list[str]:
    """Return up to three other times for a request, in the words that go into the message."""
    row = row or next((one for one in found.times if one.state == "requested"), None)
    return [] if row is None else times_instead(found, row)


def times_instead(found: Record, row: BookingsOccurrence) -> list[str]:
    """Return up to three free times instead of one, in the words that go into a message."""
    booking, room = found.booking, found.rooms[row.room_id]
    # What they are told they book themselves, within their limits; for who has no account the desk does.
    there = instead.free(booking, row, room, instead.owner(booking))
    return [instead.said(one, room) for one in there]
