"""Hand out keys and pieces of equipment, take them back, and say what is broken."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.api import Conflict, audit, clock, session, swap, transaction
from portal.api import gettext as _

from ..models import BookingsEquipment, BookingsEquipmentUnit, BookingsHandover, BookingsOccurrence
from ..queries.places import room_of
from ..verdicts import Refusal, Refused

#: Whoever comes has one of these.
OPEN = ("approved", "checked_in")


def hand_out(
    row: BookingsOccurrence, *, what: str, piece: BookingsEquipmentUnit | None, taken_by: str, by: int
) -> BookingsHandover:
    """Hand out a piece of equipment, or a key called ``what``, to whoever came for a booking.

    Raises:
        Refused: nobody named, nothing named, out already, broken, or another venue's.
        Conflict: the booking does not stand any more.
    """
    refused: list[Refusal] = []
    if not taken_by.strip():
        refused.append(Refusal(code="who", text=_("请写谁拿走的。"), field="taken_by"))
    with transaction():
        if row.state not in OPEN:
            raise Conflict(_("这个预约已经结束或取消了，不能再交东西。"), current=row)
        name = what.strip()[:60]
        if piece is not None:
            session.refresh(piece)
            kind = session.get_one(BookingsEquipment, piece.equipment_id)
            name = f"{kind.name} {piece.label}"
            if kind.venue_id != room_of(row).venue_id:
                refused.append(Refusal(code="venue", text=_("这件设备是别的场馆的。"), field="piece"))
            if piece.fault:
                text = _("%(what)s坏了（%(fault)s），修好以前不外借。", what=name, fault=piece.fault)
                refused.append(Refusal(code="fault", text=text, field="piece"))
        elif not name:
            refused.append(Refusal(code="what", text=_("请选设备，或者写是哪把钥匙。"), field="what"))
        if refused:
            raise Refused(refused)
        made = BookingsHandover(
            district_id=row.district_id,
            occurrence_id=row.id,
            what=name,
            piece_id=piece.id if piece is not None else None,
            out_at=clock.now(),
            out_by=by,
            taken_by=taken_by.strip()[:40],
        )
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError:
            text = _("%(what)s已经借出去了，还没有还。", what=name)
            raise Refused([Refusal(code="out", text=text, field="piece" if piece else "what")]) from None
        _note("bookings.hand_out", made, by=by)
    return made


def take_back(handover: BookingsHandover, *, version: int, damage: str, faulty: bool, by: int) -> None:
    """Write down that it came back, and what is wrong with it; what is ``faulty`` is not lent until cleared.

    Raises:
        Refused: faulty, and nobody says what is wrong.
        Conflict: it came back already.
    """
    said = damage.strip()[:200]
    if faulty and not said:
        raise Refused([Refusal(code="damage", text=_("请写哪里坏了。"), field="damage")])
    with transaction():
        if handover.back_at is not None:
            raise Conflict(_("这一样已经还了。"), current=handover)
        swap(handover, version=version, back_at=clock.now(), back_by=by, damage=said)
        _note("bookings.take_back", handover, by=by, damaged=bool(said))
        if faulty and handover.piece_id is not None:
            piece = session.get_one(BookingsEquipmentUnit, handover.piece_id)
            set_fault(piece, version=piece.version, fault=said, by=by)


def set_fault(piece: BookingsEquipmentUnit, *, version: int, fault: str, by: int) -> None:
    """Say what is wrong with a piece, or with "" that it works again.

    Raises: Conflict.
    """
    with transaction():
        swap(piece, version=version, fault=as_fault(fault))
        action = "bookings.fault" if piece.fault else "bookings.works"
        audit.record(action, piece, actor=by, district=piece.district_id)


def as_fault(said: str) -> str:
    """Return how a piece keeps what is wrong with it; an erasure finds a copy by it."""
    return said.strip()[:120].rstrip()


def open_of(row: BookingsOccurrence) -> list[BookingsHandover]:
    """Return what is still out for a booking."""
    found = select(BookingsHandover).where(
        BookingsHandover.occurrence_id == row.id, BookingsHandover.back_at.is_(None)
    )
    return list(session.scalars(found.order_by(BookingsHandover.id)))


def _note(action: str, handover: BookingsHandover, *, by: int, **detail: Any) -> None:
    audit.record(
        action,
        handover,
        actor=by,
        district=handover.district_id,
        detail={"occurrence": handover.occurrence_id, **detail},
    )
