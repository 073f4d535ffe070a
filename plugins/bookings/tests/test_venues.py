"""The venues for people: nearest first, found by two characters, and what each lets whom do."""

from __future__ import annotations

import time
from typing import Any

import pytest

from plugins.bookings import actors, permissions
from plugins.bookings.queries import venue_list as venues
from plugins.bookings.service import closing, deciding, places
from plugins.bookings.tests.conftest import ALL_DAY, Center, span
from plugins.bookings.tests.sharing import Shared
from plugins.bookings.tests.test_search import many
from plugins.bookings.verdicts import Refused
from portal.api import Conflict, clock, session
from portal.testing import queries

HERE = (30.7, 117.2)


@pytest.fixture
def shared(inside: Center) -> Shared:
    return Shared(inside)


def place(shared: Shared, name: str, lat: float | None, **room: Any) -> Any:
    made = places.make_venue(
        kind="shared",
        name=name,
        owner_id=shared.owner.id,
        lat=lat,
        lng=117.2 if lat is not None else None,
        address="莲湖路8号",
        hours=[{"kind": "work", **ALL_DAY}],
        by=None,
    )
    places.make_room(
        made, kind="training", name="教室", by=None, **{"capacity": 20, "fire_limit": 30, **room}
    )
    session.commit()
    return made


def names(**asked: Any) -> list[str]:
    return [one.name for one in venues.listed(**asked)]


def test_venues_come_by_walking_minutes_and_unknown_places_last(shared: Shared):
    place(shared, "远处", 30.72)
    place(shared, "近处", 30.701)
    assert names(start=HERE)[:2] == ["近处", "远处"]
    found = {one.name: one.minutes for one in venues.listed(start=HERE)}
    # 0.001 degrees are 111 m: 1.3 times that, 80 m a minute, rounded up.
    assert (found["近处"], found["远处"], found["甲厂礼堂"]) == (2, 37, None)


def test_of_equally_far_venues_the_larger_comes_first(shared: Shared):
    place(shared, "小", 30.701)
    place(shared, "大", 30.701, capacity=25)
    assert names(start=HERE)[:2] == ["大", "小"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("礼堂", ["甲厂礼堂"]),
        ("甲厂", ["甲厂礼堂", "近处"]),
        ("莲湖", ["近处"]),
        ("莲湖 甲厂", ["近处"]),
        ("没有", []),
        ("%", []),
        ("_", []),
    ],
)
def test_two_characters_find_a_venue_by_name_owner_or_address(shared: Shared, typed: str, found: list[str]):
    place(shared, "近处", 30.701)
    assert sorted(names(typed=typed)) == sorted(found)


def test_filters_keep_what_fits(shared: Shared):
    place(shared, "有坡道", 30.701, step_free=True)
    assert names(step_free=True) == ["有坡道"]
    assert names(seats=90) == ["甲厂礼堂"]
    assert names(seats=101) == []


def test_open_now_means_hours_and_an_agreement(shared: Shared):
    assert names(open_now=True) == ["测试党群服务中心"]
    shared.agree()
    assert names(open_now=True) == ["甲厂礼堂", "测试党群服务中心"]
    with clock.frozen(clock.now().replace(hour=15)):  # eleven at night
        assert names(open_now=True) == []


def test_venues_out_of_use_are_not_listed_and_not_found(shared: Shared):
    shared.venue.active = False
    session.commit()
    assert "甲厂礼堂" not in names()
    browser = shared.center.world.browser()
    assert (
        browser.get(f"/d/{shared.center.district.code}/bookings/venues/{shared.venue.uid}").status_code == 404
    )


def test_a_list_of_180_takes_no_more_questions_than_one_of_two(shared: Shared):
    def asked() -> int:
        with queries() as seen:
            venues.listed(start=HERE)
        return len(seen)

    venues.listed(start=HERE)  # a request reads its settings once
    first = asked()
    many(shared.center, 178)
    session.expire_all()
    venues.listed(start=HERE)
    began = time.perf_counter()
    found = venues.listed(start=HERE)
    assert time.perf_counter() - began < 0.3
    assert len(found) == 180
    assert (first, asked()) == (6, 6)


