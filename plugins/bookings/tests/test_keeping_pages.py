"""The pages of who keeps places and who sits at the desk: they work, say what is wrong, know their reach."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings import jobs, presence
from plugins.bookings.judging import Asker
from plugins.bookings.models import (
    BookingsBooking,
    BookingsEquipmentUnit,
    BookingsHandover,
    BookingsPoint,
    BookingsRoom,
    BookingsVenue,
)
from plugins.bookings.policy import policy_of
from plugins.bookings.service import places
from plugins.bookings.tests.conftest import Center, at, span
from portal.api import clock, session
from portal.testing import Browser

_keys = itertools.count(1)


def text(reply: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reply.get_data(as_text=True)))


def url(center: Center, path: str) -> str:
    return f"/d/{center.ref.code}/bookings/keep/{path}"


def post(browser: Browser, where: str, /, **values: Any) -> Any:
    return browser.post(where, data={"_once": f"key-{next(_keys):012d}", **values})


def admin(center: Center) -> Browser:
    return center.world.browser(center.world.account(role="district_admin", district=center.district))


def venue(center: Center) -> BookingsVenue:
    with center.inside():
        session.expire_all()
        found = session.scalars(select(BookingsVenue).where(BookingsVenue.uid == VENUE[center.ref.id]))
        return found.one()


VENUE: dict[int, str] = {}


@pytest.fixture
def house(center: Center) -> Center:
    with center.inside():
        VENUE[center.ref.id] = session.scalars(select(BookingsVenue)).one().uid
        session.commit()
    # Sessions come and go with each request and job; the district is only asked for its number.
    session.refresh(center.district)
    session.expunge(center.district)
    return center


def room(center: Center, name: str = "培训室") -> BookingsRoom:
    with center.inside():
        session.expire_all()
        return session.scalars(select(BookingsRoom).where(BookingsRoom.name == name)).one()


PAGES = [
    "venues",
    "venues/new",
    "venues/{venue}",
    "venues/{venue}/edit",
    "venues/{venue}/rooms/new",
    "venues/{venue}/hours",
    "venues/{venue}/policy",
    "venues/{venue}/equipment",
    "rooms/{room}/edit",
    "rooms/{room}/hours",
    "rooms/{room}/policy",
    "rooms/{room}/poster",
    "arrive/{room}",
    "now",
    "handover",
    "points",
    "mine/points",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_for_the_district_and_for_nobody_else(house: Center, path: str):
    address = url(house, path.format(venue=venue(house).uid, room=room(house).uid))
    assert admin(house).get(address).status_code == 200
    strange = house.world.browser(house.world.account()).get(address).status_code
    assert strange == (200 if path.startswith(("arrive", "mine")) else 404)
    elsewhere = house.world.district()
    other = house.world.browser(house.world.account(role="district_admin", district=elsewhere))
    assert other.get(address).status_code in ((200,) if path.startswith(("arrive", "mine")) else (404,))


@pytest.mark.parametrize("path", [path for path in PAGES if "{" in path and "arrive" not in path])
def test_a_secretary_keeps_the_own_house_only(house: Center, path: str):
    branch = house.world.organization(house.district)
    mine = house.world.browser(house.world.account(role="secretary", organization=branch))
    address = url(house, path.format(venue=venue(house).uid, room=room(house).uid))
    assert mine.get(address).status_code == 404
    with house.inside():
        session.scalars(select(BookingsVenue)).one().owner_id = branch.id
        session.commit()
    assert mine.get(address).status_code == 200


def test_a_venue_and_a_hall_are_made_and_changed(house: Center):
    browser = admin(house)
    reply = post(browser, url(house, "venues/new"), kind="center", name=" 分中心 ", address="新路2号")
    assert reply.status_code == 303
    uid = reply.location.rsplit("/", 1)[1]
    wrong = (("30.7", "", "要么都写"), ("北纬30度", "117.2", "纬度看不懂"), ("30", "181", "经度看不懂"))
    for lat, lng, words in wrong:
        where = {"name": "分中心", "lat": lat, "lng": lng, "version": "1"}
        refused = post(browser, url(house, f"venues/{uid}/edit"), **where)
        assert refused.status_code == 422 and words in text(refused)
        assert f'value="{lat}"' in refused.get_data(as_text=True)
    for name in ("南厅", "北厅"):
        values = {"name": name, "kind": "party", "capacity": "２０", "fire_limit": "30", "grid": "30"}
        assert post(browser, url(house, f"venues/{uid}/rooms/new"), **values).status_code == 303
    parts = [room(house, "南厅").uid, room(house, "北厅").uid]
    hall = {"name": "全厅", "kind": "hall", "capacity": "40", "fire_limit": "60", "parts": parts}
    assert post(browser, url(house, f"venues/{uid}/rooms/new"), **hall).status_code == 303
    assert room(house, "全厅").grid_minutes == 30
    page = text(browser.get(url(house, f"rooms/{room(house, '全厅').uid}/edit")))
    assert "按30分钟一格约，定了就不能改" in page and "它由这些房间组成：南厅、北厅。" in page
    edited = room(house, "全厅")
    values = {"name": "大厅", "kind": "hall", "capacity": "50", "fire_limit": "60", "version": edited.version}
    address = url(house, f"rooms/{edited.uid}/edit")
    assert post(browser, address, **values).status_code == 303
    assert post(browser, address, **values).status_code == 409


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": " "}, "请写房间名称。"),
        ({"capacity": "很多"}, "请填有多少座位，写数字。"),
        ({"fire_limit": "20"}, "消防限员20人，比座位数30还少。"),
        ({"kind": "屋子"}, "请选是什么房间。"),
        ({"name": "东厅"}, "这个名称已经有了，请换一个。"),
    ],
)
def test_a_room_that_cannot_be_is_refused_in_words_and_keeps_what_was_typed(
    house: Center, values: dict[str, str], said: str
):
    good = {"name": "新房间", "kind": "party", "capacity": "30", "fire_limit": "40", "grid": "15"}
    reply = post(
        admin(house), url(house, f"venues/{venue(house).uid}/rooms/new"), **{**good, **values}, about="窗朝南"
    )
    assert reply.status_code == 422
    assert said in text(reply) and "窗朝南" in reply.get_data(as_text=True)


def test_a_room_taken_out_of_use_keeps_what_is_booked(house: Center):
    with house.inside():
        house.book(span(4, 9, 10))
    browser, before = admin(house), room(house)
    assert "已经约好的1次照常" in text(browser.get(url(house, f"rooms/{before.uid}/edit")))
    address = url(house, f"rooms/{before.uid}/use")
    assert post(browser, address, version=before.version, active="0").status_code == 303
    with house.inside():
        assert [row.state for row in house.times()] == ["approved"]
        assert not house.room().active
        house.owns_its_slots()


def test_the_week_is_changed_and_what_lies_outside_is_named(house: Center):
    with house.inside():
        house.book(span(4, 18, 20))
    browser = admin(house)
    address = url(house, f"venues/{venue(house).uid}/hours")
    week = {"day-work": "9:00-12:00，14:00-17:00", "day-off": "", "since": "2026-03-02"}
    reply = post(browser, address, version=venue(house).version, **week)
    assert reply.status_code == 303
    page = text(browser.get(address))
    assert "有1次已经约好的，按现在的开放时间在外面了" in page and "2026年3月4日 18:00 · 培训室" in page
    assert "2026年3月3日 星期二 09:00—12:00、14:00—17:00" in page
    assert "2026年3月7日 星期六 不开放" in page
    with house.inside():
        assert [row.state for row in house.times()] == ["approved"]
    # The days that are worked or off besides are named with their feast.
    assert "调休上班" in page and "放假" in page


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"day-work": "9:00-12:00，11:00-17:00"}, "09:00到11:00重叠了：前一段12:00才关门。"),
        ({"day-work": "17:00-9:00"}, "17:00—09:00不对：关门要晚于开门"),
        ({"day-work": "早上"}, "“早上”看不懂"),
        ({"day-work": ""}, "至少写一种日子的开放时间。"),
        ({"since": "哪天都行"}, "日期看不懂"),
        ({"since": "9999-12-31"}, "日期看不懂"),
        ({"since": "2026-03-01"}, "只能从今天或以后的日子改起"),
    ],
)
def test_hours_that_cannot_be_are_refused_beside_their_field(
    house: Center, values: dict[str, str], said: str
):
    address = url(house, f"venues/{venue(house).uid}/hours")
    week = {"day-work": "9:00-12:00", "since": "2026-03-02", **values}
    reply = post(admin(house), address, version=venue(house).version, **week)
    assert reply.status_code == 422 and said in text(reply)
    assert f'value="{week["day-work"]}"' in reply.get_data(as_text=True)


def test_a_year_nobody_has_published_is_called_a_guess(house: Center):
    browser = admin(house)
    address = url(house, f"venues/{venue(house).uid}/hours")
    assert "还没有公布" not in text(browser.get(address))
    assert "国家的放假安排还没有公布" in text(browser.get(address + "?from=2028-03-01"))
    assert browser.get(address + "?from=3028-03-01").status_code == 404


def test_one_date_is_closed_and_opened_again(house: Center):
    browser = admin(house)
    address = url(house, f"rooms/{room(house).uid}/hours")
    day = {"on_day": "2026-03-05"}
    reply = post(browser, address + "/date", version=room(house).version, act="closed", **day)
    assert reply.status_code == 303
    assert "2026年3月5日 星期四 不开放" in text(browser.get(address))
    reply = post(browser, address + "/date", version=room(house).version, act="back", **day)
    assert "2026年3月5日 星期四 08:00—22:00" in text(browser.get(address))
    reply = post(browser, address + "/date", version=room(house).version, act="open", times="", **day)
    assert reply.status_code == 422 and "请写这一天几点到几点开放" in text(reply)


def fields(page: Any) -> dict[str, str]:
    """Return what a browser would send of the form of rules."""
    found = {}
    for tag in re.findall(r"<input[^>]+>", page.get_data(as_text=True)):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is None or value is None or 'type="radio"' in tag and " checked" not in tag:
            continue
        if name[1].startswith(("set.", "value.", "version")):
            found[name[1]] = value[1]
    return found


def test_a_room_decides_for_itself_and_says_where_the_rest_comes_from(house: Center):
    browser = admin(house)
    of_venue, of_room = (
        url(house, f"venues/{venue(house).uid}/policy"),
        url(house, f"rooms/{room(house).uid}/policy"),
    )
    sent = {**fields(browser.get(of_venue)), "set.max_minutes": "own", "value.max_minutes": "240"}
    assert post(browser, of_venue, **sent).status_code == 303
    page = text(browser.get(of_room))
    assert "现在是“240”（测试党群服务中心）" in page
    sent = {**fields(browser.get(of_room)), "set.release": "=1", "set.approval": "=ask"}
    assert post(browser, of_room, **sent).status_code == 303
    assert post(browser, of_room, **sent).status_code == 409
    with house.inside():
        policy = policy_of(house.ref, house.room())
        other = policy_of(house.ref, house.room("东厅"))
    assert (policy.max_minutes, policy.release, policy.approval) == (240, True, "ask")
    assert (other.max_minutes, other.release, other.approval) == (240, False, "auto")
    sent = {**fields(browser.get(of_room)), "set.release": "inherit"}
    assert post(browser, of_room, **sent).status_code == 303
    with house.inside():
        assert not policy_of(house.ref, house.room()).release


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"value.max_minutes": "90"}, "选了跟上面一样，旁边又填了数。"),
        ({"set.max_minutes": "own", "value.max_minutes": "很久"}, "请填一个整数。"),
        ({"set.max_minutes": "own", "value.max_minutes": "1"}, "请填5到10080。"),
        ({"set.min_minutes": "own", "value.min_minutes": "600"}, "最短600分钟比最长480分钟还长"),
        ({"set.release": "=2"}, "请选一个。"),
    ],
)
def test_rules_that_cannot_be_are_refused_in_words(house: Center, values: dict[str, str], said: str):
    browser = admin(house)
    address = url(house, f"rooms/{room(house).uid}/policy")
    reply = post(browser, address, **{**fields(browser.get(address)), **values})
    assert reply.status_code == 422 and said in text(reply)


def test_equipment_is_added_broken_and_mended(house: Center):
    browser = admin(house)
    address = url(house, f"venues/{venue(house).uid}/equipment")
    assert post(browser, address, name="投影仪", pieces="0").status_code == 422
    assert post(browser, address, name="投影仪", pieces="2").status_code == 303
    with house.inside():
        piece = session.scalars(select(BookingsEquipmentUnit)).first()
    assert piece is not None
    broken = url(house, f"pieces/{piece.id}")
    assert post(browser, broken, version=1, act="broken", fault=" ").status_code == 422
    assert post(browser, broken, version=1, act="broken", fault="灯泡不亮").status_code == 303
    assert "坏了：灯泡不亮" in text(browser.get(address))
    assert post(browser, broken, version=2, act="works").status_code == 303
    more = {"version": 1, "name": "投影机", "more": "1", "active": "1"}
    assert post(browser, url(house, f"equipment/{piece.equipment_id}"), **more).status_code == 303
    assert "投影机 3" in text(browser.get(address))


def booked(house: Center, *, account: int | None = None, **values: Any) -> Any:
    with house.inside():
        asker = Asker(account_id=account, staff=account is None)
        made = house.book(span(3, 9, 11), asker=asker, by=account, **values)
        (row,) = house.times(made)
        session.commit()
        return row.uid, row.version, presence.code(row.uid)


def at_the_door(house: Center, name: str = "培训室") -> str:
    """Return where the code on a room's poster leads."""
    uid = room(house, name).uid
    return url(house, f"arrive/{uid}?door={presence.door(uid)}")


