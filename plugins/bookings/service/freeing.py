"""What becomes of slots that are let go: a closure keeps its own, then the waiting list gets its turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from sqlalchemy import select

from portal.api import audit, claims, clock, district, session, swap

from .. import judging, messages, wants
from ..judging import Asker, Question
from ..models import BookingsClosure, BookingsWish
from ..policy import Policy, policies
from ..queries import places
from ..queries.holders import is_member
from ..queries.places import Room
from ..verdicts import Span

#: Offers made in the evening are held until the next morning (services/bookings b, waitlist).
EVENING, MORNING = time(20), time(8)
#: Buffers reach this far: who waits for the time beside a freed one, or closed it, may have it now too.
AROUND = timedelta(hours=8)


def lock_around(room_ids: Iterable[int], extra: Iterable[int] = ()) -> dict[int, int]:
    """Lock all units whose slots may be given on when these rooms let go of theirs; return their grids."""
    around = {unit for own in places.neighbours(room_ids).values() for unit in own}
    return claims.lock([*around, *extra])


def freed(room_ids: Iterable[int], spans: Sequence[Span]) -> int:
    """Give freed times on, under the lock of ``lock_around``; return how many offers were made."""
    if not spans:
        return 0
    return _offers(*to_closures(room_ids, spans))


def to_closures(room_ids: Iterable[int], spans: Sequence[Span]) -> tuple[dict[int, Room], datetime, datetime]:
    """Let closures have their part of freed times, and nobody else; return the rooms and times looked at."""
    first, last = min(span.start for span in spans), max(span.end for span in spans)
    around = sorted(places.neighbours(room_ids))
    rooms = {room.id: room for room in places.rooms(ids=around)}
    _closures_first(rooms, first, last)
    return rooms, first, last


def _closures_first(rooms: dict[int, Room], first: datetime, last: datetime) -> None:
    for closure in _closures(rooms, first, last):
        for room in rooms.values():
            if closure.venue_id == room.venue_id and closure.room_id in (None, room.id):
                close_free(closure, room)


def _closures(rooms: dict[int, Room], first: datetime, last: datetime) -> Sequence[BookingsClosure]:
    return session.scalars(
        select(BookingsClosure).where(
            BookingsClosure.venue_id.in_(sorted({room.venue_id for room in rooms.values()})),
            BookingsClosure.state == "closed",
            # The minutes before and after a freed time are free as well, and may lie in a closure alone.
            BookingsClosure.starts_at < last + AROUND,
            BookingsClosure.ends_at > first - AROUND,
        )
    ).all()


def close_free(closure: BookingsClosure, room: Room) -> int:
    """Let a closure have every slot of a room in it that nobody has; return how many. Units are locked."""
    own = _within(closure, room)
    taken = {(clash.unit_id, clash.slot) for clash in claims.taken(own)}
    free = [
        claims.Want(unit_id=want.unit_id, span=range(slot, slot + 1), kind="closed")
        for want in own
        for slot in want.span
        if (want.unit_id, slot) not in taken
    ]
    if free:
        holder = claims.Holder(wants.CLOSURE, closure.id)
        claims.reserve(holder, free, district_id=closure.district_id)
    return len(free)


def _within(closure: BookingsClosure, room: Room) -> list[claims.Want]:
    """Return every slot of a room that a closure touches: one made later may have a coarser grid."""
    span = Span(start=closure.starts_at, end=closure.ends_at)
    return [replace(wants.of_piece(unit, room.grid, span), kind="closed") for unit in room.units]


def _offers(rooms: dict[int, Room], first: datetime, last: datetime) -> int:
    now = clock.now()
    waiting = _in_line(rooms, first, last, now)
    if not waiting:
        return 0
    known = policies(district(), rooms.values())
    return sum(_offer(wish, rooms[wish.room_id], known[wish.room_id], now) for wish in waiting)


def _in_line(
    rooms: dict[int, Room], first: datetime, last: datetime, now: datetime
) -> Sequence[BookingsWish]:
    return session.scalars(
        select(BookingsWish)
        .where(
            BookingsWish.room_id.in_(sorted(rooms)),
            BookingsWish.state == "waiting",
            BookingsWish.starts_at < last + AROUND,
            BookingsWish.ends_at > first - AROUND,
            # What has begun is not offered any more.
            BookingsWish.starts_at > now,
        )
        .order_by(BookingsWish.ahead.desc(), BookingsWish.joined_at, BookingsWish.id)
    ).all()


def forecast(closure: BookingsClosure, closed: Sequence[Room]) -> list[BookingsWish]:
    """Return who would be offered their time if a closure of these rooms were lifted now; nothing changes."""
    rooms = {
        room.id: room for room in places.rooms(ids=sorted(places.neighbours(room.id for room in closed)))
    }
    waiting = _in_line(rooms, closure.starts_at, closure.ends_at, clock.now())
    if not waiting:
        return []
    known = policies(district(), rooms.values())
    gone = _closed_besides(closure, rooms)
    offered = []
    for wish in waiting:
        own = _of_wish(wish, rooms[wish.room_id], known[wish.room_id])
        slots = {(want.unit_id, slot) for want in own for slot in want.span}
        holder = claims.Holder(wants.CLOSURE, closure.id)
        if slots & gone or claims.taken(own, apart_from=[holder]):
            continue
        gone |= slots
        offered.append(wish)
    return offered


def _closed_besides(closure: BookingsClosure, rooms: dict[int, Room]) -> set[tuple[int, int]]:
    """Return the slots that other closures would take the moment this one lets go of them."""
    return {
        (want.unit_id, slot)
        for other in _closures(rooms, closure.starts_at, closure.ends_at)
        if other.id != closure.id
        for room in rooms.values()
        if other.venue_id == room.venue_id and other.room_id in (None, room.id)
        for want in _within(other, room)
        for slot in want.span
    }


def _of_wish(wish: BookingsWish, room: Room, policy: Policy) -> list[claims.Want]:
    span = Span(start=wish.starts_at, end=wish.ends_at)
    return wants.of_room(room, span, before=policy.buffer_before, after=policy.buffer_after, kind="held")


def _offer(wish: BookingsWish, room: Room, policy: Policy, now: datetime) -> bool:
    """Hold the time for one person if all of it is free; those further back see it taken.

    What nobody could take is offered to nobody: a room out of use or not open then, a shared venue whose
    agreement is over or suspended.
    """
    own = _of_wish(wish, room, policy)
    if claims.taken(own):
        return False
    span = Span(start=wish.starts_at, end=wish.ends_at)
    who = Asker(
        account_id=wish.account_id,
        is_member=room.venue_kind == "shared" and is_member(wish.account_id),
        organization_id=wish.organization_id,
        staff=True,
    )
    # Limits of time were asked when the line was joined; what has changed since is the room.
    if not judging.judge(Question(room=room, spans=[span], asker=who), policy).verdicts[0].free:
        return False
    until = hold_until(policy, now, wish.starts_at)
    swap(
        wish,
        version=None,
        states=("waiting",),
        state="offered",
        offered_at=now,
        hold_until=until,
        buffer_before=policy.buffer_before,
        buffer_after=policy.buffer_after,
    )
    claims.reserve(claims.Holder(wants.WISH, wish.id), own, district_id=wish.district_id)
    audit.record("bookings.offer", wish, actor=None, district=wish.district_id, detail={"room": room.id})
    messages.offered(wish, room)
    return True


def hold_until(policy: Policy, now: datetime, start: datetime) -> datetime:
    """Return until when an offer is held: some minutes, at night until eight, never beyond the start."""
    local = now.astimezone(clock.SHANGHAI)
    until = now + timedelta(minutes=policy.offer_minutes)
    if local.time() >= EVENING or local.time() < MORNING:
        morning = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
        until = max(until, datetime.combine(morning, MORNING, clock.SHANGHAI))
    return min(until, start)
