"""Show the three heavy components of the house, each on a page of its own; never in production."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request, url_for

from portal import clock
from portal.database import Conflict
from portal.web.access import public
from portal.web.asked import number
from portal.web.charts import chart_rows
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.maps import MapPlace, place_plan
from portal.web.once import once, required_version
from portal.web.week import CalendarClosure, CalendarEvent, CalendarResource, calendar_plan

parts = Blueprint("parts", __name__, url_prefix="/dev/components")

HERE = (30.7015, 117.4790)
PLACES = (
    ("邻里党群服务站", 30.7035, 117.4812, "今天开到21:00，还有3间空着", 4, "ok"),
    ("滨江党群服务中心", 30.6990, 117.4745, "今天开到17:30，还有1间空着", 7, "warn"),
    ("开发区职工之家", 30.7062, 117.4720, "今天不开放", 11, "quiet"),
    ("双强机械厂活动室", 30.6948, 117.4850, "要提前问钥匙", None, "info"),
)
ROOMS = (
    CalendarResource(id=1, name="一楼大厅", url="#week", sub="80人"),
    CalendarResource(id=2, name="三楼会议室", sub="30人"),
    CalendarResource(id=3, name="书画室", sub="12人"),
    CalendarResource(id=4, name="谈心室", sub="4人"),
)
#: (id, room, day of the week from 0, minute, minutes, title, tone, movable)
BOOKED = (
    (1, 1, 0, 540, 90, "主题党日", "ok", True),
    (2, 1, 0, 600, 60, "布置会场", "quiet", False),
    (3, 2, 0, 840, 60, "支部委员会", "info", True),
    (4, 3, 0, 555, 15, "取画", "info", True),
    (5, 3, 0, 570, 60, "书法课", "ok", True),
    (6, 2, 2, 1140, 120, "入党积极分子谈话", "warn", True),
    (7, 4, 4, 540, 480, "结对帮扶接待", "info", True),
    (8, 1, 5, 1380, 120, "夜间值守", "quiet", True),
)


@parts.get("/map")
@public
def shown_map() -> Response:
    """Render the map with its list."""
    places = [
        MapPlace(id=n, name=name, lat=lat, lng=lng, url="#map", text=text, minutes=minutes, tone=tone)
        for n, (name, lat, lng, text, minutes, tone) in enumerate(PLACES)
    ]
    return render("dev/map.html", plan=place_plan(places, HERE), plain=place_plan(places[:2]))


@parts.get("/chart")
@public
def shown_chart() -> Response:
    """Render the charts with their tables."""
    months = chart_rows(
        [(f"{n}月", [used, opened]) for n, used, opened in ((9, 312, 420), (10, 268, 360), (11, 351, 436))]
    )
    rates = chart_rows([(f"{n}月", [(n * 6.5, f"{n * 6.5}%")]) for n in range(1, 12)])
    hours = chart_rows(
        [(day, [(n * k) % 11 for k in range(1, 7)]) for n, day in enumerate("一二三四五六日", start=1)]
    )
    return render("dev/chart.html", months=months, rates=rates, hours=hours)


@parts.get("/week")
@public
def shown_week() -> Response:
    """Render the calendar: ``mode`` day, week or all; ``many`` fills it as a big house would."""
    first = _monday()
    mode, many = request.args.get("mode", "day"), "many" in request.args
    rooms = [CalendarResource(id=n, name=f"{n}号会议室") for n in range(1, 201)] if many else list(ROOMS)
    events = _crowd(first) if many else _booked(first)
    days = [first] if mode == "day" else [first + timedelta(days=n) for n in range(7)]
    four, five = clock.at(first, 16 * 60), clock.at(first, 17 * 60)
    closed = CalendarClosure(start=four, end=five, reason="打扫", resource_id=4)
    plan = calendar_plan(
        resources=rooms[:1] if mode == "week" else rooms,
        events=events,
        days=days,
        closures=[closed],
        opens=lambda _room, day: [(480, 720), (810, 1260)] if day.weekday() < 6 else [],
    )
    return render("dev/week.html", plan=plan, mode=mode, day=first)


@parts.route("/week/new")
@public
def new() -> Response:
    """Say what was chosen on the calendar."""
    return render("dev/week.html", chosen=[request.args.get(key, "") for key in ("resource", "start", "end")])


@parts.post("/week/move")
@public
@once
def move() -> Any:
    """Move an invented booking, or refuse it as a plugin would: the hall is never free before nine."""
    if required_version() != 3:
        raise Conflict(why="another version")
    start = datetime.fromisoformat(request.form["start"]).replace(tzinfo=clock.SHANGHAI)
    end = datetime.fromisoformat(request.form["end"]).replace(tzinfo=clock.SHANGHAI)
    if start.hour < 9:
        return render("dev/week.html", status=409, refused="9点以前还没开门，请选9点以后。")
    say(f"改好了：{start:%H:%M}–{end:%H:%M}")
    moved = ".".join(
        [
            str(number(request.form["id"])),
            request.form["resource"],
            str(int(start.timestamp())),
            str(int(end.timestamp())),
        ]
    )
    return go(
        url_for("parts.shown_week", day=_monday_of(start.date()), moved=moved, mode=request.args.get("mode"))
    )


def _monday() -> date:
    try:
        asked = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        asked = clock.today()
    return _monday_of(asked if 1990 <= asked.year < 2200 else clock.today())


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _booked(first: date) -> list[CalendarEvent]:
    moved = request.args.get("moved", "").split(".")
    found = []
    for id_, room, day, minute, minutes, title, tone, movable in BOOKED:
        start = clock.at(first + timedelta(days=day), minute)
        end = start + timedelta(minutes=minutes)
        if moved[0] == str(id_):
            room, (start, end) = (
                int(moved[1]),
                (datetime.fromtimestamp(int(at), clock.SHANGHAI) for at in moved[2:]),
            )
        found.append(
            CalendarEvent(
                id=id_,
                resource_id=room,
                start=start,
                end=end,
                title=title,
                url=f"#b{id_}" if id_ != 2 else "",
                tone=tone,
                movable=movable,
                version=2 if id_ == 7 else 3,
            )
        )
    return found


def _crowd(first: date) -> list[CalendarEvent]:
    return [
        CalendarEvent(
            id=n,
            resource_id=n % 200 + 1,
            start=clock.at(first + timedelta(days=n % 7), 480 + n * 15 % 600),
            end=clock.at(first + timedelta(days=n % 7), 540 + n * 15 % 600),
            title=f"第{n}支部的会",
            url=f"#b{n}",
            movable=True,
        )
        for n in range(2000)
    ]