def test_who_scans_the_code_at_the_door_checks_in_with_one_press(house: Center):
    person = house.world.account()
    uid, version, code = booked(house, account=person.id, room="大厅")
    with clock.frozen(at(3, 8, 50)):
        browser = house.world.browser(person)
        # A hall has several doors: the code of a part of it does as well.
        door = at_the_door(house, "东厅")
        # At home one knows the room's address, but not what its poster says.
        for there in (
            door.partition("?")[0],
            at_the_door(house).replace(room(house).uid, room(house, "东厅").uid),
        ):
            assert "请扫门口的码签到" in text(browser.get(there))
            assert post(browser, there, time=uid, version=version, act="in").status_code == 422
        page = text(browser.get(door))
        assert "我到了，签到" in page and code in page
        assert post(browser, door, time=uid, version=version, act="in").status_code == 303
        assert "08:50签到的" in text(browser.get(door))
        reply = post(browser, door, time=uid, version=version + 1, act="in")
        assert reply.status_code == 422 and "08:50已经签到了，不用再签。" in text(reply)
        stranger = house.world.browser(house.world.account())
        assert "这里没有您现在的预约" in text(stranger.get(door))
        assert post(stranger, door, time=uid, version=version + 1, act="leave").status_code == 404
        assert post(browser, door, time=uid, version=version + 1, act="undo").status_code == 303


