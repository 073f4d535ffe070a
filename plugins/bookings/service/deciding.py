"""Answer a request: approve it, refuse it with a reason, or let it lapse when nobody answers in time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, select

from portal.api import Conflict, audit, claims, clock, district, session, swap, transaction
from portal.api import gettext as _

from .. import judging, messages
from ..judging import Asker, Question
from ..models import BookingsBooking, BookingsOccurrence
from ..policy import policy_of
from ..queries import places
from ..queries.holders import is_member, is_own
from ..queries.places import Room
from ..verdicts import NotFree, Refusal, Refused, Span
from . import freeing, guides, steps
from .asking import holder
from .waiting import put_in_line


def approve(
    booking: BookingsBooking,
    *,
    version: int,
    by: int,
    only: Collection[int] | None = None,
    alone: bool = False,
) -> int:
    """Approve what is requested of a booking (``only`` these occurrences); return how many times.

    ``alone``: a visit that wanted a guide is received without.

    Where requests compete, the approval claims the slots; those it leaves nothing for become entries of the
    waiting list, not refusals.

    Raises:
        Refused: it is one's own request (rule K12), or a visit that wants a guide and has none.
        NotFree: a competing request's time went to somebody else meanwhile.
        Conflict: it was answered or changed meanwhile.
    """
    _refuse_own(booking, by)
    with transaction():
        rows = requested(booking, only)
        rooms = _rooms(booking, rows)
        questions = _questions(booking, rooms, [row for row in rows if row.competes])
        units = {unit for question in questions for unit in judging.units(question)}
        freeing.lock_around(rooms, units)
        swap(booking, version=version)
        rows = requested(booking, only)
        if not rows or not {row.room_id for row in rows} <= set(rooms):
            raise Conflict(current=booking)
        if not alone:
            guides.require(booking)
        now = clock.now()
        if any(row.starts_at <= now for row in rows):
            # Nobody was there for what was not theirs yet: it would count as not turned up.
            raise Conflict(_("申请的时间已经开始了，不能再批准。"), current=booking)
        competing = [row for row in rows if row.competes]
        _claim(_questions(booking, rooms, competing), competing)
        for row in rows:
            swap(
                row,
                version=row.version,
                states=("requested",),
                state="approved",
                answer_by=None,
                competes=False,
                decided_by=by,
                decided_at=now,
                sequence=row.sequence + 1,
            )
        for room in rooms.values():
            _tell_approved(booking, [row for row in rows if row.room_id == room.id], room)
        steps.note(booking, "approved", by=by)
        audit.record(
            "bookings.approve", booking, actor=by, district=booking.district_id, detail={"times": len(rows)}
        )
        for room in rooms.values():
            won = [row for row in competing if row.room_id == room.id]
            if won:
                _outbid(booking, won, room, by=by)
    return len(rows)


def refuse(
    booking: BookingsBooking,
    *,
    version: int,
    reason: str,
    by: int,
    only: Collection[int] | None = None,
    instead: Sequence[str] = (),
) -> int:
    """Refuse what is requested of a booking, with a reason; its slots go on. Return how many times.

    ``instead`` are other times in words, which go into the message.

    Raises:
        Refused: no reason.
        Conflict: it was answered or changed meanwhile.
    """
    why = reason.strip()[:200]
    if not why:
        raise Refused([Refusal(code="reason", text=_("请写原因，申请的人会看到。"), field="reason")])
    return _end(booking, version=version, state="refused", why=why, by=by, only=only, instead=instead)


def lapse(booking: BookingsBooking, *, only: Collection[int]) -> int:
    """Let go requests that nobody answered in time; the next on the waiting list get their turn.

    Raises: Conflict where none of them is due: one that moved meanwhile has a new time to be answered.
    """
    return _end(
        booking, version=None, state="lapsed", why=_("到期没有答复"), by=None, only=only, due=clock.now()
    )


def _tell_approved(booking: BookingsBooking, rows: Sequence[BookingsOccurrence], room: Room) -> None:
    """Say it once for all times in one room: nobody reads forty messages about forty Tuesdays."""
    if rows:
        key = f"approved:{rows[0].id}:{rows[0].version}"
        messages.tell("approved", booking, rows[0], room, key=key, times=len(rows))


def _end(
    booking: BookingsBooking,
    *,
    version: int | None,
    state: str,
    why: str,
    by: int | None,
    only: Collection[int] | None,
    instead: Sequence[str] = (),
    due: datetime | None = None,
) -> int:
    with transaction():
        rooms = _rooms(booking, requested(booking, only))
        freeing.lock_around(rooms)
        swap(booking, version=version)
        rows = requested(booking, only)
        if due is not None:
            rows = [row for row in rows if row.answer_by is not None and row.answer_by <= due]
        if not rows or not {row.room_id for row in rows} <= set(rooms):
            raise Conflict(current=booking)
        for row in rows:
            swap(
                row,
                version=row.version,
                states=("requested",),
                state=state,
                reason=why,
                answer_by=None,
                decided_by=by,
                decided_at=clock.now(),
                sequence=row.sequence + 1,
            )
            claims.release(holder(row))
        first, said = rows[0], with_others(why, instead)
        key = f"{state}:{first.id}:{first.version}"
        messages.tell(state, booking, first, rooms[first.room_id], key=key, why=said, times=len(rows))
        steps.note(booking, state, by=by, words=said)
        audit.record(
            f"bookings.{state}", booking, actor=by, district=booking.district_id, detail={"times": len(rows)}
        )
        freeing.freed(rooms, spans_of(rows))
    return len(rows)


def spans_of(rows: Sequence[BookingsOccurrence]) -> list[Span]:
    """Return the times of occurrences."""
    return [Span(start=row.starts_at, end=row.ends_at) for row in rows]


def _refuse_own(booking: BookingsBooking, by: int) -> None:
    if is_own(by, account_id=booking.account_id, phone_index=booking.phone_index, name=booking.contact_name):
        text = _("自己的申请要请另一位同志批准。")
        raise Refused([Refusal(code="own", text=text, field="approve")])


def with_others(why: str, instead: Sequence[str]) -> str:
    """Write a reason with the times that are free instead."""
    if not instead:
        return why
    return _("%(why)s。这些时间还空着：%(others)s", why=why.rstrip("。."), others=_("；").join(instead))


def _rooms(booking: BookingsBooking, rows: Sequence[BookingsOccurrence]) -> dict[int, Room]:
    """Return the rooms of these times: one may have been moved into another room than its booking's."""
    return {room.id: room for room in places.rooms(ids={booking.room_id, *(row.room_id for row in rows)})}


