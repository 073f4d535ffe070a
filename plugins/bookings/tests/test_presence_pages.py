"""The pages of who comes: the code at the door, the desk, keys, points, the poster."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings import jobs, presence
from plugins.bookings.codes import drawn
from plugins.bookings.judging import Asker
from plugins.bookings.models import (
    BookingsBooking,
    BookingsHandover,
    BookingsPoint,
    BookingsVenue,
)
from plugins.bookings.service import places
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.test_keeping_pages import VENUE, admin, post, room, text, url, venue
from portal.api import clock, session


@pytest.fixture
def house(center: Center) -> Center:
    with center.inside():
        VENUE[center.ref.id] = session.scalars(select(BookingsVenue)).one().uid
        session.commit()
    # Sessions come and go with each request and job; the district is only asked for its number.
    session.refresh(center.district)
    session.expunge(center.district)
    return center


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
    address = house.world.app.config["PUBLIC_URL"] + at_the_door(house)
    # What a phone reads is what is written under it; a door's code is read with a third of it gone.
    assert address in page and str(drawn(address, error="h")) in page
