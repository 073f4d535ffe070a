"""What a display in the hall or at a door shows: which room is free, until when, and nobody's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import abort, current_app, url_for

from portal.api import civil, clock, public, render_screen
from portal.api import gettext as _

from ..codes import drawn
from ..queries import closures, places, windows
from ..queries import venue_list as venues
from ..queries.places import Room
from ..queries.windows import Day
from ..verdicts import Span
from ..words import hours_words, soon_words, weekday
from . import bookings
from .room import room_or_404

#: Taken times of the day that a card lists; a wall has no second page.
MOST = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One room as it stands now."""

    room: Room
    what: str
    tone: str
    icon: str
    until: str
    later: list[str]


@bookings.get("/venues/<venue_uid>/screen")
@public
def venue_screen(venue_uid: str) -> Any:
    """Show the rooms of a venue on the display of its hall."""
    found = venues.venue(venue_uid)
    if found is None or not found.active:
        abort(404)
    return _shown(found.name, places.rooms(venue_id=found.id), url_for("bookings.find"))


@bookings.get("/rooms/<room_uid>/screen")
@public
def room_screen(room_uid: str) -> Any:
    """Show one room on the display at its door."""
    found = room_or_404(room_uid)
    if not found.active:
        abort(404)
    return _shown(found.name, [found], url_for("bookings.room", room_uid=found.uid), alone=True)


def _shown(title: str, rooms: Sequence[Room], book: str, *, alone: bool = False) -> Any:
    now = clock.now().astimezone(clock.SHANGHAI)
    begin, today = clock.at(now.date()), now.date()
    times = windows.of_day(rooms, today, running=True) if rooms else {}
    closed = closures.of_rooms(rooms, begin, begin + timedelta(days=1)) if rooms else {}
    return render_screen(
        "bookings/screen.html",
        title=title,
        lead=f"{civil(today)} {weekday(today)}",
        now=now,
        alone=alone,
        cards=[_card(room, times[room.id], closed[room.id], now) for room in rooms],
        code=drawn(current_app.config["PUBLIC_URL"] + book),
    )


def _card(room: Room, day: Day, closed: Sequence[Any], now: datetime) -> Card:
    """Say how a room stands now; what is taken is taken, whoever has it and whyever."""
    running = _at(day.busy, now)
    shut = next((one for one in closed if one.starts_at <= now < one.ends_at), None)
    free = _at(day.free, now)
    if shut is not None:
        until = _("到%(time)s", time=_hour(shut.ends_at, now))
        what, tone, icon = _("停用：%(why)s", why=shut.reason), "warn", "x-circle-fill"
    elif running is not None:
        until = _("到%(time)s", time=_hour(running.end, now))
        what, tone, icon = _("已约"), "bad", "lock"
    elif free is not None:
        until = _("到%(time)s", time=_hour(free.end, now))
        what, tone, icon = _("空着"), "ok", "check-circle-fill"
    else:
        opens = next((one.start for one in day.opens if one.start > now), None)
        until = "" if opens is None else _("%(time)s开", time=_hour(opens, now))
        what, tone, icon = _("没开放"), "quiet", "clock"
    later = [hours_words(one.start, one.end) for one in day.busy if one.start > now]
    more = later[MOST:]
    if more:
        later = [*later[:MOST], _("还有%(n)s段", n=len(more))]
    return Card(room=room, what=what, tone=tone, icon=icon, until=until, later=later)


def _at(spans: Sequence[Span], now: datetime) -> Span | None:
    return next((one for one in spans if one.start <= now < one.end), None)


def _hour(at: datetime, now: datetime) -> str:
    """Write an hour of today, midnight as its 24:00; of another day with the day."""
    if at == clock.at(now.date() + timedelta(days=1)):
        return "24:00"
    local = at.astimezone(clock.SHANGHAI)
    return f"{local:%H:%M}" if local.date() == now.date() else soon_words(at)
