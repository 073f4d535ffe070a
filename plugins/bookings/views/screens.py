"""What a display in the hall or at a door shows: which room is free, until when, and nobody's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import abort, current_app, url_for

from portal.api import civil, clock, public, render_screen, slow_down
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

#: Times of the day that a card lists; a wall has no second page.
MOST = 6
#: So often one address may ask: some dozens of displays behind one line, each twice a minute.
POLLS_A_MINUTE = 120


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
    slow_down("bookings.screen", a_minute=POLLS_A_MINUTE)
    now = clock.now().astimezone(clock.SHANGHAI)
    today, tomorrow = now.date(), now.date() + timedelta(days=1)
    times = [windows.of_day(rooms, day, running=True) if rooms else {} for day in (today, tomorrow)]
    closed = closures.of_rooms(rooms, now, clock.at(tomorrow)) if rooms else {}
    return render_screen(
        "bookings/screen.html",
        title=title,
        lead=f"{civil(today)} {weekday(today)}",
        now=now,
        alone=alone,
        cards=[_card(room, [day[room.id] for day in times], closed[room.id], now) for room in rooms],
        code=drawn(current_app.config["PUBLIC_URL"] + book),
    )


def _card(room: Room, days: Sequence[Day], closed: Sequence[Any], now: datetime) -> Card:
    """Say how a room stands now; what is taken is taken, whoever has it."""
    free, busy, shut = (_over_midnight(*spans) for spans in zip(*map(_kinds, days), strict=True))
    if end := _end(busy, now):
        # Also where a closure lies around it: who may stay is inside.
        what, tone, icon = _("已约"), "bad", "lock"
    elif end := _end(shut, now):
        what, tone, icon = _("停用"), "warn", "x-circle-fill"
        for one in closed:
            if one.starts_at <= now < one.ends_at:
                what, end = _("停用：%(why)s", why=one.reason), one.ends_at
                break
    elif end := _end(free, now):
        what, tone, icon = _("空着"), "ok", "check-circle-fill"
    else:
        what, tone, icon = _("没开放"), "quiet", "clock"
    opens = next((one.start for day in days for one in day.opens if one.start > now), None)
    if end is not None:
        until = _("到%(time)s", time=_hour(end, now))
    else:
        until = "" if opens is None else _("%(time)s开", time=_hour(opens, now))
    later = _later(busy, _("已约"), now) + _later(shut, _("停用"), now)
    lines = [f"{hours_words(one.start, one.end)} {said}" for one, said in sorted(later, key=_start)]
    if len(lines) > MOST:
        lines = [*lines[:MOST], _("还有%(n)s段", n=len(lines) - MOST)]
    return Card(room=room, what=what, tone=tone, icon=icon, until=until, later=lines)


def _kinds(day: Day) -> tuple[Sequence[Span], Sequence[Span], Sequence[Span]]:
    return day.free, day.busy, day.shut


def _over_midnight(today: Sequence[Span], tomorrow: Sequence[Span]) -> list[Span]:
    """Return the spans of today, the last one to its end where it goes on over midnight."""
    found = list(today)
    if found and tomorrow and found[-1].end == tomorrow[0].start:
        found[-1] = Span(start=found[-1].start, end=tomorrow[0].end)
    return found


def _end(spans: Sequence[Span], now: datetime) -> datetime | None:
    return next((one.end for one in spans if one.start <= now < one.end), None)


def _later(spans: Sequence[Span], said: str, now: datetime) -> list[tuple[Span, str]]:
    return [(one, said) for one in spans if one.start > now]


def _start(line: tuple[Span, str]) -> datetime:
    return line[0].start


def _hour(at: datetime, now: datetime) -> str:
    """Write an hour of today, midnight as its 24:00; of another day with the day."""
    if at == clock.at(now.date() + timedelta(days=1)):
        return "24:00"
    local = at.astimezone(clock.SHANGHAI)
    return f"{local:%H:%M}" if local.date() == now.date() else soon_words(at)
