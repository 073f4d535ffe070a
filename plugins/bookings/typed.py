"""Read what people type of days, hours and numbers: spaces, full-width digits and 9点半 are welcome."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from portal.api import clock

from .policy import Policy
from .verdicts import Span

_CLOCK = re.compile(r"(\d{1,2})(?::|点|时)(?:(\d{1,2})分?|(半))?")
_PLAIN = re.compile(r"(\d{1,2})(\d{2})")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_PHONE = re.compile(r"1\d{10}|0\d{9,11}|[2-9]\d{6,7}")
_LAST_MINUTE = 24 * 60


def plain(text: str) -> str:
    """Return a text with full-width characters put right and no spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def minute(text: str) -> int | None:
    """Return the minute of the day in 09:30, 9点半, 930 or 24:00; None where it is none."""
    tidy = plain(text)
    found = _CLOCK.fullmatch(tidy) or _PLAIN.fullmatch(tidy)
    if found is None:
        return None
    half = len(found.groups()) > 2 and found[3]
    minutes = int(found[1]) * 60 + (30 if half else int(found[2] or 0))
    return minutes if int(found[2] or 0) < 60 and minutes <= _LAST_MINUTE else None


def whole(text: str, *, most: int = 100_000) -> int | None:
    """Return a whole number that is not negative, also 30人; None where it is none."""
    tidy = plain(text).removesuffix("人").removesuffix("次")
    return int(tidy) if re.fullmatch(r"[0-9]{1,6}", tidy) and int(tidy) <= most else None


def phone(text: str) -> str | None:
    """Return the digits of a phone number, empty where none was typed; None where it is none."""
    tidy = re.sub(r"[-–—()·.]", "", plain(text))
    tidy = re.sub(r"^(\+86|0086)", "", tidy)
    return tidy if not tidy or _PHONE.fullmatch(tidy) else None


def day(fields: Mapping[str, Any], name: str) -> date | None:
    """Return the day that ``name`` or its three parts hold; a year left out is the next that fits."""
    found = _DAY.fullmatch(plain(fields.get(name, "")))
    parts = found.groups() if found else tuple(plain(one) for one in day_parts(fields, name))
    try:
        year, month, number = (int(part) if part else 0 for part in parts)
        if year:
            return date(year + 2000 if year < 100 else year, month, number)
        here = date(clock.today().year, month, number)
        return here if here >= clock.today() else here.replace(year=here.year + 1)
    except ValueError:
        return None


def day_parts(fields: Mapping[str, Any], name: str) -> tuple[str, str, str]:
    """Return year, month and day as they were typed, for the form that shows them again."""
    found = _DAY.fullmatch(plain(fields.get(name, "")))
    if found:
        return found[1], found[2], found[3]
    return tuple(fields.get(f"{name}-{part}", "")[:8] for part in ("year", "month", "day"))


def span_of(on: date, first: int, last: int) -> Span:
    """Return a time from minutes of a day; 1440 is midnight after it."""
    midnight = datetime.combine(on, time(), clock.SHANGHAI)
    return Span(start=midnight + timedelta(minutes=first), end=midnight + timedelta(minutes=last))


def words_of(minutes: int) -> str:
    """Write a minute of the day as 09:30."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def minutes_of(span: Span) -> tuple[date, int, int]:
    """Return the day of a time and its minutes there; the reverse of ``span_of``."""
    on = clock.civil(span.start)
    midnight = datetime.combine(on, time(), clock.SHANGHAI)
    first, last = (int((at - midnight).total_seconds()) // 60 for at in (span.start, span.end))
    return on, first, last


def steps(step: int, first: int, last: int, *also: int | None) -> list[tuple[str, str]]:
    """Return the times of day to choose from, every ``step`` minutes, and those that are chosen anyway."""
    offered = {*range(first, last + 1, step), *(one for one in also if one is not None)}
    return [(words_of(one), words_of(one)) for one in sorted(offered)]


def query_of(span: Span) -> dict[str, str]:
    """Return a time as addresses and forms name it: day, from, to."""
    on, first, last = minutes_of(span)
    return {"day": on.isoformat(), "from": words_of(first), "to": words_of(last)}


def first_part(span: Span, policy: Policy, grid: int) -> Span:
    """Return what a form suggests of a free time: its first hour, or what the policy and the grid allow."""
    wanted = max(grid, policy.min_minutes, min(60, policy.max_minutes))
    wanted -= wanted % grid
    return Span(start=span.start, end=min(span.end, span.start + timedelta(minutes=wanted)))


def rounded(span: Span, grid: int) -> list[Span]:
    """Return the times on a grid (minutes) of the hour nearest to one between two slots, nearest first."""
    step = timedelta(minutes=grid)
    midnight = datetime.combine(clock.civil(span.start), time(), clock.SHANGHAI)
    starts = _around(span.start - midnight, step)
    ends = _around(span.end - midnight, step)
    found = [(midnight + start, midnight + end) for start in starts for end in ends if start < end]
    found.sort(key=lambda one: (abs(one[0] - span.start) + abs(one[1] - span.end), one))
    return [Span(start=start, end=end) for start, end in found[:3]]


def _around(at: timedelta, step: timedelta) -> list[timedelta]:
    before = at // step * step
    return [before] if before == at else [before, before + step]
