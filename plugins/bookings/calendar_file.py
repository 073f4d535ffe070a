"""Bookings as a calendar file (RFC 5545), as phones and computers take them in.

Nobody's number and no organization stands in it: a calendar is shown to whoever looks over a shoulder.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from portal.api import clock

if TYPE_CHECKING:
    from icalendar import Event, Timezone

PRODUCT = "-//service-center-portal//bookings//ZH"
#: How often a calendar may ask again.
AGAIN = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One time in a calendar; instants are aware. ``changed`` is when it last became what it is."""

    uid: str
    start: datetime
    end: datetime
    summary: str
    changed: datetime
    sequence: int = 0
    status: str = "CONFIRMED"
    location: str = ""
    url: str = ""
    text: str = ""


def write(entries: Iterable[Entry], *, name: str) -> bytes:
    """Return a calendar file: CRLF, lines of 75 octets at most; the same entries give the same bytes."""
    from icalendar import Calendar, vDuration  # where a calendar is written: nothing else needs it to start

    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", name)
    made.add("x-wr-timezone", str(clock.SHANGHAI))
    made.add("refresh-interval", AGAIN, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", vDuration(AGAIN).to_ical().decode())
    made.add_component(_zone())
    for entry in entries:
        made.add_component(_event(entry))
    return bytes(made.to_ical())


def _event(entry: Entry) -> Event:
    from icalendar import Event

    made = Event()
    made.add("uid", entry.uid)
    made.add("sequence", entry.sequence)
    made.add("status", entry.status)
    made.add("dtstamp", entry.changed)
    made.add("last-modified", entry.changed)
    made.add("dtstart", entry.start.astimezone(clock.SHANGHAI))
    made.add("dtend", entry.end.astimezone(clock.SHANGHAI))
    made.add("summary", entry.summary)
    # Who is free is asked of calendars: what is called off keeps nobody busy.
    made.add("transp", "TRANSPARENT" if entry.status == "CANCELLED" else "OPAQUE")
    for key, value in (("location", entry.location), ("description", entry.text), ("url", entry.url)):
        if value:
            made.add(key, value)
    return made


@cache
def _zone() -> Timezone:
    from icalendar import Timezone

    # Since the last summer time of China (1991) its clock has one offset.
    made = Timezone.from_tzid(str(clock.SHANGHAI), first_date=date(1992, 1, 1))
    made.pop("COMMENT", None)
    return made
