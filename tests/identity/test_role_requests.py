"""A role of the whole district by two persons: what is asked, answered, given and put on record."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock
from portal.audit.models import AuditRow
from portal.database import Conflict, everything, session
from portal.identity import role_requests
from portal.identity.grants import RoleRefused
from portal.identity.models import Grant, RoleRequest
from portal.testing import World

DAY = date(2026, 11, 21)
NEXT = DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def today(app: Any):
    with clock.frozen(DAY), everything():
        yield


class Place:
    def __init__(self, world: World) -> None:
        self.here = world.district()
        self.account = world.account()
        self.one, self.two = (world.account(role="district_admin", district=self.here) for _ in range(2))

    def ask(self, **named: Any) -> RoleRequest:
        values: dict[str, Any] = {
            "district": self.here,
            "valid_from": DAY,
            "valid_to": date(2027, 1, 1),
            "reason": "接任",
            "by": self.one.id,
            **named,
        }
        return role_requests.ask(values.pop("account", self.account), values.pop("role", "auditor"), **values)


@pytest.fixture
def place(world: World) -> Place:
    return Place(world)


def trail() -> list[tuple[Any, ...]]:
    found = session.scalars(select(AuditRow).where(AuditRow.action.startswith("role.")).order_by(AuditRow.id))
    return [
        (one.action, one.actor_id, one.subject_type, one.subject_id, one.district_id, one.detail)
        for one in found
    ]


def reason_of(verb: Any, *args: Any, **named: Any) -> str:
    with pytest.raises(RoleRefused) as refused:
        verb(*args, **named)
    session.rollback()
    return refused.value.reason


def test_what_is_asked_for_is_written_down_and_gives_nothing_yet(place: Place):
    made = place.ask()
    assert (made.district_id, made.account_id, made.role) == (place.here.id, place.account.id, "auditor")
    assert (made.valid_from, made.valid_to, made.reason) == (DAY, date(2027, 1, 1), "接任")
    assert (made.state, made.asked_by, made.asked_at) == ("waiting", place.one.id, clock.now())
    assert (made.answered_by, made.answered_at) == (None, None)
    detail = {"role": "auditor", "request": made.uid}
    subject = ("account", str(place.account.id), place.here.id)
    assert trail() == [("role.ask", place.one.id, *subject, detail)]
    assert session.scalars(select(Grant).where(Grant.role == "auditor")).all() == []
    assert role_requests.waiting() == [(made, place.account)]
    assert role_requests.by_id(made.id) is made and role_requests.by_id(made.id + 1) is None


def test_the_second_person_gives_it_and_both_are_named(place: Place):
    made = place.ask()
    role_requests.confirm(made, version=made.version, by=place.two.id)
    assert (made.state, made.answered_by, made.answered_at) == ("given", place.two.id, clock.now())
    row = session.scalars(select(Grant).where(Grant.role == "auditor")).one()
    assert (row.account_id, row.district_id, row.organization_id) == (place.account.id, place.here.id, None)
    assert (row.valid_from, row.valid_to, row.reason) == (DAY, date(2027, 1, 1), "接任")
    assert (row.granted_by, row.confirmed_by) == (place.one.id, place.two.id)
    assert [one[:2] for one in trail()] == [
        ("role.ask", place.one.id),
        ("role.give", place.one.id),
        ("role.confirm", place.two.id),
    ]
    assert role_requests.waiting() == []


def test_days_that_have_gone_by_are_not_given(place: Place):
    made = place.ask(valid_from=DAY)
    with clock.frozen(NEXT):
        role_requests.confirm(made, version=made.version, by=place.two.id)
    assert session.scalars(select(Grant.valid_from).where(Grant.role == "auditor")).one() == NEXT


def test_a_first_day_to_come_stays(place: Place):
    made = place.ask(valid_from=NEXT)
    role_requests.confirm(made, version=made.version, by=place.two.id)
    assert session.scalars(select(Grant.valid_from).where(Grant.role == "auditor")).one() == NEXT


def test_neither_who_asked_nor_who_is_concerned_gives_it(place: Place):
    made = place.ask()
    assert reason_of(role_requests.confirm, made, version=made.version, by=place.one.id) == "same"
    assert reason_of(role_requests.confirm, made, version=made.version, by=place.account.id) == "self"
    assert reason_of(place.ask, role="desk", by=place.account.id) == "self"
    assert made.state == "waiting"


@pytest.mark.parametrize(("by", "state"), [("one", "withdrawn"), ("two", "refused")])
def test_a_request_is_withdrawn_by_oneself_and_refused_by_another(place: Place, by: str, state: str):
    made, who = place.ask(), getattr(place, by)
    with pytest.raises(Conflict):
        role_requests.turn_down(made, version=made.version + 1, by=who.id)
    role_requests.turn_down(made, version=made.version, by=who.id)
    assert (made.state, made.answered_by, made.answered_at) == (state, who.id, clock.now())
    assert trail()[-1][:2] == (f"role.{state}", who.id)
    for verb in (role_requests.turn_down, role_requests.confirm):
        with pytest.raises(Conflict):
            verb(made, version=made.version, by=place.two.id)
    assert session.scalars(select(Grant).where(Grant.role == "auditor")).all() == []


def test_the_same_is_asked_for_once_while_it_waits(place: Place, world: World):
    made = place.ask()
    assert reason_of(place.ask) == "asked"
    others = [
        place.ask(role="desk"),
        place.ask(account=world.account()),
        place.ask(district=world.district()),
    ]
    role_requests.turn_down(made, version=made.version, by=place.two.id)
    again = place.ask()
    found = [request for request, _account in role_requests.waiting()]
    assert found == [*others, again], "in the order they were asked"


def test_a_branch_s_role_and_a_wrong_one_are_not_asked_for(place: Place):
    assert reason_of(place.ask, role="secretary") == "place"
    assert reason_of(place.ask, role="member") == "unknown"
    assert reason_of(place.ask, valid_to=DAY) == "days"
    assert role_requests.waiting() == []
