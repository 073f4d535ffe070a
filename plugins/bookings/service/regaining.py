"""What somebody lost besides the room comes back with the time that they take again: equipment, a visit."""

from __future__ import annotations

from collections.abc import Mapping

from portal.api import claims, session
from portal.api import gettext as _

from .. import judging, wants
from ..models import BookingsBooking, BookingsOccurrence, BookingsWish
from ..queries.places import Room
from ..verdicts import Span
from . import guides
from .asking import holder


def lost(wish: BookingsWish) -> BookingsBooking | None:
    """Return the booking whose time was taken away, where that is why somebody waits."""
    had = session.get(BookingsOccurrence, wish.occurrence_id) if wish.occurrence_id is not None else None
    return session.get_one(BookingsBooking, had.booking_id) if had is not None else None


def approved(wish: BookingsWish) -> bool:
    """Tell whether the time was theirs, with whatever approval it took, until it was displaced."""
    had = session.get(BookingsOccurrence, wish.occurrence_id) if wish.occurrence_id is not None else None
    return had is not None and had.state == "displaced" and had.decided_at is not None


def pieces(had: BookingsBooking | None, room: Room) -> list[int]:
    """Return the units of the equipment that may come back, to be locked with the room's."""
    of_each = wants.pieces_of(_needs(had), venue_id=room.venue_id)
    return sorted(unit for units in of_each.values() for unit in units)


def take_along(
    had: BookingsBooking,
    made: BookingsBooking,
    row: BookingsOccurrence,
    *,
    room: Room,
    grids: Mapping[int, int],
) -> str:
    """Give the new booking what the one it stands for had; return in words what is not to be had any more.

    In the transaction of taking, under the lock of ``pieces``. A guide is chosen anew: the old one's time
    went with the room's.
    """
    needs, span = _needs(had), Span(start=row.starts_at, end=row.ends_at)
    of_each = wants.pieces_of(needs, venue_id=room.venue_id)
    chosen, lacking = wants.choose(of_each, needs, grids, span)
    if lacking:
        needs = {kind: number for kind, number in needs.items() if kind not in lacking}
        chosen, _none = wants.choose(of_each, needs, grids, span)
    if chosen:
        claims.reserve(holder(row), chosen, district_id=row.district_id)
    made.needs = {str(kind): number for kind, number in needs.items()}
    visit = guides.of_booking(had)
    if visit is not None:
        made.way, visit.booking_id, visit.guide_id = had.way, made.id, None
    session.flush()
    if not lacking:
        return ""
    found = judging.names(lacking)
    things = _("、").join(found[kind] for kind in lacking)
    return _("原来要的%(things)s现在不够了，还要的话请在预约里再选，或者问服务台。", things=things)


def _needs(had: BookingsBooking | None) -> dict[int, int]:
    if had is None:
        return {}
    return {int(kind): number for kind, number in had.needs.items() if number > 0}
