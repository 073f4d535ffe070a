"""Which days a series falls on: RFC 5545 rules, worked out by dateutil, never by own arithmetic.

Rules are of civil days; the time of day is put on afterwards, in Asia/Shanghai (rule K8).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from dateutil.rrule import MONTHLY, YEARLY, rrule, rrulestr

from portal.api import workdays

EVERY = ("day", "workday", "week", "month_day", "month_weekday", "year")
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NAMES = {
    "day": "DAILY",
    "workday": "DAILY",
    "week": "WEEKLY",
    "month_day": "MONTHLY",
    "month_weekday": "MONTHLY",
    "year": "YEARLY",
}
#: More times than this are two series, and so is what goes on for longer than this.
MOST = 120
LONGEST = timedelta(days=366 * 12)
#: RFC 5545 knows no working days: a part of our own says that the rule counts those of the calendar (K9).
WORKING = ";X-WORKDAYS=1"


class BadRule(ValueError):
    """A rule nobody can follow; ``field`` is what to mend: every, interval, weekdays, until, count, first."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """How days follow the first one; it ends after ``count`` times or on the day ``until``, one of the two.

    ``week`` takes weekdays (1 is Monday; none: the first day's own). ``month_day`` is the first day's number
    in each month that has it; ``month_weekday`` its weekday by count, where the fifth means the last.
    ``workday`` counts working days only (rule K9): every second one of them, not every second day.
    """

    every: str
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    until: date | None = None
    count: int | None = None


def text_of(rule: Rule, first: date) -> str:
    """Return a rule as an RRULE; raises BadRule."""
    _check(rule, first)
    parts = [f"FREQ={_NAMES[rule.every]}"]
    if rule.interval > 1:
        parts.append(f"INTERVAL={rule.interval}")
    if rule.every == "week" and rule.weekdays:
        parts.append("BYDAY=" + ",".join(_CODES[day - 1] for day in sorted(set(rule.weekdays))))
    if rule.every == "month_weekday":
        parts.append(f"BYDAY={_count_in_month(first)}{_CODES[first.weekday()]}")
    if rule.every in ("month_day", "year"):
        parts.append(f"BYMONTHDAY={first.day}")
    if rule.every == "year":
        parts.append(f"BYMONTH={first.month}")
    parts.append(f"COUNT={rule.count}" if rule.count else f"UNTIL={rule.until:%Y%m%d}")
    return ";".join(parts) + (WORKING if rule.every == "workday" else "")


def days(text: str, first: date) -> list[date]:
    """Return the days of a rule that begins on ``first``, MOST and one more at the utmost.

    Raises: BadRule where a rule of working days begins on a day off.
    """
    if text.endswith(WORKING):
        return _working_days(text.removesuffix(WORKING), first)
    return [found.date() for found in islice(rrulestr(text, dtstart=_midnight(first)), MOST + 1)]


def left_out(text: str, first: date) -> list[date]:
    """Return the months (their first days) that a rule passes over because they have no such day.

    The 31st has none in April, 29 February none in most years; a preview names them, so nobody counts on it.
    """
    if "BYMONTHDAY" not in text:
        return []
    rule = rrulestr(text, dtstart=_midnight(first))
    there = days(text, first)
    if not there:
        return []
    yearly = "BYMONTH=" in text
    # What the same rule would do on the first of the month, which every month has.
    months = rrule(
        YEARLY if yearly else MONTHLY,
        dtstart=_midnight(first.replace(day=1)),
        interval=rule._interval,  # dateutil has no public name for it
        until=_midnight(_last_month(text, there)),
    )
    had = {(day.year, day.month) for day in there}
    return [month.date() for month in months if (month.year, month.month) not in had]


def _working_days(text: str, first: date) -> list[date]:
    parts = dict(part.split("=") for part in text.split(";"))
    step, count = int(parts.get("INTERVAL", 1)), int(parts.get("COUNT", MOST + 1))
    if "UNTIL" in parts:
        last = _last_month(text, [])
    else:
        # More than half of all days are worked, in any time longer than the longest holidays.
        last = first + timedelta(days=2 * step * count + 30)
    worked = [found.day for found in workdays.span(first, last).values() if found.is_workday]
    if not worked or worked[0] != first:
        raise BadRule("first")
    return worked[::step][: min(count, MOST + 1)]


def _last_month(text: str, there: list[date]) -> date:
    for part in text.split(";"):
        if part.startswith("UNTIL="):
            return datetime.strptime(part[6:14], "%Y%m%d").date()  # noqa: DTZ007  a civil day has no zone
    return there[-1]


def _count_in_month(first: date) -> int:
    # The fifth of a weekday is there in few months: who says it means the last one.
    number = (first.day - 1) // 7 + 1
    return -1 if number == 5 else number


def _check(rule: Rule, first: date) -> None:
    if rule.every not in EVERY:
        raise BadRule("every")
    if not 1 <= rule.interval <= 52:
        raise BadRule("interval")
    if any(day not in range(1, 8) for day in rule.weekdays):
        raise BadRule("weekdays")
    if rule.every == "week" and rule.weekdays and first.isoweekday() not in rule.weekdays:
        raise BadRule("weekdays")
    if (rule.count is None) == (rule.until is None):
        raise BadRule("until")
    if rule.count is not None and not 2 <= rule.count <= MOST:
        raise BadRule("count")
    if rule.until is not None and not first < rule.until <= first + LONGEST:
        raise BadRule("until")


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001  civil days, as dateutil counts them
