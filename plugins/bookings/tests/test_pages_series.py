"""A series on the page: every date before anything is booked, clashes with a choice."""

from __future__ import annotations

import re
from typing import Any

import pytest

from plugins.bookings.tests.conftest import Center
from plugins.bookings.tests.pages import Somebody, labels, said, somebody
from plugins.bookings.tests.test_pages_ask import ask, bookings, clash


@pytest.fixture
def me(inside: Center) -> Somebody:
    return somebody(inside, inside.world.member(inside.world.organization(inside.district)))


def weekly(me: Somebody, **changes: Any) -> Any:
    return ask(me, **{"every": "week", "ends": "count", "count": "10", **changes})


def test_a_series_lists_each_clash_and_asks(me: Somebody):
    clash(me, 1, 4, 7)
    checked = weekly(me)
    assert checked.status_code == 200
    words = said(checked)
    assert "一共10次" in words and "有3次约不上" in words
    assert words.count("这个时间已经有人约了。") == 3
    assert labels(checked) == ["跳过这3次，约其余7次", "全部有空才约", "返回修改"]
    refused = me.press(checked, "全部有空才约")
    assert refused.status_code == 409 and len(bookings(me)) == 3
    assert "一次也没有约 有3次不空" in said(refused) and "一次也没有约" not in words
    done = me.press(refused, "跳过这3次，约其余7次")
    assert done.status_code == 303
    (made,) = [one for one in bookings(me) if one.account_id == me.id]
    with me.center.inside():
        assert [row.state for row in me.center.times(made)] == [
            "skipped" if week in (1, 4, 7) else "approved" for week in range(10)
        ]
    assert "这天没约" in said(me.client.get(done.location))
    me.center.owns_its_slots()


def test_a_series_without_a_clash_is_one_press(me: Somebody):
    done = me.press(weekly(me, count="4", weekday=["2", "4"]), "约下这4次")
    assert done.status_code == 303
    with me.center.inside():
        assert [row.starts_at.day for row in me.center.times()] == [3, 5, 10, 12]


def test_months_without_the_day_are_named(me: Somebody):
    me.center.setting("series_ahead_days", 400)
    checked = ask(
        me, day="2026-03-31", every="month_day", ends="count", count="3", **{"from": "09:00", "to": "10:00"}
    )
    assert "没有这一天的月份跳过：2026年4月、2026年6月" in said(checked)


def test_days_working_days_and_years_are_previewed_date_by_date(me: Somebody):
    def days(checked: Any) -> list[str]:
        return re.findall(r"(\d+年\d+月\d+日) 星期. (?:明天 )?09:00", said(checked))[1:]

    third = ask(me, every="day", interval="3", ends="count", count="3")
    assert days(third) == ["2026年3月3日", "2026年3月6日", "2026年3月9日"]
    working = ask(me, day="2026-03-06", every="workday", ends="until", until="2026-03-10")
    assert days(working) == ["2026年3月6日", "2026年3月9日", "2026年3月10日"]
    assert "只算工作日" in said(working) and "还没公布" not in said(working)
    assert me.press(working, "约下这3次").status_code == 303
    me.center.setting("series_ahead_days", 730)
    assert "2028年的放假安排还没公布" in said(
        ask(me, day="2027-12-31", every="workday", ends="count", count="2")
    )
    leap = ask(me, day="2028-02-29", every="year", ends="until", until="2033-03-01")
    assert days(leap) == ["2028年2月29日", "2032年2月29日"]
    assert "没有2月29日的年份跳过：2029、2030、2031、2033。" in said(leap)
    # 30 March is a fifth Monday: of months with four of them it is the last, and none is left out.
    fifth = ask(me, day="2026-03-30", every="month_weekday", ends="count", count="4")
    assert days(fifth) == ["2026年3月30日", "2026年4月27日", "2026年5月25日", "2026年6月29日"]
    assert "跳过" not in said(fifth)
    # The second lies further ahead than anybody may book: it is named as a day that cannot be had.
    assert labels(leap)[0] == "跳过这1次，约其余1次"
    me.center.owns_its_slots()


def test_the_same_weekday_of_each_month(me: Somebody):
    checked = ask(me, every="month_weekday", ends="count", count="3")
    assert re.findall(r"2026年\d月\d+日 星期二", said(checked))[-3:] == [
        "2026年3月3日 星期二",
        "2026年4月7日 星期二",
        "2026年5月5日 星期二",
    ]
