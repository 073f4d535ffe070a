"""Groups that visit a center: they ask for a time, the desk gives them a guide and confirms."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from portal.api import Conflict, audit, district, session, swap, transaction
from portal.api import gettext as _

from .. import judging, messages
from ..models import BookingsBooking, BookingsGuide, BookingsOccurrence, BookingsVisit
from ..models.booking import LIVE
from ..policy import policies
from ..queries import places
from ..queries.places import Room
from ..verdicts import Refusal, Refused, Span
from . import asking, deciding, freeing, guides, steps
from .asking import Contact, Wanted

#: Kinds of rooms in which a group is received; the others only when none of these seats them.
_KINDS = ("hall", "party", "training")


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Who comes and what they want to see."""

    name: str
    wants: str = ""
    with_guide: bool = True


def ask(
    group: Group,
    *,
    span: Span,
    headcount: int,
    contact: Contact,
    asker: judging.Asker,
    by: int | None,
) -> BookingsBooking:
    """Ask for a visit: it waits for the desk, whatever its rooms decide, and holds the room meanwhile.

    Raises:
        Refused: no name, too many for every room of the center.
        NotFree: no room that seats them is free then; the verdict is that of the most fitting one.
    """
    name = group.name.strip()[:80]
    if not name:
        text = _("请写来的是哪个单位或团体。")
        raise Refused([Refusal(code="group", text=text, field="group_name")])
    with transaction():
        room = _room(span, headcount, asker)
        made = asking.ask(
            Wanted(
                room=room,
                spans=[span],
                title=_("参观接待：%(name)s", name=name),
                headcount=headcount,
                contact=contact,
                asker=asker,
                way="visit",
            ),
            by=by,
        )
        session.add(
            BookingsVisit(
                district_id=made.district_id,
                booking_id=made.id,
                group_name=name,
                wants=group.wants.strip()[:200],
                with_guide=group.with_guide,
            )
        )
        session.flush()
    return made


def _room(span: Span, headcount: int, asker: judging.Asker) -> Room:
    """Return the room of a center that receives them: the smallest fitting one that is free."""
    fitting = [
        room for room in places.rooms() if room.venue_kind == "center" and room.capacity >= max(headcount, 1)
    ]
    if not fitting:
        text = _("人数超过了最大的房间，请分批来，或者打电话问服务台。")
        raise Refused([Refusal(code="seats", text=text, field="headcount")])
    fitting.sort(key=lambda room: (room.kind not in _KINDS, room.capacity, room.id))
    known = policies(district(), fitting)
    # They choose no room themselves: one that is not open to them is none of theirs.
    fitting = [room for room in fitting if not judging.not_open_to(known[room.id], asker)] or fitting
    for room in fitting:
        question = judging.Question(room=room, spans=[span], asker=asker)
        if judging.judge(question, known[room.id]).verdicts[0].free:
            return room
    return fitting[0]


def assign(visit: BookingsVisit, guide: BookingsGuide | None, *, version: int, by: int) -> BookingsVisit:
    """Give a visit its guide, another one, or none; ``version`` is the booking's.

    Raises:
        Refused: the guide shows somebody else round then, or does not do it any more.
        Conflict: the booking was changed meanwhile, or is over.
    """
    booking = session.get_one(BookingsBooking, visit.booking_id)
    with transaction():
        row = _lock(booking, visit, guide)
        swap(booking, version=version)
        guides.give(visit, guide, row)
        steps.note(booking, "guide", by=by, words=guide.name if guide is not None else _("没有讲解了"))
        if row.state == "approved":
            room = places.room(id=row.room_id)
            assert room is not None  # a time's room is never deleted
            why = _("讲解员是%(name)s", name=guide.name) if guide is not None else _("没有讲解了")
            messages.tell("altered", booking, row, room, key=f"guide:{booking.id}:{booking.version}", why=why)
        audit.record("bookings.guide", booking, actor=by, district=booking.district_id)
    return visit


def confirm(
    visit: BookingsVisit, guide: BookingsGuide | None, *, version: int, by: int, without: bool = False
) -> None:
    """Give a visit its guide and approve it in one go; who asked is told.

    ``without``: nobody can show them round although they wanted it; they read so.

    Raises: Refused (no guide though one is wanted, the guide is busy, one's own visit), NotFree, Conflict.
    """
    booking = session.get_one(BookingsBooking, visit.booking_id)
    with transaction():
        row = _lock(booking, visit, guide)
        if row.state != "requested" or booking.version != version:
            raise Conflict(current=booking)
        guides.give(visit, guide, row)
        alone = without and guide is None and visit.with_guide
        deciding.approve(booking, version=version, by=by, alone=alone)
        if alone:
            why = _("这次没有讲解")
            steps.note(booking, "guide", by=by, words=why)
            messages.tell(
                "altered", booking, row, places.room_of(row), key=f"alone:{booking.id}:{version}", why=why
            )


def _lock(booking: BookingsBooking, visit: BookingsVisit, guide: BookingsGuide | None) -> BookingsOccurrence:
    """Lock the room and both guides in one call; return the time of the visit as it stands then."""
    old = session.get(BookingsGuide, visit.guide_id) if visit.guide_id is not None else None
    units = [one.unit_id for one in (old, guide) if one is not None]
    freeing.lock_around([booking.room_id], units)
    found = select(BookingsOccurrence).where(
        BookingsOccurrence.booking_id == booking.id, BookingsOccurrence.state.in_(LIVE)
    )
    row = session.scalars(found.execution_options(populate_existing=True)).one_or_none()
    session.refresh(booking)
    session.refresh(visit)
    if row is None:
        raise Conflict(current=booking)
    return row
