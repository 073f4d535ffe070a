"""Finding a room: all stands in the address, chips take one thing off, nothing found leads on."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import insert

from plugins.bookings.models import BookingsRoom, BookingsVenue
from plugins.bookings.service import ruling
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.pages import Somebody, said, somebody
from plugins.bookings.tests.test_points import miss
from portal.api import Model, clock, session, settings
from portal.testing import queries


@pytest.fixture
def me(inside: Center) -> Somebody:
    return somebody(inside)


def chips(answer: Any) -> dict[str, str]:
    """Return the conditions a page shows, and the address without each."""
    html = answer.get_data(as_text=True)
    listed = re.search(r'<ul class="chips" aria-label="正在按这些条件看">(.*?)</ul>', html, re.DOTALL)
    if listed is None:
        return {}
    found = re.findall(r'href="([^"]+)"><span>(?:<span[^>]*>[^<]*</span>)?([^<]*)<', listed[1])
    return {words: url.replace("&amp;", "&") for url, words in found}


def test_without_a_day_all_rooms_are_shown(me: Somebody, monkeypatch: pytest.MonkeyPatch):
    answer = me.get()
    assert answer.status_code == 200 and "一共4间，说了哪天就知道空不空" in said(answer)
    assert chips(answer) == {}
    monkeypatch.setattr("plugins.bookings.views.find.FEW", 3)
    few, every = said(me.get()), said(me.get(all=1))
    assert ("大厅 测试" in few, "还有1间，都看看" in few, "一共4间" in few) == (False, True, True)
    assert ("大厅 测试" in every, "都看看" in every) == (True, False)


def test_a_visitor_may_look(me: Somebody):
    session.remove()
    assert me.center.world.browser().get(me.url()).status_code == 200


def test_a_day_shows_when_each_room_is_free(me: Somebody):
    with me.center.inside():
        me.center.book(span(3, 9, 10))
    words = said(me.get(day="2026-03-03"))
    assert "2026年3月3日 星期二 明天：空着 08:00—09:00、10:00—22:00" in words
    assert "4间合适" in words
    with me.center.inside():
        me.center.book(span(4, 8, 16))
        me.center.book(span(4, 16, 22))
    full = said(me.get(day="2026-03-04"))
    assert "3间合适" in full and "培训室 测试党群服务中心 这一天没有空的时间了。" in full


def test_a_time_leads_straight_to_the_form(me: Somebody):
    html = me.get(day="2026-03-03", **{"from": "9点", "to": "１０：３０"}, people="20").get_data(as_text=True)
    with me.center.inside():
        uid = me.center.room().uid
    assert f"/bookings/rooms/{uid}/ask?people=20&amp;day=2026-03-03&amp;from=09:00&amp;to=10:30" in html


def test_who_does_not_fit_says_why(me: Somebody):
    with me.center.inside():
        me.center.book(span(3, 9, 10), room="东厅")
    words = said(me.get(day="2026-03-03", people="35", **{"from": "09:00", "to": "10:00"}))
    assert "1间合适" in words
    assert "培训室 测试党群服务中心 这间房坐30人，请换一间大的，或者少来几位。" in words
    assert "东厅 测试党群服务中心 这个时间已经有人约了。" in words


def test_what_fits_says_why(me: Somebody):
    """One line a room: what was asked for and is met there, and how soon it is had."""
    query: dict[str, Any] = {"people": "35", "has": ["projector", "wifi"], "step": "1", "item": ["移动音响"]}
    with me.center.inside():
        venue = session.get_one(BookingsVenue, me.center.venue.id)
        venue.lat, venue.lng = 30.715, 117.22
        for name in ("东厅", "大厅"):
            room = session.get_one(BookingsRoom, me.center.room(name).id)
            room.features, room.step_free = ["wifi", "projector", "sound"], True
        me.center.equipment("移动音响", 1)
        me.center.setting("points", True)
        me.center.setting("release", True)
        asks = {"approval": "ask", "answer_workdays": 3}
        by, bounds = me.center.staff("district_admin"), {"min_minutes": 15, "max_minutes": 480}
        ruling.decide(venue, room, version=0, values=asks, effective=bounds, by=by)
        session.commit()
    met = "合适：35人坐得下 · 有投影、无线网 · 移动音响那时借得到 · 不走台阶 · 走路大约10分钟 · "
    hour = {"day": "2026-03-03", "from": "09:00", "to": "10:00"}
    words = said(me.get(lat="30.72", lng="117.22", **hour, **query))
    assert "2间合适" in words and words.count("合适：") == 2
    assert f"音响话筒 · 不走台阶 {met}约上就算" in words
    assert f"{met}一般3个工作日内答复" in words
    # Of what was not asked for, and before a time is chosen, it says no more than it knows.
    assert "合适：有移动音响 · 约上就算" in said(me.get(item="移动音响"))
    assert "合适：约上就算" in said(me.get(day="2026-03-03"))
    assert "合适：" not in said(me.get())
    with me.center.inside():
        miss(me.center, me.id, 3, 4, 5)
        session.commit()
    with me.on(at(6, 9)):
        # Whoever did not turn up three times is answered first everywhere, and reads so.
        full = said(me.get(day="2026-03-09"))
        assert full.count("一般2个工作日内答复") == 3 and "约上就算" not in full


def test_chips_take_one_condition_off(me: Somebody):
    answer = me.get(day="2026-03-03", people="20", has=["wifi", "sound"], step="1", kind="center")
    shown = chips(answer)
    assert list(shown) == [
        "2026年3月3日 星期二 明天",
        "20个人",
        "无线网",
        "音响话筒",
        "不走台阶",
        "只看中心",
    ]
    session.remove()
    without = me.client.get(shown["无线网"])
    assert [one for one in shown if one != "无线网"] == list(chips(without))
    session.remove()
    assert "day" not in me.client.get(shown["2026年3月3日 星期二 明天"]).request.args


def test_the_day_may_be_typed_in_three_parts(me: Somebody):
    parts = {"day-year": "2026", "day-month": "３", "day-day": "5"}
    assert "2026年3月5日 星期四" in chips(me.get(**parts))
    assert "2026年3月5日 星期四" in chips(me.get(**{**parts, "day-year": ""}))


def test_this_weekend_is_two_days_and_on_sunday_one(me: Somebody):
    assert "2026年3月7日 星期六、2026年3月8日 星期日" in chips(me.get(day="weekend"))
    with clock.frozen(at(8, 10)):
        assert "2026年3月8日 星期日 今天" in chips(me.get(day="weekend"))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"day": "昨天"}, "日期没看懂"),
        ({"day": "2026-03-01"}, "这一天已经过了"),
        ({"day": "2026-03-03", "from": "10:00", "to": "09:00"}, "结束时间要晚于开始时间。"),
        ({"day": "2026-03-03", "from": "10:00"}, "几点到几点都要选"),
        ({"from": "10:00"}, "几点到几点都要选"),
        ({"from": "09:00", "to": "10:00"}, "请写哪一天，才知道那几点空不空。"),
        ({"day": "2026-03-03", "from": "25:00", "to": "26:00"}, "时间没看懂"),
        ({"people": "很多"}, "人数请填数字"),
    ],
)
def test_what_cannot_be_read_says_so_and_still_shows_rooms(me: Somebody, query: dict[str, str], words: str):
    answer = me.get(**query)
    assert answer.status_code == 422 and words in said(answer) and "培训室" in said(answer)


@pytest.mark.parametrize(
    "query", ["near=c999", "lat=nan&lng=1", "lat=91&lng=1", "within=7", "has=x", "kind=x"]
)
def test_nonsense_is_as_good_as_nothing(me: Somebody, query: str):
    session.remove()
    answer = me.client.get(me.url(f"?{query}"))
    assert answer.status_code == 200 and "一共4间" in said(answer) and chips(answer) == {}


def test_nothing_fits_and_the_desk_can_be_called(me: Somebody):
    with me.center.inside():
        settings.put(me.center.district.id, "core.help_phone", "0000-8800000", by=None)
        session.commit()
    answer = me.get(day="2026-03-03", people="500")
    assert "没有合适的房间" in said(answer) and "打电话问服务台：0000-8800000" in said(answer)
    assert 'href="tel:0000-8800000"' in answer.get_data(as_text=True)


def test_from_where_one_stands_rooms_say_how_far(me: Somebody):
    with me.center.inside():
        venue = session.get_one(BookingsVenue, me.center.venue.id)
        venue.lat, venue.lng = 30.715, 117.22
        session.commit()
    answer = me.get(lat="30.72", lng="117.22", within="10")
    assert "走路大约10分钟" in said(answer) and "从我这里出发" in chips(answer)
    assert "按直线的1.3倍、每分钟80米估算，这是本地定的。" in said(answer)
    far = me.get(lat="30.80", lng="117.22", within="10")
    assert "没有合适的房间" in said(far) and "远了些。" in said(far)


def test_the_page_costs_the_same_with_more_rooms(me: Somebody):
    counts = []
    for number in range(3):
        with me.center.inside():
            me.center.add(f"小间{number}", "other", 6, 6)
        me.get(day="2026-03-03")
        with queries() as seen:
            me.get(day="2026-03-03")
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2]


def test_a_rooms_day_leads_to_the_days_around(me: Somebody):
    with me.center.inside():
        uid = me.center.room().uid
    html = me.get(f"rooms/{uid}", day="2026-03-05").get_data(as_text=True)
    assert f"rooms/{uid}?day=2026-03-04#day" in html and f"rooms/{uid}?day=2026-03-06#day" in html
    last = said(me.get(f"rooms/{uid}", day="2026-04-01"))
    assert "后一天" not in last and "现在能约到2026年4月1日。" in last
    first = said(me.get(f"rooms/{uid}"))
    assert "前一天" not in first and "10:00—22:00 空着" in first


def test_a_place_of_the_district_is_where_one_sets_out(me: Somebody):
    centers = Model.metadata.tables["service_center"]
    with me.center.inside():
        values = {"district_id": me.center.district.id, "name": "老街口", "lat": 30.72, "lng": 117.22}
        session.execute(insert(centers).values(values))
        venue = session.get_one(BookingsVenue, me.center.venue.id)
        venue.lat, venue.lng = 30.715, 117.22
        session.commit()
    html = me.get().get_data(as_text=True)
    key = re.search(r'<option value="(c\d+)">老街口</option>', html)
    assert key is not None
    answer = me.get(near=key[1], within="10")
    assert "走路大约10分钟" in said(answer) and "4间合适" in said(answer)
    assert {"从老街口出发", "走路10分钟以内"} <= set(chips(answer))


def test_who_searches_without_end_is_slowed_down(me: Somebody):
    me.center.world.app.config["FINDS_A_MINUTE"] = 2
    assert [me.get(page).status_code for page in ("", "venues/", "", "venues/")] == [200, 200, 429, 429]
