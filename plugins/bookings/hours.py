"""When rooms are open: rows of hours and the year's calendar, as intervals of instants.

A row of a weekday holds on that weekday, whatever the calendar says; ``work`` and ``off`` follow the
calendar: a make-up Saturday is a working day (rule K9). Rows of one date replace all others for that date,
the room's before the venue's; the week is the room's where it has rows of its own, else the venue's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from portal.api import clock, rows, session, workdays

from .models import BookingsHours
from .queries.places import Room

_HOURS: Any = BookingsHours.__table__.c
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of hours: minutes of the day, half-open."""

    venue_id: int
    room_id: int | None
    kind: str
    on_day: date | None
    opens: int
    closes: int
    valid_from: date
    valid_to: date | None


Window = tuple[int, int]
Interval = tuple[datetime, datetime]


class Hours:
    """The hours of some rooms over a span of days, read with two queries."""

    def __init__(self, rooms: Iterable[Room], first: date, last: date) -> None:
        """Read what is needed for every civil day from ``first`` to ``last``, both included."""
        self._rooms = {room.id: room for room in rooms}
        self._kinds = {day: found.kind for day, found in workdays.span(first, last).items()}
        self._rows: dict[tuple[int, int | None], list[Row]] = {}
        for row in _read({room.venue_id for room in self._rooms.values()}):
            self._rows.setdefault((row.venue_id, row.room_id), []).append(row)

    def has_any(self, room: Room) -> bool:
        """Tell whether anybody ever wrote down hours for this room or its venue."""
        return any(self._layers(room))

    def windows(self, room: Room, day: date) -> list[Window]:
        """Return when a room is open on a day: minutes of the day, merged and ordered."""
        own, above = self._layers(room)
        for rules in (own, above):
            of_the_day = [row for row in rules if row.on_day == day]
            if of_the_day:
                return windows(of_the_day, day, self._kinds[day])
        # A date of its own does not take the week away from a room.
        week = [row for row in own if row.kind != "date" and _holds(row, day)] or above
        return windows(week, day, self._kinds[day])

    def covers(self, room: Room, start: datetime, end: datetime) -> bool:
        """Tell whether one open interval holds all of ``start`` to ``end``; it may run over midnight."""
        return any(opens <= start and end <= closes for opens, closes in self.intervals(room, start, end))

    def intervals(self, room: Room, start: datetime, end: datetime) -> list[Interval]:
        """Return the open intervals of the civil days that ``start`` to ``end`` touches, merged."""
        found: list[Interval] = []
        day, last = clock.civil(start), clock.civil(end - timedelta(microseconds=1))
        while day <= last:
            midnight = clock.at(day)
            for opens, closes in self.windows(room, day):
                begins, stops = midnight + timedelta(minutes=opens), midnight + timedelta(minutes=closes)
                if found and found[-1][1] == begins:
                    found[-1] = (found[-1][0], stops)
                else:
                    found.append((begins, stops))
            day += _DAY
        return found

    def _layers(self, room: Room) -> tuple[Sequence[Row], Sequence[Row]]:
        return self._rows.get((room.venue_id, room.id), []), self._rows.get((room.venue_id, None), [])


def windows(rules: Iterable[Row], day: date, kind: str) -> list[Window]:
    """Return the windows that ``rules`` open on ``day``; ``kind``: the calendar calls it work or off."""
    holding = [rule for rule in rules if _holds(rule, day)]
    of_the_day = [rule for rule in holding if rule.kind == "date" and rule.on_day == day]
    if not of_the_day:
        of_the_day = [rule for rule in holding if rule.kind in (kind, str(day.isoweekday()))]
    merged: list[Window] = []
    for opens, closes in sorted((rule.opens, rule.closes) for rule in of_the_day if rule.opens < rule.closes):
        if merged and opens <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(closes, merged[-1][1]))
        else:
            merged.append((opens, closes))
    return merged


def _holds(row: Row, day: date) -> bool:
    return row.valid_from <= day and (row.valid_to is None or day < row.valid_to)


def _read(venue_ids: set[int]) -> list[Row]:
    if not venue_ids:
        return []
    found = rows(
        BookingsHours,
        _HOURS.venue_id,
        _HOURS.room_id,
        _HOURS.kind,
        _HOURS.on_day,
        _HOURS.opens,
        _HOURS.closes,
        _HOURS.valid_from,
        _HOURS.valid_to,
    ).where(_HOURS.venue_id.in_(sorted(venue_ids)))
    return [Row(**row._asdict()) for row in session.execute(found)]


def minute_words(minute: int) -> str:
    """Write a minute of the day as 09:30; the end of the day is 24:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"
