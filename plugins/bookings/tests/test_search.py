"""Finding a room by need: the same answer for each as if it were asked alone, and few queries for all."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass, replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert

from plugins.bookings import judging, walking
from plugins.bookings.judging import Asker, Question
from plugins.bookings.models import (
    BookingsAgreement,
    BookingsEquipment,
    BookingsHours,
    BookingsRoom,
    BookingsRoomUnit,
    BookingsVenue,
)
from plugins.bookings.policy import policies
from plugins.bookings.queries import places as reads
from plugins.bookings.queries.search import Need, search
from plugins.bookings.service import asking, closing, places
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import NotFree, Span
from portal.api import claims, crypto, session
from portal.testing import queries

ANYBODY = Asker()


def need(*spans: Span, **values: Any) -> Need:
    values.setdefault("asker", ANYBODY)
    return Need(spans=spans, **values)


def names(center: Center, wanted: Need) -> tuple[list[str], list[str]]:
    found = search(center.ref, wanted)
    return [one.room.name for one in found if one.fits], [one.room.name for one in found if not one.fits]


def shared(center: Center, name: str, **values: Any) -> Any:
    """Add a shared venue with one room of twenty seats, under an agreement for everybody."""
    owner = center.world.organization(center.district)
    with center.inside():
        venue = places.make_venue(
            kind="shared",
            name=name,
            owner_id=owner.id,
            hours=[
                {"kind": kind, "opens": 540, "closes": 1080, "valid_from": date(2020, 1, 1)}
                for kind in ("work", "off")
            ],
            by=None,
            **values,
        )
        room = places.make_room(
            venue, kind="other", name="会议室", capacity=20, step_free=True, features=["wifi"], by=None
        )
        people = [center.world.account().id for _one in range(2)]
        session.add(
            BookingsAgreement(
                uid=crypto.new_uid(),
                district_id=center.district.id,
                venue_id=venue.id,
                party_a_id=owner.id,
                party_b_name="党群服务中心",
                valid_from=date(2026, 1, 1),
                valid_to=date(2026, 3, 10),
                groups=["residents"],
                hours=[{"kind": "work", "opens": 540, "closes": 720}],
                state="active",
                signed_a_by=people[0],
                signed_b_by=people[1],
            )
        )
        session.commit()
    return SimpleNamespace(venue=venue, room=room)


def test_rooms_with_enough_seats_fit_and_the_smallest_comes_first(inside: Center):
    fit, rest = names(inside, need(span(3, 9, 10), headcount=35))
    assert (fit, rest) == (["东厅", "西厅", "大厅"], ["培训室"])


def test_from_nowhere_in_particular_the_center_comes_first(inside: Center):
    made = shared(inside, "近处的活动室")
    found = search(inside.ref, need(span(3, 9, 10), headcount=10))
    assert [one.room.id for one in found if one.fits][-1] == made.room.id


def test_a_taken_room_says_so_and_a_hall_with_it(inside: Center):
    inside.book(span(3, 9, 10), room="东厅")
    found = search(inside.ref, need(span(3, 9, 10)))
    assert [(one.room.name, one.why_not) for one in found if not one.fits] == [
        ("东厅", ("这个时间已经有人约了。",)),
        ("大厅", ("这个时间已经有人约了。",)),
    ]


def test_one_of_two_days_will_do(inside: Center):
    inside.book(span(7, 9, 10))
    found = {one.room.name: one for one in search(inside.ref, need(span(7, 9, 10), span(8, 9, 10)))}
    assert found["培训室"].fits and found["培训室"].free == (span(8, 9, 10),)


def test_what_a_room_lacks_is_named(inside: Center):
    room = session.get_one(BookingsRoom, inside.room().id)
    room.features, room.step_free = ["projector"], True
    session.commit()
    wanted = need(span(3, 9, 10), features=["projector", "whiteboard"], step_free=True)
    found = {one.room.name: one.why_not for one in search(inside.ref, wanted)}
    assert found["培训室"] == ("这里没有白板。",)
    assert found["东厅"] == ("到这间房要走台阶。", "这里没有投影、白板。")
    assert names(inside, need(span(3, 9, 10), features=["projector"], step_free=True))[0] == ["培训室"]


def test_equipment_must_be_free_then(inside: Center):
    kind = places.make_equipment(inside.venue, name="移动音响", pieces=1, by=None)
    wanted = need(span(3, 9, 10), equipment=["移动音响"])
    assert len(names(inside, wanted)[0]) == 4
    inside.book(span(3, 9, 10), room="东厅", needs={kind.id: 1})
    found = {one.room.name: one for one in search(inside.ref, wanted)}
    assert found["培训室"].why_not == ("这个时间移动音响不够了，少要一些，或者换个时间。",)
    assert names(inside, need(span(3, 10, 11), equipment=["移动音响"]))[1] == []


def test_only_the_center_or_only_shared_venues(inside: Center):
    shared(inside, "邻里活动站")
    assert names(inside, need(span(3, 9, 10), venue_kind="shared")) == (["会议室"], [])
    assert "会议室" not in sum(names(inside, need(span(3, 9, 10), venue_kind="center")), [])


def test_near_rooms_come_first_and_far_ones_say_how_far(inside: Center):
    venue = session.get_one(BookingsVenue, inside.venue.id)
    venue.lat, venue.lng = 30.70, 117.22
    session.commit()
    # 0.005 degrees of latitude are 556 metres: ten minutes; 0.009 are 1001: seventeen.
    near = shared(inside, "近处", lat=30.715, lng=117.22)
    shared(inside, "远处", lat=30.729, lng=117.22)
    shared(inside, "不知道在哪")
    wanted = need(span(3, 9, 10), start=(30.72, 117.22), within=10, venue_kind="shared")
    found = search(inside.ref, wanted)
    assert [(one.room.venue, one.minutes, one.fits) for one in found] == [
        ("近处", 10, True),
        ("远处", 17, False),
        ("不知道在哪", None, False),
    ]
    assert found[1].why_not == ("走路大约17分钟，远了些。",)
    assert near.room.id == found[0].room.id


@pytest.mark.parametrize(
    ("metres", "minutes"), [(0, 1), (1, 1), (61, 1), (62, 2), (615, 10), (616, 11), (800, 13), (None, None)]
)
def test_a_path_winds_and_an_old_walker_takes_a_minute_for_eighty_metres(
    metres: int | None, minutes: int | None
):
    assert walking.minutes(metres, walking.Pace()) == minutes
    steep = walking.Pace(winding_percent=200, metres_a_minute=40)
    assert walking.minutes(metres and 80, steep) == {None: None, 0: 1}.get(metres, 4)


@pytest.mark.parametrize("by", [walking.Pace(), walking.Pace(winding_percent=200, metres_a_minute=45)])
def test_the_circles_of_the_map_are_the_minutes_of_the_list(by: walking.Pace):
    near, far = walking.rings(by)
    assert (near[1], far[1]) == (5, 10)
    for metres, minutes in (near, far):
        assert [walking.minutes(one, by) for one in (metres, metres + 1)] == [minutes, minutes + 1]


def test_each_room_gets_the_answer_it_would_get_alone(inside: Center):
    """The property: whatever is asked, the search says of each room what ``judge`` says."""
    dice = random.Random(20260302)
    for name in ("甲站", "乙站"):
        shared(inside, name)
    kind = places.make_equipment(inside.venue, name="移动音响", pieces=2, by=None)
    places.set_policy(inside.venue, inside.room("东厅").id, by=None, buffer_after=20, min_lead_minutes=1440)
    places.set_policy(inside.venue, inside.room("培训室").id, by=None, max_minutes=120, max_ahead_days=9)
    places.add_hours(
        inside.venue, inside.room("西厅").id, kind="3", opens=480, closes=720, valid_from=date(2020, 1, 1)
    )
    closed_by = inside.world.account().id
    room = inside.room("西厅")
    closing.close(inside.venue, room, span=span(5, 8, 12), reason="粉刷", choices={}, by=closed_by)
    rooms = reads.rooms()
    for _time in range(25):
        room = dice.choice(rooms)
        start = at(dice.randint(2, 12), dice.randint(8, 20), dice.choice((0, 15, 30)))
        wanted = inside.wanted(
            Span(start=start, end=start + timedelta(minutes=dice.choice((30, 60, 90)))),
            room="培训室",
            needs={kind.id: 1} if room.venue_id == inside.venue.id and dice.random() < 0.4 else {},
        )
        try:
            asking.ask(replace(wanted, room=room), by=None)
        except NotFree:
            continue
    known = policies(inside.ref, rooms)
    compared = free = 0
    for _question in range(60):
        start = at(dice.randint(1, 14), dice.randint(6, 22), dice.choice((0, 0, 0, 15, 30, 7)))
        wanted_span = Span(
            start=start, end=start + timedelta(minutes=dice.choice((-30, 0, 30, 60, 120, 300)))
        )
        asker = dice.choice((ANYBODY, Asker(is_member=True), Asker(staff=True)))
        pieces = ["移动音响"] if dice.random() < 0.5 else []
        for one in search(inside.ref, Need(asker=asker, spans=[wanted_span], equipment=pieces)):
            needs = {kind.id: 1} if pieces and one.room.venue_id == inside.venue.id else {}
            question = Question(room=one.room, spans=[wanted_span], asker=asker, needs=needs)
            alone = judging.judge(question, known[one.room.id]).verdicts
            assert one.verdicts == alone
            compared += 1
            free += alone[0].free
    assert compared == 60 * len(rooms) and 20 < free < compared - 20


def test_queries_do_not_grow_with_the_rooms(inside: Center):
    kind = places.make_equipment(inside.venue, name="移动音响", pieces=2, by=None)
    wanted = need(span(3, 9, 10), headcount=5, equipment=[kind.name])
    counts = []
    for number in range(3):
        shared(inside, f"第{number}站")
        search(inside.ref, wanted)
        with queries() as seen:
            search(inside.ref, wanted)
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2]
    assert counts[0] <= 12


def test_180_venues_are_searched_in_300_milliseconds(inside: Center):
    """Criterion 17, all of it together; twice over here, since other work shares this machine."""
    plan = many(inside, 180)
    when = span(3, 9, 10)
    for one in plan:
        if one.booked:
            inside.book(when, room=one.name, headcount=5)
    wanted = need(when, headcount=30, start=(30.72, 117.22), within=10, step_free=True)
    search(inside.ref, wanted)
    took = []
    for _again in range(5):
        began = time.perf_counter()
        found = search(inside.ref, wanted)
        took.append(time.perf_counter() - began)
    assert len(found) == 184
    fitting = [one for one in plan if one.fits and one.minutes <= 10]
    # Nearest first; of two as near the one with fewer seats to spare, then by name.
    fitting.sort(key=lambda one: (one.minutes, one.seats, one.venue))
    assert [(one.room.venue, one.minutes, one.room.capacity) for one in found if one.fits] == [
        (one.venue, one.minutes, one.seats) for one in fitting
    ]
    assert len(fitting) > 5 and len({one.minutes for one in fitting}) < len(fitting)
    # Each of the others fails by what was made to fail it, and some by nothing else.
    for reason in ("agreed", "open", "flat", "roomy", "near"):
        assert any(one.lacks == {reason} for one in plan), reason
    assert any(one.lacks == set() and one.booked for one in plan)
    assert min(took) < 0.3, took


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A venue of one room as ``many`` made it, and what a search from the middle must say of it."""

    number: int
    seats: int
    lacks: frozenset[str]
    booked: bool

    @property
    def venue(self) -> str:
        return f"共享{self.number:03d}"

    @property
    def name(self) -> str:
        return f"{self.venue}活动室"

    @property
    def minutes(self) -> int:
        """Neighbours are three ten-thousandths of a degree apart, 33.36 metres; a way is 1.3 times that."""
        return max(1, math.ceil(round(abs(self.number - 66.6) * 33.36) * 1.3 / 80))

    @property
    def fits(self) -> bool:
        return not self.lacks and not self.booked


