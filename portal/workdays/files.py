"""A year's calendar as it is written in a file: TOML, every fault named with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeGuard

_TOP = {"year", "source", "holiday"}
_SOURCE = {"title": 120, "number": 60, "url": 200}
_HOLIDAY = {"name", "first", "last", "work"}
_LONGEST = timedelta(days=30)
_SHIPPED = Path(__file__).parent / "data"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a calendar comes from; ``from_memory`` until somebody has held it against the notice."""

    title: str
    number: str
    issued_on: date
    url: str = ""
    from_memory: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a calendar says of one day: ``off`` or ``work``, and the holiday it is about."""

    kind: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """One year: its source, and the days that are holidays or make-up workdays."""

    year: int
    source: Source
    days: Mapping[date, Entry]


@dataclass(frozen=True, kw_only=True, order=True)
class Fault:
    """Something wrong with a file: the line (0: the file as a whole), and what to do about it."""

    line: int
    words: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.words}" if self.line else self.words


class BadCalendar(ValueError):
    """A file is no calendar; ``faults`` has every reason."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = sorted(faults)


def shipped() -> list[Calendar]:
    """Return the years that come with the portal, oldest first."""
    return [read(path.read_text(encoding="utf-8")) for path in sorted(_SHIPPED.glob("*.toml"))]


def read(text: str) -> Calendar:
    """Read a calendar file. Raises: BadCalendar with every fault, so that one look mends all of it."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadCalendar([Fault(line=0, words=f"this is no TOML: {error}")]) from None
    reading = _Reading(found, dict(_lines(text)))
    source = reading.source()
    year = reading.year()
    reading.holidays(year)
    if reading.faults or source is None:
        raise BadCalendar(reading.faults)
    return Calendar(year=year, source=source, days={day: reading.days[day] for day in sorted(reading.days)})


@dataclass
class _Reading:
    found: dict[str, Any]
    lines: dict[tuple[Any, ...], int]
    faults: list[Fault] = field(default_factory=list)
    days: dict[date, Entry] = field(default_factory=dict)
    said: dict[date, int] = field(default_factory=dict)

    def fault(self, words: str, *path: Any) -> None:
        near = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in self.lines), ())
        self.faults.append(Fault(line=self.lines.get(near, 0), words=words))

    def unknown(self, table: Mapping[str, Any], known: Any, *path: Any) -> None:
        for key in table:
            if key not in known:
                self.fault(f"{key!r} is unknown here; there are {', '.join(sorted(known))}", *path, key)

    def year(self) -> int:
        self.unknown(self.found, _TOP)
        year = self.found.get("year")
        if type(year) is not int or not 1950 <= year <= 2200:
            self.fault("year: the calendar's year, such as 2027", "year")
            return 0
        return year

    def source(self) -> Source | None:
        table = self.found.get("source")
        if not isinstance(table, dict):
            self.fault(
                "[source] is missing: title, number and issued of the State Council's notice", "source"
            )
            return None
        self.unknown(table, {*_SOURCE, "issued", "from_memory"}, "source")
        said = {}
        for key, most in _SOURCE.items():
            value = table.get(key, "")
            said[key] = value.strip() if isinstance(value, str) else ""
            if not isinstance(value, str) or len(said[key]) > most:
                self.fault(f"{key}: a text of at most {most} characters", "source", key)
            elif not said[key] and key != "url":
                self.fault(f"{key} is missing: it stands on the notice", "source", key)
        if said["url"] and not re.match(r"https?://[^\s/]+/", said["url"]):
            self.fault("url: begins with https:// or http://", "source", "url")
        issued, memory = table.get("issued"), table.get("from_memory", False)
        if not _is_day(issued):
            self.fault("issued: the notice's date, such as 2026-11-04", "source", "issued")
        if not isinstance(memory, bool):
            self.fault("from_memory: true or false", "source", "from_memory")
        return Source(**said, issued_on=issued, from_memory=memory)  # type: ignore[arg-type]  # with a fault it is thrown away

    def holidays(self, year: int) -> None:
        tables = self.found.get("holiday")
        if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables) or not tables:
            self.fault("there is no [[holiday]]: name, first, last and, where there are any, work", "holiday")
            return
        for number, table in enumerate(tables):
            self.unknown(table, _HOLIDAY, "holiday", number)
            self._holiday(number, table, year)

    def _holiday(self, number: int, table: dict[str, Any], year: int) -> None:
        here = ("holiday", number)
        name = table.get("name")
        if not isinstance(name, str) or not 1 <= len(name.strip()) <= 40:
            self.fault("name: the holiday's name, 1 to 40 characters", *here, "name")
            name = "?"
        first, last = table.get("first"), table.get("last")
        if not _is_day(first) or not _is_day(last):
            key = "last" if _is_day(first) else "first"
            self.fault(f"{key}: a day, such as 2027-01-01", *here, key)
        elif not timedelta() <= last - first <= _LONGEST:
            self.fault(
                f"from {first} to {last}: the last day is before the first, or a month later", *here, "last"
            )
        else:
            for days in range((last - first).days + 1):
                self._day(first + timedelta(days=days), "off", name.strip(), year, *here, "first")
        work = table.get("work", [])
        if not isinstance(work, list) or not all(_is_day(day) for day in work):
            self.fault("work: a list of days, such as [2027-01-03]", *here, "work")
            return
        for day in work:
            self._day(day, "work", name.strip(), year, *here, "work")

    def _day(self, day: date, kind: str, name: str, year: int, *path: Any) -> None:
        before = self.days.get(day)
        if year and day.year != year:
            self.fault(f"{day} is not in {year}; it belongs to the file of {day.year}", *path)
        elif before is not None and before.kind != kind:
            self.fault(f"{day} is a holiday and a working day at once ({before.name}, {name})", *path)
        elif before is not None:
            self.fault(f"{day} is named twice ({before.name}, {name})", *path)
        elif kind == "work" and day.isoweekday() < 6:
            self.fault(f"{day} is a {day:%A}, a working day anyhow; a make-up day is a weekend's", *path)
        else:
            self.days[day] = Entry(kind=kind, name=name)


def _is_day(value: Any) -> TypeGuard[date]:
    return isinstance(value, date) and not isinstance(value, datetime)


def _lines(text: str) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Yield (path, line) of tables and keys; tomllib forgets where it read them, and a number only helps."""
    table: tuple[Any, ...] = ()
    holidays = 0
    for number, line in enumerate(text.splitlines(), start=1):
        written = line.split("#")[0].strip()
        if re.fullmatch(r"\[\[\s*holiday\s*\]\]", written):
            table, holidays = ("holiday", holidays), holidays + 1
            yield table, number
        elif written.startswith("[") and "=" not in written and written.endswith("]"):
            table = (written.strip("[] "),)
            yield table, number
        elif "=" in written:
            yield (*table, written.split("=")[0].strip().strip("\"'")), number
