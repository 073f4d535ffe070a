"""Times over midnight: what somebody may mean whose end lies before its begin, and where a room is open then.

Forms name an end on the next day by counting on: 25:00 is one o'clock after midnight (``typed.end_minute``).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from portal.api import gettext as _
from portal.api import rows, session

from . import judging, typed
from .hours import Hours
from .models import BookingsHours
from .queries.places import Room
from .verdicts import Span

_HOURS: Any = BookingsHours.__table__.c
DAY = 24 * 60
#: A list of ends goes no further into the next day; more can still be typed.
LISTED = 12 * 60


def offer(room: Room, day: date, first: int, last: int) -> tuple[Span | None, str]:
    """Return the time up to the next day that may be meant, and what is said beside an end before its begin.

    No time where the room is not open then, or where begin and end are the same: that is a slip.
    """
    if last >= first or last >= DAY:
        return None, _("结束时间要晚于开始时间。")
    night, hours = typed.span_of(day, first, last + DAY), _hours(room, day)
    if not hours.covers(room, night.start, night.end):
        text = judging.over_midnight_words(hours, room, night)
        return None, _("结束时间要晚于开始时间。%(open)s", open=text)
    text = _(
        "%(last)s在%(first)s前面。要用到第二天%(last)s，请按“要用到第二天吗？”下面的按钮；写错了就改时间。",
        first=typed.words_of(first),
        last=typed.words_of(last),
    )
    return night, text


def last_of(room: Room, day: date) -> int | None:
    """Return until when (minutes of ``day``) a room stays open that is open over the midnight after it."""
    hours = _hours(room, day)
    if not any(closes == DAY for _opens, closes in hours.windows(room, day)):
        return None
    after = [closes for opens, closes in hours.windows(room, day + timedelta(days=1)) if opens == 0]
    return DAY + min(after[0], LISTED) if after else None


def last_anywhere() -> int | None:
    """Return the last end worth offering where some room is open from midnight on; None where none is."""
    found = rows(BookingsHours, _HOURS.closes).where(_HOURS.opens == 0, _HOURS.closes > 0)
    latest = session.scalar(found.order_by(_HOURS.closes.desc()).limit(1))
    return None if latest is None else DAY + min(int(latest), LISTED)


def _hours(room: Room, day: date) -> Hours:
    return Hours([room], day, day + timedelta(days=1))