def many(center: Center, number: int) -> list[Planned]:
    """Add venues of one room each in a line to the north, quickly: rows, not verbs."""
    owner = center.world.organization(center.district)
    signed = [center.world.account().id for _one in range(2)]
    here = {"district_id": center.district.id}
    made = []
    with center.inside():
        for one in range(number):
            lacks = {
                name
                for name, divisor in (("agreed", 7), ("open", 13), ("flat", 3), ("roomy", 5))
                if one % divisor == 0
            }
            if Planned(number=one, seats=0, lacks=frozenset(), booked=False).minutes > 10:
                lacks.add("near")
            plan = Planned(
                number=one,
                seats=20 if "roomy" in lacks else 30 + one * 10 % 40,
                lacks=frozenset(lacks),
                booked=one % 4 == 1 and 40 < one < 90 and not lacks & {"agreed", "open"},
            )
            made.append(plan)
            venue = BookingsVenue(
                **here,
                uid=crypto.new_uid(),
                kind="shared",
                name=plan.venue,
                owner_id=owner.id,
                lat=30.70002 + one * 0.0003,
                lng=117.22,
            )
            session.add(venue)
            session.flush()
            room = BookingsRoom(
                **here,
                uid=crypto.new_uid(),
                venue_id=venue.id,
                kind="other",
                name=plan.name,
                capacity=plan.seats,
                fire_limit=plan.seats,
                grid_minutes=15,
                step_free="flat" not in lacks,
                features=[],
            )
            unit = claims.make_unit(**here, owner="bookings", label=plan.venue)
            agreement = BookingsAgreement(
                **here,
                uid=crypto.new_uid(),
                venue_id=venue.id,
                party_a_id=owner.id,
                party_b_name="党群服务中心",
                valid_from=date(2026, 1, 1),
                valid_to=None if one % 2 else date(2026, 4, 1),
                groups=["residents"],
                hours=[{"kind": "work", "opens": 840 if "agreed" in lacks else 480, "closes": 1080}],
                state="active",
                signed_a_by=signed[0],
                signed_b_by=signed[1],
            )
            session.add_all([room, agreement])
            session.flush()
            center._rooms[plan.name] = room.id
            session.add(BookingsRoomUnit(**here, room_id=room.id, unit_id=unit.id))
            session.execute(
                insert(BookingsHours),
                [
                    {
                        **here,
                        "venue_id": venue.id,
                        "kind": kind,
                        "opens": 600 if "open" in lacks else 480,
                        "closes": 1320,
                        "valid_from": date(2020, 1, 1),
                    }
                    for kind in ("work", "off")
                ],
            )
        session.commit()
    return made


def test_equipment_out_of_use_is_as_if_it_were_not_there(inside: Center):
    kind = places.make_equipment(inside.venue, name="移动音响", pieces=1, by=None)
    session.get_one(BookingsEquipment, kind.id).active = False
    session.commit()
    assert names(inside, need(span(3, 9, 10), equipment=["移动音响"]))[0] == []
