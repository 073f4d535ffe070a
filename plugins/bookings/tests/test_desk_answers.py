"""Answering requests: some times, all of them, refusing with other times, and in whose room."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from plugins.bookings import permissions
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsStep
from plugins.bookings.queries import mine
from plugins.bookings.service import changing, deciding, desk
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.test_desk_rights import Street, key
from plugins.bookings.verdicts import Refused, Span
from portal.api import clock, session
from portal.testing import queries as counted


@pytest.fixture
def street(world: Any, march: None) -> Street:
    made = Street(world)
    made.setting("approval", "ask")
    return made


def weeks(number: int, hour: int = 9) -> list[Span]:
    """Return the same hour of so many Mondays."""
    return [
        Span(start=at(9, hour) + timedelta(days=7 * n), end=at(9, hour + 1) + timedelta(days=7 * n))
        for n in range(number)
    ]


def series(street: Street, number: int = 3, **values: Any) -> Any:
    return street.request(*weeks(number), room="培训室", rule=f"FREQ=WEEKLY;COUNT={number}", **values)


def test_some_times_of_a_series_are_approved_and_the_others_wait_on(street: Street):
    with street.inside():
        made = series(street)
        marks = [f"{row.uid}.{row.version}" for row in street.times(made)]
        uid, version = made.uid, made.version
    answer = street.browser("desk").post(
        f"{street.base}/{uid}/answer",
        data={"_once": key(), "version": version, "act": "approve", "time": [marks[0], marks[2]]},
    )
    assert answer.status_code == 303
    with street.inside():
        assert [row.state for row in street.times()] == ["approved", "requested", "approved"]
        street.owns_its_slots()


def test_all_times_are_approved_from_the_list(street: Street):
    with street.inside():
        made = series(street)
        uid, version = made.uid, made.version
    browser = street.browser("desk")
    said = browser.get(f"{street.base}/requests").get_data(as_text=True)
    assert "批准这3个时间" in said and "前后都空着" in said
    form = {"_once": key(), "version": version}
    assert browser.post(f"{street.base}/{uid}/approve", data=form).status_code == 303
    # Sent twice, it counts once (K4); sent anew it is a conflict in words (K2).
    assert browser.post(f"{street.base}/{uid}/approve", data=form).status_code == 303
    again = browser.post(f"{street.base}/{uid}/approve", data={"_once": key(), "version": version})
    assert again.status_code == 409
    with street.inside():
        assert [(row.state, row.version) for row in street.times()] == [("approved", 2)] * 3


@pytest.mark.parametrize("path", ["approve", "answer", "cancel", "move"])
def test_a_form_without_its_version_is_400(street: Street, path: str):
    with street.inside():
        uid = series(street).uid
    answer = street.browser("desk").post(
        f"{street.base}/{uid}/{path}", data={"_once": key(), "act": "approve"}
    )
    assert answer.status_code == 400
    with street.inside():
        assert {row.state for row in street.times()} == {"requested"}


def test_a_refusal_needs_a_reason_and_names_other_times(street: Street):
    with street.inside():
        made = series(street, 2)
        marks = [f"{row.uid}.{row.version}" for row in street.times(made)]
        uid, version = made.uid, made.version
    browser = street.browser("desk")
    page = browser.get(f"{street.base}/{uid}/answer").get_data(as_text=True)
    assert page.count('name="instead"') == 3
    form = {"version": version, "act": "refuse", "time": marks}
    refused = browser.post(f"{street.base}/{uid}/answer", data={**form, "_once": key()})
    assert refused.status_code == 422
    assert "请写原因，申请的人会看到" in refused.get_data(as_text=True)
    other = "培训室 2026年3月9日 08:00—09:00"
    assert other in page
    sent = {**form, "_once": key(), "reason": "设备检修", "instead": [other, "随便写的 2026年"]}
    assert browser.post(f"{street.base}/{uid}/answer", data=sent).status_code == 303
    with street.inside():
        assert [(row.state, row.reason) for row in street.times()] == [("refused", "设备检修")] * 2
        step = session.scalars(select(BookingsStep).where(BookingsStep.action == "refused")).one()
        assert step.note == f"设备检修。这些时间还空着：{other}"
        street.owns_its_slots()


def test_a_time_that_changed_meanwhile_is_a_conflict(street: Street):
    with street.inside():
        made = series(street, 2)
        marks = [f"{row.uid}.{row.version}" for row in street.times(made)]
        uid, version = made.uid, made.version
        (first, _second) = street.times(made)
        by = street.accounts["resident"].id
        changing.cancel([first], versions={first.id: 1}, reason="来不了", by=by, staff=False)
        session.commit()
    answer = street.browser("desk").post(
        f"{street.base}/{uid}/answer",
        data={"_once": key(), "version": version, "act": "approve", "time": marks},
    )
    assert answer.status_code == 409
    with street.inside():
        assert [row.state for row in street.times()] == ["cancelled", "requested"]


def test_competing_requests_show_their_clash_and_the_loser_is_put_in_line(street: Street):
    street.setting("pending", "compete")
    with street.inside():
        mine = street.request(span(9, 9, 10), room="培训室", title="甲的学习")
        other = street.request(span(9, 9, 11), room="培训室", title="乙的学习", who="member")
        (row,) = street.times(mine)
        form = {"_once": key(), "version": mine.version, "act": "approve", "time": f"{row.uid}.{row.version}"}
        uid, rival = mine.uid, other.id
    browser = street.browser("desk")
    said = browser.get(f"{street.base}/requests").get_data(as_text=True)
    assert said.count("撞上") == 2 and f"/{uid}/approve" not in said
    assert "撞上：09:00—11:00 培训室 乙的学习（等答复）" in browser.get(
        f"{street.base}/{uid}/answer"
    ).get_data(as_text=True)
    assert browser.post(f"{street.base}/{uid}/answer", data=form).status_code == 303
    with street.inside():
        states = {row.booking_id: (row.state, row.sequence) for row in street.times()}
        # Both are newer to a calendar than the requests they were.
        assert states.pop(rival) == ("lapsed", 1) and list(states.values()) == [("approved", 1)]
        street.owns_its_slots()


@pytest.mark.parametrize("path", ["answer", "approve"])
def test_an_approval_that_came_too_late_says_so_with_three_other_times(street: Street, path: str):
    """A request that holds nothing, and the desk has given the room to somebody else meanwhile."""
    street.setting("pending", "compete")
    with street.inside():
        made = street.request(span(9, 9, 10), room="培训室")
        (row,) = street.times(made)
        form = {"version": made.version, "act": "approve", "time": f"{row.uid}.{row.version}"}
        uid, number = made.uid, made.id
        street.book(span(9, 9, 10), room="培训室", by=street.accounts["desk"].id)
        session.commit()
    sent = {**form, "_once": key()}
    answer = street.browser("desk").post(f"{street.base}/{uid}/{path}", data=sent)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "2026年3月9日 09:00—10:00：这个时间已经有人约了。" in page
    assert re.findall(r'name="instead"[^>]*value="([^"]*)"', page) == [
        "培训室 2026年3月9日 08:00—09:00",
        "东厅 2026年3月9日 09:00—10:00",
        "培训室 2026年3月10日 09:00—10:00",
    ]
    with street.inside():
        assert sorted((row.booking_id == number, row.state) for row in street.times()) == [
            (False, "approved"),
            (True, "requested"),
        ]
        street.owns_its_slots()


def test_a_competing_time_moved_to_another_room_is_claimed_there(inside: Center):
    inside.setting("approval", "ask")
    inside.setting("pending", "compete")
    account = inside.world.account().id
    asker = Asker(account_id=account)
    made = inside.book(*weeks(2), rule="FREQ=WEEKLY;COUNT=2", asker=asker, by=account)
    first, _second = inside.times(made)
    changing.move(first, version=1, span=span(9, 9, 10), room=inside.room("东厅"), asker=asker, by=account)
    by = inside.world.account().id
    deciding.approve(made, version=made.version, by=by)
    assert [(row.state, row.room_id) for row in inside.times()] == [
        ("approved", inside.room("东厅").id),
        ("approved", inside.room().id),
    ]
    inside.owns_its_slots()


def test_the_list_and_the_answer_cost_the_same_for_one_and_five_requests(street: Street):
    browser = street.browser("desk")
    seen = []
    for hours in ((8,), (10, 12, 14, 16)):
        with street.inside():
            for hour in hours:
                made = street.request(*weeks(2, hour), room="培训室", rule="FREQ=WEEKLY;COUNT=2")
            uid = made.uid
        found = []
        for path in ("requests", f"{uid}/answer", uid):
            browser.get(f"{street.base}/{path}")
            with counted() as statements:
                assert browser.get(f"{street.base}/{path}").status_code == 200
            found.append(len(statements))
        seen.append(found)
    assert seen[0] == seen[1]
    assert seen[0] == COUNTS


#: The list, the answer (three other times looked for, and how much its booker has already) and the record
#: with what was handed out; session and frame included.
COUNTS = [8, 43, 12]


@pytest.mark.parametrize("told", ["login", "number", "name", "other login"])
def test_nobody_has_a_room_without_an_approval_by_being_staff(inside: Center, told: str):
    """Rule K12: written down with the own login, number or name, it is one's own request."""
    inside.setting("approval", "ask")
    number = "10012345678"
    account = inside.world.account(role="desk", district=inside.district, phone=number)
    asker, contact = Asker(staff=True), Contact(name="王测", phone=number)
    if told == "login":
        asker, contact = Asker(account_id=account.id, staff=True), Contact(name="王测")
    elif told == "other login":
        asker = Asker(account_id=inside.world.account(phone=number).id, staff=True)
    elif told == "name":
        contact = Contact(name=account.display_name)
    made = inside.book(span(3, 9, 10), asker=asker, contact=contact, by=account.id)
    (row,) = inside.times(made)
    assert row.state == "requested"
    with pytest.raises(Refused) as refused:
        deciding.approve(made, version=made.version, by=account.id)
    assert [one.code for one in refused.value.refusals] == ["own"]
    # Moving it is no way round, and the desk still writes down for others at once.
    me = inside.world.actor(account, inside.district)
    desk.move(me, row, version=row.version, span=span(3, 10, 11), room=inside.room())
    assert inside.times(made)[0].state == "requested"
    other = inside.book(span(3, 14, 15), contact=Contact(name="李测", phone="10087654321"), by=account.id)
    assert inside.times(other)[0].state == "approved"


