"""Say that a point is not deserved, and answer that: with a reason, and never in one's own matter."""

from __future__ import annotations

from portal.api import Actor, audit, clock, session, swap, transaction
from portal.api import gettext as _

from .. import actors, messages, permissions
from ..models import BookingsBooking, BookingsOccurrence, BookingsPoint
from ..queries.places import room_of
from ..verdicts import Refusal, Refused


def appeal(point: BookingsPoint, *, version: int, text: str, by: int) -> None:
    """Contest an own point. It counts until somebody has answered.

    Raises:
        Refused: nothing said, or it is over already.
        Conflict: it was contested or answered meanwhile.
    """
    said = text.strip()[:300]
    if not said:
        raise Refused([Refusal(code="appeal", text=_("请写当时是什么情况。"), field="appeal")])
    with transaction():
        if point.expires_at <= clock.now():
            raise Refused(
                [Refusal(code="over", text=_("这一次已经到期消掉了，不用再说明。"), field="appeal")]
            )
        swap(
            point, version=version, states=("counts",), state="appealed", appeal=said, appealed_at=clock.now()
        )
        audit.record("bookings.appeal", point, actor=by, district=point.district_id)


def answer(point: BookingsPoint, *, version: int, lifted: bool, text: str, by: Actor) -> None:
    """Answer: take the point off, or say why it stays. Who knows better takes one off unasked.

    Raises:
        PermissionError: staff of another venue, or none.
        Refused: no reason, or it is one's own point (rule K12).
        Conflict: it was answered meanwhile, or nobody has contested what is to stay.
    """
    row = session.get_one(BookingsOccurrence, point.occurrence_id)
    room = room_of(row)
    account_id = actors.require(by, permissions.DESK, room.owner_path)
    said = text.strip()[:300]
    if not said:
        raise Refused([Refusal(code="answer", text=_("请写原因，本人会看到。"), field="answer")])
    if point.account_id == account_id:
        text = _("自己的记录要请另一位同志处理。")
        raise Refused([Refusal(code="own", text=text, field="answer")])
    with transaction():
        swap(
            point,
            version=version,
            states=("counts", "appealed") if lifted else ("appealed",),
            state="lifted" if lifted else "upheld",
            answer=said,
            answered_by=account_id,
        )
        action = "bookings.lift_point" if lifted else "bookings.uphold_point"
        audit.record(action, point, actor=account_id, district=point.district_id)
        booking = session.get_one(BookingsBooking, row.booking_id)
        words = _("已经消掉：%(why)s", why=said) if lifted else _("还是记着：%(why)s", why=said)
        key = f"appealed:{point.id}:{point.version}"
        messages.tell("appealed", booking, row, room, key=key, why=words, url="keep/mine/points")
