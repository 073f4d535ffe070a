"""What a district, a venue or a room decides: each value declared once, put together in one place.

The district's values are settings and come down the tree; a venue's and a room's own stand in BookingsPolicy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from portal.api import DistrictRef, Setting, rows, session, settings
from portal.api import lazy_gettext as _l

from .models import BookingsPolicy
from .queries.places import Room

WEEK = 7 * 24 * 60
YEAR = 366

#: Name, default, label, help, and the bounds of a number or the choices of a word.
_APPROVAL = (("ask", _l("要审批")), ("auto", _l("约上就算")))
_PENDING = (("hold", _l("先占住时间，等答复")), ("compete", _l("不占时间，批准时才定")))
_OPEN_TO = (("all", _l("党员和居民都可以")), ("members", _l("只限党员和党组织")))


def _whole(name: str, default: int, label: Any, help: Any, most: int, least: int = 0) -> Setting:
    return Setting(
        key=f"bookings.{name}",
        type=int,
        default=default,
        label=label,
        help=help,
        least=least,
        most=most,
        local=True,
    )


def _word(name: str, default: str, label: Any, help: Any, choices: Any) -> Setting:
    return Setting(
        key=f"bookings.{name}", default=default, label=label, help=help, choices=choices, local=True
    )


def _yes(name: str, label: Any, help: Any) -> Setting:
    return Setting(key=f"bookings.{name}", type=bool, default=False, label=label, help=help, local=True)


#: Every value of a policy, in the order of the form.
DECLARED: tuple[Setting, ...] = (
    _word("open_to", "all", _l("谁可以约"), _l("居民用手机号登录就可以约。"), _OPEN_TO),
    _word("approval", "ask", _l("要不要审批"), _l("工作人员替别人约的，不用再审批。"), _APPROVAL),
    _word(
        "pending", "hold", _l("等答复的时候"), _l("几家可以同时申请的，批准一家，其他的转为候补。"), _PENDING
    ),
    _whole(
        "answer_workdays", 2, _l("几个工作日内答复"), _l("到时没有答复，申请自动失效，时间放出来。"), 30, 1
    ),
    _whole("min_lead_minutes", 0, _l("最晚提前多少分钟约"), _l("0表示开始前都可以。"), YEAR * 1440),
    _whole("max_ahead_days", 30, _l("最早提前多少天约"), _l("正好这么多天的可以约。"), YEAR * 2, 1),
    _whole("series_ahead_days", 183, _l("重复的预约最远排到多少天以后"), _l("从今天算起。"), YEAR * 2, 1),
    _whole("min_minutes", 15, _l("一次最短多少分钟"), "", 1440, 5),
    _whole("max_minutes", 480, _l("一次最长多少分钟"), "", WEEK, 5),
    _whole("buffer_before", 0, _l("每次之前留多少分钟准备"), _l("留出的时间别人约不了，往上取整到格。"), 480),
    _whole("buffer_after", 0, _l("每次之后留多少分钟整理"), _l("留出的时间别人约不了，往上取整到格。"), 480),
    _whole("quota_minutes", 0, _l("每人每周最多约多少分钟"), _l("星期一算起，0表示不限。"), WEEK),
    _yes("waiting_list", _l("开候补"), _l("时间被订走时可以排队，放出来先给排在前面的人。")),
    _whole("offer_minutes", 120, _l("候补到了留多少分钟"), _l("晚上放出来的，留到第二天早上8点。"), 2880, 15),
    _yes("release", _l("没到场就放出来"), _l("开始后过了宽限还没签到，这段时间别人可以约。")),
    _whole("grace_before", 15, _l("提前多少分钟可以签到"), "", 240),
    _whole("grace_after", 15, _l("开始后宽限多少分钟"), "", 240),
    _yes("points", _l("没到场记一次"), _l("记满了，一段时间里约场地要审批。每次都可以申诉。")),
    _whole("late_hours", 24, _l("开始前多少小时以内取消算晚"), _l("晚取消记半次。"), 240),
    _whole("points_limit", 3, _l("记满几次要审批"), "", 20, 1),
    _whole("points_days", 60, _l("每次记多少天"), _l("到期自动消掉。"), YEAR, 1),
    _whole("points_approval_days", 30, _l("记满后多少天里要审批"), "", YEAR, 1),
)
NAMES = tuple(one.key.removeprefix("bookings.") for one in DECLARED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The values that hold for one room; minutes, days and working days as their names say."""

    open_to: str
    approval: str
    pending: str
    answer_workdays: int
    min_lead_minutes: int
    max_ahead_days: int
    series_ahead_days: int
    min_minutes: int
    max_minutes: int
    buffer_before: int
    buffer_after: int
    quota_minutes: int
    waiting_list: bool
    offer_minutes: int
    release: bool
    grace_before: int
    grace_after: int
    points: bool
    late_hours: int
    points_limit: int
    points_days: int
    points_approval_days: int


assert tuple(field.name for field in fields(Policy)) == NAMES


def policies(district: DistrictRef, rooms: Iterable[Room]) -> dict[int, Policy]:
    """Return what holds for each room: its own value, else its venue's, else the district's."""
    wanted = list(rooms)
    base = {name: settings.get(district, f"bookings.{name}") for name in NAMES}
    own = _own({room.venue_id for room in wanted})
    return {
        room.id: Policy(
            **{**base, **own.get((room.venue_id, None), {}), **own.get((room.venue_id, room.id), {})}
        )
        for room in wanted
    }


def policy_of(district: DistrictRef, room: Room) -> Policy:
    """Return what holds for one room."""
    return policies(district, [room])[room.id]


def _own(venue_ids: set[int]) -> dict[tuple[int, int | None], Mapping[str, Any]]:
    if not venue_ids:
        return {}
    kept: Any = BookingsPolicy.__table__.c
    found = session.execute(
        rows(BookingsPolicy, kept.venue_id, kept.room_id, kept["values"]).where(
            kept.venue_id.in_(sorted(venue_ids))
        )
    )
    return {
        (venue_id, room_id): {name: value for name, value in values.items() if name in NAMES}
        for venue_id, room_id, values in found
    }
