"""The waiting list: join, take what is offered, decline it, leave; and what time does to it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal.api import Conflict, audit, claims, clock, crypto, district, session, swap, transaction
from portal.api import gettext as _

from .. import judging, messages, quota, wants
from ..judging import Asker, Question
from ..models import BookingsBooking, BookingsOccurrence, BookingsWish
from ..policy import Policy, policy_of
from ..queries import places
from ..queries.holders import is_member
from ..queries.places import Room
from ..verdicts import NotFree, Refusal, Refused, Span
from . import freeing, guides, regaining, steps
from .asking import Wanted, answer_by, holder, needs_approval, of_itself, write_booking

#: Places in lines that one account has at most: each one offered is held from everybody else.
MOST = 20


def join(wanted: Wanted, *, by: int | None) -> BookingsWish:
    """Wait for a time that is taken.

    Raises:
        Refused: the list is not open here, the time could not be had anyway, it is free, or this person waits
            for it already.
    """
    (span,) = wanted.spans
    with transaction():
        policy = policy_of(district(), wanted.room)
        if not policy.waiting_list:
            raise Refused([Refusal(code="no_list", text=_("这里没有开候补，请换个时间，或者问服务台。"))])
        against = of_itself(wanted, policy)
        if against:
            raise Refused(against)
        question = wanted.question()
        freeing.lock_around([wanted.room.id], judging.units(question))
        (verdict,) = judging.judge(question, policy).verdicts
        if verdict.free:
            raise Refused([Refusal(code="free", text=_("这个时间现在空着，直接约就行。"))])
        if not verdict.only_taken:
            raise Refused(verdict.refusals)
        _refuse_more(wanted.asker.account_id, wanted.room.id, span)
        uid = crypto.new_uid()
        phone = wanted.contact.phone
        wish = BookingsWish(
            uid=uid,
            district_id=district().id,
            room_id=wanted.room.id,
            starts_at=span.start,
            ends_at=span.end,
            account_id=wanted.asker.account_id,
            organization_id=wanted.asker.organization_id,
            title=wanted.title.strip()[:80],
            headcount=wanted.headcount,
            contact_name=wanted.contact.name.strip()[:40],
            phone_sealed=crypto.encrypt("bookings_wish.phone_sealed", uid, phone) if phone else None,
            phone_index=crypto.blind_index("phone", phone) if phone else None,
            phone_tail=phone[-4:],
            joined_at=clock.now(),
        )
        try:
            with session.begin_nested():
                session.add(wish)
        except IntegrityError:
            raise Refused([_waits()]) from None
        audit.record("bookings.wait", wish, actor=by, district=wish.district_id)
    return wish


def put_in_line(booking: BookingsBooking, row: BookingsOccurrence, *, ahead: bool) -> BookingsWish:
    """Put whose time is gone on the waiting list for it, first in line where a closure took it.

    Who stands there already keeps that place: nobody stands in one line twice.
    """
    there = _in_line(booking, row)
    if there is not None:
        swap(there, version=None, ahead=there.ahead or ahead, occurrence_id=there.occurrence_id or row.id)
        return there
    uid = crypto.new_uid()
    phone = messages.phone_of(booking)
    wish = BookingsWish(
        uid=uid,
        district_id=row.district_id,
        room_id=row.room_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        account_id=booking.account_id,
        organization_id=booking.organization_id,
        title=booking.title,
        headcount=booking.headcount,
        contact_name=booking.contact_name,
        phone_sealed=crypto.encrypt("bookings_wish.phone_sealed", uid, phone) if phone else None,
        phone_index=booking.phone_index,
        phone_tail=booking.phone_tail,
        occurrence_id=row.id,
        ahead=ahead,
        joined_at=clock.now(),
    )
    session.add(wish)
    session.flush()
    return wish


def _in_line(booking: BookingsBooking, row: BookingsOccurrence) -> BookingsWish | None:
    if booking.account_id is None:
        return None
    return session.scalars(
        select(BookingsWish).where(
            BookingsWish.account_id == booking.account_id,
            BookingsWish.room_id == row.room_id,
            BookingsWish.starts_at == row.starts_at,
            BookingsWish.ends_at == row.ends_at,
            BookingsWish.state.in_(("waiting", "offered")),
        )
    ).one_or_none()


def _refuse_more(account_id: int | None, room_id: int, span: Span) -> None:
    """Refuse a second place in one line, and more places than anybody would use."""
    if account_id is None:
        return
    open_ = select(BookingsWish.room_id, BookingsWish.starts_at, BookingsWish.ends_at).where(
        BookingsWish.account_id == account_id, BookingsWish.state.in_(("waiting", "offered"))
    )
    there = session.execute(open_).all()
    if any(own == room_id and start < span.end and end > span.start for own, start, end in there):
        raise Refused([_waits()])
    if len(there) >= MOST:
        text = _("同时最多排%(most)s个候补，请先退出不要的再排。", most=MOST)
        raise Refused([Refusal(code="many_wishes", text=text)])


def _waits() -> Refusal:
    return Refusal(code="waits", text=_("您已经在排这个时间了，放出来会通知您。"))


def take(wish: BookingsWish, *, version: int, by: int | None) -> BookingsBooking:
    """Take what is offered: the held slots become a booking's, without a moment in which they are nobody's.

    Where the room asks for an approval the booking asks for one too; who was approved before a closure took
    the time is not asked again, and has the equipment of then where it is free. Refused, the offer stays.

    Raises:
        Refused: it is more than the quota allows.
        NotFree: it cannot be had any more whoever asks: an agreement was suspended, the hours changed.
        Conflict: the offer is over, or was answered already.
    """
    with transaction():
        room = places.room_of(wish)
        policy = policy_of(district(), room)
        quota.lock(wish.account_id)
        had = regaining.lost(wish)
        grids = freeing.lock_around([wish.room_id], regaining.pieces(had, room))
        session.refresh(wish)
        if wish.state != "offered" or wish.hold_until is None or wish.hold_until <= clock.now():
            raise Conflict(current=wish)
        _may_take(wish, room, policy)
        booking = write_booking(
            room_id=wish.room_id,
            title=wish.title,
            headcount=wish.headcount,
            account_id=wish.account_id,
            organization_id=wish.organization_id,
            name=wish.contact_name,
            phone=messages.wish_phone(wish),
            by=by,
        )
        # Whoever shows a visit round is found anew.
        again = guides.wanted(had) or not regaining.approved(wish)
        way = had.way if had is not None else "page"
        asks = again and needs_approval(policy, Asker(account_id=wish.account_id), by=by, way=way)
        row = BookingsOccurrence(
            uid=crypto.new_uid(),
            district_id=booking.district_id,
            booking_id=booking.id,
            room_id=wish.room_id,
            number=1,
            first_start=wish.starts_at,
            starts_at=wish.starts_at,
            ends_at=wish.ends_at,
            buffer_before=wish.buffer_before,
            buffer_after=wish.buffer_after,
            state="requested" if asks else "approved",
            answer_by=answer_by(policy, wish.starts_at) if asks else None,
            decided_at=None if asks else clock.now(),
        )
        session.add(row)
        session.flush()
        swap(
            wish, version=version, states=("offered",), state="taken", hold_until=None, booking_id=booking.id
        )
        _to_booking(wish, row, Span(start=wish.starts_at, end=wish.ends_at))
        gone = regaining.take_along(had, booking, row, room=room, grids=grids) if had is not None else ""
        steps.note(booking, "from_list", by=by, words=gone)
        audit.record("bookings.take", wish, actor=by, district=wish.district_id)
        messages.tell("requested" if asks else "booked", booking, row, room, key=f"taken:{wish.id}")
    return booking


def _may_take(wish: BookingsWish, room: Room, policy: Policy) -> None:
    """Judge what is offered once more. Limits of time were asked when the line was joined."""
    span = Span(start=wish.starts_at, end=wish.ends_at)
    asker = Asker(
        account_id=wish.account_id,
        is_member=is_member(wish.account_id),
        organization_id=wish.organization_id,
        staff=True,
    )
    held = claims.Holder(wants.WISH, wish.id)
    # The buffers are those that are held.
    as_held = replace(policy, buffer_before=wish.buffer_before, buffer_after=wish.buffer_after)
    answer = judging.judge(Question(room=room, spans=[span], asker=asker, apart_from=[held]), as_held)
    if not all(one.free for one in answer.verdicts):
        raise NotFree(answer.verdicts)
    own_name = wish.organization_id is None
    over = quota.against(policy, account_id=wish.account_id, spans=[span], own_name=own_name)
    if over:
        raise Refused(over)


def leave(wish: BookingsWish, *, version: int, by: int | None) -> str:
    """Decline what is offered, or leave the list; the next in line gets the offer. Return the new state.

    Raises:
        Conflict: it was answered already.
    """
    with transaction():
        freeing.lock_around([wish.room_id])
        session.refresh(wish)
        state = "declined" if wish.state == "offered" else "withdrawn"
        _let_go(wish, version=version, state=state)
        audit.record(f"bookings.wish_{state}", wish, actor=by, district=wish.district_id)
        if by not in (None, wish.account_id):
            messages.left(wish, places.room_of(wish))
    return state


def time_out(wish: BookingsWish) -> bool:
    """End an offer nobody answered in time, or a wish whose time has come; tell whether there was one."""
    now = clock.now()
    with transaction():
        freeing.lock_around([wish.room_id])
        session.refresh(wish)
        if wish.state not in ("waiting", "offered"):
            return False
        if wish.starts_at <= now:
            state = "past"
        elif wish.state == "offered" and wish.hold_until is not None and wish.hold_until <= now:
            state = "timed_out"
        else:
            return False
        _let_go(wish, version=None, state=state)
        audit.record(f"bookings.wish_{state}", wish, actor=None, district=wish.district_id)
    return True


def _let_go(wish: BookingsWish, *, version: int | None, state: str) -> None:
    held = wish.state == "offered"
    swap(wish, version=version, states=("waiting", "offered"), state=state, hold_until=None)
    if held:
        claims.release(claims.Holder(wants.WISH, wish.id))
        freeing.freed([wish.room_id], [Span(start=wish.starts_at, end=wish.ends_at)])


def _to_booking(wish: BookingsWish, row: BookingsOccurrence, span: Span) -> None:
    """Turn the held slots into the booking's own: the time itself is used, what lies around it is buffer."""
    giver, taker = claims.Holder(wants.WISH, wish.id), holder(row)
    claims.hand_over(giver, taker, kind="use")
    used = claims.slots(span.start, span.end, places.room_of(wish).grid)
    claims.mark(taker, outside=used, kind="buffer")


def places_before(wish: BookingsWish) -> int:
    """Return how many stand in line before a wish, for overlapping times of the same room."""
    earlier = (BookingsWish.joined_at < wish.joined_at) | (
        (BookingsWish.joined_at == wish.joined_at) & (BookingsWish.id < wish.id)
    )
    first = BookingsWish.ahead.is_(wish.ahead) & earlier
    if not wish.ahead:
        first |= BookingsWish.ahead.is_(True)
    found = select(func.count()).where(
        BookingsWish.room_id == wish.room_id,
        BookingsWish.state.in_(("waiting", "offered")),
        BookingsWish.starts_at < wish.ends_at,
        BookingsWish.ends_at > wish.starts_at,
        first,
    )
    return int(session.scalar(found) or 0)
