"""The working days as they stand: to look at. They hold for every district, so no district changes them.

A year is published on the command line (``portal workdays import``) by whoever runs the installation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, request

from portal import clock, workdays
from portal.web.access import requires
from portal.web.htmx import render
from portal.web.wording import day_word

pages = Blueprint("workdays", __name__, url_prefix="/d/<district_code>/admin/workdays")

PERMISSION = "core.settings"
#: The State Council's notice of the next year comes in this month, or a little earlier.
NOTICE_MONTH = 11


@dataclass(kw_only=True)
class Holiday:
    """A holiday as a notice tells it: from when to when, and the weekends that are worked for it."""

    name: str
    first: date
    last: date
    work: list[date] = field(default_factory=list)

    @property
    def length(self) -> int:
        """Return how many days it lasts."""
        return (self.last - self.first).days + 1


@pages.get("")
@requires(PERMISSION)
def index() -> Any:
    """List the years there are, and say which one is missing by now."""
    years, today = workdays.years(), clock.today()
    wanted = [today.year] + [today.year + 1] * (today.month >= NOTICE_MONTH)
    missing = [year for year in wanted if year not in {one.year for one in years}]
    return render("admin/workdays.html", years=years, missing=missing)


@pages.get("/<int(min=1950, max=2200):year>")
@requires(PERMISSION)
def show(year: int) -> Any:
    """Show a year's holidays with their make-up days, where they come from, and the versions before."""
    newest = workdays.published(year) or abort(404)
    version = request.args.get("version", default=newest.version, type=int)
    if not 1 <= version <= newest.version:
        abort(404)
    shown = newest if version == newest.version else workdays.published(year, version)
    return render(
        "admin/workdays_year.html",
        shown=shown,
        newest=newest.version,
        holidays=holidays(shown) if shown else [],
        day_word=day_word,
    )


def holidays(calendar: workdays.Published) -> list[Holiday]:
    """Return a year's holidays in their order; a make-up day goes with the nearest one of its name."""
    found: list[Holiday] = []
    for day, entry in calendar.days.items():
        if entry.kind != "off":
            continue
        if found and found[-1].name == entry.name and found[-1].last == day - timedelta(days=1):
            found[-1].last = day
        else:
            found.append(Holiday(name=entry.name, first=day, last=day))
    for day, entry in calendar.days.items():
        if entry.kind == "work":
            own = [one for one in found if one.name == entry.name] or found
            min(own, key=lambda one: abs(one.first - day)).work.append(day)
    return found
