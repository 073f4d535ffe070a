"""The slip of a booking, to be taken along or printed."""

from __future__ import annotations

from typing import Any

from portal.api import render, requires

from .. import presence
from ..words import when_words
from . import bookings
from .desk_record import record_of


@bookings.get("/desk/<uid>/slip")
@requires("bookings.see")
def desk_slip(uid: str) -> Any:
    """Show a slip to take along: room, time, and the code for checking in."""
    found = record_of(uid)
    return render(
        "bookings/desk_slip.html",
        record=found,
        booking=found.booking,
        times=[
            (
                when_words(row.starts_at, row.ends_at),
                found.rooms[row.room_id],
                presence.code(row.uid) if row.state == "approved" else "",
            )
            for row in found.times
            if row.state in ("approved", "checked_in")
        ],
    )
