"""One's own booking: how it stands, who has it, every date, and what can be done about it."""

from __future__ import annotations

from typing import Any

from flask import abort, g

from portal.api import gettext as _
from portal.api import render, requires, session

from .. import actors, instead, messages, permissions, presence, shown, words
from ..alternatives import Alternative
from ..instead import Instead
from ..models import BookingsBooking, BookingsEquipment
from ..queries import days_off, mine, places, venues, visits
from ..queries.holders import colleagues
from . import bookings
from .ask import own_phone


def booking_or_404(uid: str) -> BookingsBooking:
    """Return a booking of one's own or of one's offices; another's is as good as none."""
    found = mine.booking(uid, actors.hands(g.actor))
    if found is None:
        abort(404)
    return found


@bookings.get("/<booking_uid>")
@requires(permissions.BOOK)
def show(booking_uid: str) -> Any:
    """Show a booking; this is its receipt too, and can be opened again."""
    booking = booking_or_404(booking_uid)
    times = mine.times(booking.id)
    rooms = {room.id: room for room in places.rooms(ids={booking.room_id, *(row.room_id for row in times)})}
    room = rooms[booking.room_id]
    venue = venues.venue(room.venue_id)
    together = colleagues(booking)
    own = booking.account_id == g.actor.account_id
    open_times = [row for row in times if shown.may_change(row)]
    off, guessed = days_off.of_booking(booking, open_times)
    asker = actors.asker(g.actor, organization_id=booking.organization_id)
    return render(
        "bookings/booking.html",
        block="content",
        booking=booking,
        times=times,
        rooms=rooms,
        room=room,
        venue=venue,
        state=shown.headline(times),
        steps=shown.timeline(
            mine.steps(booking.id), times, together | {g.actor.account_id: _("您")} if together else {}
        ),
        visit=visits.of_booking(booking.id) if booking.way == "visit" else None,
        organization=dict(mine.organization_names([booking.organization_id])).get(booking.organization_id)
        if booking.organization_id
        else None,
        needs=_needs(booking),
        made_by=None if own else together.get(booking.account_id, ""),
        open_times=open_times,
        open_ids={row.id for row in open_times},
        off=off,
        guessed=guessed,
        used=shown.in_use(times),
        in_line=mine.in_line(booking.id, actors.hands(g.actor))
        if any(row.state in ("lapsed", "displaced") for row in times)
        else [],
        instead=[(one, _choices(booking, one)) for one in instead.of(booking, times, rooms, asker)],
        words=words,
        next_words=shown.next_words,
        code_of=presence.code,
    )


def _choices(booking: BookingsBooking, lost: Instead) -> list[tuple[Alternative, list[tuple[str, str]]]]:
    """Return each time that is free instead of one, and what the form for its room is filled with."""
    if booking.way == "visit":
        return [(one, instead.visit_fields(booking, one)) for one in lost.free]
    # A colleague who books again for the organization is called by the own name and on the own number.
    contact = [("contact_name", g.actor.display_name)]
    if lost.free and booking.account_id == g.actor.account_id:
        phone = messages.phone_of(booking)
        contact = [
            ("contact_name", booking.contact_name),
            *([("phone", phone)] if phone != own_phone() else []),
        ]
    return [(one, [*instead.fields(booking, lost.room, one), *contact]) for one in lost.free]


def _needs(booking: BookingsBooking) -> list[tuple[str, int]]:
    if not booking.needs:
        return []
    kinds = session.query(BookingsEquipment).filter(
        BookingsEquipment.id.in_([int(kind) for kind in booking.needs])
    )
    return [(kind.name, booking.needs[str(kind.id)]) for kind in kinds.order_by(BookingsEquipment.name)]
