"""Agreements on shared venues: who signs, what may be booked under them, what becomes of what lies beyond."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from plugins.bookings.models import BookingsAgreement, BookingsWish
from plugins.bookings.queries import due_in
from plugins.bookings.service import agreed_ends, agreeing, keeping
from plugins.bookings.tests.conftest import Center, span
from plugins.bookings.tests.sharing import Shared
from plugins.bookings.verdicts import NotFree, Refused
from portal.api import Actor, Conflict, clock, session
from portal.testing.crowd import crowd, inside

MOVES = ("sign", "give_back", "suspend", "resume", "end", "change")
LEGAL = {
    "draft": {"sign", "end", "change"},
    "signed_a": {"sign", "give_back", "end"},
    "active": {"suspend", "end"},
    "suspended": {"resume", "end"},
    "ended": set(),
}


@pytest.fixture
def shared(inside: Center) -> Shared:
    return Shared(inside)


def codes(error: Any) -> list[str]:
    return [one.code for one in error.refusals]


def said(error: NotFree) -> str:
    return error.verdicts[0].refusals[0].text


def why(error: NotFree) -> list[str]:
    return [one.code for one in error.verdicts[0].refusals]


def test_a_venue_with_an_agreement_keeps_its_owner_until_that_is_over(shared: Shared):
    row = shared.agree()
    change = {"owner_id": shared.other.id, "by": shared.b}
    with pytest.raises(Refused) as refused:
        keeping.change_venue(shared.venue, version=shared.venue.version, **change)
    assert [one.field for one in refused.value.refusals] == ["owner"]
    agreed_ends.end(row, version=row.version, on=clock.today(), reason="换人", choices={}, by=shared.a)
    keeping.change_venue(shared.venue, version=shared.venue.version, **change)
    assert shared.venue.owner_id == shared.other.id


# --- signing


def test_an_agreement_holds_when_two_persons_have_signed(shared: Shared):
    row = shared.draft()
    assert agreeing.sign(row, version=row.version, by=shared.a) == "signed_a"
    with pytest.raises(NotFree):
        shared.book(span(3, 9, 10))
    assert agreeing.sign(row, version=row.version, by=shared.b) == "active"
    assert row.signed_a_by == shared.a.account_id
    assert row.signed_b_by == shared.b.account_id
    shared.book(span(3, 9, 10))


@pytest.mark.parametrize("who", ["b", "stranger"])
def test_only_the_owners_secretary_signs_for_the_owner(shared: Shared, who: str):
    row = shared.draft()
    with pytest.raises(PermissionError):
        agreeing.sign(row, version=row.version, by=getattr(shared, who))
    assert row.state == "draft"


def test_the_owner_does_not_sign_for_both(shared: Shared):
    row = shared.draft()
    agreeing.sign(row, version=row.version, by=shared.a)
    with pytest.raises(PermissionError):
        agreeing.sign(row, version=row.version, by=shared.a)
    both = Actor(account_id=shared.a.account_id, held=shared.b.held, plugins_on=frozenset({"bookings"}))
    with pytest.raises(Refused) as refused:
        agreeing.sign(row, version=row.version, by=both)
    assert codes(refused.value) == ["two_persons"]
    assert row.state == "signed_a"


def test_the_database_refuses_one_person_for_both(shared: Shared):
    row = shared.agree()
    with pytest.raises(IntegrityError):
        session.execute(
            text("UPDATE bookings_agreement SET signed_b_by = signed_a_by WHERE id = :id"), {"id": row.id}
        )
    session.rollback()


def test_strangers_neither_draft_nor_change(shared: Shared):
    with pytest.raises(PermissionError):
        shared.draft(by=shared.stranger)
    row = shared.draft()
    with pytest.raises(PermissionError):
        agreeing.change(row, _terms(row), version=row.version, by=shared.stranger)
    row = shared.agree()
    with pytest.raises(PermissionError):
        agreed_ends.suspend(row, version=row.version, reason="x", choices={}, by=shared.stranger)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"valid_to": date(2026, 1, 1)}, "dates"),
        ({"valid_to": date(2026, 2, 1)}, "dates"),
        ({"groups": []}, "groups"),
        ({"groups": ["everybody"]}, "groups"),
        ({"groups": ["named"]}, "named"),
        ({"party_b_name": " "}, "party"),
        ({"hours": [{"kind": "1", "opens": 600, "closes": 600}]}, "hours"),
    ],
)
def test_terms_that_cannot_be_are_refused(shared: Shared, values: dict[str, Any], code: str):
    with pytest.raises(Refused) as refused:
        shared.draft(**values)
    assert codes(refused.value) == [code]
    assert session.scalars(select(BookingsAgreement)).all() == []


def _terms(row: Any) -> agreeing.Terms:
    return agreeing.Terms(valid_from=row.valid_from, party_b_name="另一个中心", groups=["residents"])


def _in_state(shared: Shared, state: str) -> Any:
    row = shared.draft()
    if state != "draft":
        agreeing.sign(row, version=row.version, by=shared.a)
    if state in ("active", "suspended", "ended"):
        agreeing.sign(row, version=row.version, by=shared.b)
    if state == "suspended":
        agreed_ends.suspend(row, version=row.version, reason="装修", choices={}, by=shared.b)
    if state == "ended":
        agreed_ends.end(
            row, version=row.version, on=clock.today(), reason="不再共享", choices={}, by=shared.b
        )
    assert row.state == state
    return row


@pytest.mark.parametrize("state", list(LEGAL))
@pytest.mark.parametrize("move", MOVES)
def test_every_move_from_every_state(shared: Shared, state: str, move: str):
    row = _in_state(shared, state)
    version = row.version
    act: Any = {
        "sign": lambda: agreeing.sign(row, version=version, by=shared.a if state == "draft" else shared.b),
        "give_back": lambda: agreeing.give_back(row, version=version, reason="再看看", by=shared.b),
        "suspend": lambda: agreed_ends.suspend(row, version=version, reason="装修", choices={}, by=shared.a),
        "resume": lambda: agreed_ends.resume(row, version=version, by=shared.b),
        "end": lambda: agreed_ends.end(
            row, version=version, on=clock.today(), reason="停", choices={}, by=shared.b
        ),
        "change": lambda: agreeing.change(row, _terms(row), version=version, by=shared.b),
    }[move]
    if move in LEGAL[state]:
        act()
        assert row.version == version + 1
    else:
        with pytest.raises(Conflict):
            act()
        session.refresh(row)
        assert (row.state, row.version) == (state, version)


def test_a_changed_draft_cannot_be_signed_as_it_was(shared: Shared):
    row = shared.draft()
    seen = row.version
    agreeing.change(row, _terms(row), version=row.version, by=shared.b)
    with pytest.raises(Conflict):
        agreeing.sign(row, version=seen, by=shared.a)


# --- what lies beyond


def test_suspending_asks_for_every_booking_it_carried(shared: Shared):
    row = shared.agree()
    kept, displaced, cancelled = (shared.book(span(day, 9, 10)) for day in (10, 11, 12))
    own = shared.book(span(13, 9, 10), asker=shared.asker(organization=shared.owner))
    ids = [shared.center.times(one)[0].id for one in (kept, displaced, cancelled)]
    assert [one.id for one in agreed_ends.after_ending(row, on=None)] == ids
    with pytest.raises(Conflict):
        agreed_ends.suspend(row, version=row.version, reason="装修", choices={ids[0]: "keep"}, by=shared.b)
    session.refresh(row)
    choices = dict(zip(ids, ("keep", "displace", "cancel"), strict=True))
    agreed_ends.suspend(row, version=row.version, reason="装修", choices=choices, by=shared.b)
    states = [shared.center.times(one)[0].state for one in (kept, displaced, cancelled, own)]
    assert states == ["approved", "displaced", "cancelled", "approved"]
    # Nobody is offered a time that the agreement does not carry now.
    assert [one.state for one in session.scalars(select(BookingsWish))] == ["waiting"]
    with pytest.raises(NotFree):
        shared.book(span(11, 9, 10))
    shared.center.owns_its_slots()


def test_resuming_offers_the_displaced_their_time_first(shared: Shared):
    row = shared.agree()
    booked = shared.book(span(11, 9, 10))
    (time,) = shared.center.times(booked)
    agreed_ends.suspend(row, version=row.version, reason="装修", choices={time.id: "displace"}, by=shared.b)
    agreed_ends.resume(row, version=row.version, by=shared.b)
    (wish,) = session.scalars(select(BookingsWish).execution_options(populate_existing=True))
    assert (wish.state, wish.account_id, wish.starts_at) == ("offered", booked.account_id, time.starts_at)
    shared.center.owns_its_slots()


def test_ending_early_asks_only_for_what_lies_behind_the_day(shared: Shared):
    row = shared.agree()
    before, after = shared.book(span(10, 9, 10)), shared.book(span(20, 9, 10))
    (late,) = shared.center.times(after)
    assert [one.id for one in agreed_ends.after_ending(row, on=date(2026, 3, 15))] == [late.id]
    agreed_ends.end(
        row,
        version=row.version,
        on=date(2026, 3, 15),
        reason="厂里要用",
        choices={late.id: "cancel"},
        by=shared.a,
    )
    assert (row.state, row.valid_to) == ("active", date(2026, 3, 15))
    assert [shared.center.times(one)[0].state for one in (before, after)] == ["approved", "cancelled"]
    with pytest.raises(NotFree):
        shared.book(span(16, 9, 10))
    shared.center.owns_its_slots()


@pytest.mark.parametrize("on", [date(2026, 3, 1), date(2026, 7, 2)])
def test_an_agreement_ends_today_at_the_earliest_and_by_its_term_at_the_latest(shared: Shared, on: date):
    row = shared.agree()
    with pytest.raises(Refused) as refused:
        agreed_ends.end(row, version=row.version, on=on, reason="停", choices={}, by=shared.b)
    assert codes(refused.value) == ["dates"]


@pytest.mark.parametrize("verb", ["suspend", "end", "give_back"])
def test_ending_and_suspending_want_a_reason(shared: Shared, verb: str):
    row = _in_state(shared, "signed_a" if verb == "give_back" else "active")
    with pytest.raises(Refused) as refused:
        if verb == "suspend":
            agreed_ends.suspend(row, version=row.version, reason=" ", choices={}, by=shared.b)
        elif verb == "end":
            agreed_ends.end(row, version=row.version, on=clock.today(), reason="", choices={}, by=shared.b)
        else:
            agreeing.give_back(row, version=row.version, reason="", by=shared.b)
    assert codes(refused.value) == ["reason"]


def test_a_change_is_a_new_agreement_that_takes_over_on_its_day(shared: Shared):
    old = shared.agree()
    inside, beyond = shared.book(span(10, 9, 10)), shared.book(span(20, 9, 10))
    (late,) = shared.center.times(beyond)
    new = shared.draft(valid_from=date(2026, 3, 15), groups=["members"], replaces=old)
    agreeing.sign(new, version=new.version, by=shared.a)
    assert [one.id for one in agreeing.after_signing(new)] == [late.id]
    with pytest.raises(Conflict):
        agreeing.sign(new, version=new.version, by=shared.b)
    session.refresh(new)
    agreeing.sign(new, version=new.version, by=shared.b, choices={late.id: "keep"})
    session.refresh(old)
    assert (old.state, old.valid_to) == ("active", date(2026, 3, 15))
    shared.book(span(14, 9, 10))
    with pytest.raises(NotFree):
        shared.book(span(16, 9, 10))
    shared.book(span(16, 9, 10), asker=shared.asker(member=True))
    assert [shared.center.times(one)[0].state for one in (inside, beyond)] == ["approved", "approved"]


def test_the_job_ends_what_is_over_and_nothing_else(shared: Shared):
    row = shared.agree(valid_to=date(2026, 3, 10))
    with clock.frozen(date(2026, 3, 9)):
        assert (due_in.agreements_over(), agreed_ends.expire()) == (set(), 0)
    with clock.frozen(date(2026, 3, 10)):
        assert due_in.agreements_over() == {row.district_id}
        assert agreed_ends.expire() == 1
        assert (due_in.agreements_over(), agreed_ends.expire()) == (set(), 0)
    session.refresh(row)
    assert (row.state, row.reason) == ("ended", "到期")


# --- races


def sign_in_a_process(given: dict[str, Any]) -> str:
    with clock.frozen(date(2026, 3, 2)), inside(given["district"], given["token"]) as by:
        row = session.get_one(BookingsAgreement, given["row"])
        return agreeing.sign(row, version=given["version"], by=by)


def test_of_eight_who_sign_at_once_one_does(shared: Shared, data_dir: Any):
    row = shared.draft()
    agreeing.sign(row, version=row.version, by=shared.a)
    session.commit()
    world, district = shared.center.world, shared.center.district
    staff = [world.account(role="district_admin", district=district) for _number in range(8)]
    given = [
        {"district": district.id, "row": row.id, "version": row.version, "token": world.token(one)}
        for one in staff
    ]
    results = crowd(data_dir, "plugins.bookings.tests.test_agreements:sign_in_a_process", given)
    assert sorted(one if isinstance(one, str) else one["error"].split(":")[0] for one in results) == [
        *["Conflict"] * 7,
        "active",
    ]