def url(shared: Shared, rest: str = "") -> str:
    return f"/d/{shared.center.district.code}/bookings/venues/{rest}"


def test_anybody_sees_venues_and_what_was_agreed(shared: Shared):
    shared.agree(hours=[{"kind": "2", "opens": 540, "closes": 720}], cost="不收费")
    browser = shared.center.world.browser()
    page = browser.get(url(shared, "?lat=30.7&lng=117.2&q=礼堂")).get_data(as_text=True)
    assert "甲厂礼堂" in page
    place(shared, "近处", 30.701)
    page = browser.get(url(shared, "?lat=30.7&lng=117.2")).get_data(as_text=True)
    # Five and ten minutes of the paths that the list counts, not of a straight line.
    assert 'data-metres="307"' in page and 'data-metres="615"' in page
    page = browser.get(url(shared, shared.venue.uid)).get_data(as_text=True)
    for words in ("星期二 09:00—12:00", "不收费", "2026年6月30日", "本区所有党组织"):
        assert words in page


@pytest.mark.parametrize(
    "query",
    ["?lat=nan&lng=1", "?lat=999&lng=1", "?lat=90&lng=1", "?lat=x", "?seats=-5", "?seats=zz", "?from=zz"],
)
def test_nonsense_in_the_address_is_as_good_as_nothing(shared: Shared, query: str):
    # One venue that somebody put at the pole takes nobody's list away.
    shared.venue.lat, shared.venue.lng = 89.9, 117.2
    session.commit()
    answer = shared.center.world.browser().get(url(shared, query))
    assert answer.status_code == 200
    assert "甲厂礼堂" in answer.get_data(as_text=True)


def test_where_the_key_is_is_said_to_those_who_have_a_booking(shared: Shared):
    shared.venue.key_how = "钥匙在门卫那里"
    session.commit()
    shared.agree()
    member = shared.center.world.member(shared.other)
    account = shared.center.world.account(member)
    browser = shared.center.world.browser(account)
    address = url(shared, shared.venue.uid)
    assert "钥匙在门卫那里" not in browser.get(address).get_data(as_text=True)
    with shared.center.inside():
        asker = actors.Asker(account_id=account.id, is_member=True)
        shared.book(span(10, 9, 10), asker=asker)
    assert "钥匙在门卫那里" in browser.get(address).get_data(as_text=True)


# --- the owner's side


def test_owners_reach_their_venue_and_no_other_and_no_center(shared: Shared):
    room = shared.room()
    for permission in (permissions.SEE, permissions.DESK, permissions.APPROVE, permissions.MANAGE):
        assert actors.reaches(shared.a, permission, room)
        assert not actors.reaches(shared.stranger, permission, room)
        assert not actors.reaches(shared.a, permission, shared.center.room())
        assert actors.reaches(shared.b, permission, room)


def test_owners_approve_and_refuse_requests_for_their_venue(shared: Shared):
    shared.center.setting("approval", "ask")
    shared.agree()
    one, two = shared.book(span(10, 9, 10)), shared.book(span(11, 9, 10))
    by = shared.a.account_id or 0
    deciding.approve(one, version=one.version, by=by)
    deciding.refuse(two, version=two.version, reason="那天开会", by=by)
    with pytest.raises(Conflict):
        deciding.approve(one, version=one.version, by=by)
    shared.center.owns_its_slots()


def test_the_district_displaces_at_a_shared_venue_with_a_reason(shared: Shared):
    shared.agree()
    booked = shared.book(span(10, 9, 10))
    (row,) = shared.center.times(booked)
    with pytest.raises(Refused):
        closing.close(
            shared.venue, shared.room(), span=span(10, 8, 12), reason=" ", choices={row.id: "displace"}, by=1
        )
    by = shared.b.account_id or 0
    closing.close(
        shared.venue, shared.room(), span=span(10, 8, 12), reason="抢险", choices={row.id: "displace"}, by=by
    )
    (row,) = shared.center.times(booked)
    assert (row.state, row.reason) == ("displaced", "抢险")
    shared.center.owns_its_slots()
