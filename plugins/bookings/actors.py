"""From somebody logged in to what the verbs ask: for whom a time is wanted, and who is staff at a venue."""

from __future__ import annotations

from collections.abc import Iterable

from portal.api import Actor

from . import permissions
from .judging import Asker
from .models import BookingsBooking
from .queries.holders import Hands, is_member, is_own
from .queries.places import Room


def reaches(actor: Actor, permission: str, room: Room) -> bool:
    """Tell whether a permission holds at a room's venue; a center belongs to the whole district."""
    return bool(reached(actor, permission, [room]))


def reached(actor: Actor, permission: str, rooms: Iterable[Room]) -> list[Room]:
    """Return those of the rooms at whose venue a permission holds."""
    reach = actor.reach(permission)
    if reach.everywhere:
        return list(rooms)
    return [room for room in rooms if room.owner_path and reach.covers(room.owner_path)]


def asker(actor: Actor, *, organization_id: int | None = None) -> Asker:
    """Return who asks for themselves or an organization of theirs; staff are held to the limits too."""
    return Asker(
        account_id=actor.account_id,
        is_member=actor.member_id is not None,
        organization_id=organization_id if organization_id in organizations(actor) else None,
        office=organization_id in offices(actor),
    )


def offices(actor: Actor) -> frozenset[int]:
    """Return the organizations somebody holds an office at today."""
    return frozenset(held.organization_id for held in actor.held if held.organization_id is not None)


def hands(actor: Actor) -> Hands:
    """Return whose bookings somebody sees and changes as their own."""
    return Hands(account_id=actor.account_id, offices=offices(actor))


def for_somebody(actor: Actor, room: Room, *, account_id: int | None = None) -> Asker:
    """Return the asker of what the desk writes down for somebody; raises PermissionError elsewhere."""
    if not reaches(actor, permissions.DESK, room):
        raise PermissionError(permissions.DESK)
    return Asker(account_id=account_id, staff=True, host=_host(actor, room))


def of_booking(actor: Actor, booking: BookingsBooking, room: Room, *, at_desk: bool = True) -> Asker:
    """Return who asks when a booking changes: its owner again, or staff on the owner's behalf.

    Nobody is staff in a matter of their own, whatever login or number it was written down with; nor where it
    is changed on its own pages (not ``at_desk``), for the organization it was made for.
    """
    own = is_own(
        actor.account_id,
        account_id=booking.account_id,
        phone_index=booking.phone_index,
        name=booking.contact_name,
    )
    staff = at_desk and not own and reaches(actor, permissions.DESK, room)
    return Asker(
        account_id=booking.account_id,
        is_member=actor.member_id is not None if own else is_member(booking.account_id),
        organization_id=booking.organization_id,
        staff=staff,
        # Whom the venue itself let in; an organization that came by an agreement is held to it.
        host=staff and booking.organization_id is None and _host(actor, room),
    )


def _host(actor: Actor, room: Room) -> bool:
    """Tell whether somebody is staff here for the venue's owner, and not for the whole district."""
    return not actor.reach(permissions.DESK).everywhere and reaches(actor, permissions.DESK, room)


def require(actor: Actor, permission: str, owner_path: str | None) -> int:
    """Return the account of somebody who may do this at a venue; one without an owner is the district's.

    Raises: PermissionError.
    """
    if actor.account_id is None or not covers(actor, permission, owner_path):
        raise PermissionError(permission)
    return actor.account_id


def organizations(actor: Actor) -> list[int]:
    """Return the organizations this person may book for: the own branch, and those of the own offices."""
    own = {actor.organization_id} if actor.organization_id is not None else set()
    return sorted(offices(actor) | own)


def covers(actor: Actor, permission: str, owner_path: str | None) -> bool:
    """Tell whether a permission holds at a venue; one without an owner is the district's."""
    reach = actor.reach(permission)
    return reach.everywhere or bool(owner_path) and reach.covers(owner_path)
