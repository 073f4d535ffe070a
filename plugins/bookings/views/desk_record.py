"""One booking before staff: all facts, what happened to it, and what may be done with it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, g, request, url_for

from portal.api import (
    audit,
    civil,
    clock,
    district,
    mask_phone,
    ngettext,
    render,
    requires,
    transaction,
)
from portal.api import gettext as _

from .. import actors, instead, messages, permissions, presence
from ..instead import Instead
from ..models import BookingsBooking, BookingsOccurrence
from ..queries import desk as queries
from ..queries import handovers, mine, places
from ..queries.places import Room
from ..service import changing
from ..service import desk as work
from ..verdicts import Span
from ..words import STEPS, state_words, when_words
from . import bookings
from .desk import reached, tabs


@dataclass(frozen=True, kw_only=True)
class Record:
    """A booking, its times and the rooms they are in, as one person of the staff may see it."""

    booking: BookingsBooking
    times: Sequence[BookingsOccurrence]
    rooms: dict[int, Room]

    @property
    def own(self) -> bool:
        """Tell whether it is the own booking of whoever looks."""
        return self.booking.account_id is not None and self.booking.account_id == g.actor.account_id

    @property
    def open(self) -> list[BookingsOccurrence]:
        """Return the times that may still be moved or called off."""
        now = clock.now()
        return [row for row in self.times if row.state in changing.OPEN and row.starts_at > now]

    @property
    def changeable(self) -> list[BookingsOccurrence]:
        """Return those of them at venues where this person may."""
        return [
            row
            for row in self.open
            if work.may(g.actor, permissions.DESK, self.booking, [self.rooms[row.room_id]])
        ]


def record_of(uid: str) -> Record:
    """Return a booking at a venue whose bookings this person may see; 404 otherwise."""
    found = queries.booking(uid)
    if found is None:
        abort(404)
    times = mine.times(found.id)
    rooms = {room.id: room for room in places.rooms(ids={found.room_id, *(row.room_id for row in times)})}
    if not reached(permissions.SEE, list(rooms.values())):
        abort(404)
    return Record(booking=found, times=times, rooms=rooms)


def time_of(uid: str) -> BookingsOccurrence:
    """Return a time of a booking that this person may see; 404 otherwise."""
    found = queries.occurrence(uid)
    room = places.room(id=found.room_id) if found is not None else None
    if found is None or room is None or not actors.reaches(g.actor, permissions.SEE, room):
        abort(404)
    return found


@bookings.get("/desk/<uid>")
@requires("bookings.see")
def desk_show(uid: str) -> Any:
    """Show a booking."""
    return page(record_of(uid))


@bookings.post("/desk/<uid>/phone")
@requires("bookings.desk")
def desk_phone(uid: str) -> Any:
    """Show the whole number once, and put on record who asked for it."""
    found = record_of(uid)
    if not reached(permissions.DESK, list(found.rooms.values())):
        abort(403)
    with transaction():
        audit.record("bookings.phone", found.booking, actor=g.actor, district=district())
    return page(found, phone=messages.phone_of(found.booking))


def page(
    found: Record,
    *,
    phone: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
    **values: Any,
) -> Any:
    """Render the page of one booking."""
    booking = found.booking
    waiting = work.answerable(g.actor, found.times)
    others = {one.row.id: one for one in _others(found)}
    return render(
        "bookings/desk_show.html",
        status=status,
        tabs=tabs(),
        record=found,
        booking=booking,
        facts=_facts(found, phone),
        lines=[_line(found, row, others.get(row.id)) for row in found.times],
        steps=_timeline(found),
        handed=handovers.handed({row.room_id for row in found.times}, booking_id=booking.id),
        slip=any(row.state in ("approved", "checked_in") for row in found.times),
        phone_hidden=bool(booking.phone_tail) and not phone and g.actor.can(permissions.DESK),
        waiting=[(row, when_of(found, row)) for row in waiting],
        errors=errors or {},
        typed=request.form,
        **values,
    )


def _facts(found: Record, phone: str) -> list[tuple[str, str]]:
    booking = found.booking
    names = queries.equipment_names([int(kind) for kind in booking.needs])
    needs = _("、").join(
        _("%(what)s %(number)s件", what=names.get(int(kind), _("设备")), number=number)
        for kind, number in booking.needs.items()
    )
    shown = phone or (mask_phone("*" * 7 + booking.phone_tail) if booking.phone_tail else _("没留"))
    found_facts = [
        (_("联系人"), booking.contact_name),
        (_("电话"), shown),
        (_("组织"), queries.organization_name(booking.organization_id) or _("个人")),
        (_("人数"), ngettext("%(num)s人", "%(num)s人", booking.headcount)),
        *[(_("签到码"), presence.code(row.uid)) for row in found.times if row.state == "approved"][:1],
        (_("怎么约的"), _way(booking.way)),
    ]
    if needs:
        found_facts.append((_("设备"), needs))
    if booking.over_reason:
        found_facts.append((_("人比座位多"), booking.over_reason))
    if booking.note:
        found_facts.append((_("备注"), booking.note))
    return found_facts


def _way(way: str) -> str:
    return {
        "page": _("本人在网上约的"),
        "desk": _("服务台替他约的"),
        "visit": _("参观接待"),
        "sheet": _("从表格或日历导入的"),
    }[way]


def when_of(found: Record, row: BookingsOccurrence) -> str:
    """Write one time of a booking with its room."""
    room = found.rooms[row.room_id]
    return f"{when_words(row.starts_at, row.ends_at)} {room.name}"


def _others(found: Record) -> list[Instead]:
    """Return what is free instead of times that were taken away: who has no account asks on the telephone."""
    if found.own or not instead.lost(found.times):
        return []
    return instead.of(found.booking, found.times, found.rooms, instead.owner(found.booking))


def _line(found: Record, row: BookingsOccurrence, others: Instead | None) -> dict[str, Any]:
    word, tone = state_words(row.state, answered=row.decided_by is not None)
    movable = row in found.changeable
    return {
        "when": when_words(row.starts_at, row.ends_at),
        "day": clock.civil(row.starts_at).isoformat(),
        "room": found.rooms[row.room_id],
        "state": (word, tone),
        "reason": row.reason,
        "answer_by": row.answer_by,
        "move": url_for("bookings.desk_move_form", uid=found.booking.uid, time=row.uid) if movable else "",
        "others": [(instead.said(one, others.room), _counter(one.room, one.span)) for one in others.free]
        if others is not None
        else None,
        **_displacing(found, row),
    }


def _displacing(found: Record, row: BookingsOccurrence) -> dict[str, Any]:
    """Return where a time is taken away, given back, or taken for somebody else by the room's keepers."""
    room = found.rooms[row.room_id]
    links: dict[str, Any] = {"displace": "", "give_back": None, "counter": ""}
    if found.own or row.starts_at <= clock.now() or not actors.reaches(g.actor, permissions.MANAGE, room):
        return links
    # What only asks is refused, not displaced.
    if row.state == "approved":
        links["displace"] = url_for("bookings.desk_displace_form", uid=found.booking.uid, time=row.uid)
    elif row.state == "displaced":
        links["give_back"] = {"time": row.uid, "version": row.version}
        links["counter"] = _counter(room, Span(start=row.starts_at, end=row.ends_at))
    return links


def _counter(room: Room, span: Span) -> str:
    """Return where a time is written down for somebody; nothing where this person may not."""
    if not actors.reaches(g.actor, permissions.DESK, room):
        return ""
    start, end = (f"{at.astimezone(clock.SHANGHAI):%Y-%m-%dT%H:%M}" for at in (span.start, span.end))
    return url_for("bookings.desk_counter", resource=room.uid, start=start, end=end)


def _timeline(found: Record) -> list[dict[str, Any]]:
    shown = []
    for step in queries.steps(found.booking.id):
        mine = step.actor_id is not None and step.actor_id == found.booking.account_id
        local = step.at.astimezone(clock.SHANGHAI)
        shown.append(
            {
                "label": str(STEPS.get(step.action, _("有变化"))),
                "state": "stopped"
                if step.action in ("refused", "lapsed", "cancelled", "displaced")
                else "done",
                "who": _("本人") if mine else step.who or _("系统"),
                "at": f"{civil(local)} {local:%H:%M}",
                "note": step.note,
            }
        )
    return shown
