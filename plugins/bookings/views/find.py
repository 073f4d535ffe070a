"""Find a room by need; everything asked stands in the address, so that it can be shared and taken off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from math import isfinite
from typing import Any

from flask import current_app, g, request, url_for

from portal.api import around, clock, district, ngettext, public, render, slow_down
from portal.api import gettext as _

from .. import fitting, nights, typed, walking, words
from ..actors import asker
from ..queries import search, windows
from ..queries.search import Found, Need
from ..verdicts import Span
from . import bookings

#: Rooms that fit, and those that do not, are shown up to this many unless all are asked for.
FEW = 12
#: Times of day to choose from, before a room and its grid are known (minutes).
STEP, FIRST, LAST = 30, 7 * 60, 24 * 60


@dataclass(kw_only=True)
class Asked:
    """What the address asks for, as far as it could be read; ``wrong`` are words beside fields."""

    days: list[date] = field(default_factory=list)
    first: int | None = None
    last: int | None = None
    people: int = 0
    features: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    step_free: bool = False
    near: str = ""
    start: around.Point | None = None
    start_name: str = ""
    within: int | None = None
    kind: str = ""
    night: str = ""
    wrong: dict[str, str] = field(default_factory=dict)

    def spans(self) -> list[Span]:
        """Return the wanted times; none before both hours are chosen."""
        if self.first is None or self.last is None:
            return []
        return [typed.span_of(day, self.first, self.last) for day in self.days]


@bookings.get("/")
@public
def find() -> Any:
    """Show the rooms that fit, then those that do not and why."""
    slow_down("bookings.find", a_minute=current_app.config["FINDS_A_MINUTE"])
    starts = around.starts()
    asked = read_asked(starts)
    need = Need(
        asker=asker(g.actor),
        spans=() if asked.wrong else asked.spans(),
        headcount=asked.people,
        features=asked.features,
        equipment=asked.items,
        step_free=asked.step_free,
        start=asked.start,
        within=asked.within,
        venue_kind=asked.kind,
    )
    found = search.search(district(), need)
    free = _free_times([one for one in found if one.fits], asked)
    found = [_with_a_time(one, free.get(one.room.id)) for one in found]
    fit = [one for one in found if one.fits]
    rest = [one for one in found if not one.fits]
    every = bool(request.args.get("all"))
    chips, shown = _chips(asked), fit if every else fit[:FEW]
    return render(
        "bookings/find.html",
        block="content",
        status=422 if asked.wrong else 200,
        asked=asked,
        fit=shown,
        why=fitting.reasons(shown, need) if chips else {},
        fitting=len(fit),
        rest=rest if every else rest[:FEW],
        more_fit=0 if every else max(0, len(fit) - FEW),
        more=0 if every else max(0, len(rest) - FEW),
        free=free,
        starts=starts,
        equipment=search.equipment_names(),
        chips=chips,
        quick=_quick(asked),
        words=words,
        circles=walking.CIRCLES,
        pace=walking.pace(district()),
        starts_at=typed.steps(STEP, FIRST, LAST - STEP, asked.first),
        ends_at=typed.steps(STEP, FIRST, nights.last_anywhere() or LAST, asked.last),
        parts=_parts(asked),
        typed=typed,
        here=_here,
    )


def read_asked(starts: Sequence[around.Start]) -> Asked:
    """Read the address; nonsense is as good as nothing, a wrong time says so."""
    args = request.args
    asked = Asked(
        people=typed.whole(args.get("people", "")) or 0,
        features=[one for one in args.getlist("has") if one in words.FEATURES],
        items=[one[:40] for one in args.getlist("item")][:10],
        step_free=bool(args.get("step")),
        kind=args["kind"] if args.get("kind") in ("center", "shared") else "",
    )
    _read_days(asked)
    _read_hours(asked)
    _read_start(asked, starts)
    within = args.get("within", type=int)
    if within in walking.CIRCLES and asked.start is not None:
        asked.within = within
    if args.get("people", "").strip() and not asked.people:
        asked.wrong["people"] = _("人数请填数字，比如20。")
    return asked


def weekend(today: date) -> list[date]:
    """Return the days of this weekend that are still to come; on Sunday only that day."""
    saturday = today + timedelta(days=5 - today.weekday())
    return [day for day in (saturday, saturday + timedelta(days=1)) if day >= today]


def _read_days(asked: Asked) -> None:
    args = request.args
    if args.get("day") == "weekend":
        asked.days = weekend(clock.today())
        return
    written = args.get("day", "") + "".join(typed.day_parts(args, "day"))
    if not written.strip():
        return
    day = typed.day(args, "day")
    if day is None:
        asked.wrong["day"] = _("日期没看懂，请写成2026年3月5日这样。")
    elif day < clock.today():
        asked.wrong["day"] = _("这一天已经过了，请选今天或以后。")
    else:
        asked.days = [day]


def _read_hours(asked: Asked) -> None:
    args = request.args
    asked.first, asked.last = typed.minute(args.get("from", "")), typed.end_minute(args.get("to", ""))
    for name, value in (("from", asked.first), ("to", asked.last)):
        if args.get(name, "").strip() and value is None:
            asked.wrong[name] = _("时间没看懂，请写成09:30这样。")
    if asked.first is not None and asked.last is not None and asked.last <= asked.first:
        asked.wrong["to"] = _("结束时间要晚于开始时间。")
        if asked.last < asked.first:
            # Which room is open over midnight is what the search tells.
            asked.night = _here(to=typed.words_of(asked.last + 24 * 60))
    if (asked.first is None) != (asked.last is None) and not asked.wrong:
        name = "to" if asked.last is None else "from"
        asked.wrong[name] = _("几点到几点都要选，或者都不选。")
    if asked.first is not None and not asked.days and not asked.wrong:
        asked.wrong["day"] = _("请写哪一天，才知道那几点空不空。")


def _read_start(asked: Asked, starts: Sequence[around.Start]) -> None:
    args = request.args
    chosen = next((one for one in starts if one.key == args.get("near")), None)
    if chosen is not None:
        asked.near, asked.start, asked.start_name = chosen.key, (chosen.lat, chosen.lng), chosen.name
        return
    lat, lng = args.get("lat", type=float), args.get("lng", type=float)
    if lat is None or lng is None or not (isfinite(lat) and isfinite(lng)):
        return
    if abs(lat) <= 90 and abs(lng) <= 180:
        asked.start, asked.start_name = (lat, lng), _("我这里")


def _free_times(fit: Sequence[Found], asked: Asked) -> dict[int, list[tuple[date, windows.Day]]]:
    """Return the days of each room, where only the day is known."""
    found: dict[int, list[tuple[date, windows.Day]]] = {}
    if not asked.wrong and not asked.spans():
        for day in asked.days:
            for number, times in windows.of_day([one.room for one in fit], day).items():
                found.setdefault(number, []).append((day, times))
    return found


def _with_a_time(one: Found, days: Sequence[tuple[date, windows.Day]] | None) -> Found:
    """Return a room that has no time left on any wanted day as one that does not fit, and why."""
    if not days or any(times.free for _day, times in days):
        return one
    opens = any(times.opens for _day, times in days)
    why = _("这一天没有空的时间了。") if opens else _("这一天不开放。")
    return replace(one, lacks=(*one.lacks, why))


def _parts(asked: Asked) -> Any:
    typed_parts = typed.day_parts(request.args, "day")
    return asked.days[0] if len(asked.days) == 1 else typed_parts


def _quick(asked: Asked) -> list[tuple[str, str, bool]]:
    today = clock.today()
    choices = ((_("今天"), today), (_("明天"), today + timedelta(days=1)))
    found = [(label, _here(day=day.isoformat()), asked.days == [day]) for label, day in choices]
    is_weekend = request.args.get("day") == "weekend"
    return [*found, (_("这个周末"), _here(day="weekend"), is_weekend)]


def _chips(asked: Asked) -> list[tuple[str, str]]:
    """Return each condition in words, and the address without it."""
    found: list[tuple[str, str]] = []
    if asked.days:
        listed = _("、").join(words.day_words(day) for day in asked.days)
        found.append((listed, _here(day=None)))
    if asked.first is not None and asked.last is not None:
        hours = f"{typed.words_of(asked.first)}—{typed.end_words(asked.last)}"
        found.append((hours, _here(**{"from": None, "to": None})))
    if asked.people:
        text = ngettext("%(num)s个人", "%(num)s个人", asked.people)
        found.append((text, _here(people=None)))
    for key in asked.features:
        others = [one for one in asked.features if one != key]
        found.append((str(words.FEATURES[key]), _here(has=others)))
    for name in asked.items:
        found.append((name, _here(item=[one for one in asked.items if one != name])))
    if asked.step_free:
        found.append((_("不走台阶"), _here(step=None)))
    if asked.start is not None:
        text = _("从%(place)s出发", place=asked.start_name)
        found.append((text, _here(near=None, lat=None, lng=None, within=None)))
    if asked.within is not None:
        text = ngettext("走路%(num)s分钟以内", "走路%(num)s分钟以内", asked.within)
        found.append((text, _here(within=None)))
    if asked.kind:
        text = _("只看中心") if asked.kind == "center" else _("只看共享场地")
        found.append((text, _here(kind=None)))
    return found


def _here(**changes: Any) -> str:
    """Return this address with some of it changed; the parts of a day go with the day."""
    kept: dict[str, Any] = request.args.to_dict(flat=False)
    if "day" in changes:
        for part in ("year", "month", "day"):
            kept.pop(f"day-{part}", None)
    kept.pop("all", None)
    values = {name: value for name, value in {**kept, **changes}.items() if value not in (None, [""], "")}
    return url_for("bookings.find", **values)
