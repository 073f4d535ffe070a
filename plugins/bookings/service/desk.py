"""What staff do to other people's bookings, and the question whether they may, asked in one place.

The calendar and the record lead here alike, so that the answer cannot differ between them (criterion 20).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from portal.api import Actor, Conflict, session

from .. import actors, permissions
from ..judging import Asker
from ..models import (
    BookingsBooking,
    BookingsClosure,
    BookingsGuide,
    BookingsOccurrence,
    BookingsVenue,
    BookingsVisit,
)
from ..queries import places
from ..queries.keeping import owner_path
from ..queries.places import Room
from ..verdicts import Span
from . import altering, arriving, changing, closing, deciding, displacing, visiting
from .altering import Said


def may(actor: Actor, permission: str, booking: BookingsBooking, rooms: Collection[Room]) -> bool:
    """Tell whether somebody may act on a booking in all of these rooms; whose it is may change it."""
    if permission == permissions.DESK and actors.hands(actor).have(booking):
        return True
    return _reaches(actor, permission, rooms)


def _reaches(actor: Actor, permission: str, rooms: Collection[Room]) -> bool:
    return bool(rooms) and all(actors.reaches(actor, permission, room) for room in rooms)


def _asker(actor: Actor, booking: BookingsBooking, rooms: Sequence[Room]) -> Asker:
    """Return who changes a booking; the last of the rooms is where it goes.

    An office holder of its organization who is not staff at all of them is none: as the organization itself.
    """
    _require(actor, permissions.DESK, booking, rooms)
    at_desk = _reaches(actor, permissions.DESK, rooms)
    return actors.of_booking(actor, booking, rooms[-1], at_desk=at_desk)


def move(
    actor: Actor, row: BookingsOccurrence, *, version: int, span: Span, room: Room
) -> BookingsOccurrence:
    """Move one time of a booking for its owner, or as its owner.

    Raises:
        PermissionError: neither the owner, nor staff at both rooms.
        Refused, NotFree, Conflict: as ``changing.move``.
    """
    booking = session.get_one(BookingsBooking, row.booking_id)
    return changing.move(
        row,
        version=version,
        span=span,
        room=room,
        asker=_asker(actor, booking, [*_rooms([row]), room]),
        by=_who(actor),
        approves=actors.reaches(actor, permissions.APPROVE, room),
    )


def move_all(
    actor: Actor,
    rows: Sequence[BookingsOccurrence],
    *,
    versions: Mapping[int, int],
    spans: Sequence[Span],
    room: Room,
    skip: bool = False,
) -> list[BookingsOccurrence]:
    """Move several times of one booking for its owner; with ``skip`` those that are not free stay.

    Raises:
        PermissionError: neither the owner, nor staff at all of the rooms.
        Refused, NotFree, Conflict: as ``changing.move_all``.
    """
    booking = session.get_one(BookingsBooking, rows[0].booking_id)
    return changing.move_all(
        rows,
        versions=dict(versions),
        spans=spans,
        room=room,
        asker=_asker(actor, booking, [*_rooms(rows), room]),
        by=_who(actor),
        skip=skip,
        approves=actors.reaches(actor, permissions.APPROVE, room),
    )


def alter(actor: Actor, booking: BookingsBooking, said: Said, *, version: int) -> list[str]:
    """Change what a booking says, for its owner or as its owner; return what changed, in words.

    Raises:
        PermissionError: neither the owner, nor staff at the rooms of its times to come.
        Refused, NotFree, Conflict: as ``altering.alter``.
    """
    rooms = _rooms(changing.upcoming(booking)) or places.rooms(ids={booking.room_id})
    asker = _asker(actor, booking, rooms)
    return altering.alter(booking, said, version=version, asker=asker, by=_who(actor))


def cancel(
    actor: Actor, rows: Sequence[BookingsOccurrence], *, versions: Mapping[int, int], reason: str
) -> int:
    """Call off these times of one booking; return how many. Raises: PermissionError, Refused, Conflict."""
    booking = session.get_one(BookingsBooking, rows[0].booking_id)
    rooms = _rooms(rows)
    _require(actor, permissions.DESK, booking, rooms)
    staff = booking.account_id != actor.account_id and _reaches(actor, permissions.DESK, rooms)
    return changing.cancel(rows, versions=dict(versions), reason=reason, by=_who(actor), staff=staff)


def displace(
    actor: Actor, row: BookingsOccurrence, *, version: int, reason: str, instead: Sequence[str] = ()
) -> None:
    """Take one time away from whoever has it. Raises: PermissionError, Refused, Conflict."""
    _require_manager(actor, row)
    displacing.displace(row, version=version, reason=reason, instead=instead, by=_who(actor))


def give_back(actor: Actor, row: BookingsOccurrence, *, version: int) -> None:
    """Let whoever was displaced have the time again. Raises: PermissionError, NotFree, Conflict."""
    _require_manager(actor, row)
    displacing.give_back(row, version=version, by=_who(actor))


def close(
    actor: Actor,
    venue: BookingsVenue,
    room: Room | None,
    *,
    span: Span,
    reason: str,
    choices: Mapping[int, str],
) -> BookingsClosure:
    """Close one room or all of a venue for a time.

    Raises:
        PermissionError: whoever does not keep the venue, or a room of another one.
        Refused, Conflict: as ``closing.close``.
    """
    if room is not None and room.venue_id != venue.id:
        raise PermissionError(permissions.MANAGE)
    by = actors.require(actor, permissions.MANAGE, owner_path(venue))
    return closing.close(venue, room, span=span, reason=reason, choices=choices, by=by)


def lift(actor: Actor, closure: BookingsClosure, *, version: int) -> int:
    """Open again before the time is over; return how many are offered their slots.

    Raises: PermissionError, Conflict.
    """
    venue = session.get_one(BookingsVenue, closure.venue_id)
    by = actors.require(actor, permissions.MANAGE, owner_path(venue))
    return closing.lift(closure, version=version, by=by)


def check_in(actor: Actor, row: BookingsOccurrence, *, version: int) -> None:
    """Write down that they are there, as who booked it or as staff.

    Raises: PermissionError, Refused, Conflict.
    """
    _require_there(actor, row)
    arriving.check_in(row, version=version, by=_who(actor))


def undo(actor: Actor, row: BookingsOccurrence, *, version: int) -> None:
    """Take back a check-in that was somebody else's. Raises: PermissionError, Refused, Conflict."""
    _require_there(actor, row)
    arriving.undo(row, version=version, by=_who(actor))


