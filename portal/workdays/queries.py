"""Which day is a working day: reads, one query each, however many days are asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Date, and_, bindparam, func, select

from portal.database import connection
from portal.workdays.files import Entry, Source
from portal.workdays.models import WorkdayCalendar, WorkdayDay

_C = WorkdayCalendar.__table__
_D = WorkdayDay.__table__
_OTHER = _C.alias()
_DAY = timedelta(days=1)

#: The newest version of a year is the one in force.
_IN_FORCE = (
    _C.c.version == select(func.max(_OTHER.c.version)).where(_OTHER.c.year == _C.c.year).scalar_subquery()
)
_FIRST, _LAST = bindparam("first", type_=Date), bindparam("last", type_=Date)
_SPAN = (
    select(_C.c.year, _D.c.day, _D.c.kind, _D.c.name)
    .select_from(_C.outerjoin(_D, and_(_D.c.calendar_id == _C.c.id, _D.c.day.between(_FIRST, _LAST))))
    .where(_C.c.year.between(bindparam("from_year"), bindparam("to_year")), _IN_FORCE)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """What kind of day it is: ``work`` or ``off``.

    ``name`` is the holiday it is off for or made up for, "" on plain days. ``known`` is False where nobody
    has published the year yet: then Monday to Friday is a guess, and a page that counts on it says so.
    """

    day: date
    kind: str
    name: str = ""
    known: bool = True

    @property
    def is_workday(self) -> bool:
        """Tell whether people work."""
        return self.kind == "work"

    @property
    def made_up(self) -> bool:
        """Tell whether it is a weekend's day on which people work (调休)."""
        return self.kind == "work" and self.name != ""


@dataclass(frozen=True, kw_only=True)
class Published:
    """One version of a year as it stands on record; ``days`` in their order."""

    year: int
    version: int
    origin: str
    source: Source
    published_at: datetime
    days: Mapping[date, Entry]


@dataclass(frozen=True, kw_only=True, slots=True)
class Year:
    """A year in a list: its version in force, its notice's number, how many days are off and made up."""

    year: int
    version: int
    number: str
    from_memory: bool
    off: int
    work: int


def span(first: date, last: date) -> Mapping[date, Day]:
    """Return each day from ``first`` to ``last``, both included, in order; empty when ``last`` is earlier.

    One query, so a calendar asks once for its weeks. Days are civil days in Shanghai.
    Raises: TypeError for an instant.
    """
    for one in (first, last):
        _civil(one)
    if last < first:
        return {}
    years, special = _read(first, last)
    found = {}
    for number in range((last - first).days + 1):
        day = first + number * _DAY
        found[day] = _judged(day, years, special)
    return found


def day_kind(day: date) -> Day:
    """Return whether a civil day is ``work`` or ``off``, and the holiday it is off or made up for."""
    return span(day, day)[day]


def is_workday(day: date) -> bool:
    """Tell whether people work on a civil day; in a year nobody has published, Monday to Friday."""
    return day_kind(day).is_workday


def known(year: int) -> bool:
    """Tell whether the calendar of ``year`` is there; where it is not, pages that count days say so."""
    return connection().scalar(select(_C.c.id).where(_C.c.year == year).limit(1)) is not None


def add_workdays(day: date, n: int) -> date:
    """Return the ``n``-th working day after a civil day; ``day`` itself, whatever it is, when ``n`` is 0.

    Store what comes out as the deadline. A calendar published later moves no stored deadline (rule K9):
    nothing here computes one anew, and a plugin that does so is asked to by a person and leaves it in the
    trail. Ask ``known(result.year)`` to say where the year is a guess. Raises: ValueError when ``n`` < 0.
    """
    _civil(day)
    if n < 0:
        raise ValueError("counts forward only")
    left, reached = n, day
    while left:
        # Enough for the longest holidays in all but odd cases: one query.
        until = reached + (left * 7 // 5 + 21) * _DAY
        years, special = _read(reached + _DAY, until)
        while left and reached < until:
            reached += _DAY
            left -= _judged(reached, years, special).is_workday
    return reached


def workdays_between(first: date, last: date) -> int:
    """Count the working days after ``first`` up to ``last``, which counts; below 0 when ``last`` is earlier.

    So ``workdays_between(day, add_workdays(day, n)) == n``.
    """
    if last < first:
        return -workdays_between(last, first)
    return sum(one.is_workday for one in span(first, last).values() if one.day > first)


def published(year: int, version: int | None = None) -> Published | None:
    """Return a year's calendar with its source: the one in force, or an earlier ``version``."""
    wanted = _IN_FORCE if version is None else _C.c.version == version
    row = connection().execute(select(_C).where(_C.c.year == year, wanted)).one_or_none()
    if row is None:
        return None
    days = connection().execute(select(_D.c.day, _D.c.kind, _D.c.name).where(_D.c.calendar_id == row.id))
    return Published(
        year=row.year,
        version=row.version,
        origin=row.origin,
        source=Source(
            title=row.title,
            number=row.number,
            issued_on=row.issued_on,
            url=row.url,
            from_memory=row.from_memory,
        ),
        published_at=row.published_at,
        days={one.day: Entry(kind=one.kind, name=one.name) for one in sorted(days)},
    )


def years() -> list[Year]:
    """Return the years there are by the version in force, the newest year first; one query."""
    off, work = (func.count().filter(_D.c.kind == kind).label(kind) for kind in ("off", "work"))
    found = (
        select(_C.c.year, _C.c.version, _C.c.number, _C.c.from_memory, off, work)
        .select_from(_C.outerjoin(_D, _D.c.calendar_id == _C.c.id))
        .where(_IN_FORCE)
        .group_by(_C.c.id)
        .order_by(_C.c.year.desc())
    )
    return [Year(**row) for row in connection().execute(found).mappings()]


def _read(first: date, last: date) -> tuple[set[int], dict[date, Entry]]:
    asked = {"first": first, "last": last, "from_year": first.year, "to_year": last.year}
    rows = connection().execute(_SPAN, asked).all()
    return {row.year for row in rows}, {
        row.day: Entry(kind=row.kind, name=row.name) for row in rows if row.day is not None
    }


def _judged(day: date, years: set[int], special: Mapping[date, Entry]) -> Day:
    said = special.get(day)
    if said is not None:
        return Day(day=day, kind=said.kind, name=said.name)
    return Day(day=day, kind="work" if day.isoweekday() < 6 else "off", known=day.year in years)


def _civil(day: date) -> None:
    # An instant is a date to Python, and compares with none.
    if isinstance(day, datetime):
        raise TypeError("a civil day, not an instant: portal.clock.civil()")
