"""Close a room or a venue for a time, with a choice for every booking in it; and open it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import select

from portal.api import Conflict, audit, claims, clock, crypto, district, session, swap, transaction
from portal.api import gettext as _

from .. import messages, wants
from ..models import BookingsBooking, BookingsClosure, BookingsOccurrence, BookingsVenue
from ..models.booking import LIVE
from ..queries import places
from ..queries.places import Room
from ..verdicts import Refusal, Refused, Span
from . import freeing, steps
from .asking import holder
from .waiting import put_in_line

#: Days a closure has at most: any year.
LONGEST = 366
#: What may be chosen for a booking inside a closure (criterion 11).
CHOICES = ("displace", "keep", "cancel")


def touched(rooms: Sequence[Room], span: Span) -> list[BookingsOccurrence]:
    """Return the living times that share a slot with ``span`` in these rooms, halls and parts included."""
    around = sorted(places.neighbours(room.id for room in rooms))
    found = select(BookingsOccurrence).where(
        BookingsOccurrence.room_id.in_(around),
        BookingsOccurrence.state.in_(LIVE),
        BookingsOccurrence.starts_at < span.end,
        BookingsOccurrence.ends_at > span.start,
    )
    return list(session.scalars(found.order_by(BookingsOccurrence.starts_at, BookingsOccurrence.id)))


def close(
    venue: BookingsVenue,
    room: Room | None,
    *,
    span: Span,
    reason: str,
    choices: Mapping[int, str],
    by: int,
) -> BookingsClosure:
    """Close one room or all of a venue; ``choices`` says for each touched occurrence what becomes of it.

    displace: its slots go, it is told, stands first in line and is shown other times. keep: it takes place
    all the same. cancel: it is called off with the reason.

    Raises:
        Refused: no reason, a time that is over, too long or between two slots, a choice that is none.
        Conflict: bookings came or went since the preview; ``current`` are those there are now.
    """
    rooms = [room] if room is not None else places.rooms(venue_id=venue.id, every=True)
    _check(rooms, span, reason, choices)
    why = reason.strip()[:200]
    with transaction():
        freeing.lock_around(one.id for one in rooms)
        there = touched(rooms, span)
        if {row.id for row in there} != set(choices):
            raise Conflict(current=there)
        made = BookingsClosure(
            uid=crypto.new_uid(),
            district_id=district().id,
            venue_id=venue.id,
            room_id=room.id if room is not None else None,
            starts_at=span.start,
            ends_at=span.end,
            reason=why,
            closed_by=by,
            closed_at=clock.now(),
        )
        session.add(made)
        session.flush()
        for row in there:
            if choices[row.id] != "keep":
                end_one(row, choices[row.id], why, by=by)
        for one in rooms:
            freeing.close_free(made, one)
        audit.record(
            "bookings.close",
            made,
            actor=by,
            district=made.district_id,
            detail={choice: sum(kind == choice for kind in choices.values()) for choice in CHOICES},
        )
        # A booking may reach beyond the closed time: the rest of it is free now.
        ended = [row for row in there if choices[row.id] != "keep"]
        freeing.freed(
            sorted({row.room_id for row in ended}),
            [Span(start=row.starts_at, end=row.ends_at) for row in ended],
        )
    return made


def lift(closure: BookingsClosure, *, version: int, by: int) -> int:
    """Open again before the time is over; those displaced are offered the slots first. Return how many.

    Raises:
        Conflict: it was lifted already.
    """
    with transaction():
        rooms = (
            places.rooms(ids=[closure.room_id])
            if closure.room_id is not None
            else places.rooms(venue_id=closure.venue_id, every=True)
        )
        freeing.lock_around(room.id for room in rooms)
        swap(
            closure,
            version=version,
            states=("closed",),
            state="lifted",
            lifted_by=by,
            lifted_at=clock.now(),
        )
        claims.release(claims.Holder(wants.CLOSURE, closure.id))
        offers = freeing.freed(
            [room.id for room in rooms], [Span(start=closure.starts_at, end=closure.ends_at)]
        )
        audit.record(
            "bookings.lift", closure, actor=by, district=closure.district_id, detail={"offers": offers}
        )
    return offers


def against(span: Span | None, reason: str) -> list[Refusal]:
    """Return what cannot be of a closure, whatever is in it; ``span`` None where it could not be read."""
    refused: list[Refusal] = []
    if not reason.strip():
        text = _("请写为什么停用，大家都会看到。")
        refused.append(Refusal(code="reason", text=text, field="reason"))
    if span is None:
        return refused
    # Its last day: one that ends at midnight does not reach into the next.
    last = clock.civil(span.end - timedelta(microseconds=1))
    if span.end <= span.start:
        refused.append(Refusal(code="order", text=_("结束时间要晚于开始时间。"), field="end"))
    elif span.end <= clock.now():
        refused.append(Refusal(code="past", text=_("这个时间已经过了，请选以后的时间。"), field="end"))
    elif (last - clock.civil(span.start)).days >= LONGEST:
        text = _("一次最多停用一年，也就是%(days)s天。", days=LONGEST)
        refused.append(Refusal(code="long", text=text, field="last"))
    return refused


def _check(rooms: Sequence[Room], span: Span, reason: str, choices: Mapping[int, str]) -> None:
    refused = against(span, reason)
    if all(one.field == "reason" for one in refused):
        refused += next((found for room in rooms if (found := wants.on_grid(room, span))), [])
    if not rooms:
        refused.append(Refusal(code="rooms", text=_("这个场馆还没有登记房间。"), field="room"))
    if any(choice not in CHOICES for choice in choices.values()):
        refused.append(Refusal(code="choice", text=_("请给每个预约选一个办法。"), field="choices"))
    if refused:
        raise Refused(refused)


def end_one(row: BookingsOccurrence, choice: str, why: str, *, by: int, said: str = "") -> None:
    """Displace or cancel one time, under the lock of its units; who has it is told why (or ``said``)."""
    booking = session.get_one(BookingsBooking, row.booking_id)
    room = places.room_of(row)
    state = "displaced" if choice == "displace" else "cancelled"
    # Whoever is in the room already keeps it: nobody is shown the door by a form.
    swap(
        row,
        version=row.version,
        states=("requested", "approved"),
        state=state,
        reason=why,
        answer_by=None,
        sequence=row.sequence + 1,
    )
    claims.release(holder(row))
    steps.note(booking, state, by=by, occurrence=row, words=said or why)
    if choice == "displace":
        put_in_line(booking, row, ahead=True)
    messages.tell(state, booking, row, room, key=f"{state}:{row.id}:{row.version}", why=said or why)
