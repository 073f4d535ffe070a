"""Read what people type of days, hours and numbers: spaces, full-width digits, 930 and 9点半 are welcome."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from portal.api import clock, sheet_values
from portal.api import gettext as _

from .policy import Policy
from .verdicts import Span

_TIME = re.compile(r"(\d{1,2})(?:[:点时.](\d{1,2}|半|一刻|三刻)?分?)?", re.ASCII)
_NEXT_DAY = re.compile(r"^(?:第二天|次日|翌日|隔天|nextday)")
_COUNTED_ON = re.compile(r"(2[4-9]|3\d|4[0-7]):?([0-5]\d)", re.ASCII)
_QUARTERS = {"半": 30, "一刻": 15, "三刻": 45}
#: 下午两点: from which hour to which a word is said, and from which noon is added. 晚上12点 is midnight.
_HALVES = {
    "凌晨": (0, 6, 24),
    "早上": (4, 12, 24),
    "上午": (6, 12, 24),
    "中午": (11, 14, 12),
    "下午": (12, 19, 12),
    "傍晚": (16, 20, 12),
    "晚上": (17, 24, 12),
}
_HOUR = re.compile(r"(十[一二]?|[一二两三四五六七八九])(?=[点时])")
_HOURS = dict(zip("一二三四五六七八九十", range(1, 11), strict=True)) | {"两": 2, "十一": 11, "十二": 12}
_NEAR_DAYS = {"今天": 0, "明天": 1, "后天": 2}
_MONTH_DAY = re.compile(r"(\d{1,2})(?:[-/.](\d{1,2})|月(\d{1,2})[日号]?)", re.ASCII)
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_PHONE = re.compile(r"1\d{10}|0\d{9,11}|[2-9]\d{6,7}")


#: What people write behind a number of people, seats or pieces.
COUNTED = "人次座件个把"


def plain(text: str) -> str:
    """Return a text with full-width characters put right and no spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def minute(text: str) -> int | None:
    """Return the minute of the day that was typed; 24:00 is the end of the day, None where it is none.

    下午两点半 is read too: a half of the day before an hour of the clock.
    """
    said = plain(text)
    half = said[:2] if said[:2] in _HALVES else ""
    said = _HOUR.sub(lambda found: str(_HOURS[found[0]]), said.removeprefix(half))
    if re.fullmatch(r"\d{3,4}", said, re.ASCII):
        said = f"{said[:-2]}:{said[-2:]}"
    found = _TIME.fullmatch(said)
    if found is None:
        return None
    rest = found[2] or "0"
    hour = _of_half(half, int(found[1])) if half else int(found[1])
    if hour is None:
        return None
    minutes = hour * 60 + (_QUARTERS[rest] if rest in _QUARTERS else int(rest))
    return minutes if minutes <= 24 * 60 and (rest in _QUARTERS or int(rest) < 60) else None


def end_minute(text: str) -> int | None:
    """Return the minute at which a time ends, counted on from its day: 第二天1:00 and 25:00 are 1500."""
    said = plain(text).lower()
    rest = _NEXT_DAY.sub("", said)
    counted = _COUNTED_ON.fullmatch(said)
    if counted:
        return int(counted[1]) * 60 + int(counted[2] or 0)
    found = minute(rest)
    return found if found is None or rest == said else found + 24 * 60


def _of_half(half: str, hour: int) -> int | None:
    """Return the hour of the day of an hour of the clock; None where the two do not go together."""
    first, last, noon = _HALVES[half]
    fits = [one for one in (hour, hour + noon) if first <= one <= last]
    return fits[0] if fits else None


def whole(text: str, *, most: int = 100_000) -> int | None:
    """Return a whole number that is not negative, also 30人 or 2件; None where it is none."""
    tidy = plain(text).rstrip(COUNTED)
    return int(tidy) if re.fullmatch(r"[0-9]{1,6}", tidy) and int(tidy) <= most else None


def phone(text: str) -> str | None:
    """Return the digits of a telephone number, nothing for nothing; None where it is no number."""
    said = re.sub(r"[-–—()·.+]", "", plain(text))
    for prefix in ("0086", "86"):
        if len(said) == len(prefix) + 11 and said.startswith(prefix):
            said = said.removeprefix(prefix)
    if not said:
        return ""
    return said if _PHONE.fullmatch(said) else None


