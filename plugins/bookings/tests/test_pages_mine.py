"""One's own bookings: lists, one's page, moving, calling off, standing in line; never somebody else's."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsBooking, BookingsOccurrence, BookingsPoint
from plugins.bookings.service import arriving, changing, deciding, places
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.pages import Somebody, labels, said, somebody
from plugins.bookings.verdicts import Span
from portal.api import clock, session
from portal.testing import queries


@pytest.fixture
def me(inside: Center) -> Somebody:
    return somebody(inside, inside.world.member(inside.world.organization(inside.district)))


def book(me: Somebody, *spans: Span, **values: Any) -> str:
    """Book for this somebody; return the uid."""
    with me.center.inside():
        made = me.center.book(*spans, asker=Asker(account_id=me.id, is_member=True), by=me.id, **values)
        return str(made.uid)


def weeks(number: int, *, hour: int = 9) -> list[Span]:
    return [
        Span(start=at(3, hour) + timedelta(weeks=one), end=at(3, hour + 1) + timedelta(weeks=one))
        for one in range(number)
    ]


def times(me: Somebody, *, without: str = "") -> list[Any]:
    with me.center.inside():
        return [row for row in me.center.times() if row.state != without]


def test_lists_show_what_comes_first_and_what_is_over(me: Somebody):
    book(me, span(9, 9, 10), title="后面的")
    book(me, span(3, 9, 10), title="最近的")
    with me.on(at(5, 10)):
        coming, over = said(me.get("mine")), said(me.get("mine", over=1))
    assert "后面的" in coming and "最近的" not in coming
    assert "最近的" in over and "后面的" not in over
    words = said(me.get("mine"))
    assert words.index("最近的") < words.index("后面的")


@pytest.mark.parametrize("over", [False, True])
def test_lists_page_without_losing_or_repeating_one(me: Somebody, over: bool):
    made = [
        book(
            me, Span(start=at(3, 8) + timedelta(minutes=30 * n), end=at(3, 8, 30) + timedelta(minutes=30 * n))
        )
        for n in range(25)
    ]
    with me.on(at(5 if over else 2, 10)):
        seen, query = [], {"over": "1"} if over else {}
        for _page in range(2):
            html = me.get("mine", **query).get_data(as_text=True)
            seen += re.findall(r'class="cell" href="[^"]*/bookings/([0-9A-Za-z]{26})"', html)
            after = re.search(r"after=([0-9A-Za-z]{26})", html)
            if after:
                query = {**query, "after": after[1]}
    assert seen == (made[::-1] if over else made)


def test_lists_cost_the_same_for_one_and_three(me: Somebody):
    counts = []
    for number in range(3):
        book(me, span(3, 9 + number, 10 + number))
        me.get("mine")
        with queries() as seen:
            me.get("mine")
        counts.append(len(seen))
    assert counts[0] == counts[2]


def test_a_booking_costs_the_same_with_one_time_and_three(me: Somebody):
    counts = []
    for number, spans in enumerate((weeks(1), weeks(3, hour=11))):
        uid = book(me, *spans, rule="FREQ=WEEKLY;COUNT=3" if number else "")
        me.get(uid)
        with queries() as seen:
            assert me.get(uid).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_nobody_else_finds_it(me: Somebody):
    uid = book(me, span(3, 9, 10))
    with me.center.inside():
        occurrence_uid = me.center.times()[0].uid
    other = somebody(me.center)
    for rest in ("", "/words", "/move", "/cancel", f"/times/{occurrence_uid}/move"):
        assert me.get(uid + rest).status_code == 200
        assert other.get(uid + rest).status_code == 404
        if rest:
            assert other.post(uid + rest, {"version": "1", "_once": "another-key"}).status_code == 404
    assert [row.state for row in times(me)] == ["approved"]


def test_the_room_page_says_busy_and_nothing_else(me: Somebody):
    book(me, span(3, 9, 10), title="别人看不到的事")
    with me.center.inside():
        uid = me.center.room().uid
    session.remove()
    page = me.center.world.browser().get(me.url(f"rooms/{uid}?day=2026-03-03"))
    assert page.status_code == 200
    words = said(page)
    assert "08:00—09:00 空着 10:00—22:00 空着" in words and "已约 09:00—10:00" in words
    assert "别人看不到的事" not in page.get_data(as_text=True)
    assert "王测" not in page.get_data(as_text=True)


def test_words_change_and_no_time_does(me: Somebody):
    uid = book(me, span(3, 9, 10))
    page = me.get(f"{uid}/words")
    done = me.press(page, "保存", title="改了名的学习", people="12")
    assert done.status_code == 303
    words = said(me.client.get(done.location))
    assert "改好了。" in words and "改了名的学习" in words and "12人" in words
    wrong = me.press(me.get(f"{uid}/words"), "保存", title="", people="31")
    assert wrong.status_code == 422
    assert "这间房坐30人" in said(wrong) and "请写做什么用" in said(wrong)
    assert me.press(page, "保存", title="旧表单", _once="another-key").status_code == 409
    assert me.post(f"{uid}/words", {"title": "没有版本", "_once": "another-key"}).status_code == 400


def test_one_time_moves_and_the_old_one_is_free_again(me: Somebody):
    uid = book(me, span(3, 9, 10))
    (row,) = times(me)
    page = me.get(f"{uid}/times/{row.uid}/move")
    done = me.press(page, "改到这个时间", **{"day-day": "4", "from": "14:00", "to": "14:30"})
    assert done.status_code == 303
    (row,) = times(me)
    assert (row.starts_at, row.ends_at, row.sequence) == (at(4, 14), at(4, 14, 30), 1)
    assert "改好了：2026年3月4日 星期三 14:00—14:30。" in said(me.client.get(done.location))
    assert me.press(page, "改到这个时间", _once="another-key").status_code == 409
    me.center.owns_its_slots()


def test_a_move_to_a_taken_time_keeps_the_old_and_offers_three(me: Somebody):
    uid = book(me, span(3, 9, 10))
    with me.center.inside():
        me.center.book(span(4, 9, 10))
    row = times(me)[0]
    page = me.get(f"{uid}/times/{row.uid}/move")
    answer = me.press(page, "改到这个时间", **{"day-day": "4"})
    assert answer.status_code == 409
    others = [one for one in labels(answer) if one.startswith("2026")]
    assert len(others) == 3
    assert times(me)[0].starts_at == at(3, 9)
    assert me.press(answer, others[0]).status_code == 303
    assert times(me)[0].starts_at == at(4, 8)
    me.center.owns_its_slots()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": "09:00"}, "结束时间要晚于开始时间。"),
        ({"day-day": "1"}, "这个时间已经过了"),
        ({"day-year": "2027"}, "最多提前30天约"),
        ({"day-day": "31", "day-month": "2"}, "日期没看懂"),
    ],
)
def test_a_bad_move_says_why(me: Somebody, changes: dict[str, str], words: str):
    uid = book(me, span(3, 9, 10))
    page = me.get(f"{uid}/times/{times(me)[0].uid}/move")
    answer = me.press(page, "改到这个时间", **changes)
    assert answer.status_code == 422 and words in said(answer)
    assert times(me)[0].starts_at == at(3, 9)


def test_all_to_come_move_and_a_skipped_day_comes_back(me: Somebody):
    with me.center.inside():
        me.center.book(weeks(3)[1])
        me.center.book(weeks(3, hour=14)[2])
    uid = book(me, *weeks(3), rule="FREQ=WEEKLY;COUNT=3", skip=True)
    page = me.press(me.get(f"{uid}/move"), "下一步：看每次行不行", **{"from": "14:00", "to": "15:00"})
    assert page.status_code == 200
    assert "有1次改不了" in said(page) and "原来没约上，这个时间空着，会补上" in said(page)
    assert me.press(page, "全部有空才改").status_code == 409
    with me.center.inside():
        me.center.setting("approval", "ask")
    done = me.press(page, "改能改的2次，其余1次不动")
    assert done.status_code == 303
    assert "2次的新时间交上去了，等场地方答复。" in me.client.get(done.location).text
    with me.center.inside():
        rows = list(session.scalars(select(BookingsOccurrence).order_by(BookingsOccurrence.id)))[-3:]
        assert [(row.state, row.starts_at.astimezone(clock.SHANGHAI).hour) for row in rows] == [
            ("requested", 14),
            ("requested", 14),
            ("approved", 9),
        ]
    me.center.owns_its_slots()


def test_moving_the_rest_begins_with_the_hours_that_stand(me: Somebody):
    with me.center.inside():
        me.center.book(weeks(2)[0])
        me.center.book(weeks(2, hour=14)[0])
    uid = book(me, *weeks(2), rule="FREQ=WEEKLY;COUNT=2", skip=True)
    page = me.press(me.get(f"{uid}/move"), "下一步：看每次行不行", **{"from": "14:00", "to": "15:00"})
    assert me.press(page, "改能改的1次，其余1次不动").status_code == 303
    # Not with those of the day that was left out.
    assert 'value="14:00" selected' in me.get(f"{uid}/move").text


def test_calling_off_one_day_names_it_and_leaves_the_rest(me: Somebody):
    uid = book(me, *weeks(3), rule="FREQ=WEEKLY;COUNT=3")
    row = times(me)[1]
    page = me.get(f"{uid}/cancel", only=row.uid)
    assert "会取消这1次" in said(page) and "2026年3月10日" in said(page) and "2026年3月17日" not in said(page)
    done = me.press(page, "取消这1次", reason="那天有会")
    assert done.status_code == 303
    assert [one.state for one in times(me)] == ["approved", "cancelled", "approved"]
    assert "取消了1次。" in said(me.client.get(done.location))
    me.center.owns_its_slots()


def test_calling_off_the_rest_says_the_figure_that_happens(me: Somebody):
    uid = book(me, *weeks(4), rule="FREQ=WEEKLY;COUNT=4")
    with me.on(at(4, 10)):
        page = me.get(f"{uid}/cancel")
        assert "会取消这3次" in said(page)
        assert me.press(page, "取消这3次").status_code == 422
        done = me.press(page, "取消这3次", reason="不办了")
        assert "取消了3次。" in said(me.client.get(done.location))
    assert [one.state for one in times(me)] == ["approved", "cancelled", "cancelled", "cancelled"]
    me.center.owns_its_slots()


def test_the_figure_leaves_out_what_is_over_called_off_or_was_never_had(me: Somebody):
    with me.center.inside():
        me.center.book(weeks(6)[4])
    uid = book(me, *weeks(6), rule="FREQ=WEEKLY;COUNT=6", skip=True)
    with me.center.inside():
        rows = me.center.times()[1:]
        changing.cancel([rows[2]], versions={rows[2].id: 1}, reason="有会", by=me.id, staff=False)
    before = [one.state for one in times(me)]
    with me.on(at(4, 10)):
        page = me.get(f"{uid}/cancel")
        assert "会取消这3次" in said(page)
        assert me.press(page, "取消这3次", reason="不办了").status_code == 303
    after = [one.state for one in times(me)]
    assert [(old, new) for old, new in zip(before, after, strict=True) if old != new] == [
        ("approved", "cancelled")
    ] * 3
    assert after.count("skipped") == 1 and after[:2] == ["approved", "approved"]


def test_calling_off_after_another_tab_did_is_a_conflict(me: Somebody):
    uid = book(me, *weeks(3), rule="FREQ=WEEKLY;COUNT=3")
    page = me.get(f"{uid}/cancel")
    me.press(me.get(f"{uid}/cancel", only=times(me)[0].uid), "取消这1次", reason="那天有会")
    assert me.press(page, "取消这3次", reason="不办了").status_code == 409
    assert [one.state for one in times(me)] == ["cancelled", "approved", "approved"]


def test_calling_off_late_says_what_follows_where_it_counts(me: Somebody):
    uid = book(me, span(3, 9, 10))
    assert "记半次" not in said(me.get(f"{uid}/cancel"))
    me.center.setting("points", True)
    page = me.get(f"{uid}/cancel")
    assert "有1次离开始太近，取消要记半次。" in said(page)
    me.press(page, "取消这1次", reason="病了")
    with me.center.inside():
        assert [one.halves for one in session.scalars(select(BookingsPoint))] == [1]


def test_a_refusal_shows_its_reason(me: Somebody):
    me.center.setting("approval", "ask")
    uid = book(me, span(5, 9, 10))
    with me.center.inside():
        booking = session.scalars(select(BookingsOccurrence)).one()
        found = session.get_one(BookingsBooking, booking.booking_id)
        keeper = me.center.world.account().id
        deciding.refuse(found, version=found.version, reason="那天要消杀", by=keeper)
    words = said(me.get(uid))
    assert "没通过" in words and "原因：那天要消杀" in words and "再约一次" in words


def test_the_start_page_shows_what_comes_next(me: Somebody):
    resident = me.center.world.browser(me.center.world.account())
    assert "去找房间" in said(resident.get(f"/d/{me.center.district.code}/"))
    book(me, span(3, 9, 10))
    home = said(me.client.get(f"/d/{me.center.district.code}/"))
    next_one = "明天 09:00 2026年3月3日 星期二 明天 09:00—10:00，测试党群服务中心 培训室，约好了。"
    assert f"下一个场地预约 {next_one}" in home


def test_a_booking_in_use_leads_to_leaving_early(me: Somebody):
    uid = book(me, span(3, 9, 10))
    (row,) = times(me)
    with me.on(at(3, 9)):
        with me.center.inside():
            arriving.check_in(session.get_one(BookingsOccurrence, row.id), version=row.version, by=me.id)
        page = me.get(uid)
        assert "签到了，可以用到10:00。" in said(page) and "再约一次" not in said(page)
        assert "/bookings/keep/arrive/" in page.get_data(as_text=True)
    with me.on(at(3, 11)):
        assert "再约一次" in said(me.get(uid))


def test_nobody_moves_into_a_room_that_is_not_open_to_them(me: Somebody):
    resident = somebody(me.center)
    with me.center.inside():
        places.set_policy(me.center.venue, me.center.room("东厅").id, by=None, open_to="members")
        east = me.center.room("东厅").uid
        made = me.center.book(span(3, 9, 10), asker=Asker(account_id=resident.id), by=resident.id)
        uid = str(made.uid)
    page = resident.get(f"{uid}/times/{times(me)[0].uid}/move")
    answer = resident.press(page, "改到这个时间", room=east)
    assert answer.status_code == 422 and "只开放给党员和党组织" in said(answer)
    with me.center.inside():
        assert me.center.times()[0].room_id == me.center.room().id
    assert resident.press(page, "改到这个时间", to="09:30", _once="another-key").status_code == 303
