"""Giving a time up late: what counts as that, and half a point for it where a room counts any."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from portal.api import clock, district

from .. import points
from ..judging import Asker
from ..models import BookingsBooking, BookingsOccurrence
from ..policy import Policy, policy_of
from ..queries import places
from ..queries.places import Room
from ..verdicts import Span


def gives_up(row: BookingsOccurrence, span: Span, room: Room) -> bool:
    """Tell whether a move leaves the time it had to nobody, as calling it off would.

    Who comes later, leaves earlier or stays longer in the same room does not.
    """
    if row.state == "skipped":
        return False
    shorter = row.starts_at <= span.start and span.end <= row.ends_at
    longer = span.start <= row.starts_at and row.ends_at <= span.end
    return row.room_id != room.id or not (shorter or longer)


def is_late(row: BookingsOccurrence, policy: Policy) -> bool:
    """Tell whether giving this time up now counts half a point (criterion 15)."""
    return policy.points and row.starts_at - clock.now() < timedelta(hours=policy.late_hours)


def late_moves(rows: Sequence[BookingsOccurrence], spans: Sequence[Span], room: Room, asker: Asker) -> int:
    """Return how many of these moves would count half a point each; nobody's by staff do."""
    if asker.staff:
        return 0
    given_up = [row for row, span in zip(rows, spans, strict=True) if gives_up(row, span, room)]
    return sum(is_late(row, policy_of(district(), places.room_of(row))) for row in given_up)


def count(booking: BookingsBooking, row: BookingsOccurrence) -> None:
    """Count half a point for giving a time up late, where its room counts any."""
    policy = policy_of(district(), places.room_of(row))
    if is_late(row, policy):
        points.give(booking, row, why="late", policy=policy)
