"""What an agreement lets whom do: its days, its hours, its groups, and the owner first (criterion 16)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from plugins.bookings import actors
from plugins.bookings.judging import Asker
from plugins.bookings.service import deciding
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.sharing import Shared
from plugins.bookings.tests.test_agreements import said, why
from plugins.bookings.verdicts import NotFree, Span


@pytest.fixture
def shared(inside: Center) -> Shared:
    return Shared(inside)


def test_without_an_agreement_nobody_but_the_owner_books(shared: Shared):
    with pytest.raises(NotFree) as refused:
        shared.book(span(3, 9, 10))
    assert why(refused.value) == ["agreement"]
    shared.book(span(3, 9, 10), asker=shared.asker(organization=shared.owner))
    shared.center.owns_its_slots()


@pytest.mark.parametrize(("day", "month", "allowed"), [(31, 3, True), (1, 4, False)])
def test_the_last_day_of_an_agreement_is_the_last(shared: Shared, day: int, month: int, allowed: bool):
    shared.agree(valid_to=date(2026, 4, 1))
    if allowed:
        shared.book(span(day, 9, 10, month=month))
    else:
        with pytest.raises(NotFree) as refused:
            shared.book(span(day, 9, 10, month=month))
        assert why(refused.value) == ["agreement"]
        assert "2026年3月31日" in said(refused.value)
    shared.center.owns_its_slots()


def test_a_series_beyond_the_end_is_refused_when_it_is_asked_for(shared: Shared):
    shared.agree(valid_to=date(2026, 3, 20))
    weeks = [Span(start=at(3, 9) + timedelta(weeks=n), end=at(3, 10) + timedelta(weeks=n)) for n in range(4)]
    with pytest.raises(NotFree) as refused:
        shared.book(*weeks, rule="FREQ=WEEKLY;COUNT=4")
    assert [one.free for one in refused.value.verdicts] == [True, True, True, False]
    assert shared.center.times() == []


def test_windows_that_meet_are_one(shared: Shared):
    shared.agree(
        hours=[{"kind": "2", "opens": 720, "closes": 900}, {"kind": "2", "opens": 540, "closes": 720}]
    )
    shared.book(span(3, 11, 13))
    for refused_span in (span(3, 8, 10), span(3, 14, 16), span(4, 10, 11)):
        with pytest.raises(NotFree) as refused:
            shared.book(refused_span)
        assert why(refused.value) == ["agreement"]
        assert "星期二 09:00—12:00" in said(refused.value)


def test_hours_of_working_days_follow_the_calendar(shared: Shared):
    shared.agree(hours=[{"kind": "off", "opens": 540, "closes": 720}])
    shared.book(span(7, 9, 10))  # a Saturday
    with pytest.raises(NotFree):
        shared.book(span(9, 9, 10))


@pytest.mark.parametrize(
    ("groups", "who", "allowed"),
    [
        (["organizations"], "organization", True),
        (["organizations"], "member", False),
        (["members"], "member", True),
        (["members"], "organization", False),
        (["members"], "nobody", False),
        (["residents"], "nobody", True),
        (["residents"], "organization", True),
        (["named"], "organization", False),
        (["named"], "named", True),
        (["named"], "member", False),
        (["named"], "party_b", True),
    ],
)
def test_who_is_not_in_the_agreement_is_refused_with_the_clause(
    shared: Shared, groups: list[str], who: str, allowed: bool
):
    named = shared.center.world.organization(shared.center.district)
    party_b = shared.center.world.organization(shared.center.district)
    shared.agree(groups=groups, named_ids=[named.id] if "named" in groups else [], party_b_id=party_b.id)
    asker = {
        "organization": lambda: shared.asker(organization=shared.other),
        "named": lambda: shared.asker(organization=named),
        "party_b": lambda: shared.asker(organization=party_b),
        "member": lambda: shared.asker(member=True),
        "nobody": shared.asker,
    }[who]()
    if allowed:
        assert shared.book(span(3, 9, 10), asker=asker).id
    else:
        with pytest.raises(NotFree) as refused:
            shared.book(span(3, 9, 10), asker=asker)
        assert why(refused.value) == ["agreement"]
        assert "协议没有把这里开放给您这样的使用人" in said(refused.value)


def test_the_owner_comes_first_until_a_request_is_approved_and_not_after(shared: Shared):
    shared.center.setting("approval", "ask")
    shared.agree()
    asked = shared.book(span(10, 9, 10))
    approved = shared.book(span(11, 9, 10))
    deciding.approve(approved, version=approved.version, by=shared.b.account_id or 0)
    with pytest.raises(NotFree) as refused:
        shared.book(span(10, 9, 10), asker=shared.asker(organization=shared.owner, member=True))
    assert why(refused.value) == ["taken"]
    assert actors.asker(shared.a, organization_id=shared.owner.id).office
    assert not actors.asker(shared.stranger, organization_id=shared.owner.id).office
    owner = shared.asker(organization=shared.owner, office=True)
    shared.book(span(10, 9, 10), asker=owner)
    assert [row.state for row in shared.center.times(asked)] == ["displaced"]
    with pytest.raises(NotFree) as refused:
        shared.book(span(11, 9, 10), asker=owner)
    assert why(refused.value) == ["taken"]
    assert [row.state for row in shared.center.times(approved)] == ["approved"]
    shared.center.owns_its_slots()


def test_a_competing_request_of_a_member_can_be_approved(shared: Shared):
    shared.center.setting("approval", "ask")
    shared.center.setting("pending", "compete")
    shared.agree(groups=["members"])
    member = shared.center.world.member(shared.other)
    account = shared.center.world.account(member)
    asked = shared.book(span(10, 9, 10), asker=Asker(account_id=account.id, is_member=True))
    assert deciding.approve(asked, version=asked.version, by=shared.b.account_id or 0) == 1
    shared.center.owns_its_slots()
