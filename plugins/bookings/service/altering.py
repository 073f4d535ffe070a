"""Change what a booking is for, how many come, what they borrow and whom to call. No time is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from portal.api import Conflict, audit, claims, crypto, district, session, swap, transaction, who_may
from portal.api import gettext as _

from .. import judging, messages, permissions, verdicts, wants
from ..judging import Asker
from ..models import BookingsBooking, BookingsEquipmentUnit, BookingsOccurrence
from ..queries import places
from ..queries.places import Room
from ..verdicts import NotFree, Refusal, Refused, Span, Verdict
from . import freeing, steps
from .asking import holder
from .changing import upcoming


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a booking is to say. ``phone`` (digits) and ``needs`` stay as they are where they are None."""

    title: str
    headcount: int
    note: str
    contact_name: str
    phone: str | None = None
    needs: Mapping[int, int] | None = None
    over_reason: str = ""


def alter(booking: BookingsBooking, said: Said, *, version: int, asker: Asker, by: int) -> list[str]:
    """Change the words, the number of people and the equipment of a booking; return what changed, in words.

    Nobody else's booking is touched (cases c.5, c.7). Pieces are had or let go for the times to come; a kind
    whose number stays is not asked for again. An approval stands: whoever prepares the room is told.

    Raises:
        Refused: no title, no contact, too many people for a room.
        NotFree: too few pieces of some equipment are free at some time; nothing changed then.
        Conflict: it was changed meanwhile, or none of its times is to come.
    """
    if not asker.staff:
        # Why more may come than there are seats is the keeper's to say.
        said = replace(said, over_reason="")
    with transaction():
        session.refresh(booking)
        if booking.version != version:
            raise Conflict(current=booking)
        needs, kinds = _needs(booking, said)
        rooms = _rooms(booking)
        pieces = _units(kinds)
        grids = freeing.lock_around(rooms, pieces)
        rows = upcoming(booking)
        for row in rows:
            session.refresh(row)
        if not rows:
            raise Conflict(_("这个预约已经开始、结束或者取消了，不能再改。"), current=booking)
        there = [rooms.get(row.room_id) for row in rows]
        # A time that went to another room meanwhile is not locked.
        known = [room for room in there if room is not None]
        if len(known) < len(there):
            raise Conflict(current=booking)
        _refuse(booking, said, known, asker)
        values = _values(booking, said, needs, known)
        parts = _parts(booking, values)
        if not parts:
            return []
        if kinds:
            _exchange(rows, rooms, {kind: needs.get(str(kind), 0) for kind in kinds}, pieces, grids)
        renamed = values["title"] != booking.title
        swap(booking, version=version, **values)
        if renamed or kinds:
            for row in rows:
                # A calendar shows the title too; a form that would move the old pieces is stale.
                swap(row, version=None, sequence=row.sequence + renamed)
        steps.note(booking, "renamed", by=by, words=_("；").join(parts.values()))
        audit.record(
            "bookings.alter",
            booking,
            actor=by,
            district=booking.district_id,
            detail={"changed": sorted(parts)},
        )
        _tell(booking, rows, rooms, parts, by=by)
    return list(parts.values())


def _needs(booking: BookingsBooking, said: Said) -> tuple[dict[str, int], list[int]]:
    """Return what is borrowed from now on, and the kinds of which the number changes."""
    if said.needs is None:
        return booking.needs, []
    needs = {str(kind): number for kind, number in sorted(said.needs.items()) if number > 0}
    both = {*needs, *booking.needs}
    return needs, sorted(int(kind) for kind in both if needs.get(kind) != booking.needs.get(kind))


def _rooms(booking: BookingsBooking) -> dict[int, Room]:
    ids = {booking.room_id, *(row.room_id for row in upcoming(booking))}
    return {room.id: room for room in places.rooms(ids=ids)}


def _units(kinds: Sequence[int]) -> list[int]:
    """Return every piece of these kinds, faulty ones too: a booking may have had one before it broke."""
    if not kinds:
        return []
    found = select(BookingsEquipmentUnit.unit_id).where(BookingsEquipmentUnit.equipment_id.in_(kinds))
    return sorted(session.scalars(found))


def _refuse(booking: BookingsBooking, said: Said, rooms: Sequence[Room], asker: Asker) -> None:
    refused: list[Refusal] = []
    if not said.title.strip():
        refused.append(Refusal(code="title", text=_("请写做什么用，比如：支部学习。"), field="title"))
    if said.headcount != booking.headcount:
        # Who was let in above the seats may come with fewer.
        fewer = 0 < said.headcount < booking.headcount and bool(booking.over_reason)
        why = said.over_reason.strip() or (booking.over_reason if fewer else "")
        found = (
            verdicts.of_headcount(room, said.headcount, over_reason=why, by_keeper=asker.staff or fewer)
            for room in rooms
        )
        refused += next((one for one in found if one), [])
    if not said.contact_name.strip():
        refused.append(Refusal(code="contact", text=_("请写联系人怎么称呼。"), field="contact_name"))
    if refused:
        raise Refused(refused)


