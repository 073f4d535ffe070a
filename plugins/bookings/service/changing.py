"""Change what is booked: other times, another room, or not at all. Nothing past ever changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from portal.api import Conflict, audit, claims, clock, district, session, swap, transaction
from portal.api import gettext as _

from .. import judging, messages, quota, verdicts
from ..judging import Asker, Question
from ..models import BookingsBooking, BookingsOccurrence
from ..models.booking import LIVE
from ..policy import Policy, policy_of
from ..queries import places
from ..queries.places import Room
from ..verdicts import NotFree, Refusal, Refused, Span
from . import freeing, guides, late, steps
from .asking import answer_by, holder, needs_approval

#: What may still be moved or called off.
OPEN = ("requested", "approved")


def move(
    row: BookingsOccurrence,
    *,
    version: int,
    span: Span,
    room: Room,
    asker: Asker,
    by: int,
    approves: bool = True,
) -> BookingsOccurrence:
    """Move, shorten or lengthen one time of a booking, also into another room.

    What needs an approval needs it again when it moves, not when it only gets shorter; the page says so.

    Raises:
        Refused, NotFree: as for asking; the old time stays then.
        Conflict: it was changed meanwhile, has begun, or is over.
    """
    return move_all(
        [row],
        versions={row.id: version},
        spans=[span],
        room=room,
        asker=asker,
        by=by,
        approves=approves,
    )[0]


def move_all(
    rows: Sequence[BookingsOccurrence],
    *,
    versions: dict[int, int],
    spans: Sequence[Span],
    room: Room,
    asker: Asker,
    by: int,
    skip: bool = False,
    approves: bool = True,
) -> list[BookingsOccurrence]:
    """Move several times of one booking at once; with ``skip`` those that are not free stay where they are.

    A day left out of a series for a clash comes back when it is free at the new time (case c.9). Staff who
    move a request approve it by that, unless they may not: then it waits on at its new time (``approves``).

    Raises:
        Refused, NotFree, Conflict: as ``move``; nothing moved then.
    """
    booking = session.get_one(BookingsBooking, rows[0].booking_id)
    with transaction():
        policy = policy_of(district(), room)
        quota.lock(booking.account_id)
        question = Question(
            room=room,
            spans=spans,
            asker=asker,
            needs={int(kind): number for kind, number in booking.needs.items()},
            series=bool(booking.rule),
            apart_from=[holder(row) for row in rows],
            together=len(rows) > 1,
        )
        old_rooms = sorted({row.room_id for row in rows})
        units = [*judging.units(question), *guides.units(booking)]
        grids = freeing.lock_around([*old_rooms, room.id], units)
        for row in rows:
            session.refresh(row)
            if row.version != versions[row.id] or not _may_change(row):
                raise Conflict(current=row)
        # Under the lock: how many come may have been changed meanwhile.
        session.refresh(booking)
        refused = verdicts.of_headcount(
            room, booking.headcount, over_reason=booking.over_reason, by_keeper=asker.staff
        )
        if any(row.room_id != room.id for row in rows):
            # Who has a room keeps it; another one is open to whom it is open.
            refused += judging.not_open_to(policy, asker)
        if refused:
            raise Refused(refused)
        answer = judging.judge_move(question, policy, grids=grids)
        free = [one.free for one in answer.verdicts]
        if not all(free) and not skip or not any(free):
            raise NotFree(answer.verdicts)
        chosen = [span for span, ok in zip(spans, free, strict=True) if ok]
        moving = [row for row, ok in zip(rows, free, strict=True) if ok]
        own = quota.against(
            policy,
            account_id=booking.account_id,
            spans=chosen,
            apart_from=[row.id for row in moving],
            own_name=booking.organization_id is None,
        )
        if own:
            raise Refused(own)
        before = [Span(start=row.starts_at, end=row.ends_at) for row in moving]
        asks = needs_approval(policy, asker, by=by, way=booking.way)
        waited = [row for row in moving if row.state == "requested"]
        for row, span in zip(moving, chosen, strict=True):
            claims.release(holder(row))
            if not asker.staff and late.gives_up(row, span, room):
                late.count(booking, row)
        for row, ok, span, wants in zip(rows, free, spans, answer.wants, strict=True):
            if ok:
                waits = asks or row in waited and not approves
                _place(row, span, room, policy, wants, asks=waits, by=by)
        swap(booking, version=None, room_id=room.id if _all_there(booking, room) else booking.room_id)
        # A guide's time was let go with the room's: shortened it is theirs again, moved the desk finds one.
        guides.follow(booking, moving[0], grids)
        steps.note(booking, "moved", by=by, words=verdicts.clock_words(chosen[0]))
        approved = sum(row.state == "approved" for row in waited)
        if approved:
            # Whoever may move it for somebody has said yes to it.
            steps.note(booking, "approved", by=by)
        audit.record(
            "bookings.move",
            booking,
            actor=by,
            district=booking.district_id,
            detail={"room": room.id, "times": len(moving), "approved": approved},
        )
        key = f"moved:{moving[0].id}:{moving[0].version}"
        messages.tell("moved", booking, moving[0], room, key=key, times=len(moving))
        freeing.freed(old_rooms, before)
    return moving


def cancel(
    rows: Sequence[BookingsOccurrence], *, versions: dict[int, int], reason: str, by: int, staff: bool
) -> int:
    """Call off these times of one booking; return how many, which is the figure the page has shown.

    Raises:
        Refused: no reason.
        Conflict: one of them was changed meanwhile, has begun, or is over; none is called off then.
    """
    why = reason.strip()[:200]
    if not why:
        raise Refused([Refusal(code="reason", text=_("请写一下为什么取消。"), field="reason")])
    booking = session.get_one(BookingsBooking, rows[0].booking_id)
    with transaction():
        old_rooms = sorted({row.room_id for row in rows})
        freeing.lock_around(old_rooms)
        for row in rows:
            session.refresh(row)
            if row.version != versions[row.id] or not _may_change(row):
                raise Conflict(current=row)
        for row in rows:
            swap(
                row,
                version=row.version,
                states=OPEN,
                state="cancelled",
                reason=why,
                answer_by=None,
                sequence=row.sequence + 1,
            )
            claims.release(holder(row))
            if not staff:
                late.count(booking, row)
        swap(booking, version=None)
        steps.note(booking, "cancelled", by=by, words=why)
        audit.record(
            "bookings.cancel", booking, actor=by, district=booking.district_id, detail={"times": len(rows)}
        )
        if staff or booking.account_id != by:
            first = rows[0]
            room = places.room_of(first)
            key = f"cancelled:{first.id}"
            messages.tell("cancelled", booking, first, room, key=key, why=why, times=len(rows))
        freeing.freed(old_rooms, [Span(start=row.starts_at, end=row.ends_at) for row in rows])
    return len(rows)


def upcoming(
    booking: BookingsBooking, *, states: Sequence[str] = LIVE, left_out: bool = False
) -> list[BookingsOccurrence]:
    """Return the times of a booking that have not begun; ``left_out`` names skipped days as well."""
    wanted = [*states, "skipped"] if left_out else list(states)
    found = select(BookingsOccurrence).where(
        BookingsOccurrence.booking_id == booking.id,
        BookingsOccurrence.state.in_(wanted),
        BookingsOccurrence.starts_at > clock.now(),
    )
    return list(session.scalars(found.order_by(BookingsOccurrence.starts_at, BookingsOccurrence.id)))


def shifted(rows: Sequence[BookingsOccurrence], change: Callable[[Span], Span]) -> list[Span]:
    """Return the new times of a series, each by the same change."""
    return [change(Span(start=row.starts_at, end=row.ends_at)) for row in rows]


def _may_change(row: BookingsOccurrence) -> bool:
    return row.state in (*OPEN, "skipped") and row.starts_at > clock.now()


def _place(
    row: BookingsOccurrence,
    span: Span,
    room: Room,
    policy: Policy,
    wants: Sequence[claims.Want],
    *,
    asks: bool,
    by: int,
) -> None:
    shorter = row.room_id == room.id and row.starts_at <= span.start and span.end <= row.ends_at
    asks = asks and not (row.state == "approved" and shorter)
    competes = asks and policy.pending == "compete"
    decided: dict[str, Any] = {}
    if asks:
        decided = {"decided_by": None, "decided_at": None}
    elif row.state != "approved":
        decided = {"decided_by": by, "decided_at": clock.now()}
    swap(
        row,
        version=row.version,
        states=(*OPEN, "skipped"),
        room_id=room.id,
        starts_at=span.start,
        ends_at=span.end,
        buffer_before=policy.buffer_before,
        buffer_after=policy.buffer_after,
        state="requested" if asks else "approved",
        answer_by=answer_by(policy, span.start) if asks else None,
        competes=competes,
        reason="",
        reminded_at=None,
        sequence=row.sequence + 1,
        **decided,
    )
    if not competes:
        claims.reserve(holder(row), wants, district_id=row.district_id)


def _all_there(booking: BookingsBooking, room: Room) -> bool:
    found = session.scalars(
        select(BookingsOccurrence.room_id).where(
            BookingsOccurrence.booking_id == booking.id, BookingsOccurrence.state.in_(LIVE)
        )
    )
    return set(found) == {room.id}
