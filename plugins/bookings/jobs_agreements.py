"""What the bookings do by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.api import Job

from .queries import due_in
from .service import agreed_ends


def end_agreements(_payload: Mapping[str, Any]) -> None:
    """Mark the agreements whose time is over as ended; nothing could be booked beyond it before."""
    agreed_ends.expire()


def agreements_ending(_payload: Mapping[str, Any]) -> None:
    """Tell the parties of agreements that end soon."""
    agreed_ends.remind()


JOBS = (
    Job(
        name="bookings.end_agreements",
        run=end_agreements,
        every=3600,
        per_district=True,
        due_in=due_in.agreements_over,
    ),
    Job(name="bookings.agreements_ending", run=agreements_ending, every=24 * 3600, per_district=True),
)