def leave(actor: Actor, row: BookingsOccurrence, *, version: int) -> None:
    """End it before its time. Raises: PermissionError, Conflict."""
    _require_there(actor, row)
    arriving.leave(row, version=version, by=_who(actor))


def assign_guide(
    actor: Actor, visit: BookingsVisit, guide: BookingsGuide | None, *, version: int
) -> BookingsVisit:
    """Give a visit its guide, another one, or none.

    Raises:
        PermissionError: guides are the district's, wherever the group is received.
        Refused, Conflict: as ``visiting.assign``.
    """
    by = actors.require(actor, permissions.APPROVE, None)
    return visiting.assign(visit, guide, version=version, by=by)


def confirm_visit(
    actor: Actor,
    visit: BookingsVisit,
    guide: BookingsGuide | None,
    *,
    version: int,
    without: bool = False,
) -> None:
    """Give a visit its guide and approve it. Raises: PermissionError, Refused, NotFree, Conflict."""
    by = _receives(actor, visit) if guide is None else actors.require(actor, permissions.APPROVE, None)
    visiting.confirm(visit, guide, version=version, by=by, without=without)


def _receives(actor: Actor, visit: BookingsVisit) -> int:
    """Return the account of whoever answers for the room of a visit: as for any other booking there."""
    booking = session.get_one(BookingsBooking, visit.booking_id)
    rooms = _rooms(changing.upcoming(booking)) or places.rooms(ids={booking.room_id})
    _require(actor, permissions.APPROVE, booking, rooms)
    return _who(actor)


def approve(
    actor: Actor, booking: BookingsBooking, *, version: int, only: Collection[int] | None = None
) -> int:
    """Approve the requested times of a booking (``only`` these); return how many.

    Raises:
        PermissionError: they are at venues of somebody else.
        Refused: one's own request (rule K12).
        NotFree, Conflict: as ``deciding.approve``.
    """
    chosen = _answerable(actor, booking, only)
    return deciding.approve(booking, version=version, by=_who(actor), only=chosen)


def refuse(
    actor: Actor,
    booking: BookingsBooking,
    *,
    version: int,
    reason: str,
    instead: Sequence[str] = (),
    only: Collection[int] | None = None,
) -> int:
    """Refuse the requested times of a booking (``only`` these), naming other times; return how many.

    Raises:
        PermissionError, Conflict: as ``approve``.
        Refused: no reason.
    """
    chosen = _answerable(actor, booking, only)
    return deciding.refuse(
        booking, version=version, reason=reason, instead=instead, by=_who(actor), only=chosen
    )


def answerable(actor: Actor, rows: Sequence[BookingsOccurrence]) -> list[BookingsOccurrence]:
    """Return those of the requested times whose venue this person answers for."""
    waiting = [row for row in rows if row.state == "requested"]
    reached = {room.id for room in _rooms(waiting) if actors.reaches(actor, permissions.APPROVE, room)}
    return [row for row in waiting if row.room_id in reached]


def _answerable(actor: Actor, booking: BookingsBooking, only: Collection[int] | None) -> list[int]:
    there = deciding.requested(booking, only)
    if not there or only is not None and {row.id for row in there} != set(only):
        raise Conflict(current=booking)
    found = [row.id for row in answerable(actor, there)]
    if not found or only is not None and len(found) != len(set(only)):
        raise PermissionError(permissions.APPROVE)
    return found


def _require_there(actor: Actor, row: BookingsOccurrence) -> None:
    booking = session.get_one(BookingsBooking, row.booking_id)
    _require(actor, permissions.DESK, booking, _rooms([row]))


def _require_manager(actor: Actor, row: BookingsOccurrence) -> None:
    # As for a closure: whoever keeps the room, and an owner of a booking is none by that.
    if not all(actors.reaches(actor, permissions.MANAGE, room) for room in _rooms([row])):
        raise PermissionError(permissions.MANAGE)


def _require(actor: Actor, permission: str, booking: BookingsBooking, rooms: Collection[Room]) -> None:
    if not may(actor, permission, booking, rooms):
        raise PermissionError(permission)


def _rooms(rows: Sequence[BookingsOccurrence]) -> list[Room]:
    return places.rooms(ids={row.room_id for row in rows}) if rows else []


def _who(actor: Actor) -> int:
    if actor.account_id is None:
        raise PermissionError(permissions.DESK)
    return actor.account_id
