"""Publish a year: a changed calendar is a new version, the one before stays on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from portal import audit, clock
from portal.database import Conflict, connection, transaction
from portal.workdays import files, queries
from portal.workdays.files import Calendar, Entry
from portal.workdays.models import ORIGINS, WorkdayCalendar, WorkdayDay
from portal.workdays.queries import Published

ACTION = "workdays.publish"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What publishing a calendar changes: each day with what it was and what it is (None: a plain day).

    ``version`` is the one in force afterwards; without a change (``changed``) it is the one in force before.
    """

    year: int
    version: int
    new: bool
    changed: bool
    days: Mapping[date, tuple[Entry | None, Entry | None]]
    source_changed: bool


def compare(calendar: Calendar) -> Changes:
    """Say what publishing ``calendar`` would change; changes nothing."""
    return _difference(calendar, queries.published(calendar.year))


def publish(calendar: Calendar, *, by: Any, origin: str = "own") -> Changes:
    """Put a year's calendar in force as its next version; the same again changes nothing.

    Deadlines that were computed by the version before stay as they are stored (rule K9).
    Raises: Conflict when somebody else published this year meanwhile.
    """
    if origin not in ORIGINS:
        raise ValueError(f"{origin!r} is none of {', '.join(ORIGINS)}")
    with transaction():
        return _publish(calendar, queries.published(calendar.year), by=by, origin=origin)


def ship() -> list[Changes]:
    """Put the years that come with the portal in force where they are not; return those that were new.

    Run with every upgrade. A year the installation published itself is its own affair, and what was shipped
    once is not brought back. The trail names a correction, not a year's first coming.
    """
    return [changes for calendar in files.shipped() for changes in _ship(calendar)]


def _ship(calendar: Calendar) -> list[Changes]:
    for last in (False, True):
        try:
            with transaction():
                before = queries.published(calendar.year)
                if before is None or (
                    before.origin == "shipped" and not _on_record(calendar, before.version)
                ):
                    return [_publish(calendar, before, by=None, origin="shipped")]
                return []
        except Conflict:
            # Another machine upgrades at this instant, and ships the same.
            if last:
                raise
    return []


def _publish(calendar: Calendar, before: Published | None, *, by: Any, origin: str) -> Changes:
    # What was decided upon ``before`` is written as the version after it, or not at all.
    found = _difference(calendar, before)
    if found.changed:
        _write(calendar, version=found.version, origin=origin)
        # A first year that comes along is part of making the schema and nobody's act; its row says when.
        if before is not None or origin != "shipped":
            detail = {"year": found.year, "version": found.version, "origin": origin, "days": len(found.days)}
            subject = ("workday_calendar", found.year)
            audit.record(ACTION, subject, actor=by, district=None, detail=detail)
    return found


def _on_record(calendar: Calendar, newest: int) -> bool:
    stood = (queries.published(calendar.year, version) for version in range(1, newest + 1))
    return any(one and (one.source, one.days) == (calendar.source, calendar.days) for one in stood)


def _difference(calendar: Calendar, before: Published | None) -> Changes:
    old = before.days if before else {}
    differ = sorted({*old, *calendar.days})
    days = {
        day: (old.get(day), calendar.days.get(day))
        for day in differ
        if old.get(day) != calendar.days.get(day)
    }
    source_changed = before is not None and before.source != calendar.source
    changed = before is None or bool(days) or source_changed
    return Changes(
        year=calendar.year,
        version=(before.version if before else 0) + changed,
        new=before is None,
        changed=changed,
        days=days,
        source_changed=source_changed,
    )


def _write(calendar: Calendar, *, version: int, origin: str) -> None:
    source = calendar.source
    row = {
        "year": calendar.year,
        "version": version,
        "title": source.title,
        "number": source.number,
        "issued_on": source.issued_on,
        "url": source.url,
        "from_memory": source.from_memory,
        "origin": origin,
        "published_at": clock.now(),
    }
    new = insert(WorkdayCalendar.__table__).returning(WorkdayCalendar.id)
    try:
        key = connection().execute(new, row).scalar_one()
    except IntegrityError as error:
        raise Conflict(
            why=f"the calendar of {calendar.year} was published by somebody else meanwhile"
        ) from error
    connection().execute(
        insert(WorkdayDay.__table__),
        [
            {"calendar_id": key, "day": day, "kind": entry.kind, "name": entry.name}
            for day, entry in calendar.days.items()
        ],
    )
