"""The demo's bookings: every slot is one booking's, everybody who logs in has something of their own."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from plugins.bookings import demo, demo_large, demo_places
from plugins.bookings.hours import Hours
from plugins.bookings.models import (
    BookingsAgreement,
    BookingsBooking,
    BookingsClosure,
    BookingsEquipment,
    BookingsEquipmentUnit,
    BookingsOccurrence,
    BookingsPoint,
    BookingsRoom,
    BookingsVenue,
    BookingsVisit,
    BookingsWish,
)
from plugins.bookings.queries import places
from plugins.bookings.tests import slots
from portal.api import claims, clock, in_scope, session
from portal.testing import World


def count(model: Any, *where: Any) -> int:
    return int(session.scalar(select(func.count()).select_from(model).where(*where)) or 0)


# The dice follow from the code: a third district of no plan has one of its own, whatever ran before.
@pytest.fixture(params=["340722-kfq", "230108", "990107"])
def loaded(world: World, request: pytest.FixtureRequest) -> Any:
    with clock.frozen(date(2026, 3, 11)):
        district = world.district(request.param, name="演示区")
        branches = [world.organization(district, office_address=f"测试路{n}号") for n in range(35)]
        people = [world.member(branches[0]) for _ in range(4)]
        for person in people[:3]:
            world.account(person)
        world.account(people[3], role="secretary", organization=branches[0])
        world.account(username="resident")
        for role in ("desk", "district_admin"):
            world.account(role=role, district=district)
        with in_scope({district.id}, write=district.id):
            demo.register(world.ref(district), 7)
            session.flush()
            yield district


def test_every_slot_promise_of_the_demo_is_true(loaded: Any):
    assert slots.wrong() == []


def test_the_demo_has_every_state_and_what_the_pages_show(loaded: Any):
    states = Counter(session.scalars(select(BookingsOccurrence.state)))
    # Whether somebody is in a room right now depends on the dice.
    assert set(states) - {"checked_in"} == {
        "requested", "approved", "completed", "no_show", "refused", "cancelled", "displaced",
        "skipped", "lapsed",
    }  # fmt: skip
    assert sorted(session.scalars(select(BookingsWish.state))) == ["offered", "waiting", "waiting", "waiting"]
    assert count(BookingsClosure) == 1
    assert count(BookingsVisit) == 6
    assert count(BookingsVisit, BookingsVisit.guide_id.is_not(None)) == 4
    assert count(BookingsPoint, BookingsPoint.state == "appealed") == 2
    assert count(BookingsBooking, BookingsBooking.rule != "") == 1


def test_the_demo_districts_have_180_shared_venues_and_a_center_with_its_equipment(loaded: Any):
    assert sum(demo_places.SHARED.values()) == 180
    wanted = demo_places.SHARED.get(loaded.code, demo_places.FEW)
    assert count(BookingsVenue, BookingsVenue.kind == "shared") == wanted
    assert count(BookingsVenue, BookingsVenue.lat.is_(None)) == 0
    states = Counter(session.scalars(select(BookingsAgreement.state)))
    if wanted >= 60:
        assert set(states) == {"draft", "signed_a", "active", "suspended", "ended"}
        assert states["active"] == wanted * 15 // 20
    in_center = select(BookingsVenue.id).where(BookingsVenue.kind == "center")
    rooms = session.scalars(
        select(BookingsRoom).where(BookingsRoom.venue_id.in_(in_center)).order_by(BookingsRoom.position)
    )
    # Order, what stands in each, and whether there are no steps on the way.
    assert [(room.name, list(room.features), room.step_free) for room in rooms] == (
        [
            ("咨询服务室", ["screen", "wifi"], True),
            ("教育培训室", ["projector", "sound", "whiteboard", "wifi"], True),
            ("图书阅览室", ["wifi"], True),
            ("文体活动室", ["sound", "mirror"], False),
            ("党群活动室", ["screen", "sound", "wifi"], True),
        ]
        if loaded.code != "230108"
        else [
            ("咨询服务室", ["screen", "wifi"], True),
            ("多功能厅东厅", ["projector", "sound"], True),
            ("多功能厅西厅", ["screen", "sound"], True),
            ("多功能厅", ["projector", "sound"], True),
        ]
    )
    # What is lent there, each piece by itself and working.
    lent = (
        select(BookingsEquipment.name, func.count())
        .join(BookingsEquipmentUnit, BookingsEquipmentUnit.equipment_id == BookingsEquipment.id)
        .where(
            BookingsEquipment.venue_id.in_(in_center),
            BookingsEquipment.active,
            BookingsEquipmentUnit.fault == "",
        )
        .group_by(BookingsEquipment.name)
    )
    assert {name: pieces for name, pieces in session.execute(lent)} == {
        "投影仪": 2,
        "移动电视": 1,
        "无线话筒": 4,
        "折叠椅（10把）": 5,
        "活动室钥匙": 1,
    }


def test_everybody_of_the_demo_has_something_of_their_own(loaded: Any):
    own = select(BookingsBooking.account_id).where(BookingsBooking.account_id.is_not(None)).distinct()
    assert count(BookingsOccurrence, BookingsOccurrence.state == "requested") >= 5
    assert len(session.scalars(own).all()) == 5


def test_the_same_seed_gives_the_same_times(world: World):
    said = []
    for _turn in range(2):
        district = world.district(name="演示区")
        branch = world.organization(district, name="甲党支部")
        for role in ("desk", "district_admin"):
            world.account(role=role, district=district)
        with clock.frozen(date(2026, 3, 11)), in_scope({district.id}, write=district.id):
            ref = replace(world.ref(district), code="999")
            began = time.monotonic()
            demo.register(ref, 7)
            assert time.monotonic() - began < 6
            shown = (BookingsOccurrence.starts_at, BookingsOccurrence.ends_at, BookingsOccurrence.state)
            said.append(sorted(session.execute(select(*shown)).all()))
            assert branch.id
            session.commit()
    assert said[0] == said[1]
    assert len(said[0]) > 80


def test_a_large_year_is_as_good_as_what_the_verbs_make(world: World):
    district = world.district()
    with clock.frozen(date(2026, 3, 11)), in_scope({district.id}, write=district.id):
        demo_large.fill(rooms=12, bookings=3000, district_id=district.id)
        assert slots.wrong() == []
        states = Counter(session.scalars(select(BookingsOccurrence.state)))
        assert sum(states.values()) == 3000
        assert set(states) == {"approved", "requested", "cancelled", "no_show", "completed"}
        assert count(claims.Claim) == 4 * (3000 - states["cancelled"])
        days = {clock.civil(start) for start in session.scalars(select(BookingsOccurrence.starts_at))}
        assert len(days) > 240
        rooms = places.rooms()
        hours = Hours(rooms, min(days), max(days))
        by_id = {room.id: room for room in rooms}
        for one in session.scalars(select(BookingsOccurrence)):
            assert hours.covers(by_id[one.room_id], one.starts_at, one.ends_at)


def test_more_bookings_than_a_room_has_hours_are_refused(world: World):
    district = world.district()
    with in_scope({district.id}, write=district.id), pytest.raises(ValueError, match="do not fit"):
        demo_large.fill(rooms=1, bookings=6000, district_id=district.id)
