"""Keep hours: the week of a venue or a room, single dates, and what it comes to on the days ahead."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import abort, g, request, url_for

from portal.api import civil, clock, go, once, render, required_version, requires, say, sheet_values
from portal.api import gettext as _

from .. import opening_words
from ..models import BookingsRoom, BookingsVenue
from ..queries import keeping as reads
from ..queries.places import Room
from ..service import opening
from ..typed import day_of as typed_day
from ..verdicts import Refused
from ..words import WEEKDAYS
from . import bookings
from .keeping import room_at, venue_at
from .keeping_forms import refusals

#: Days of the preview, and how far ahead special days are looked for.
SHOWN, AHEAD = 14, 120
#: In the order of the form: what most write first.
KINDS = ("work", "off", "1", "2", "3", "4", "5", "6", "7")
Place = tuple[BookingsVenue, BookingsRoom | None, Room | None]


@bookings.get("/keep/<any(venues,rooms):what>/<uid>/hours")
@requires("bookings.manage")
def keep_hours(what: str, uid: str) -> Any:
    """Show the week, the single dates, and the days ahead."""
    return _page(what, place_at(what, uid))


@bookings.post("/keep/<any(venues,rooms):what>/<uid>/hours")
@requires("bookings.manage")
@once
def keep_hours_save(what: str, uid: str) -> Any:
    """Let another week hold from a day on."""
    place = venue, row, _room = place_at(what, uid)
    errors: dict[str, str] = {}
    week: dict[str, list[tuple[int, int]]] = {}
    inherits = row is not None and request.form.get("own") != "1"
    typed = {kind: request.form.get(f"day-{kind}", "") for kind in KINDS}
    for kind, text in typed.items():
        found = opening_words.read(text)
        if found is None:
            errors[f"day-{kind}"] = _(
                "“%(typed)s”看不懂，请写成9:00-12:00，14:00-17:00这样。", typed=text[:40]
            )
        elif found and inherits:
            errors["own"] = _("选了跟场馆一样，下面又写了时间。请选本房间自己定，或者把时间删掉。")
        else:
            week[kind] = found
    if row is not None and not inherits and not errors and not any(week.values()):
        errors["day-work"] = _("至少写一种日子的开放时间；都不开放的话，请停用这个房间。")
    since = typed_day(request.form.get("since", ""))
    if since is None:
        errors["since"] = _("日期看不懂，请写成2026-11-01这样。")
    if errors or since is None:
        return _page(what, place, errors=errors)
    try:
        dropped = opening.set_week(venue, row, version=required_version(), week=week, since=since, by=g.actor)
    except Refused as refused:
        return _page(what, place, errors=refusals(refused))
    say(
        _("开放时间改好了。已经约好的不受影响。")
        if dropped is None
        else _(
            "开放时间改好了，已经约好的不受影响。原来排好%(day)s起的安排作废了，还要的话请再排一次。",
            day=civil(dropped),
        )
    )
    return go(url_for("bookings.keep_hours", what=what, uid=uid))


@bookings.post("/keep/<any(venues,rooms):what>/<uid>/hours/date")
@requires("bookings.manage")
@once
def keep_date_save(what: str, uid: str) -> Any:
    """Open or close one date otherwise, or take that back."""
    place = venue, row, _room = place_at(what, uid)
    errors: dict[str, str] = {}
    act = request.form.get("act", "")
    if act not in ("open", "closed", "back"):
        errors["act"] = _("请选这一天开放还是不开放。")
    windows = opening_words.read(request.form.get("times", ""))
    if act == "open" and not windows:
        errors["times"] = _("请写这一天几点到几点开放，比如9:00-12:00。")
    day = typed_day(request.form.get("on_day", ""))
    if day is None:
        errors["on_day"] = _("日期看不懂，请写成2026-11-01这样。")
    if errors or day is None:
        return _page(what, place, errors=errors)
    chosen = {"open": windows, "closed": [], "back": None}[act]
    try:
        opening.set_date(venue, row, version=required_version(), day=day, windows=chosen, by=g.actor)
    except Refused as refused:
        return _page(what, place, errors=refusals(refused))
    say(_("这一天改好了。已经约好的不受影响。"))
    return go(url_for("bookings.keep_hours", what=what, uid=uid) + "#dates")


def place_at(what: str, uid: str) -> Place:
    """Return a venue, or a room with its venue, that this person keeps; 404 otherwise."""
    if what == "rooms":
        return room_at(uid)
    return venue_at(uid), None, None


def _page(what: str, place: Place, *, errors: dict[str, str] | None = None) -> Any:
    venue, row, room = place
    room_id = row.id if row is not None else None
    today = clock.today()
    first = _first(today)
    week = reads.week_of(venue.id, room_id, today)
    special = [
        line
        for line in reads.preview(venue.id, room, today, AHEAD)
        if line.special and line.day >= first + timedelta(days=SHOWN)
    ]
    return render(
        "bookings/keep_hours.html",
        block="content" if errors else None,
        status=422 if errors else 200,
        what=what,
        venue=venue,
        row=row,
        place=row if row is not None else venue,
        kinds=[(kind, _kind_words(kind)) for kind in KINDS],
        week=week,
        shown={kind: opening_words.write(week.get(kind, [])) for kind in KINDS},
        open_days=any(
            week.get(kind) or request.form.get(f"day-{kind}") or f"day-{kind}" in (errors or {})
            for kind in KINDS[2:]
        ),
        # What a room would inherit, to be read beside its own.
        above=reads.week_of(venue.id, None, today) if row is not None else {},
        changes=reads.next_week_change(venue.id, room_id, today),
        dates=reads.dates_of(venue.id, room_id, today),
        days=reads.preview(venue.id, room, first, SHOWN),
        first=first,
        earlier=first - timedelta(days=SHOWN) if first > today - timedelta(days=28) else None,
        later=first + timedelta(days=SHOWN),
        special=special,
        guessed=any(not line.known for line in reads.preview(venue.id, room, first, SHOWN)),
        outside=reads.outside(venue.id, room_id),
        listed=opening_words.words,
        weekdays=WEEKDAYS,
        today=today,
        typed=request.form,
        errors=errors or {},
    )


def _first(today: date) -> date:
    asked = sheet_values.dates.whole_day(request.args.get("from", ""))
    day = asked or today
    if abs((day - today).days) > 800:
        abort(404)
    return day - timedelta(days=day.weekday())


def _kind_words(kind: str) -> Any:
    return {"work": _("工作日"), "off": _("休息日（周末、放假）")}.get(kind) or WEEKDAYS[int(kind) - 1]