def requested(booking: BookingsBooking, only: Collection[int] | None) -> list[BookingsOccurrence]:
    """Return the times of a booking that wait for an answer (``only`` these), read anew."""
    found = (
        select(BookingsOccurrence)
        .where(BookingsOccurrence.booking_id == booking.id, BookingsOccurrence.state == "requested")
        .order_by(BookingsOccurrence.id)
        .execution_options(populate_existing=True)
    )
    if only is not None:
        found = found.where(BookingsOccurrence.id.in_(sorted(only)))
    return list(session.scalars(found))


def _questions(
    booking: BookingsBooking, rooms: Mapping[int, Room], rows: Sequence[BookingsOccurrence]
) -> list[Question]:
    # Staff judge by the clock and by claims; limits were asked when it was made.
    asker = Asker(
        account_id=booking.account_id,
        is_member=is_member(booking.account_id),
        organization_id=booking.organization_id,
        staff=True,
    )
    needs = {int(kind): number for kind, number in booking.needs.items()}
    return [
        Question(
            room=room,
            spans=spans_of([row for row in rows if row.room_id == room.id]),
            asker=asker,
            needs=needs,
        )
        for room in rooms.values()
        if any(row.room_id == room.id for row in rows)
    ]


def _claim(questions: Sequence[Question], rows: Sequence[BookingsOccurrence]) -> None:
    """Claim competing times, room by room; the units are locked already."""
    for question in questions:
        grids = claims.lock(judging.units(question))
        answer = judging.judge(question, policy_of(district(), question.room), grids=grids)
        if not all(one.free for one in answer.verdicts):
            raise NotFree(answer.verdicts)
        own = [row for row in rows if row.room_id == question.room.id]
        for row, slots in zip(own, answer.wants, strict=True):
            claims.reserve(holder(row), slots, district_id=row.district_id)


def _outbid(booking: BookingsBooking, won: Sequence[BookingsOccurrence], room: Room, *, by: int) -> None:
    """Put everybody who competed for the same time on the waiting list."""
    rivals = sorted(places.neighbours([room.id]))
    overlapping = [
        (BookingsOccurrence.starts_at < row.ends_at) & (BookingsOccurrence.ends_at > row.starts_at)
        for row in won
    ]
    lost = session.scalars(
        select(BookingsOccurrence)
        .where(
            BookingsOccurrence.room_id.in_(rivals),
            BookingsOccurrence.booking_id != booking.id,
            BookingsOccurrence.state == "requested",
            BookingsOccurrence.competes,
            or_(*overlapping),
        )
        .order_by(BookingsOccurrence.id)
    ).all()
    why = _("这个时间批给了别人，已经替您排上候补")
    theirs_in = {one.id: one for one in places.rooms(ids={room.id, *(row.room_id for row in lost)})}
    for row in lost:
        # A part of the hall is lost with the hall: they are told of the room they asked for.
        theirs, room = session.get_one(BookingsBooking, row.booking_id), theirs_in[row.room_id]
        swap(
            row,
            version=None,
            states=("requested",),
            state="lapsed",
            sequence=row.sequence + 1,
            reason=why,
            answer_by=None,
            decided_by=by,
            decided_at=clock.now(),
        )
        wish = put_in_line(theirs, row, ahead=False)
        steps.note(theirs, "outbid", by=by, occurrence=row, words=why)
        key = f"outbid:{row.id}:{row.version}"
        messages.tell("outbid", theirs, row, room, key=key, url=f"wishes/{wish.uid}")
