"""The branches' months in numbers, for the district: who is behind as a branch, nobody by name."""

from __future__ import annotations

from typing import Any

from flask import g, request

from portal.api import clock, month, render, requires

from ..months import shifted
from ..queries import totals as queries
from ..rate_files import rate_tables
from . import dues
from .branch import asked_month

PAGE = 50


@dues.get("/totals")
@requires("dues.totals")
def totals() -> Any:
    """Show each branch's counts and sums of a month."""
    at = asked_month()
    after = request.args.get("after", 0, type=int)
    found = queries.totals(g.actor.reach("dues.totals"), at, after=after, limit=PAGE + 1)
    return render(
        "dues/totals.html",
        branches=found[:PAGE],
        after=found[PAGE - 1].id if len(found) > PAGE else None,
        meeting=rate_tables().on(clock.today()).review.meeting,
        month_shown=at,
        months=[(one, month(one)) for one in (shifted(clock.month(), back) for back in range(0, -24, -1))],
    )