def test_moving_a_request_for_somebody_approves_it_and_the_timeline_says_both(inside: Center):
    inside.setting("approval", "ask")
    asker, staff = Asker(account_id=inside.world.account().id), inside.staff()
    made = inside.book(span(3, 9, 10), asker=asker, by=asker.account_id)
    (row,) = inside.times(made)
    desk.move(staff, row, version=row.version, span=span(3, 10, 11), room=inside.room())
    assert [step.action for step in mine.steps(made.id)] == ["asked", "moved", "approved"]
    (row,) = inside.times(made)
    assert (row.state, row.decided_by, row.decided_at) == ("approved", staff.account_id, clock.now())
    desk.move(staff, row, version=row.version, span=span(3, 11, 12), room=inside.room())
    assert [step.action for step in mine.steps(made.id)] == ["asked", "moved", "approved", "moved"]


def test_who_may_not_approve_moves_a_request_and_it_waits_on(inside: Center):
    inside.setting("approval", "ask")
    asker = Asker(account_id=inside.world.account().id)
    staff = replace(inside.staff(), overrides={("desk", permissions.APPROVE): False})
    made = inside.book(span(3, 9, 10), asker=asker, by=asker.account_id)
    (row,) = inside.times(made)
    desk.move(staff, row, version=row.version, span=span(3, 10, 11), room=inside.room())
    (row,) = inside.times(made)
    assert (row.state, row.starts_at, row.decided_at) == ("requested", at(3, 10), None)
    assert [step.action for step in mine.steps(made.id)] == ["asked", "moved"]
