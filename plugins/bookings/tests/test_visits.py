"""Visits of groups: anybody with an account asks, the desk gives one guide to one group at a time."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsBooking, BookingsGuide, BookingsOccurrence, BookingsVisit
from plugins.bookings.service import changing, deciding, guides, visiting
from plugins.bookings.service.asking import Contact
from plugins.bookings.service.visiting import Group
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import NotFree, Refused
from portal.api import Account, Conflict, claims, clock, notices, session
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
    return guides.add_guide(name, by=desk(center))


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


def test_a_guide_who_rests_is_not_chosen(inside: Center):
    one, visit = guide(inside), ask(inside, 10, 9, 11)
    guides.set_active(one, version=one.version, active=False, by=desk(inside))
    with pytest.raises(Refused):
        visiting.confirm(visit, one, version=booking(visit).version, by=desk(inside))
    with pytest.raises(Conflict):
        guides.set_active(one, version=1, active=True, by=desk(inside))


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


# --- pages


GOOD = {
    "group_name": "莲湖小学",
    "day": "2026-03-10",
    "begins": "9:30",
    "stops": "11点",
    "headcount": "２０",
    "contact_name": "王老师",
    "phone": "100 1234 5678",
    "wants": "图书室",
    "with_guide": "1",
}


def url(center: Center, rest: str) -> str:
    return f"/d/{center.district.code}/bookings/visits/{rest}"


def test_anybody_reads_how_and_a_resident_asks(inside: Center):
    world = inside.world
    assert world.browser().get(url(inside, "")).status_code == 200
    assert world.browser().get(url(inside, "new")).status_code in (302, 303)
    browser = world.browser(world.account())
    # Who has logged in with a number is called on it, and writes the day as elsewhere.
    sent = {**GOOD, "day": "", "day-month": "3", "day-day": "１０", "phone": "", "_once": "a" * 20}
    answer = browser.post(url(inside, "new"), data=sent)
    assert answer.status_code == 303
    with inside.inside():
        visit = session.scalars(select(BookingsVisit)).one()
        (row,) = inside.times()
        assert (row.starts_at, row.ends_at) == (at(10, 9, 30), at(10, 11))
        assert answer.headers["Location"].endswith(f"/bookings/{booking(visit).uid}")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"group_name": " "}, "group_name"),
        ({"day": "2026-02-30"}, "day"),
        ({"day": "2026-03-01"}, "start"),
        ({"begins": "25:00"}, "start"),
        ({"begins": "11:00", "stops": "9:30"}, "start"),
        ({"stops": "x"}, "end"),
        ({"headcount": "0"}, "headcount"),
        ({"headcount": "99999999999999"}, "headcount"),
        ({"headcount": "500"}, "headcount"),
        ({"headcount": "000001" + "9" * 5000}, "headcount"),
        ({"phone": "12"}, "phone"),
        ({"day-day": "31", "day-month": "2", "day": ""}, "day"),
        ({"contact_name": ""}, "contact_name"),
        ({"day": "2030-03-01"}, "start"),
    ],
)
def test_a_bad_form_says_what_to_mend_and_keeps_what_was_typed(
    inside: Center, changed: dict[str, str], field: str
):
    browser = inside.world.browser(inside.world.account())
    answer = browser.post(url(inside, "new"), data={**GOOD, **changed, "_once": "a" * 20})
    page = answer.get_data(as_text=True)
    assert answer.status_code in (409, 422)
    assert f'href="#{field}"' in page
    assert "图书室" in page
    with inside.inside():
        assert session.scalars(select(BookingsVisit)).all() == []


@pytest.mark.parametrize("place", ["desk", "print", "guides", "one"])
def test_only_the_districts_desk_receives_visits(inside: Center, place: str):
    visit = ask(inside, 10, 9, 11)
    rest = booking(visit).uid if place == "one" else place
    branch = inside.world.organization(inside.district)
    session.commit()
    world = inside.world
    clerk = world.browser(world.account(role="desk", district=inside.district))
    secretary = world.browser(world.account(role="secretary", organization=branch))
    nobody = world.browser(world.account())
    found = [one.get(url(inside, rest)).status_code for one in (clerk, secretary, nobody)]
    assert found == [200, 404, 404]


def test_the_desk_confirms_refuses_and_prints(inside: Center):
    visit, other, one = ask(inside, 10, 9, 11), ask(inside, 11, 9, 11, name="老年大学"), guide(inside)
    session.commit()
    clerk = inside.world.browser(inside.world.account(role="desk", district=inside.district))

    def send(found: BookingsVisit, **data: Any) -> int:
        with inside.inside():
            made = booking(found)
        data = {"version": made.version, "_once": data.pop("once"), **data}
        return clerk.post(url(inside, made.uid), data=data).status_code

    assert send(visit, once="b" * 20, act="confirm", guide="") == 422
    assert send(visit, once="c" * 20, act="confirm", guide="999999") == 404
    assert send(visit, once="d" * 20, act="confirm", guide=str(one.id)) == 303
    assert send(other, once="e" * 20, act="refuse", reason=" ") == 422
    assert send(other, once="f" * 20, act="refuse", reason="那天闭馆") == 303
    assert send(other, once="g" * 20, act="dance") == 400
    with inside.inside():
        assert [state(visit), state(other)] == ["approved", "refused"]
    page = clerk.get(url(inside, "print?day=2026-03-10")).get_data(as_text=True)
    assert "莲湖小学" in page
    assert "岑小岚" in page
    assert "老年大学" not in clerk.get(url(inside, "print?day=2026-03-11")).get_data(as_text=True)


def test_a_lapsed_request_of_a_visit_is_over(inside: Center):
    visit = ask(inside, 10, 9, 11)
    made = booking(visit)
    (row,) = inside.times()
    deciding.lapse(made, only=[row.id])
    with pytest.raises(Conflict):
        visiting.confirm(visit, guide(inside), version=booking(visit).version, by=desk(inside))


def test_a_guide_is_added_rests_and_comes_back(inside: Center):
    session.commit()
    clerk = inside.world.browser(inside.world.account(role="desk", district=inside.district))
    assert clerk.post(url(inside, "guides"), data={"name": "岑小岚", "_once": "a" * 20}).status_code == 303
    assert clerk.post(url(inside, "guides"), data={"name": "岑小岚", "_once": "b" * 20}).status_code == 422
    with inside.inside():
        one = session.scalars(select(BookingsGuide)).one().id
    rest = url(inside, f"guides/{one}")
    sent = {"active": "0", "version": "1", "_once": "c" * 20}
    assert clerk.post(rest, data=sent).status_code == 303
    assert clerk.post(rest, data={**sent, "_once": "d" * 20}).status_code == 409
    assert clerk.post(rest, data={"active": "1", "_once": "e" * 20}).status_code == 400
    assert clerk.post(url(inside, "guides/99999"), data={**sent, "_once": "f" * 20}).status_code == 404
    with inside.inside():
        assert [found.active for found in session.scalars(select(BookingsGuide))] == [False]


def test_a_group_reads_on_its_page_who_shows_it_round(inside: Center):
    made = booking(ask(inside, 10, 9, 11))
    uid, one = made.uid, guide(inside).id
    browser = inside.world.browser(session.get_one(Account, made.account_id))
    clerk = inside.world.browser(inside.world.account(role="desk", district=inside.district))
    session.commit()

    def page() -> str:
        return str(browser.get(f"/d/{inside.district.code}/bookings/{uid}").get_data(as_text=True))

    assert "还没安排，定好会告诉您" in page()
    for number, act in enumerate(("confirm", "guide"), 1):
        sent = {"_once": str(number) * 20, "version": number, "act": act, "guide": str(one)}
        assert clerk.post(url(inside, uid), data=sent).status_code == 303
    assert "岑小岚" in page() and "讲解安排变了" in page() and ">guide" not in page()
