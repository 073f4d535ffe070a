"""One day in big type for the door of each room."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import request

from portal.api import civil, clock, render, requires
from portal.api import gettext as _

from ..queries import places
from ..queries.calendar import Board
from ..queries.places import Room
from ..words import hours_words, weekday
from . import bookings
from .desk import day_asked, venues
from .desk_calendar import board_of, rooms_asked


@bookings.get("/desk/print")
@requires("bookings.see")
def desk_print() -> Any:
    """Show one day in big type for the door: times only, or with titles."""
    day, titles = day_asked(), request.args.get("titles") == "1"
    every = places.rooms()
    board = board_of(every, rooms_asked(every)[0], [day])
    return render(
        "bookings/desk_print.html",
        board=board,
        day=day,
        titles=titles,
        # A sheet hangs there tomorrow as well: it never says today.
        words=f"{civil(day)} {weekday(day)}",
        venues=venues(every),
        lines=lambda room: _door(board, room, day, titles=titles),
    )


def _door(board: Board, room: Room, day: date, *, titles: bool) -> list[tuple[str, str]]:
    """Return the times of one room for its door, and what to write beside each."""
    found = [
        (one.start, one.end, one.title if titles and one.known else _("已约")) for one in board.of(room, day)
    ]
    found += [(one.start, one.end, _("已约")) for one in board.around(room, day)]
    found += [(one.start, one.end, _("停用：%(why)s", why=one.reason)) for one in board.closed(room, day)]
    begin, end = clock.at(day), clock.at(day + timedelta(days=1))
    return [
        (_door_words(start, stop, begin, end), said)
        for start, stop, said in sorted(found, key=lambda one: one[:2])
    ]


def _door_words(start: datetime, stop: datetime, begin: datetime, end: datetime) -> str:
    """Write what of a time lies in one day, and where it comes from or goes on over midnight."""
    shown = hours_words(max(start, begin), min(stop, end))
    if start < begin:
        shown = _("%(hours)s（前一天接着用）", hours=shown)
    return _("%(hours)s（接着用到第二天）", hours=shown) if stop > end else shown
