"""Take one time away from whoever has it, without a closure, and give it back while it is still free.

The house wants the room itself: whose time is gone stands first in line for it, is told why and which times
are free instead. The slots go to a closure around them or to nobody: the first in line would be asked to
take them at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from portal.api import Conflict, audit, claims, clock, district, session, swap, transaction
from portal.api import gettext as _

from .. import judging, messages, verdicts
from ..judging import Asker, Question
from ..models import BookingsBooking, BookingsOccurrence, BookingsWish
from ..policy import policy_of
from ..queries import places
from ..queries.holders import is_member
from ..verdicts import NotFree, Refusal, Refused, Span
from ..wants import WISH
from . import freeing, guides, steps
from .asking import answer_by, holder, needs_approval
from .changing import OPEN
from .closing import end_one
from .deciding import with_others


def displace(
    row: BookingsOccurrence, *, version: int, reason: str, instead: Sequence[str] = (), by: int
) -> None:
    """Let one time of somebody's go; ``instead`` are free times in words, which go into the message.

    Raises:
        Refused: no reason (rule K10), or it is one's own: that is called off.
        Conflict: it was changed meanwhile, has begun, or is over.
    """
    why = reason.strip()[:200]
    booking = session.get_one(BookingsBooking, row.booking_id)
    refused = []
    if not why:
        refused.append(Refusal(code="reason", text=_("请写原因，约了的人会看到。"), field="reason"))
    if booking.account_id is not None and booking.account_id == by:
        refused.append(Refusal(code="own", text=_("自己的预约，直接取消就行。"), field="reason"))
    if refused:
        raise Refused(refused)
    with transaction():
        freeing.lock_around([row.room_id])
        session.refresh(row)
        if row.version != version or row.state not in OPEN or row.starts_at <= clock.now():
            raise Conflict(current=row)
        end_one(row, "displace", why, by=by, said=with_others(why, instead))
        swap(booking, version=None)
        freeing.to_closures([row.room_id], [Span(start=row.starts_at, end=row.ends_at)])
        audit.record(
            "bookings.displace", booking, actor=by, district=booking.district_id, detail={"room": row.room_id}
        )


def give_back(row: BookingsOccurrence, *, version: int, by: int) -> None:
    """Let whoever was displaced have the time again, as it was; the place in line is given up with it.

    Who has no account cannot take an offer on a page: it is taken at the desk, by giving the time back.

    Raises:
        NotFree: somebody has it by now, or the room is closed then.
        Conflict: it was changed meanwhile, has begun, or is just offered to the one who waits.
    """
    booking = session.get_one(BookingsBooking, row.booking_id)
    room = places.room_of(row)
    with transaction():
        policy = policy_of(district(), room)
        question = Question(
            room=room,
            spans=[Span(start=row.starts_at, end=row.ends_at)],
            asker=Asker(
                account_id=booking.account_id,
                is_member=is_member(booking.account_id),
                organization_id=booking.organization_id,
                staff=True,
            ),
            needs={int(kind): number for kind, number in booking.needs.items()},
        )
        units = [*judging.units(question), *guides.units(booking)]
        grids = freeing.lock_around([row.room_id], units)
        session.refresh(row)
        wish = _place_in_line(row)
        if row.version != version or row.state != "displaced" or row.starts_at <= clock.now():
            raise Conflict(current=row)
        held = [claims.Holder(WISH, wish.id)] if wish is not None and wish.state == "offered" else []
        if held and booking.account_id is not None:
            raise Conflict(_("这个时间正留给他，等他确认。"), current=row)
        session.refresh(booking)
        answer = judging.judge(replace(question, apart_from=held), policy, grids=grids)
        # More may be coming by now than when it was taken away.
        crowd = verdicts.of_headcount(
            room, booking.headcount, over_reason=booking.over_reason, by_keeper=True
        )
        if crowd or not answer.verdicts[0].free:
            raise NotFree([replace(one, refusals=(*one.refusals, *crowd)) for one in answer.verdicts])
        # What nobody had approved waits for an answer again, and so does a visit whose guide cannot come.
        again = row.decided_at is None or guides.lacking(booking, row, grids)
        asks = again and needs_approval(policy, question.asker, by=booking.account_id, way=booking.way)
        competes = asks and policy.pending == "compete"
        swap(
            row,
            version=version,
            states=("displaced",),
            state="requested" if asks else "approved",
            answer_by=answer_by(policy, row.starts_at) if asks else None,
            competes=competes,
            buffer_before=policy.buffer_before,
            buffer_after=policy.buffer_after,
            reason="",
            sequence=row.sequence + 1,
        )
        for hold in held:
            claims.release(hold)
        if not competes:
            claims.reserve(holder(row), answer.wants[0], district_id=row.district_id)
        if wish is not None:
            swap(wish, version=None, states=("waiting", "offered"), state="withdrawn", hold_until=None)
        guides.follow(booking, row, grids)
        swap(booking, version=None)
        steps.note(booking, "given_back", by=by, occurrence=row)
        audit.record("bookings.give_back", booking, actor=by, district=booking.district_id)
        messages.tell("given_back", booking, row, room, key=f"given_back:{row.id}:{row.version}")


def _place_in_line(row: BookingsOccurrence) -> BookingsWish | None:
    """Return the place in line that whoever was displaced still has."""
    return session.scalar(
        select(BookingsWish)
        .where(BookingsWish.occurrence_id == row.id, BookingsWish.state.in_(("waiting", "offered")))
        .order_by(BookingsWish.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
