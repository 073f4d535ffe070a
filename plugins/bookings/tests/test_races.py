"""Fifty real processes want the same at one instant: one has it, nothing is had twice (criterion 1)."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsBooking, BookingsClosure, BookingsOccurrence
from plugins.bookings.service import changing, waiting
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import Span
from portal.api import clock, session
from portal.testing.crowd import crash, crowd

WORK = "plugins.bookings.tests.work"
#: What everybody does all the time; the desk answers requests besides.
ACTS = ("book", "move", "cancel", "displace", "give_back", "close", "lift", "join", "answer", "alter")
WEEK = timedelta(days=7)


class Crowd:
    """Fifty people at one center."""

    def __init__(self, center: Center, data_dir: Path) -> None:
        self.center, self.data_dir = center, data_dir
        self.staff = center.world.account(role="desk", district=center.district).id

    def act(self, act: str, room: str, *spans: Span, **values: Any) -> dict[str, Any]:
        """Return one act as a process is told of it."""
        return {
            "act": act,
            "room": self.center.room(room).id,
            "spans": [[one.start.isoformat(), one.end.isoformat()] for one in spans],
            "by": self.staff,
            **self.common(),
            **values,
        }

    def common(self) -> dict[str, Any]:
        """Return what every process is told."""
        return {"district": self.center.district.id, "now": clock.now().isoformat()}

    def at_once(self, acts: list[dict[str, Any]]) -> Counter[str]:
        """Let them act at the same instant; return how many ended how."""
        return Counter(self.outcomes(acts))

    def outcomes(self, acts: list[dict[str, Any]]) -> list[str]:
        """Let them act at the same instant; return how each ended, in their order."""
        session.commit()
        found = crowd(self.data_dir, f"{WORK}:do", acts)
        assert all(isinstance(said, str) for said in found), [
            said for said in found if not isinstance(said, str)
        ]
        return found


@pytest.fixture
def people(inside: Center, data_dir: Path) -> Crowd:
    return Crowd(inside, data_dir)


def living(center: Center) -> list[BookingsOccurrence]:
    return [row for row in center.times() if row.state in ("requested", "approved")]


def test_fifty_book_one_time(people: Crowd):
    center = people.center
    found = people.at_once([people.act("book", "培训室", span(3, 9, 10)) for _ in range(50)])
    assert found == {"done": 1, "NotFree": 49}
    assert len(living(center)) == 1 and len(session.scalars(select(BookingsBooking)).all()) == 1
    center.owns_its_slots()


def test_series_and_single_times_want_the_same_days(people: Crowd):
    """Single times, series that leave days out, and series all or nothing, told apart by how many come."""
    center = people.center
    weeks = [Span(start=at(3, 9) + n * WEEK, end=at(3, 11) + n * WEEK) for n in range(12)]
    acts = [
        (act, kind)
        for number in range(10)
        for act, kind in (
            (people.act("book", "培训室", weeks[number % 8], headcount=1), 1),
            (people.act("book", "培训室", weeks[(number + 5) % 8], headcount=1), 1),
            (people.act("book", "培训室", *weeks[:8], skip=True, headcount=2), 2),
            (people.act("book", "培训室", *weeks[:8], headcount=3), 3),
            # In the other room nobody wants a single day: one series has all of its days, and no other any.
            (people.act("book", "东厅", *weeks[number % 5 :][:8], headcount=4), 4),
        )
    ]
    outcomes = people.outcomes([act for act, _kind in acts])
    assert set(outcomes) <= {"done", "NotFree", "busy"}
    done = Counter(kind for said, (_act, kind) in zip(outcomes, acts, strict=True) if said == "done")
    made = {row.id: row.headcount for row in session.scalars(select(BookingsBooking))}
    assert Counter(made.values()) == done and done[4] == 1
    had = Counter(row.booking_id for row in living(center))
    assert {kind: had[number] for number, kind in made.items() if kind in (3, 4)} == {
        kind: 8 for kind in (3, 4) if done[kind]
    }
    assert all(had[number] == 1 for number, kind in made.items() if kind == 1)
    assert all(1 <= had[number] <= 8 for number, kind in made.items() if kind == 2)
    taken = Counter(row.starts_at for row in living(center) if made[row.booking_id] != 4)
    assert taken == {week.start: 1 for week in weeks[:8]}
    center.owns_its_slots()


def test_fifty_move_into_one_gap(people: Crowd):
    center = people.center
    rows = [
        center.times(center.book(span(10 + number // 6, 8 + 2 * (number % 6), 9 + 2 * (number % 6))))[0]
        for number in range(50)
    ]
    found = people.at_once([people.act("move", "培训室", span(4, 9, 10), occurrence=row.id) for row in rows])
    assert found == {"done": 1, "NotFree": 49}
    assert sum(row.starts_at == at(4, 9) for row in living(center)) == 1
    assert len(living(center)) == 50
    center.owns_its_slots()


def test_many_approve_and_refuse_one_request(people: Crowd):
    center = people.center
    center.setting("approval", "ask")
    asker = center.world.account()
    made = center.book(span(9, 9, 10), asker=_asker(asker), by=asker.id)
    acts = [
        people.act("approve" if number % 2 else "refuse", "培训室", booking=made.id) for number in range(50)
    ]
    found = people.at_once(acts)
    assert found == {"done": 1, "Conflict": 49}
    assert center.times(made)[0].state in ("approved", "refused")
    center.owns_its_slots()


def test_competing_requests_are_approved_at_once_for_one_time(people: Crowd):
    center = people.center
    center.setting("approval", "ask")
    center.setting("pending", "compete")
    made = []
    for _number in range(20):
        asker = center.world.account()
        made.append(center.book(span(9, 9, 10), asker=_asker(asker), by=asker.id))
    found = people.at_once([people.act("approve", "培训室", booking=one.id) for one in made])
    assert found["done"] == 1 and found["NotFree"] + found["Conflict"] == 19
    states = Counter(row.state for row in center.times())
    assert states == {"approved": 1, "lapsed": 19}
    center.owns_its_slots()


def test_a_hall_and_its_parts_are_wanted_at_once(people: Crowd):
    center = people.center
    rooms = ["大厅", "东厅", "西厅"]
    acts = [people.act("book", rooms[number % 3], span(3, 9, 10)) for number in range(51)]
    people.at_once(acts)
    names = sorted(center.room_name(row.room_id) for row in living(center))
    assert names in (["大厅"], ["东厅", "西厅"])
    center.owns_its_slots()


def test_a_closure_and_bookings_want_the_same_time(people: Crowd):
    center = people.center
    bookings = [people.act("book", "培训室", span(3, 8 + number % 8, 9 + number % 8)) for number in range(40)]
    closures = [
        people.act("close", "培训室", span(3, 8, 16), venue=center.venue.id, choice="displace", again=10)
        for _number in range(10)
    ]
    people.at_once(bookings + closures)
    # One that saw other bookings than those there are is asked again, at most once for each of the eight
    # hours; one that went through leaves nobody inside.
    assert session.scalars(select(BookingsClosure)).all()
    assert living(center) == []
    center.owns_its_slots()


def test_one_person_cannot_exceed_a_quota_by_asking_at_once(people: Crowd):
    center = people.center
    center.setting("quota_minutes", 120)
    account = center.world.account().id
    rooms = ["培训室", "东厅", "西厅"]
    center.setting("waiting_list", True)
    offers = []
    for number in range(6):
        there = {"room": rooms[number % 3]}
        when = span(3, 18 + number // 3, 19 + number // 3)
        (row,) = center.times(center.book(when, **there))
        wanted = center.wanted(when, asker=Asker(account_id=account), **there)
        offers.append(waiting.join(wanted, by=account).id)
        changing.cancel([row], versions={row.id: row.version}, reason="不用了", by=None, staff=True)
    takes = [people.act("take", "培训室", wish=wish, by=account) for wish in offers]
    acts = [
        people.act("book", rooms[number % 3], span(3, 9 + number % 8, 10 + number % 8), account=account)
        for number in range(20)
    ]
    found = people.at_once(takes + acts)
    assert found["done"] == 2
    assert len(living(center)) == 2
    center.owns_its_slots()


@pytest.mark.hard
def test_two_thousand_mixed_acts_leave_every_booking_with_exactly_its_slots(people: Crowd):
    center = people.center
    center.setting("waiting_list", True)
    center.setting("buffer_after", 15)
    center.setting("approval", "ask")
    kind = center.equipment("投影仪", 2)
    chance = random.Random(20261123)
    accounts = [center.world.account().id for _ in range(6)]
    rooms = ["培训室", "东厅", "西厅", "大厅"]
    workers = []
    for _worker in range(20):
        acts = [_any_act(people, chance, rooms, accounts, kind) for _ in range(100)]
        workers.append({"common": people.common(), "acts": acts})
    session.commit()
    ended: Counter[str] = Counter()
    for said in crowd(people.data_dir, f"{WORK}:many", workers, timeout=900):
        assert "error" not in said, said
        ended.update(said)
    assert sum(ended.values()) == 2000
    # Every kind of act was really done, and really refused, some times.
    for act in (*ACTS, "approve", "refuse"):
        assert ended[f"{act}:done"] > 0, ended
    assert ended["book:NotFree"] > 0
    center.owns_its_slots()
    center.pieces_are_had_once()


@pytest.mark.hard
def test_killed_at_any_moment_every_booking_has_exactly_its_slots(people: Crowd):
    center = people.center
    center.setting("waiting_list", True)
    center.setting("approval", "ask")
    kind = center.equipment("投影仪", 2)
    accounts = [center.world.account().id for _ in range(4)]
    rooms = ["培训室", "东厅", "西厅", "大厅"]
    for turn in range(5):
        chance = random.Random(turn)
        workers = [
            {
                "common": people.common(),
                "acts": [_any_act(people, chance, rooms, accounts, kind) for _ in range(400)],
            }
            for _worker in range(4)
        ]
        session.commit()
        before = len(center.times())
        crash(people.data_dir, f"{WORK}:many", workers, after=0.7 + turn * 0.3)
        assert len(center.times()) > before
        center.owns_its_slots()
        center.pieces_are_had_once()


def _any_act(
    people: Crowd, chance: random.Random, rooms: list[str], accounts: list[int], kind: int
) -> dict[str, Any]:
    act = chance.choices(
        [*ACTS, "approve", "refuse"],
        [36, 13, 12, 4, 6, 2, 6, 12, 10, 5, 9, 3],
    )[0]
    day, hour = chance.randint(3, 7), chance.randint(8, 19)
    wanted = [span(day, hour, hour + chance.randint(1, 2))]
    values: dict[str, Any] = {"pick": chance.randint(0, 1000)}
    if act == "book" and chance.random() < 0.2:
        wanted = [Span(start=wanted[0].start + n * WEEK, end=wanted[0].end + n * WEEK) for n in range(3)]
        values["skip"] = True
    if act == "alter" or act == "book" and chance.random() < 0.3:
        values["needs"] = {str(kind): chance.randint(1, 2)}
    if act == "close":
        values |= {"venue": people.center.venue.id, "choice": chance.choice(["displace", "keep", "cancel"])}
    if act == "book" and chance.random() < 0.4:
        values["account"] = chance.choice(accounts)  # who is no staff asks, and is answered
    if act in ("join", "answer"):
        values["by"] = chance.choice(accounts)
    return people.act(act, chance.choice(rooms), *wanted, **values)


def _asker(account: Any) -> Any:
    from plugins.bookings.judging import Asker

    return Asker(account_id=account.id)


def test_one_person_has_two_rooms_at_one_time_however_many_pages_are_sent_at_once(people: Crowd):
    center, account = people.center, people.center.world.account().id
    with center.world.writing(center.district):
        for number in range(3):
            center.add(f"小间{number}", "other", 10, 10)
    rooms = ("培训室", "东厅", "西厅", "小间0", "小间1", "小间2")
    found = people.at_once([people.act("book", room, span(3, 9, 10), account=account) for room in rooms])
    assert found == {"done": 2, "Refused": 4}
    assert len(living(center)) == 2
    center.owns_its_slots()