def test_too_early_is_said_at_the_door(house: Center):
    person = house.world.account()
    uid, version, _code = booked(house, account=person.id)
    with clock.frozen(at(3, 8, 44)):
        door = at_the_door(house)
        reply = post(house.world.browser(person), door, time=uid, version=version, act="in")
        assert reply.status_code == 422 and "还早，08:45起可以签到。" in text(reply)


def test_the_desk_sees_who_should_be_there_and_finds_a_code(house: Center):
    uid, version, code = booked(house)
    with clock.frozen(at(3, 7)):
        browser = admin(house)
        assert "现在没有人要来" in text(browser.get(url(house, "now")))
        spaced = f"{code[:3]} {code[3:]}"
        assert "王测" in text(browser.post(url(house, "now"), data={"code": spaced}))
        assert "今天没有这个签到码" in text(browser.post(url(house, "now"), data={"code": "1"}))
        assert browser.post(url(house, "now"), data={"code": ""}).status_code == 422
    with clock.frozen(at(3, 8, 50)):
        browser = admin(house)
        assert "王测" in text(browser.get(url(house, "now")))
        assert post(browser, url(house, f"now/{uid}"), version=version, act="in").status_code == 303
        assert "已签到" in text(browser.get(url(house, "now")))
        branch = house.world.organization(house.district)
        other = house.world.browser(house.world.account(role="secretary", organization=branch))
        assert "王测" not in text(other.get(url(house, "now")))
        assert post(other, url(house, f"now/{uid}"), version=version + 1, act="leave").status_code == 404
        post(browser, url(house, f"handover/{uid}"), what="门卡", taken_by="王测")
        assert post(browser, url(house, f"now/{uid}"), version=version + 1, act="leave").status_code == 303
        assert "剩下的时间放出来了。还没还的：门卡。" in text(browser.get(url(house, "now")))


