"""Booking for somebody at the counter: sensible beginnings, known numbers, other times when it is taken."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings import presence
from plugins.bookings.models import BookingsBooking
from plugins.bookings.service import changing, places
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import span
from plugins.bookings.tests.test_desk_rights import Street, key
from portal.api import clock, session

PHONE = "13900001234"


@pytest.fixture
def street(world: Any, march: None) -> Street:
    return Street(world)


def form(street: Street, **values: Any) -> dict[str, Any]:
    with street.inside():
        room = street.room().uid
    return {
        "_once": key(),
        "phone": PHONE,
        "contact_name": "王测",
        "headcount": "10",
        "room": room,
        "day": "2026-03-03",
        "start": "9",
        "end": "10点半",
        "title": "",
        **values,
    }


def begun(answer: Any) -> dict[str, str]:
    """Return the time that the form begins with."""
    return dict(re.findall(r'name="(day|start|end)"[^>]* value="([^"]*)"', answer.get_data(as_text=True)))


def test_the_form_begins_now_for_an_hour_or_as_soon_as_the_room_is_free(street: Street):
    with street.inside():
        street.book(span(2, 14, 15))
        session.commit()
    with clock.frozen(clock.now().replace(hour=7, minute=7)):
        now = begun(street.browser("desk").get(f"{street.base}/counter"))
    with clock.frozen(clock.now().replace(hour=6, minute=52)):
        taken = begun(street.browser("desk").get(f"{street.base}/counter"))
    assert now == taken == {"day": "2026-03-02", "start": "15:00", "end": "16:00"}


@pytest.mark.parametrize(
    ("minute", "second", "status", "states"),
    [
        (0, 0, 303, ["checked_in"]),
        (14, 59, 303, ["checked_in"]),
        (15, 0, 422, []),
        (-1, 59, 303, ["approved"]),
    ],
)
def test_a_walk_in_has_the_slot_that_is_running_and_is_there(
    street: Street, minute: int, second: int, status: int, states: list[str]
):
    street.setting("release", True)
    ten = clock.now().replace(hour=2, minute=0, second=0, microsecond=0)
    sent = form(street, day="2026-03-02", start="10:00", end="11:00")
    with clock.frozen(ten + timedelta(minutes=minute, seconds=second)):
        browser = street.browser("desk")
        answer = browser.post(f"{street.base}/counter", data=sent)
        assert answer.status_code == status
        slip = browser.get(answer.location).get_data(as_text=True) if status == 303 else ""
    assert ("已经签到" in slip) is (states == ["checked_in"])
    with street.inside():
        assert [row.state for row in street.times()] == states
        street.owns_its_slots()


def test_the_same_words_under_another_key_lead_to_the_first_slip(street: Street):
    browser = street.browser("desk")
    first = browser.post(f"{street.base}/counter", data=form(street))
    again = browser.post(f"{street.base}/counter", data=form(street))
    assert (again.status_code, again.location) == (303, first.location)
    assert "没有重复约" in browser.get(again.location).get_data(as_text=True)
    # Other words are another wish, and so are the same ones of somebody else or of an hour ago.
    assert browser.post(f"{street.base}/counter", data=form(street, headcount="11")).status_code == 409
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        late = street.browser("desk").post(f"{street.base}/counter", data=form(street))
    assert late.status_code == 409
    with street.inside():
        assert len(street.times()) == 1


def test_another_venue_keeps_what_was_typed(street: Street):
    with street.inside():
        elsewhere = places.make_venue(kind="center", name="新区中心", hours=[], by=None)
        places.make_room(elsewhere, kind="hall", name="剧场", capacity=200, fire_limit=250, by=None)
        session.commit()
        uid = elsewhere.uid
    sent = form(street, venue=uid, title="合唱")
    answer = street.browser("desk").post(f"{street.base}/counter", data=sent)
    said = answer.get_data(as_text=True)
    assert answer.status_code == 200 and "剧场（200座）" in said and "培训室（" not in said
    kept = dict(re.findall(r'name="([a-z_]+)"[^>]* value="([^"]*)"', said))
    assert {
        name: kept[name] for name in ("phone", "contact_name", "headcount", "day", "start", "end", "title")
    } == {name: sent[name] for name in ("phone", "contact_name", "headcount", "day", "start", "end", "title")}
    with street.inside():
        assert street.times() == []


def test_a_free_place_pressed_in_the_calendar_fills_the_form(street: Street):
    with street.inside():
        room = street.room("东厅").uid
    said = (
        street.browser("desk")
        .get(f"{street.base}/counter?resource={room}&start=2026-03-05T14:00&end=2026-03-06T00:00")
        .get_data(as_text=True)
    )
    values = dict(re.findall(r'name="(day|start|end)"[^>]* value="([^"]*)"', said))
    assert values == {"day": "2026-03-05", "start": "14:00", "end": "24:00"}
    assert re.search(rf'value="{room}" selected', said)


def test_it_is_booked_at_once_and_the_slip_has_the_code(street: Street):
    street.setting("approval", "ask")
    browser = street.browser("desk")
    sent = form(street)
    answer = browser.post(f"{street.base}/counter", data=sent)
    assert answer.status_code == 303
    with street.inside():
        made = session.scalars(select(BookingsBooking)).one()
        assert (made.title, made.contact_name, made.phone_tail, made.way) == (
            "到场使用",
            "王测",
            "1234",
            "desk",
        )
        assert [row.state for row in street.times()] == ["approved"]
        street.owns_its_slots()
        code = presence.code(street.times()[0].uid)
    slip = browser.get(answer.location).get_data(as_text=True)
    assert code in slip and PHONE not in slip and "王*" in slip
    # Enter pressed twice books once.
    assert browser.post(f"{street.base}/counter", data=sent).location == answer.location
    with street.inside():
        assert len(street.times()) == 1


def test_a_known_number_needs_no_name(street: Street):
    with street.inside():
        street.book(span(4, 9, 10), contact=Contact(name="李测", phone=PHONE))
        session.commit()
    browser = street.browser("desk")
    sent = form(street, contact_name="", phone="139 0000-1234")
    known = browser.post(f"{street.base}/counter/known", data=sent).get_data(as_text=True)
    assert "这个号码来过：李测" in known
    assert browser.post(f"{street.base}/counter", data=sent).status_code == 303
    with street.inside():
        assert [one.contact_name for one in session.scalars(select(BookingsBooking))] == ["李测"] * 2


def test_a_number_known_at_another_venue_is_unknown_to_a_secretary(street: Street):
    with street.inside():
        street.book(span(4, 9, 10), contact=Contact(name="李测", phone=PHONE))
        hall = street.room("礼堂").uid
        session.commit()
    said = (
        street.browser("owner")
        .post(f"{street.base}/counter/known", data={"phone": PHONE, "room": hall})
        .get_data(as_text=True)
    )
    assert "李测" not in said and "第一次来" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"phone": "12"}, "号码看不懂"),
        ({"contact_name": "", "phone": ""}, "请写联系人怎么称呼"),
        ({"headcount": "很多"}, "请填来多少人"),
        ({"headcount": "0"}, "请填来多少人"),
        ({"day": "明天吧"}, "日期看不懂"),
        ({"start": "早上"}, "几点开始看不懂"),
        ({"end": "49:00"}, "几点结束看不懂"),
        ({"headcount": "31"}, "这间房坐30人"),
        ({"headcount": "41", "over_reason": "加椅子"}, "谁也不能放宽"),
        ({"headcount": "-3"}, "请填来多少人"),
    ],
)
def test_what_cannot_be_read_is_said_and_kept(street: Street, change: dict[str, str], words: str):
    answer = street.browser("desk").post(
        f"{street.base}/counter", data=form(street, title="书法课", **change)
    )
    assert answer.status_code == 422
    said = answer.get_data(as_text=True)
    assert words in said and 'value="书法课"' in said
    with street.inside():
        assert street.times() == []


def test_more_than_the_seats_may_come_with_a_reason(street: Street):
    sent = form(street, headcount="35", over_reason="加了椅子")
    assert street.browser("desk").post(f"{street.base}/counter", data=sent).status_code == 303
    with street.inside():
        assert session.scalars(select(BookingsBooking.over_reason)).one() == "加了椅子"


def test_too_many_people_are_offered_a_larger_room_of_a_named_house(street: Street):
    morning = {"kind": "work", "opens": 540, "closes": 720, "valid_from": street.since}
    with street.inside():
        elsewhere = places.make_venue(kind="center", name="新区中心", hours=[morning], by=None)
        made = places.make_room(elsewhere, kind="hall", name="剧场", capacity=200, fire_limit=250, by=None)
        street._rooms["剧场"] = made.id
        session.commit()
        uid = made.uid
    browser = street.browser("desk")
    refused = browser.post(f"{street.base}/counter", data=form(street, headcount="１２０人"))
    assert refused.status_code == 422
    said = refused.get_data(as_text=True)
    assert "谁也不能放宽" in said
    others = re.findall(r'accesskey="\d">([^<]*)<', said)
    assert others == ["新区中心 剧场 2026年3月3日 星期二 明天 09:00—10:30"]
    with street.inside():
        street.book(span(3, 11, 12), room="剧场")
        session.commit()
    # Closed from noon, and taken before it: the first reason is said, the other follows from it.
    late = browser.post(f"{street.base}/counter", data=form(street, room=uid, start="11点", end="下午一点"))
    said = late.get_data(as_text=True)
    assert late.status_code == 422 and "09:00—12:00，请选在里面" in said and "已经有人约了" not in said
    # At six in the evening the form begins when that house opens again.
    with clock.frozen(clock.now().replace(hour=10)):
        evening = street.browser("desk").get(f"{street.base}/counter?resource={uid}")
        said = evening.get_data(as_text=True)
    values = dict(re.findall(r'name="(day|start|end)"[^>]* value="([^"]*)"', said))
    assert values == {"day": "2026-03-03", "start": "09:00", "end": "10:00"}


def test_a_taken_time_offers_three_others_and_one_press_books_one(street: Street):
    with street.inside():
        street.book(span(3, 9, 10))
        session.commit()
    browser = street.browser("desk")
    refused = browser.post(f"{street.base}/counter", data=form(street))
    assert refused.status_code == 409
    said = refused.get_data(as_text=True)
    assert "这个时间已经有人约了" in said and 'value="王测"' in said
    forms = re.findall(r'<form method="post" action="[^"]*/desk/counter">(.*?)</form>', said, re.S)
    assert len(forms) == 3
    chosen = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', forms[0]))
    chosen.pop("csrf_token")
    assert browser.post(f"{street.base}/counter", data=chosen).status_code == 303
    with street.inside():
        assert len(street.times()) == 2
        street.owns_its_slots()


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ({"start": "9", "end": "9"}, 422, "结束时间要晚于开始时间。"),
        ({"start": "10", "end": "9"}, 422, "到第二天"),
        ({"day": "2026-03-01"}, 422, "这个时间已经过了，请选以后的时间。"),
        ({"start": "9:07", "end": "10:00"}, 422, "这间房按整格约，最近的时间是09:00和09:15。"),
        ({"start": "9:00", "end": "9:50"}, 422, "这间房按整格约，最近的时间是09:45和10:00。"),
        ({"day": "2027-03-03"}, 422, "这一天太远了，现在最远能约到2027年3月2日。请看看年份有没有写错。"),
        ({"day": "2027-03-02"}, 303, ""),
        ({"day": "2026-03-04"}, 409, "这个时间已经有人约了。"),
    ],
)
def test_what_is_wrong_with_a_time_is_422_and_what_somebody_has_is_409(
    street: Street, values: dict[str, str], status: int, words: str
):
    """At the counter, and where the desk moves a time: typed, and dropped in the calendar."""
    with street.inside():
        street.book(span(4, 8, 22))
        made = street.book(span(5, 9, 10), room="东厅")
        (row,) = street.times(made)
        uid, room, time, version = made.uid, street.room().uid, row.uid, row.version
        session.commit()
    browser, said = street.browser("desk"), {}
    sent = {"day": "2026-03-03", "start": "9", "end": "10:00", **values}
    said["counter"] = browser.post(f"{street.base}/counter", data=form(street, **sent))
    if status == 303:  # the same time in the same room: what was booked just now is called off
        with street.inside():
            row = street.times()[-1]
            changing.cancel([row], versions={row.id: 1}, reason="试", by=None, staff=True)
            session.commit()
    move = {"version": version, "room": room, "time": time, "_once": key(), **sent}
    if "第二天" not in words:  # a block has a begin and a length: it cannot be dropped backwards
        hours = {
            name: f"{sent[name].partition(':')[0]:0>2}:{sent[name].partition(':')[2] or '00'}"
            for name in ("start", "end")
        }
        dropped = {"_once": key(), "id": time, "version": version, "resource": room}
        dropped |= {name: f"{sent['day']}T{hour}" for name, hour in hours.items()}
        if status != 303:
            said["drop"] = browser.post(f"{street.base}/move", data=dropped)
    said["move"] = browser.post(f"{street.base}/{uid}/move", data=move)
    assert {name: answer.status_code for name, answer in said.items()} == dict.fromkeys(said, status)
    assert all(words in answer.get_data(as_text=True) for answer in said.values())
    with street.inside():
        street.owns_its_slots()


def test_equipment_is_asked_for_and_too_little_is_said(street: Street):
    with street.inside():
        kind = places.make_equipment(street.venue, name="投影仪", pieces=1, by=None).id
        session.commit()
    browser = street.browser("desk")
    said = browser.get(f"{street.base}/counter").get_data(as_text=True)
    assert "投影仪几件" in said
    assert (
        browser.post(f"{street.base}/counter", data=form(street, **{f"need-{kind}": "1"})).status_code == 303
    )
    again = form(street, **{f"need-{kind}": "1"}, day="2026-03-03")
    with street.inside():
        again["room"] = street.room("东厅").uid
    refused = browser.post(f"{street.base}/counter", data=again)
    assert refused.status_code == 409 and "投影仪不够了" in refused.get_data(as_text=True)


def test_a_secretary_lets_people_into_the_own_venue_without_an_agreement(street: Street):
    with street.inside():
        hall = street.room("礼堂").uid
    browser = street.browser("owner")
    assert browser.post(f"{street.base}/counter", data=form(street)).status_code == 404
    answer = browser.post(f"{street.base}/counter", data=form(street, room=hall))
    assert answer.status_code == 303
    with street.inside():
        (row,) = street.times()
    moved = browser.post(
        f"{street.base}/move",
        data={
            "_once": key(),
            "id": row.uid,
            "version": row.version,
            "resource": hall,
            "start": "2026-03-03T14:00",
            "end": "2026-03-03T15:00",
        },
    )
    assert moved.status_code == 303


def test_the_district_is_held_to_the_agreement_at_a_shared_venue(street: Street):
    with street.inside():
        hall = street.room("礼堂").uid
    refused = street.browser("desk").post(f"{street.base}/counter", data=form(street, room=hall))
    assert refused.status_code == 422
    assert "这个共享场地现在没有生效的协议" in refused.get_data(as_text=True)
