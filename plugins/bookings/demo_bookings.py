"""Some weeks of the demo's bookings, past and to come, in every state, with slots that are theirs alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from portal.api import DistrictRef, clock

from . import demo_special
from .demo_people import People
from .demo_rows import Rows
from .hours import Hours
from .models import BookingsRoom
from .queries import places
from .queries.places import Room

PAST, AHEAD = 21, 24
TITLES = (
    "支部学习", "主题党日", "书画兴趣班", "法律咨询", "企业座谈会", "健康讲座", "合唱排练", "读书会",
    "亲子阅读", "职工培训", "太极拳练习", "党员谈心", "志愿者碰头会", "智能手机课", "消防知识课", "青年交流",
)  # fmt: skip
WHY_REFUSED = ("这个时间中心自己有活动", "人数和房间不合适，请换大一点的")
WHY_CANCELLED = ("临时有会，改天再约", "人没约齐")


def write(district: DistrictRef, center: Sequence[BookingsRoom], people: People, dice: random.Random) -> None:
    """Write the bookings of a district's center and a few of its shared venues."""
    rooms = places.rooms()
    own = {room.id for room in center}
    today = clock.today()
    hours = Hours(rooms, today - timedelta(days=PAST), today + timedelta(days=AHEAD + 40))
    made = Rows(district.id, people, dice)
    here = [room for room in rooms if room.id in own]
    demo_special.write(made, here, hours, people)
    away = [room for room in rooms if room.venue_kind == "shared"][::7]
    for step in range(-PAST, AHEAD + 1):
        day = today + timedelta(days=step)
        for room in here:
            _day(made, room, hours, day, dice, often=0.55 if room.kind != "hall" else 0.15)
        for room in away:
            _day(made, room, hours, day, dice, often=0.08)
    made.flush()


def _day(made: Rows, room: Room, hours: Hours, day: date, dice: random.Random, *, often: float) -> None:
    """Write one booking in each opening of a room on a day, as often as said."""
    for opens, closes in hours.windows(room, day):
        if dice.random() > often:
            continue
        long = dice.choice((60, 60, 90, 120))
        room_left = closes - opens - long
        if room_left < 0:
            continue
        start = clock.at(day, opens + dice.randrange(room_left // 30 + 1) * 30)
        end = start + timedelta(minutes=long)
        state, more = _state(start, end, dice)
        made.add(
            room, start, end, state=state, title=dice.choice(TITLES),
            headcount=dice.randint(3, room.capacity), **more,
        )  # fmt: skip


def _state(start: datetime, end: datetime, dice: random.Random) -> tuple[str, dict[str, Any]]:
    now, roll = clock.now(), dice.random()
    if end <= now:
        if roll < 0.80:
            return "completed", {}
        if roll < 0.86:
            return "no_show", {}
        if roll < 0.92:
            return "cancelled", {"reason": dice.choice(WHY_CANCELLED)}
        if roll < 0.96:
            return "refused", {"reason": dice.choice(WHY_REFUSED)}
        return "lapsed", {"reason": "到期没有答复"}
    if start <= now:
        return "checked_in", {}
    if roll < 0.14 and start > now + timedelta(days=1):
        return "requested", {}
    return ("cancelled", {"reason": dice.choice(WHY_CANCELLED)}) if roll < 0.2 else ("approved", {})