def day(fields: Mapping[str, Any], name: str) -> date | None:
    """Return the day that ``name`` or its three parts hold; a year left out is the next that fits."""
    found = _DAY.fullmatch(plain(fields.get(name, "")))
    parts = found.groups() if found else tuple(plain(one) for one in day_parts(fields, name))
    try:
        year, month, number = (int(part) if part else 0 for part in parts)
        if year:
            return _near(date(year + 2000 if year < 100 else year, month, number))
        return _without_year(month, number, ahead=True)
    except ValueError:
        return None


def day_parts(fields: Mapping[str, Any], name: str) -> tuple[str, str, str]:
    """Return year, month and day as they were typed, for the form that shows them again."""
    found = _DAY.fullmatch(plain(fields.get(name, "")))
    if found:
        return found[1], found[2], found[3]
    return tuple(fields.get(f"{name}-{part}", "")[:8] for part in ("year", "month", "day"))


def day_of(text: str, *, ahead: bool = True) -> date | None:
    """Return the day that was typed in one field, None where it is none; 明天 is one, and so is 12月9日.

    Without its year it is the next there is, or (not ``ahead``: who looks back) the nearest.
    """
    said = plain(text)
    if said in _NEAR_DAYS:
        return clock.today() + timedelta(days=_NEAR_DAYS[said])
    short = _MONTH_DAY.fullmatch(said)
    if short is not None:
        return _without_year(int(short[1]), int(short[2] or short[3]), ahead=ahead)
    found = sheet_values.dates.whole_day(text)
    return None if found is None else _near(found)


def _without_year(month: int, number: int, *, ahead: bool) -> date | None:
    today, found = clock.today(), []
    for year in range(today.year - 1, today.year + 9):  # 29 February is up to eight years away
        with suppress(ValueError):
            found.append(date(year, month, number))
    if ahead:
        return next((one for one in found if one >= today), None)
    return min(found, key=lambda one: abs(one - today), default=None)


def _near(on: date) -> date | None:
    """Return a day a calendar can count from; from the first and the last there are it cannot."""
    return on if 1990 <= on.year < 2200 else None


def instant(text: str) -> datetime | None:
    """Return the instant of a civil time like 2026-11-23T09:15; None where it is none."""
    try:
        found = datetime.strptime(text, "%Y-%m-%dT%H:%M")  # noqa: DTZ007  Shanghai's, said in the next line
    except ValueError:
        return None
    return found.replace(tzinfo=clock.SHANGHAI) if 2000 <= found.year < 2200 else None


def spoken_span(span: Span) -> tuple[str, str, str]:
    """Return day, begin and end as the fields of a form show them; ``end_minute`` reads the end back."""
    on, first, last = minutes_of(span)
    return on.isoformat(), words_of(first), end_words(last)


def span_of(on: date, first: int, last: int) -> Span:
    """Return a time from minutes of a day; 1440 is midnight after it."""
    return Span(start=clock.at(on, first), end=clock.at(on, last))


def words_of(minutes: int) -> str:
    """Write a minute of the day as 09:30."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def end_words(minutes: int) -> str:
    """Write a minute counted from the day a time begins: 09:30, 24:00, and 第二天01:00 for 1500."""
    if 24 * 60 < minutes <= 48 * 60:
        return _("第二天%(time)s", time=words_of(minutes - 24 * 60))
    return words_of(minutes)


def minutes_of(span: Span) -> tuple[date, int, int]:
    """Return the day of a time and its minutes there; the reverse of ``span_of``."""
    on = clock.civil(span.start)
    midnight = clock.at(on)
    first, last = (int((at - midnight).total_seconds()) // 60 for at in (span.start, span.end))
    return on, first, last


def steps(step: int, first: int, last: int, *also: int | None) -> list[tuple[str, str]]:
    """Return the times of day to choose from, every ``step`` minutes, and those that are chosen anyway."""
    offered = {*range(first, last + 1, step), *(one for one in also if one is not None)}
    return [(words_of(one), end_words(one)) for one in sorted(offered)]


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
    midnight = clock.at(clock.civil(span.start))
    starts = _around(span.start - midnight, step)
    ends = _around(span.end - midnight, step)
    found = [(midnight + start, midnight + end) for start in starts for end in ends if start < end]
    found.sort(key=lambda one: (abs(one[0] - span.start) + abs(one[1] - span.end), one))
    return [Span(start=start, end=end) for start, end in found[:3]]


def _around(at: timedelta, step: timedelta) -> list[timedelta]:
    before = at // step * step
    return [before] if before == at else [before, before + step]