def _values(
    booking: BookingsBooking, said: Said, needs: dict[str, int], rooms: Sequence[Room]
) -> dict[str, Any]:
    over = any(said.headcount > room.capacity for room in rooms)
    values: dict[str, Any] = {
        "title": said.title.strip()[:80],
        "headcount": said.headcount,
        "note": said.note.strip()[:300],
        "contact_name": said.contact_name.strip()[:40],
        "needs": needs,
        "over_reason": (said.over_reason.strip()[:200] or booking.over_reason) if over else "",
    }
    if said.phone is not None and said.phone != messages.phone_of(booking):
        sealed = crypto.encrypt("bookings_booking.phone_sealed", booking.uid, said.phone)
        values |= {
            "phone_sealed": sealed if said.phone else None,
            "phone_index": crypto.blind_index("phone", said.phone) if said.phone else None,
            "phone_tail": said.phone[-4:],
        }
    return values


def _parts(booking: BookingsBooking, values: Mapping[str, Any]) -> dict[str, str]:
    """Return what changes, by its name, in words without anybody's name or number."""
    words = {
        "title": _("改了用途"),
        "contact_name": _("换了联系人"),
        "phone_index": _("换了电话"),
        "note": _("改了备注"),
    }
    parts = {
        name: text
        for name, text in words.items()
        if name in values and values[name] != getattr(booking, name)
    }
    if values["headcount"] != booking.headcount:
        parts["headcount"] = _("人数从%(old)s改成%(new)s", old=booking.headcount, new=values["headcount"])
    if values["needs"] != booking.needs:
        parts["needs"] = _borrowed(values["needs"])
    return parts


def _borrowed(needs: Mapping[str, int]) -> str:
    if not needs:
        return _("不借设备了")
    names = judging.names(int(kind) for kind in needs)
    listed = [
        _("%(name)s%(num)s件", name=names.get(int(kind), _("设备")), num=number)
        for kind, number in needs.items()
    ]
    return _("要借的改成%(what)s", what=_("、").join(listed))


def _exchange(
    rows: Sequence[BookingsOccurrence],
    rooms: Mapping[int, Room],
    numbers: Mapping[int, int],
    pieces: Sequence[int],
    grids: Mapping[int, int],
) -> None:
    """Let go of the pieces of some kinds and have others, at every time to come; the units are locked."""
    answers = [_chosen(row, rooms[row.room_id], numbers, pieces, grids) for row in rows]
    if any(lacking for _own, _wanted, lacking in answers):
        raise NotFree(
            [
                Verdict(
                    span=Span(start=row.starts_at, end=row.ends_at),
                    refusals=(judging.too_few_of(lacking),) if lacking else (),
                )
                for row, (_own, _wanted, lacking) in zip(rows, answers, strict=True)
            ]
        )
    for row, (own, wanted, _lacking) in zip(rows, answers, strict=True):
        if not row.competes:
            for unit in sorted(own):
                claims.release(holder(row), unit_id=unit)
            claims.reserve(holder(row), wanted, district_id=row.district_id)


def _chosen(
    row: BookingsOccurrence,
    room: Room,
    numbers: Mapping[int, int],
    pieces: Sequence[int],
    grids: Mapping[int, int],
) -> tuple[set[int], list[claims.Want], list[int]]:
    """Return the pieces a time has, those it would have (its own first), and the kinds that are too few."""
    own = {unit for unit, _slot, _kind in claims.held(holder(row))} & set(pieces)
    working = {
        kind: sorted(units, key=lambda unit: (unit not in own, unit))
        for kind, units in wants.pieces_of(numbers, venue_id=room.venue_id).items()
    }
    span = Span(start=row.starts_at, end=row.ends_at)
    chosen, lacking = wants.choose(working, numbers, grids, span, apart_from=[holder(row)])
    return own, chosen, lacking


def _tell(
    booking: BookingsBooking,
    rows: Sequence[BookingsOccurrence],
    rooms: Mapping[int, Room],
    parts: Mapping[str, str],
    *,
    by: int,
) -> None:
    """Tell whose booking it is, where somebody else changed it; and who prepares the room."""
    first = rows[0]
    room = rooms[first.room_id]
    key = f"{booking.id}:{booking.version}"
    if booking.account_id != by:
        said = _("；").join(parts.values())
        messages.tell("altered", booking, first, room, key=f"altered:{key}", why=said)
    prepare = _("；").join(text for name, text in parts.items() if name in ("headcount", "needs"))
    coming = next((row for row in rows if row.state != "requested"), None)
    if not prepare or coming is None:
        return
    room = rooms[coming.room_id]
    keepers = {one.account_id for one in who_may(permissions.DESK, district(), path=room.owner_path)}
    for account_id in sorted(keepers - {by, booking.account_id}):
        messages.tell(
            "to_prepare",
            booking,
            coming,
            room,
            key=f"to_prepare:{key}:{account_id}",
            why=prepare,
            to=account_id,
            url=f"desk/{booking.uid}",
        )