def test_keys_go_out_and_come_back_at_the_counter(house: Center):
    with house.inside():
        kind = places.make_equipment(
            session.scalars(select(BookingsVenue)).one(), name="话筒", pieces=1, by=None
        )
        session.commit()
        needs = {kind.id: 1}
    uid, _version, _code = booked(house, needs=needs)
    with clock.frozen(at(3, 9)):
        browser = admin(house)
        page = browser.get(url(house, f"handover/{uid}"))
        assert "话筒 1（这次约的）" in text(page)
        piece = re.search(r'<option value="(\d+)">', page.get_data(as_text=True))
        assert piece is not None
        address = url(house, f"handover/{uid}")
        assert post(browser, address, piece=piece[1], taken_by="王测").status_code == 303
        reply = post(browser, address, piece=piece[1], taken_by="李测")
        assert reply.status_code == 422 and "话筒 1已经借出去了" in text(reply)
        assert post(browser, address, piece="", what="培训室钥匙", taken_by="王测").status_code == 303
    with clock.frozen(at(3, 11)):
        browser = admin(house)
        page = text(browser.get(url(house, "handover")))
        assert page.count("该还了") == 2
        with house.inside():
            out = session.scalars(select(BookingsHandover).order_by(BookingsHandover.id)).first()
        assert out is not None
        back = url(house, f"handover/back/{out.id}")
        reply = post(browser, back, version=1, faulty="1", damage="")
        assert reply.status_code == 422 and "请写哪里坏了。" in text(reply)
        assert post(browser, back, version=1, faulty="1", damage="没声音").status_code == 303
        # What was broken is read again where one looks for it: in the list, and with the booking.
        broken = text(browser.get(url(house, "handover?show=damaged")))
        assert "话筒 1" in broken and "有损坏 没声音" in broken and "培训室钥匙" not in broken
        with house.inside():
            booking = session.scalars(select(BookingsBooking)).one()
        record = text(browser.get(f"/d/{house.ref.code}/bookings/desk/{booking.uid}"))
        assert "话筒 1：王测拿走" in record and "有损坏 没声音" in record and "没还" in record
        assert post(browser, back, version=2).status_code == 409
        assert "坏了：没声音" in text(browser.get(url(house, f"venues/{venue(house).uid}/equipment")))


