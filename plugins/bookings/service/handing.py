"""Hand out keys and pieces of equipment, take them back, and say what is broken."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.api import Actor, Conflict, audit, clock, session, swap, transaction
from portal.api import gettext as _

from .. import actors, permissions
from ..models import (
    BookingsEquipment,
    BookingsEquipmentUnit,
    BookingsHandover,
    BookingsOccurrence,
    BookingsVenue,
)
from ..queries import handovers, places
from ..queries.keeping import owner_path
from ..queries.places import room_of
from ..verdicts import Refusal, Refused
from . import freeing

#: Whoever comes has one of these.
OPEN = ("approved", "checked_in")


def hand_out(
    row: BookingsOccurrence, *, what: str, piece: BookingsEquipmentUnit | None, taken_by: str, by: Actor
) -> BookingsHandover:
    """Hand out a piece of equipment, or a key called ``what``, to whoever came for a booking.

    Raises:
        PermissionError: staff of another venue, or none.
        Refused: nobody named, nothing named, out already, broken, or another venue's.
        Conflict: the booking does not stand any more.
    """
    refused: list[Refusal] = []
    if not taken_by.strip():
        refused.append(Refusal(code="who", text=_("请写谁拿走的。"), field="taken_by"))
    with transaction():
        # Whoever stands at the counter beside, or calls the booking off, is waited for, and then read.
        there = room_of(row)
        account_id = actors.require(by, permissions.DESK, there.owner_path)
        # A key is a name: whichever room it is asked for, there is one of it in the house.
        house = [one.id for one in places.rooms(venue_id=there.venue_id, every=True)]
        freeing.lock_around([there.id] if piece is not None else house, [piece.unit_id] if piece else ())
        session.refresh(row)
        if row.state not in OPEN or row.room_id != there.id:
            raise Conflict(_("这个预约已经结束或取消了，不能再交东西。"), current=row)
        name = what.strip()[:60]
        if piece is not None:
            session.refresh(piece)
            kind = session.get_one(BookingsEquipment, piece.equipment_id)
            name = f"{kind.name} {piece.label}"
            if kind.venue_id != there.venue_id:
                refused.append(Refusal(code="venue", text=_("这件设备是别的场馆的。"), field="piece"))
            if piece.fault:
                text = _("%(what)s坏了（%(fault)s），修好以前不外借。", what=name, fault=piece.fault)
                refused.append(Refusal(code="fault", text=text, field="piece"))
        elif not name:
            refused.append(Refusal(code="what", text=_("请选设备，或者写是哪把钥匙。"), field="what"))
        elif handovers.key_is_out(name, house):
            text = _("%(what)s已经借出去了，还没有还。有几把的，请写明是哪一把。", what=name)
            refused.append(Refusal(code="out", text=text, field="what"))
        if refused:
            raise Refused(refused)
        made = BookingsHandover(
            district_id=row.district_id,
            occurrence_id=row.id,
            what=name,
            piece_id=piece.id if piece is not None else None,
            out_at=clock.now(),
            out_by=account_id,
            taken_by=taken_by.strip()[:40],
        )
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError:
            text = _("%(what)s已经借出去了，还没有还。", what=name)
            raise Refused([Refusal(code="out", text=text, field="piece" if piece else "what")]) from None
        _note("bookings.hand_out", made, by=account_id)
    return made


def take_back(handover: BookingsHandover, *, version: int, damage: str, faulty: bool, by: Actor) -> None:
    """Write down that it came back, and what is wrong with it; what is ``faulty`` is not lent until cleared.

    Raises:
        PermissionError: staff of another venue, or none.
        Refused: faulty, and nobody says what is wrong.
        Conflict: it came back already.
    """
    said = damage.strip()[:200]
    if faulty and not said:
        raise Refused([Refusal(code="damage", text=_("请写哪里坏了。"), field="damage")])
    with transaction():
        there = room_of(session.get_one(BookingsOccurrence, handover.occurrence_id))
        account_id = actors.require(by, permissions.DESK, there.owner_path)
        if handover.back_at is not None:
            raise Conflict(_("这一样已经还了。"), current=handover)
        swap(handover, version=version, back_at=clock.now(), back_by=account_id, damage=said)
        _note("bookings.take_back", handover, by=account_id, damaged=bool(said))
        if faulty and handover.piece_id is not None:
            piece = session.get_one(BookingsEquipmentUnit, handover.piece_id)
            _fault(piece, version=piece.version, fault=said, by=account_id)


def set_fault(piece: BookingsEquipmentUnit, *, version: int, fault: str, by: Actor) -> None:
    """Say what is wrong with a piece, or with "" that it works again.

    Raises: PermissionError (whoever does not keep the venue), Conflict.
    """
    kind = session.get_one(BookingsEquipment, piece.equipment_id)
    venue = session.get_one(BookingsVenue, kind.venue_id)
    _fault(
        piece,
        version=version,
        fault=fault,
        by=actors.require(by, permissions.MANAGE, owner_path(venue)),
    )


def _fault(piece: BookingsEquipmentUnit, *, version: int, fault: str, by: int) -> None:
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
