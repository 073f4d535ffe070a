"""Visits of groups: anybody with an account asks, the desk gives one guide to one group at a time."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from plugins.bookings.judging import Asker
from plugins.bookings.models import (
    BookingsBooking,
    BookingsGuide,
    BookingsOccurrence,
    BookingsVisit,
    BookingsWish,
)
from plugins.bookings.service import changing, closing, displacing, guides, visiting, waiting
from plugins.bookings.service.asking import Contact
from plugins.bookings.service.visiting import Group
from plugins.bookings.tests.conftest import Center, span
from plugins.bookings.verdicts import NotFree, Refused
from portal.api import Conflict, claims, clock, notices, session
from portal.testing.crowd import crowd
from portal.testing.crowd import inside as there


def ask(
    center: Center, *times: int, name: str = "莲湖小学", people: int = 20, **values: Any
) -> BookingsVisit:
    asker = Asker(account_id=center.world.account().id)
    made = visiting.ask(
        Group(name=name, **values),
        span=span(*times),
        headcount=people,
        contact=Contact(name="王老师", phone="10012345678"),
        asker=asker,
        by=asker.account_id,
    )
    return session.scalars(select(BookingsVisit).where(BookingsVisit.booking_id == made.id)).one()


def booking(visit: BookingsVisit) -> BookingsBooking:
    found = session.get_one(BookingsBooking, visit.booking_id)
    session.refresh(found)
    return found


def state(visit: BookingsVisit) -> str:
    found = session.scalars(
        select(BookingsOccurrence)
        .where(BookingsOccurrence.booking_id == visit.booking_id)
        .execution_options(populate_existing=True)
    ).one()
    return found.state


def guide(center: Center, name: str = "岑小岚") -> BookingsGuide:
    return guides.add_guide(name, by=center.staff())


def desk(center: Center) -> int:
    return center.world.account(role="desk", district=center.district).id


def held(one: BookingsGuide) -> int:
    found = select(func.count()).select_from(claims.Claim).where(claims.Claim.unit_id == one.unit_id)
    return session.scalar(found) or 0


def test_a_visit_waits_for_the_desk_even_where_rooms_are_had_at_once(inside: Center):
    visit = ask(inside, 10, 9, 11)
    assert state(visit) == "requested"
    made = booking(visit)
    assert (made.way, made.title, visit.group_name) == ("visit", "参观接待：莲湖小学", "莲湖小学")
    inside.owns_its_slots()


def test_a_group_gets_the_most_fitting_room_that_is_free(inside: Center):
    first, second = ask(inside, 10, 9, 11, people=35), ask(inside, 10, 9, 11, people=35)
    rooms = [session.get_one(BookingsBooking, one.booking_id).room_id for one in (first, second)]
    # The hall would take them too, and both rooms it is made of with it.
    assert rooms == [inside.room("东厅").id, inside.room("西厅").id]
    inside.owns_its_slots()


def test_what_no_room_can_take_is_said(inside: Center):
    with pytest.raises(Refused) as refused:
        ask(inside, 10, 9, 11, people=81)
    assert [one.field for one in refused.value.refusals] == ["headcount"]
    with pytest.raises(Refused) as refused:
        ask(inside, 10, 9, 11, name="  ")
    assert [one.field for one in refused.value.refusals] == ["group_name"]
    with pytest.raises(NotFree):
        ask(inside, 10, 5, 7)
    assert session.scalars(select(BookingsVisit)).all() == []


def test_confirming_gives_the_guide_and_approves(inside: Center):
    visit, one = ask(inside, 10, 9, 11), guide(inside)
    visiting.confirm(visit, one, version=booking(visit).version, by=desk(inside))
    assert (state(visit), visit.guide_id, held(one)) == ("approved", one.id, 8)
    inside.owns_its_slots()


def test_a_visit_that_wants_a_guide_is_not_confirmed_without_one(inside: Center):
    visit = ask(inside, 10, 9, 11)
    with pytest.raises(Refused) as refused:
        visiting.confirm(visit, None, version=booking(visit).version, by=desk(inside))
    assert [one.code for one in refused.value.refusals] == ["guide"]
    alone = ask(inside, 11, 9, 11, with_guide=False)
    visiting.confirm(alone, None, version=booking(alone).version, by=desk(inside))
    assert [state(visit), state(alone)] == ["requested", "approved"]


@pytest.mark.parametrize(("hours", "busy"), [((9, 11), True), ((10, 12), True), ((11, 12), False)])
def test_a_guide_shows_one_group_at_a_time(inside: Center, hours: tuple[int, int], busy: bool):
    one = guide(inside)
    first, second = ask(inside, 10, 9, 11, people=25), ask(inside, 10, *hours, people=25)
    visiting.confirm(first, one, version=booking(first).version, by=desk(inside))
    if busy:
        with pytest.raises(Refused) as refused:
            visiting.confirm(second, one, version=booking(second).version, by=desk(inside))
        assert [found.code for found in refused.value.refusals] == ["guide"]
        assert (state(second), booking(second).version) == ("requested", 1)
    else:
        visiting.confirm(second, one, version=booking(second).version, by=desk(inside))
        assert state(second) == "approved"
    inside.owns_its_slots()


def test_another_guide_frees_the_first(inside: Center):
    one, two = guide(inside), guide(inside, "骆澄")
    visit = ask(inside, 10, 9, 11)
    visiting.confirm(visit, one, version=booking(visit).version, by=desk(inside))
    visiting.assign(visit, two, version=booking(visit).version, by=desk(inside))
    assert (held(one), held(two)) == (0, 8)
    visiting.assign(visit, None, version=booking(visit).version, by=desk(inside))
    assert (held(one), held(two), visit.guide_id) == (0, 0, None)
    told = [one.text for one in notices.inbox(booking(visit).account_id or 0, limit=2)]
    assert ["没有讲解了" in told[0], "讲解员是骆澄" in told[1]] == [True, True]
    inside.owns_its_slots()


def test_a_cancelled_visit_frees_its_guide(inside: Center):
    one, visit = guide(inside), ask(inside, 10, 9, 11)
    visiting.confirm(visit, one, version=booking(visit).version, by=desk(inside))
    (row,) = inside.times()
    changing.cancel([row], versions={row.id: row.version}, reason="下雨", by=desk(inside), staff=True)
    assert held(one) == 0
    with pytest.raises(Conflict):
        visiting.assign(visit, one, version=booking(visit).version, by=desk(inside))


def test_a_visit_that_moves_asks_again_and_lets_its_guide_go(inside: Center):
    one, visit = guide(inside), ask(inside, 10, 9, 11)
    by = desk(inside)
    visiting.confirm(visit, one, version=booking(visit).version, by=by)
    (row,) = inside.times()
    changing.move(
        row,
        version=row.version,
        span=span(11, 9, 11),
        room=inside.room("大厅"),
        asker=Asker(staff=True),
        by=by,
    )
    session.refresh(visit)
    assert (state(visit), visit.guide_id, held(one)) == ("requested", None, 0)
    inside.owns_its_slots()


def test_shortened_a_visit_keeps_its_guide_for_the_time_that_is_left(inside: Center):
    one, visit, by = guide(inside), ask(inside, 10, 9, 11), desk(inside)
    visiting.confirm(visit, one, version=booking(visit).version, by=by)
    (row,) = inside.times()
    asker = Asker(account_id=booking(visit).account_id)
    changing.move(
        row,
        version=row.version,
        span=span(10, 9, 10),
        room=inside.room(held_room(inside, row)),
        asker=asker,
        by=by,
    )
    session.refresh(visit)
    assert (state(visit), visit.guide_id, held(one)) == ("approved", one.id, 4)
    inside.owns_its_slots()


def held_room(center: Center, row: BookingsOccurrence) -> str:
    return center.room_name(row.room_id)


@pytest.mark.parametrize("busy", [False, True])
def test_given_back_a_visit_has_its_guide_again_or_waits_for_one(inside: Center, busy: bool):
    one, visit, by = guide(inside), ask(inside, 10, 9, 11), desk(inside)
    visiting.confirm(visit, one, version=booking(visit).version, by=by)
    (row,) = inside.times()
    displacing.displace(row, version=row.version, reason="要用", by=by)
    assert held(one) == 0
    if busy:
        other = ask(inside, 10, 10, 12, name="老年大学", people=35)
        visiting.confirm(other, one, version=booking(other).version, by=by)
    displacing.give_back(row, version=row.version, by=by)
    session.refresh(visit)
    found = (state(visit), visit.guide_id, held(one))
    assert found == (("requested", None, 8) if busy else ("approved", one.id, 8))
    inside.owns_its_slots()


def test_a_visit_that_takes_its_time_again_waits_for_a_guide(inside: Center):
    inside.setting("waiting_list", True)
    one, visit, by = guide(inside), ask(inside, 10, 9, 11), desk(inside)
    visiting.confirm(visit, one, version=booking(visit).version, by=by)
    (row,) = inside.times()
    room = inside.room(held_room(inside, row))
    when = span(10, 8, 12)
    made = closing.close(inside.venue, room, span=when, reason="检修", choices={row.id: "displace"}, by=None)
    closing.lift(made, version=made.version, by=None)
    (wish,) = session.scalars(select(BookingsWish))
    taken = waiting.take(wish, version=wish.version, by=wish.account_id)
    session.refresh(visit)
    assert (visit.booking_id, state(visit), visit.guide_id, held(one)) == (taken.id, "requested", None, 0)
    visiting.confirm(visit, one, version=booking(visit).version, by=by)
    assert (state(visit), held(one)) == ("approved", 8)
    inside.owns_its_slots()


def test_a_guide_who_rests_is_not_chosen(inside: Center):
    one, visit = guide(inside), ask(inside, 10, 9, 11)
    guides.set_active(one, version=one.version, active=False, by=inside.staff())
    with pytest.raises(Refused):
        visiting.confirm(visit, one, version=booking(visit).version, by=desk(inside))
    with pytest.raises(Conflict):
        guides.set_active(one, version=1, active=True, by=inside.staff())


@pytest.mark.parametrize("name", ["", "  ", "岑小岚"])
def test_a_guide_has_a_name_of_their_own(inside: Center, name: str):
    guide(inside)
    with pytest.raises(Refused) as refused:
        guide(inside, name)
    assert [one.field for one in refused.value.refusals] == ["name"]


def test_nobody_confirms_an_own_visit(inside: Center):
    visit = ask(inside, 10, 9, 11, with_guide=False)
    with pytest.raises(Refused) as refused:
        visiting.confirm(visit, None, version=booking(visit).version, by=booking(visit).account_id or 0)
    assert [one.code for one in refused.value.refusals] == ["own"]


def confirm_in_a_process(given: dict[str, Any]) -> str:
    with clock.frozen(date(2026, 3, 2)), there(given["district"]):
        visit = session.get_one(BookingsVisit, given["visit"])
        one = session.get_one(BookingsGuide, given["guide"])
        visiting.confirm(visit, one, version=given["version"], by=given["by"])
        return "confirmed"


def test_two_visits_that_want_one_guide_at_once(inside: Center, data_dir: Any):
    for number in range(4):
        inside.add(f"接待室{number}", "party", 30, 40)
    one = guide(inside)
    visits = [ask(inside, 10, 9, 11, people=25, name=f"第{n}团") for n in range(5)]
    given = [
        {
            "district": inside.district.id,
            "visit": visit.id,
            "guide": one.id,
            "version": booking(visit).version,
            "by": desk(inside),
        }
        for visit in visits
    ]
    session.commit()
    results = crowd(data_dir, "plugins.bookings.tests.test_visits:confirm_in_a_process", given)
    said = [found if isinstance(found, str) else found["error"].split(":")[0] for found in results]
    assert sorted(said) == [*["Refused"] * 4, "confirmed"]
    assert held(one) == 8
    assert sorted(state(visit) for visit in visits) == ["approved", *["requested"] * 4]
    inside.owns_its_slots()
