"""China's working days: weekends that are worked and weekdays that are not, year by year (rule K9).

National, so no district's. Every "n 个工作日" is counted here: ``add_workdays``, ``workdays_between``,
``is_workday``; a calendar asks ``span`` once for all of its days. Where a year is not ``known`` it is Monday
to Friday, and pages that count on it say so.

A deadline is stored by whoever computes it. Publishing a calendar, also a corrected one, moves none of them:
nothing is computed anew silently, and whoever does so leaves a line in the trail.
"""

from portal.workdays.files import BadCalendar, Calendar, Entry, Source, read
from portal.workdays.queries import (
    Day,
    Published,
    Year,
    add_workdays,
    day_kind,
    is_workday,
    known,
    published,
    span,
    workdays_between,
    years,
)
from portal.workdays.service import Changes, compare, publish, ship

__all__ = [
    "BadCalendar",
    "Calendar",
    "Day",
    "Entry",
    "Changes",
    "Published",
    "Source",
    "Year",
    "add_workdays",
    "compare",
    "day_kind",
    "is_workday",
    "known",
    "publish",
    "published",
    "read",
    "ship",
    "span",
    "workdays_between",
    "years",
]
