"""What the dues do by themselves: put each month on the books."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import func

from portal.api import Job, clock, district, rows, session

from .models import DuesBranchOpening
from .months import shifted, span
from .service import bases, obligations

#: A worker that slept over months catches up; further back is the branch's decision.
CATCH_UP_MONTHS = 6
#: How long the refused rows of a yearly sheet can be fetched again.
KEPT = timedelta(days=30)


def create_months(_payload: Mapping[str, Any]) -> None:
    """Put the current month, and any month missed since the books began, on the books of one district."""
    here = district().id
    start = session.execute(rows(DuesBranchOpening, func.min(DuesBranchOpening.start_month))).scalar()
    if start is None:
        return
    current = clock.month()
    first = max(start, shifted(current, -CATCH_UP_MONTHS))
    session.rollback()
    for month in span(first, current):
        obligations.create_month(district_id=here, month=month)


def forget_sheets(_payload: Mapping[str, Any]) -> None:
    """Drop what is kept of yearly sheets brought in long ago: names and pay are not kept for nothing."""
    bases.forget(before=clock.now() - KEPT)


JOBS = (
    Job(name=obligations.MONTHS_JOB, run=create_months, every=6 * 3600, per_district=True),
    Job(name="dues.forget_sheets", run=forget_sheets, every=24 * 3600, per_district=True),
)
