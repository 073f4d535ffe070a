"""Asking for a room: checked, then sent; what cannot be done says why, and nothing typed is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from plugins.bookings.models import BookingsBooking, BookingsRoom, BookingsWish
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.pages import Somebody, labels, said, somebody
from plugins.bookings.tests.test_points import miss
from plugins.bookings.verdicts import Span
from portal.api import session

TYPED = {
    "day": "2026-03-03",
    "from": "09:00",
    "to": "10:00",
    "title": "支部学习",
    "people": "１０人",
    "contact_name": "王测",
    "_once": "once-key-000001",
}


@pytest.fixture
def me(inside: Center) -> Somebody:
    return somebody(inside, inside.world.member(inside.world.organization(inside.district)))


def ask(me: Somebody, *, room: str = "培训室", act: str = "check", **changes: Any) -> Any:
    with me.center.inside():
        uid = me.center.room(room).uid
    return me.post(f"rooms/{uid}/ask", {**TYPED, "act": act, **changes})


def bookings(me: Somebody) -> list[Any]:
    with me.center.inside():
        return list(session.scalars(select(BookingsBooking).order_by(BookingsBooking.id)))


def test_check_first_then_booked_then_the_receipt(me: Somebody):
    checked = ask(me)
    assert checked.status_code == 200
    words = said(checked)
    assert "还没有约上" in words and "2026年3月3日 星期二 明天 09:00—10:00" in words and "10人" in words
    assert bookings(me) == []
    done = me.press(checked, "约下")
    assert done.status_code == 303
    (made,) = bookings(me)
    assert (made.title, made.headcount, made.account_id, made.contact_name) == (
        "支部学习",
        10,
        me.id,
        "王测",
    )
    assert made.phone_tail
    receipt = said(me.client.get(done.location))
    assert "约好了" in receipt and "明天 09:00—10:00" in receipt
    me.center.owns_its_slots()


def test_what_needs_an_answer_says_until_when(me: Somebody):
    me.center.setting("approval", "ask")
    checked = ask(me)
    assert "要等场地方答复，最晚2026年3月3日 星期二 明天 09:00（还有23小时）" in said(checked)
    receipt = said(me.client.get(me.press(checked, "交上去").location))
    assert "申请在测试党群服务中心那里，最晚2026年3月3日" in receipt and "等答复" in receipt


def test_who_did_not_come_three_times_waits_for_an_answer_and_reads_why(me: Somebody):
    """Criterion 14 through the page, where others have what they book at once: from the third on, 30 days."""
    me.center.setting("points", True)
    me.center.setting("release", True)
    miss(me.center, me.id, 3, 4)
    session.commit()
    with me.on(at(5, 8)):
        before = ask(me, day="2026-03-05", **{"from": "14:00", "to": "15:00"})
        assert "交上去就约好了，不用等审批。" in said(before) and "没到场" not in said(before)
    with me.center.inside():
        miss(me.center, me.id, 5)
        session.commit()
    third = at(5, 9, 15) + timedelta(days=30)
    for instant, day, why in ((at(6, 8), "2026-03-09", True), (third, "2026-04-06", False)):
        with me.on(instant):
            checked = ask(me, day=day, _once=f"once-key-{day}")
            words = "您最近几次约了没到场，或者取消得晚，到2026年4月4日为止，约这里都要先等答复。"
            assert (words in said(checked), "要等场地方答复" in said(checked)) == (why, why)
            done = me.press(checked, "交上去" if why else "约下")
            assert done.status_code == 303
            with me.center.inside():
                assert me.center.times()[-1].state == ("requested" if why else "approved")
    me.center.owns_its_slots()


def test_edit_brings_the_form_back_with_everything(me: Somebody):
    back = me.press(ask(me, note="要早到十分钟"), "返回修改")
    assert back.status_code == 200
    html = back.get_data(as_text=True)
    assert 'value="支部学习"' in html and "要早到十分钟" in html
    assert 'value="09:00" selected' in html and 'value="10:00" selected' in html
    assert bookings(me) == []


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"to": "08:00"}, 422, "结束时间要晚于开始时间。"),
        ({"to": "09:00"}, 422, "结束时间要晚于开始时间。"),
        ({"day": "2027-03-03"}, 422, "最多提前30天约，现在能约到2026年4月1日。"),
        ({"day": "2026-03-01"}, 422, "这个时间已经过了，请选以后的时间。"),
        ({"people": "31"}, 422, "这间房坐30人，请换一间大的，或者少来几位。"),
        ({"people": "41"}, 422, "这间房按消防要求最多进40人，谁也不能放宽。请换一间大的。"),
        ({"people": "0"}, 422, "请填来多少人。"),
        ({"people": "很多"}, 422, "请填来多少人。"),
        ({"title": "  "}, 422, "请写做什么用，比如：支部学习。"),
        ({"contact_name": ""}, 422, "请写联系人怎么称呼。"),
        ({"phone": "12"}, 422, "电话没看懂"),
        ({"day": "三月三"}, 422, "日期没看懂"),
        ({"day": "2026-02-30"}, 422, "日期没看懂"),
        ({"from": "早上"}, 422, "请选时间"),
        ({"from": "06:00"}, 422, "这一天开放的时间是08:00—22:00，请选在里面。"),
        ({"from": "09:07"}, 422, "最近的时间是09:00和09:15"),
        ({"every": "week", "ends": "count", "count": ""}, 422, "请写一共几次，2到120次。"),
        ({"every": "week"}, 422, "请写一共几次，2到120次。"),
        ({"every": "week", "until-day": "5", "until-month": "3"}, 422, "这样只有一次"),
        ({"every": "week", "count": "4", "until": "2026-04-01"}, 422, "只填一样，另一样请空着。"),
        ({"every": "week", "weekday": "1", "ends": "count", "count": "4"}, 422, "请把星期二也勾上"),
        ({"every": "week", "ends": "until", "until": "2026-03-01"}, 422, "请写约到哪一天，要晚于第一天。"),
        ({"every": "week", "ends": "until", "until": "2026-03-05"}, 422, "这样只有一次"),
        ({"every": "hour", "ends": "count", "count": "4"}, 422, "请选多久一次。"),
        ({"every": "day", "interval": "0", "ends": "count", "count": "4"}, 422, "请填1到52的数字"),
        ({"every": "year", "interval": "52", "ends": "count", "count": "4"}, 422, "请早一点结束"),
        (
            {"day": "2026-03-07", "every": "workday", "ends": "count", "count": "4"},
            422,
            "第一天2026年3月7日是休息日",
        ),
    ],
)
def test_bad_input_says_what_to_mend_and_keeps_what_was_typed(
    me: Somebody, changes: dict[str, str], status: int, words: str
):
    for act in ("check", "send"):
        answer = ask(me, act=act, **changes)
        assert answer.status_code == status
        assert words in said(answer)
        html = answer.get_data(as_text=True)
        kept = {**TYPED, **changes}
        assert f'name="title" type="text" value="{kept["title"]}"' in html
        assert f'value="{kept["people"]}"' in html
    assert bookings(me) == []
    me.center.owns_its_slots()


def test_between_two_slots_the_nearest_that_fit_are_buttons(me: Somebody):
    answer = ask(me, **{"from": "09:07"})
    offered = [one for one in labels(answer) if one.startswith("2026")]
    assert offered == ["2026年3月3日 星期二 明天 09:00—10:00", "2026年3月3日 星期二 明天 09:15—10:00"]
    checked = me.press(answer, offered[1])
    assert "09:15—10:00" in said(checked) and "支部学习" in said(checked)


def test_a_taken_time_is_a_conflict_with_three_others_and_no_name(me: Somebody):
    with me.center.inside():
        me.center.book(span(3, 9, 10), title="别人的秘密", by=None)
    for act in ("check", "send"):
        answer = ask(me, act=act)
        assert answer.status_code == 409
        assert "这个时间刚被订走" in said(answer) and "别人的秘密" not in answer.get_data(as_text=True)
        others = [one for one in labels(answer) if one.startswith("2026")]
        assert others == [
            "2026年3月3日 星期二 明天 08:00—09:00",
            "2026年3月3日 星期二 明天 09:00—10:00，东厅",
            "2026年3月4日 星期三 09:00—10:00",
        ]
        assert "排候补" not in said(answer)
    done = me.press(me.press(answer, others[1]), "约下")
    assert done.status_code == 303
    assert [one.title for one in bookings(me)] == ["别人的秘密", "支部学习"]
    me.center.owns_its_slots()


def test_two_tabs_the_second_hears_that_the_first_has_it(me: Somebody):
    first, second = ask(me), ask(me, _once="once-key-000002")
    assert me.press(first, "约下").status_code == 303
    answer = me.press(second, "约下")
    assert answer.status_code == 409
    assert "您自己已经约了这个时间。" in said(answer)
    assert len(bookings(me)) == 1


def test_the_same_form_twice_counts_once(me: Somebody):
    checked = ask(me)
    answers = [me.press(checked, "约下") for _again in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    assert len(bookings(me)) == 1


def test_the_same_form_with_other_words_is_a_conflict(me: Somebody):
    checked = ask(me)
    me.press(checked, "约下")
    assert me.press(checked, "约下", title="另一件事").status_code == 409
    assert len(bookings(me)) == 1


def test_a_stale_form_for_a_room_out_of_use(me: Somebody):
    checked = ask(me)
    with me.center.inside():
        session.get_one(BookingsRoom, me.center.room().id).active = False
        session.commit()
    answer = me.press(checked, "约下")
    assert answer.status_code == 422
    assert "这间房现在不开放预约，请换一间。" in said(answer)


def test_a_room_of_another_district_is_not_there(me: Somebody):
    other = Center(me.center.world)
    with other.inside():
        uid = other.room().uid
    assert me.get(f"rooms/{uid}").status_code == 404
    assert me.get(f"rooms/{uid}/ask").status_code == 404
    assert me.post(f"rooms/{uid}/ask", TYPED).status_code == 404


def test_a_room_for_members_says_so_to_a_resident(me: Somebody):
    me.center.setting("open_to", "members")
    resident = somebody(me.center)
    answer = ask(resident)
    assert answer.status_code == 422 and "只开放给党员和党组织" in said(answer)
    assert ask(me).status_code == 200


def test_an_account_without_a_phone_is_asked_for_one(me: Somebody):
    from portal.api import Account

    session.remove()
    with me.center.inside():
        session.get_one(Account, me.id).phone_sealed = None
        session.commit()
    assert "请写一个打得通的电话" in said(ask(me))
    assert ask(me, phone="100 0000-1234").status_code == 200


def clash(me: Somebody, *weeks: int) -> None:
    with me.center.inside():
        for week in weeks:
            start = at(3, 9) + timedelta(weeks=week)
            me.center.book(Span(start=start, end=start + timedelta(hours=1)))


def test_the_waiting_list_is_offered_where_it_is_on(me: Somebody):
    me.center.setting("waiting_list", True)
    clash(me, 0)
    answer = ask(me)
    assert answer.status_code == 409 and "排候补" in labels(answer)
    done = me.press(answer, "排候补")
    assert done.status_code == 303
    assert "您排在第一位。" in said(me.client.get(done.location))
    with me.center.inside():
        assert session.scalar(select(func.count()).select_from(BookingsWish)) == 1


def test_an_organization_is_chosen_only_from_ones_own(me: Somebody):
    with me.center.inside():
        uid = me.center.room().uid
    page = me.get(f"rooms/{uid}/ask").get_data(as_text=True)
    own = re.search(r'<select[^>]*name="organization".*?</select>', page, re.DOTALL)
    assert own is not None
    number = re.findall(r'value="(\d+)"', own[0])
    assert len(number) == 1
    me.press(ask(me, organization=number[0]), "约下")
    other = me.center.world.organization(me.center.district)
    other_id = str(other.id)
    me.press(
        ask(me, organization=other_id, _once="once-key-000003", **{"from": "11:00", "to": "12:00"}), "约下"
    )
    assert [one.organization_id for one in bookings(me)] == [int(number[0]), None]


def test_who_is_not_logged_in_is_asked_to(me: Somebody):
    with me.center.inside():
        uid = me.center.room().uid
    session.remove()
    answer = me.center.world.browser().get(me.url(f"rooms/{uid}/ask"))
    assert answer.status_code in (302, 303) and "login" in answer.location


def test_who_sends_the_form_without_end_is_slowed_down(me: Somebody):
    me.center.world.app.config["FINDS_A_MINUTE"] = 2
    assert [ask(me).status_code for _turn in range(3)] == [200, 200, 429]
    assert me.post("visits/new", {"_once": "once-key-000002"}).status_code == 429
