"""Write down what happened to a booking, for its timeline."""

from __future__ import annotations

from portal.api import clock, session

from ..models import BookingsBooking, BookingsOccurrence, BookingsStep


def note(
    booking: BookingsBooking,
    action: str,
    *,
    by: int | None,
    occurrence: BookingsOccurrence | None = None,
    words: str = "",
) -> None:
    """Add a step, in the transaction of the act itself."""
    session.add(
        BookingsStep(
            district_id=booking.district_id,
            booking_id=booking.id,
            occurrence_id=occurrence.id if occurrence else None,
            action=action,
            note=words[:300],
            actor_id=by,
            at=clock.now(),
        )
    )