def test_a_point_is_contested_by_its_person_and_answered_by_another(house: Center):
    with house.inside():
        house.setting("points", True)
        house.setting("release", True)
    person = house.world.account()
    booked(house, account=person.id)
    with house.inside(), clock.frozen(at(3, 9, 15)):
        jobs.tick({})
        point = session.scalars(select(BookingsPoint)).one().uid
    with clock.frozen(at(3, 12)):
        mine = house.world.browser(person)
        page = text(mine.get(url(house, "mine/points")))
        assert "现在记着1次" in page and "没有签到" in page and "2026年5月2日" in page
        address = url(house, f"mine/points/{point}")
        assert post(mine, address, version=1, appeal=" ").status_code == 422
        stranger = house.world.browser(house.world.account())
        assert post(stranger, address, version=1, appeal="我来过").status_code == 404
        assert post(mine, address, version=1, appeal="我来过，没带手机").status_code == 303
        desk = admin(house)
        assert "我来过，没带手机" in text(desk.get(url(house, "points")))
        answer = url(house, f"points/{point}")
        assert post(desk, answer, version=2, act="lift", answer=" ").status_code == 422
        assert post(desk, answer, version=2, act="lift", answer="服务台看见了").status_code == 303
        page = text(mine.get(url(house, "mine/points")))
        assert "现在记着0次" in page and "服务台看见了" in page


def test_a_poster_has_a_code_that_leads_to_its_room(house: Center):
    page = admin(house).get(url(house, f"rooms/{room(house).uid}/poster")).get_data(as_text=True)
    assert "<svg" in page and at_the_door(house) in page
