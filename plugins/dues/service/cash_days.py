"""The days a cash sheet may carry: not to come, not too long ago for the district, not before the books.

A closed month would be one more earliest day: whoever brings the month close adds it to ``check``.
"""

from __future__ import annotations

from datetime import date, timedelta

from portal.api import clock, settings

from ..months import first_day
from ..queries.openings import start_of
from ..queries.places import here


class WrongDay(ValueError):
    """A day no cash sheet may carry: ``reason`` is future, before_books or too_old.

    ``earliest`` is the first day that may be written; ``days`` how far back the district allows.
    """

    def __init__(self, reason: str, *, earliest: date, days: int) -> None:
        super().__init__(reason)
        self.reason, self.earliest, self.days = reason, earliest, days


def check(day: date, *, district_id: int, organization_id: int) -> None:
    """Raise ``WrongDay`` for a day a branch's cash cannot have been taken on, or can no longer be written.

    The day decides whether a month counts as paid in time and which year numbers the voucher; an old one
    would change what was reported already (rule K11).
    """
    today = clock.today()
    days = int(settings.get(here(district_id), "dues.cash_back_days"))
    allowed = earliest = today - timedelta(days=days)
    start, _fixed = start_of(organization_id)
    if start:
        earliest = max(allowed, min(first_day(start), today))
    if day > today:
        raise WrongDay("future", earliest=earliest, days=days)
    if day < earliest:
        raise WrongDay("too_old" if earliest == allowed else "before_books", earliest=earliest, days=days)
