"""The pages of visits: asked for by anybody, received by the desk, guides kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings.models import BookingsGuide, BookingsVisit
from plugins.bookings.service import deciding, visiting
from plugins.bookings.tests.conftest import Center, at
from plugins.bookings.tests.test_visits import ask, booking, desk, guide, state
from portal.api import Account, Conflict, clock, session

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
    with clock.frozen(at(5, 0)):
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
