"""Words that all pages of the bookings share: states with their tone, kinds of rooms, what a room has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from portal.api import civil, clock, month_word, ngettext
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

#: State of one time of a booking: words, and the tone of its tag (``status.tag``).
STATES: dict[str, tuple[Any, str]] = {
    "requested": (_l("等答复"), "warn"),
    "approved": (_l("约好了"), "ok"),
    "checked_in": (_l("已签到"), "ok"),
    "completed": (_l("用完了"), "quiet"),
    "refused": (_l("没通过"), "bad"),
    "lapsed": (_l("到期没答复"), "bad"),
    "cancelled": (_l("取消了"), "quiet"),
    "no_show": (_l("没到场"), "bad"),
    "displaced": (_l("用不了了"), "bad"),
    "skipped": (_l("这天没约"), "quiet"),
}
#: A request that lapsed because somebody answered: the time went to a competing one.
OUTBID: tuple[Any, str] = (_l("批给了别人"), "bad")
#: State of a place on the waiting list.
WISH_STATES: dict[str, tuple[Any, str]] = {
    "waiting": (_l("排着队"), "warn"),
    "offered": (_l("轮到您了"), "info"),
    "taken": (_l("您要了"), "ok"),
    "declined": (_l("您没要"), "quiet"),
    "timed_out": (_l("过了时间没确认"), "quiet"),
    "withdrawn": (_l("不排了"), "quiet"),
    "past": (_l("时间过了"), "quiet"),
}
#: domain.md: the five rooms of a center, and what shared venues have besides.
ROOM_KINDS: dict[str, Any] = {
    "consulting": _l("咨询室"),
    "training": _l("培训室"),
    "reading": _l("阅览室"),
    "culture": _l("文化活动室"),
    "party": _l("党员活动室"),
    "hall": _l("礼堂、大厅"),
    "other": _l("其他"),
}
#: What a room itself has; a row's ``features`` are these keys.
FEATURES: dict[str, Any] = {
    "projector": _l("投影"),
    "screen": _l("大屏幕"),
    "sound": _l("音响话筒"),
    "video": _l("视频会议"),
    "whiteboard": _l("白板"),
    "wifi": _l("无线网"),
    "air": _l("空调"),
    "water": _l("饮水"),
    "piano": _l("钢琴"),
    "mirror": _l("镜子墙"),
    "toilet": _l("无障碍卫生间"),
}
#: Steps of a booking's life, as its timeline names them.
STEPS: dict[str, Any] = {
    "asked": _l("提交了申请"),
    "booked": _l("约好了"),
    "from_list": _l("候补轮到，接下了"),
    "approved": _l("批准了"),
    "refused": _l("没有通过"),
    "lapsed": _l("到期没有答复"),
    "cancelled": _l("取消了"),
    "moved": _l("改了时间"),
    "from_file": _l("按日历文件改了时间"),
    "renamed": _l("改了内容"),
    "displaced": _l("用不了了"),
    "given_back": _l("又能用了"),
    "outbid": _l("时间批给了别人"),
    "guide": _l("讲解安排变了"),
    "checked_in": _l("签到了"),
    "completed": _l("用完了"),
    "no_show": _l("没到场"),
    "undone": _l("签到撤回了"),
    "left": _l("提前走了"),
}
WEEKDAYS: tuple[Any, ...] = (
    _l("星期一"),
    _l("星期二"),
    _l("星期三"),
    _l("星期四"),
    _l("星期五"),
    _l("星期六"),
    _l("星期日"),
)


def state_words(state: str, *, answered: bool) -> tuple[Any, str]:
    """Return words and tone of one time's state; ``answered``: by a person, not by the calendar."""
    return OUTBID if state == "lapsed" and answered else STATES[state]


def guide_words(name: str, wanted: bool, state: str) -> str:
    """Say who shows a visit round, or how that stands; ``state`` is its time's."""
    if name:
        return name
    if not wanted:
        return _("不用")
    return _("还没安排") if state == "requested" else _("这次没有讲解")


