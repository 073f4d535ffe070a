"""Say that somebody is there, take that back, and leave before the time is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from portal.api import Conflict, audit, claims, clock, district, session, swap, transaction
from portal.api import gettext as _

from ..models import BookingsBooking, BookingsOccurrence
from ..policy import policy_of
from ..presence import window
from ..queries.places import room_of
from ..verdicts import Refusal, Refused, Span
from . import freeing, steps
from .asking import holder

#: How long a wrong check-in can be taken back.
UNDO = timedelta(minutes=10)


def check_in(row: BookingsOccurrence, *, version: int, by: int) -> None:
    """Write down that they are there.

    Raises:
        Refused: too early, too late, or already done; in words.
        Conflict: it was changed meanwhile, or is not a booking that stands.
    """
    with transaction():
        session.refresh(row)
        _refuse(row)
        swap(row, version=version, states=("approved",), state="checked_in", arrived_at=clock.now())
        booking = session.get_one(BookingsBooking, row.booking_id)
        steps.note(booking, "checked_in", by=by, occurrence=row)
        audit.record("bookings.check_in", row, actor=by, district=row.district_id)


def walked_in(row: BookingsOccurrence, *, by: int) -> None:
    """Write down that they are there who booked at the counter a time that had begun: nobody is late then."""
    with transaction():
        now = clock.now()
        swap(row, version=row.version, states=("approved",), state="checked_in", arrived_at=now)
        booking = session.get_one(BookingsBooking, row.booking_id)
        steps.note(booking, "checked_in", by=by, occurrence=row)
        audit.record("bookings.check_in", row, actor=by, district=row.district_id)


def _refuse(row: BookingsOccurrence) -> None:
    now, span = clock.now(), window(row.starts_at, row.ends_at, policy_of(district(), room_of(row)))
    text = ""
    if row.state == "checked_in" and row.arrived_at is not None:
        text = _("%(at)s已经签到了，不用再签。", at=_hour(row.arrived_at))
    elif row.state == "no_show":
        text = _("过了签到的时间，这个时间已经放出来了。请问服务台还有没有空。")
    elif row.state == "requested":
        text = _("这个申请还没有答复，不能签到。请问服务台。")
    elif row.state == "approved" and now < span.start:
        text = _("还早，%(at)s起可以签到。", at=_hour(span.start))
    elif row.state == "approved" and now >= span.end:
        text = _("过了签到的时间（%(at)s），请问服务台。", at=_hour(span.end))
    if text:
        raise Refused([Refusal(code=row.state, text=text, field="arrive")])


def undo(row: BookingsOccurrence, *, version: int, by: int) -> None:
    """Take back a check-in that was somebody else's, within minutes.

    Raises:
        Refused: it was longer ago.
        Conflict: it was changed meanwhile.
    """
    with transaction():
        session.refresh(row)
        if row.arrived_at is not None and clock.now() - row.arrived_at > UNDO:
            text = _("签到已经过了10分钟，不能撤回了。")
            raise Refused([Refusal(code="undo", text=text, field="arrive")])
        swap(row, version=version, states=("checked_in",), state="approved", arrived_at=None)
        booking = session.get_one(BookingsBooking, row.booking_id)
        steps.note(booking, "undone", by=by, occurrence=row)
        audit.record("bookings.undo_check_in", row, actor=by, district=row.district_id)


def leave(row: BookingsOccurrence, *, version: int, by: int) -> None:
    """End it before its time: what is left goes to whoever waits, but for the minutes of tidying up.

    Raises:
        Conflict: it was changed meanwhile, or nobody is there.
    """
    with transaction():
        policy = policy_of(district(), room_of(row))
        grids = lock(row)
        now = clock.now()
        if row.state != "checked_in":
            raise Conflict(current=row)
        swap(row, version=version, states=("checked_in",), state="completed", left_at=now)
        booking = session.get_one(BookingsBooking, row.booking_id)
        steps.note(booking, "left", by=by, occurrence=row)
        audit.record("bookings.leave", row, actor=by, district=row.district_id)
        free_rest(row, grids, now + timedelta(minutes=policy.buffer_after))


def lock(row: BookingsOccurrence) -> dict[int, int]:
    """Lock what an occurrence has and whatever may be given on; return the grids, the row read anew."""
    held = {unit for unit, _slot, _kind in claims.held(holder(row))}
    grids = freeing.lock_around([row.room_id], held)
    session.refresh(row)
    return grids


def free_rest(row: BookingsOccurrence, grids: dict[int, int], since: datetime) -> int:
    """Let go of every slot that begins at ``since`` or later, and hand it on; return how many offers."""
    for unit in sorted({unit for unit, _slot, _kind in claims.held(holder(row))}):
        minutes = grids[unit] * 60
        first = -(-int(since.timestamp()) // minutes)
        claims.release(holder(row), since=first, unit_id=unit)
    end = row.ends_at + timedelta(minutes=row.buffer_after)
    return freeing.freed([row.room_id], _rest(since, end))


def _rest(since: datetime, end: datetime) -> Sequence[Span]:
    return [Span(start=since, end=end)] if since < end else []


def _hour(at: datetime) -> str:
    return f"{at.astimezone(clock.SHANGHAI):%H:%M}"
