"""Read what people type in a hurry: 9, 930, 9:30, 9点半; numbers with spaces and hyphens."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta

from portal.api import clock, sheet_values

from .verdicts import Span

_TIME = re.compile(r"(\d{1,2})(?:[:点时.](\d{1,2}|半|一刻|三刻)?分?)?", re.ASCII)
_QUARTERS = {"半": 30, "一刻": 15, "三刻": 45}
_PHONE = re.compile(r"1\d{10}|0\d{9,11}|\d{7,8}", re.ASCII)


def plain(text: str) -> str:
    """Return a text with full-width characters put right, without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def day(text: str) -> date | None:
    """Return the day that was typed; None where it is none."""
    return sheet_values.dates.whole_day(text)


def minute(text: str) -> int | None:
    """Return the minute of the day that was typed; 24:00 is the end of the day, None where it is none."""
    said = plain(text)
    if re.fullmatch(r"\d{3,4}", said, re.ASCII):
        said = f"{said[:-2]}:{said[-2:]}"
    found = _TIME.fullmatch(said)
    if found is None:
        return None
    rest = found[2] or "0"
    minutes = int(found[1]) * 60 + (_QUARTERS[rest] if rest in _QUARTERS else int(rest))
    return minutes if minutes <= 24 * 60 and (rest in _QUARTERS or int(rest) < 60) else None


def at(on: date, minutes: int) -> datetime:
    """Return the instant so many minutes after a civil day begins."""
    return datetime.combine(on, time(), clock.SHANGHAI) + timedelta(minutes=minutes)


def instant(text: str) -> datetime | None:
    """Return the instant of a civil time like 2026-11-23T09:15; None where it is none."""
    try:
        found = datetime.strptime(text, "%Y-%m-%dT%H:%M")  # noqa: DTZ007  Shanghai's, said in the next line
    except ValueError:
        return None
    return found.replace(tzinfo=clock.SHANGHAI) if 2000 <= found.year < 2200 else None


def spoken_span(span: Span) -> tuple[str, str, str]:
    """Return day, begin and end as the fields of a form show them."""
    start, end = span.start.astimezone(clock.SHANGHAI), span.end.astimezone(clock.SHANGHAI)
    whole = (end.date() - start.date()).days == 1 and end.time() == time()
    return start.date().isoformat(), f"{start:%H:%M}", "24:00" if whole else f"{end:%H:%M}"


def phone(text: str) -> str | None:
    """Return the digits of a telephone number, nothing for nothing; None where it is no number."""
    said = re.sub(r"[-–—()·.+]", "", plain(text))
    for prefix in ("0086", "86"):
        if len(said) == len(prefix) + 11 and said.startswith(prefix):
            said = said.removeprefix(prefix)
    if not said:
        return ""
    return said if _PHONE.fullmatch(said) else None
