"""Civil months as text, ``2026-11``: they sort, compare and print as what they are."""

import re
from datetime import date

_MONTH = re.compile(r"(?P<year>20[0-9]{2})-(?P<month>0[1-9]|1[0-2])", re.ASCII)


def parse_month(text: str) -> str:
    """Return ``text`` if it is a month like 2026-11; raise ValueError otherwise."""
    if _MONTH.fullmatch(text) is None:
        raise ValueError(f"not a month like 2026-11: {text!r}")
    return text


def month_of(day: date) -> str:
    """Return the month a civil day lies in."""
    return day.strftime("%Y-%m")


def first_day(month: str) -> date:
    """Return the first civil day of ``month``."""
    return date.fromisoformat(f"{parse_month(month)}-01")


def shifted(month: str, by: int) -> str:
    """Return the month ``by`` months later; earlier when negative."""
    found = _MONTH.fullmatch(month)
    if found is None:
        raise ValueError(f"not a month like 2026-11: {month!r}")
    year, index = divmod(int(found["year"]) * 12 + int(found["month"]) - 1 + by, 12)
    return f"{year:04d}-{index + 1:02d}"


def distance(earlier: str, later: str) -> int:
    """Return how many months ``later`` comes after ``earlier``; negative when it comes before."""
    return _ordinal(later) - _ordinal(earlier)


def span(first: str, last: str) -> list[str]:
    """Return every month from ``first`` to ``last``, both included; none when ``last`` comes earlier."""
    return [shifted(first, step) for step in range(distance(first, last) + 1)]


def _ordinal(month: str) -> int:
    parse_month(month)
    return int(month[:4]) * 12 + int(month[5:])