def weekday(day: date) -> str:
    """Name the weekday of a day."""
    return str(WEEKDAYS[day.weekday()])


def day_words(day: date) -> str:
    """Write a day as 2026年3月3日 星期二; today and tomorrow say so."""
    near = {0: _("今天"), 1: _("明天")}.get((day - clock.today()).days)
    parts = [civil(day), weekday(day), *([near] if near else [])]
    return " ".join(parts)


def hours_words(start: datetime, end: datetime) -> str:
    """Write the hours of a time as 09:00—10:00; an end on another day names it."""
    first, last = start.astimezone(clock.SHANGHAI), end.astimezone(clock.SHANGHAI)
    if last.date() == first.date():
        return f"{first:%H:%M}—{last:%H:%M}"
    if last.hour == last.minute == 0:
        before = last.date() - timedelta(days=1)
        until = "24:00" if before == first.date() else f"{civil(before)} 24:00"
        return f"{first:%H:%M}—{until}"
    return f"{first:%H:%M}—{civil(last)} {last:%H:%M}"


def when_words(start: datetime, end: datetime) -> str:
    """Write a time as 2026年3月3日 星期二 09:00—10:00."""
    return f"{day_words(clock.civil(start))} {hours_words(start, end)}"


def soon_words(start: datetime) -> str:
    """Write a begin in as few words as tell it: 明天 08:30, or 12月3日 08:30."""
    local = start.astimezone(clock.SHANGHAI)
    near = {0: _("今天"), 1: _("明天")}.get((local.date() - clock.today()).days)
    day = near or _("%(month)s月%(day)s日", month=month_word(local.month), day=local.day)
    return f"{day} {local:%H:%M}"


def until_words(at: datetime) -> str:
    """Write until when something holds, and how much is left: 2026年3月4日 星期三晚上12点（还有1天）."""
    return _("%(when)s（%(left)s）", when=hour_words(at), left=left_words(at))


def hour_words(at: datetime) -> str:
    """Write an instant with its weekday; midnight belongs to the day that ends.

    Nobody reads 00:00 of a day as the evening before.
    """
    local = at.astimezone(clock.SHANGHAI)
    if local.hour == local.minute == 0:
        return _("%(day)s晚上12点", day=day_words(local.date() - timedelta(days=1)))
    return f"{day_words(local.date())} {local:%H:%M}"


def dated(text: str) -> str:
    """Write the days and instants of a kept value for its reader: 2026-12-02 becomes 2026年12月2日 星期三."""

    def spoken(found: re.Match[str]) -> str:
        day, hour = date(*map(int, found.groups()[:3])), found[4]
        if hour == "00:00" and text == found[0]:
            return hour_words(datetime.combine(day, time(), clock.SHANGHAI))
        return " ".join(one for one in (civil(day), weekday(day), hour) if one)

    return re.sub(r"\b(\d{4})-(\d\d)-(\d\d)\b(?: (\d\d:\d\d))?", spoken, text)


def left_words(at: datetime) -> str:
    """Say how much time is left until an instant, rounded down; a minute is the least."""
    minutes = max(0, int((at - clock.now()).total_seconds()) // 60)
    if minutes >= 48 * 60:
        days = minutes // (24 * 60)
        return ngettext("还有%(num)s天", "还有%(num)s天", days)
    if minutes >= 60:
        return ngettext("还有%(num)s小时", "还有%(num)s小时", minutes // 60)
    if minutes > 0:
        return ngettext("还有%(num)s分钟", "还有%(num)s分钟", minutes)
    return _("马上到时间")


def in_brackets(said: str, more: str) -> str:
    """Return something with what belongs to it in brackets, as the language writes them."""
    return said + str(_("（%(where)s）", where=more))


def features_words(keys: Iterable[str]) -> str:
    """List what a room has; a key nobody knows any more is left out."""
    return _("、").join(str(FEATURES[key]) for key in keys if key in FEATURES)
