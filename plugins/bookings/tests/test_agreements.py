"""Agreements on shared venues: who signs, what may be booked under them, what becomes of what lies beyond."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from plugins.bookings import actors
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsAgreement, BookingsWish
from plugins.bookings.queries import due_in
from plugins.bookings.service import agreed_ends, agreeing, deciding
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.sharing import Shared
from plugins.bookings.verdicts import NotFree, Refused, Span
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


# --- criterion 16: what may be booked


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


# --- pages


def url(shared: Shared, rest: str = "") -> str:
    return f"/d/{shared.center.district.code}/bookings/agreements/{rest}"


def browser(shared: Shared, who: Actor) -> Any:
    session.commit()
    return shared.center.world.browser(shared.accounts[who.account_id or 0])


def typed(shared: Shared, **changed: Any) -> dict[str, Any]:
    return {
        "venue": shared.venue.uid,
        "party_b": "测试党群服务中心",
        "valid_from": "2026-03-03",
        "valid_to": "2026-12-31",
        "groups": ["organizations", "members"],
        "named": "",
        "kind-0": "work",
        "opens-0": "18:00",
        "closes-0": "21：00",
        "cost": "不收费",
        "_once": "a" * 20,
        **changed,
    }


def test_a_draft_is_written_signed_and_printed(shared: Shared):
    staff, owner = browser(shared, shared.b), browser(shared, shared.a)
    answer = staff.post(url(shared, "new"), data=typed(shared))
    assert answer.status_code == 303
    with shared.center.inside():
        row = session.scalars(select(BookingsAgreement)).one()
        assert row.hours == [{"kind": "work", "opens": 1080, "closes": 1260}]
        assert row.valid_to == date(2027, 1, 1)
        uid = row.uid
    assert staff.post(url(shared, f"{uid}/sign"), data={"version": 1, "_once": "b" * 20}).status_code == 403
    assert owner.post(url(shared, f"{uid}/sign"), data={"version": 1, "_once": "c" * 20}).status_code == 303
    assert owner.post(url(shared, f"{uid}/sign"), data={"version": 2, "_once": "d" * 20}).status_code == 403
    assert staff.post(url(shared, f"{uid}/sign"), data={"version": 1, "_once": "e" * 20}).status_code == 409
    assert staff.post(url(shared, f"{uid}/sign"), data={"version": 2, "_once": "f" * 20}).status_code == 303
    sheet = staff.get(url(shared, f"{uid}/print")).get_data(as_text=True)
    for words in ("甲厂党支部", "测试党群服务中心", "工作日 18:00—21:00", "2026年12月31日"):
        assert words in sheet


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"venue": ""}, "venue"),
        ({"valid_from": "31.12."}, "valid_from"),
        ({"valid_to": "2026-03-02"}, "valid_to"),
        ({"valid_to": "9999-12-31"}, "valid_to"),
        ({"groups": []}, "groups"),
        ({"groups": ["named"], "named": "没有的党支部"}, "named"),
        ({"opens-0": "25:00"}, "opens-0"),
        ({"opens-0": "22:00"}, "opens-0"),
        ({"kind-0": ""}, "opens-0"),
        ({"party_b": ""}, "party_b"),
    ],
)
def test_a_bad_draft_says_what_to_mend_and_keeps_what_was_typed(
    shared: Shared, changed: dict[str, Any], field: str
):
    answer = browser(shared, shared.b).post(url(shared, "new"), data=typed(shared, **changed))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert f'href="#{field}"' in page
    assert "不收费" in page
    with shared.center.inside():
        assert session.scalars(select(BookingsAgreement)).all() == []


def test_who_has_no_part_finds_no_agreement(shared: Shared):
    row = shared.agree()
    uid = row.uid
    stranger, owner = browser(shared, shared.stranger), browser(shared, shared.a)
    assert [stranger.get(url(shared, rest)).status_code for rest in ("", uid, f"{uid}/print")] == [
        200,
        404,
        404,
    ]
    assert "甲厂礼堂" not in stranger.get(url(shared)).get_data(as_text=True)
    assert "甲厂礼堂" in owner.get(url(shared)).get_data(as_text=True)
    assert stranger.post(url(shared, f"{uid}/end"), data={"version": 1, "_once": "a" * 20}).status_code == 404
    assert stranger.post(url(shared, "new"), data=typed(shared)).status_code == 404
    member = shared.center.world.browser(shared.center.world.account())
    assert [member.get(url(shared, rest)).status_code for rest in ("", uid, "new")] == [404, 404, 404]


def test_a_secretary_of_party_b_finds_and_signs_it(shared: Shared):
    row = shared.draft(party_b_id=shared.other.id, party_b_name="乙厂党支部")
    agreeing.sign(row, version=row.version, by=shared.a)
    page = browser(shared, shared.stranger).get(url(shared)).get_data(as_text=True)
    assert "甲厂礼堂" in page
    with shared.center.inside():
        assert agreeing.sign(row, version=row.version, by=shared.stranger) == "active"


def test_party_b_decides_about_bookings_without_reading_whose_they_are(shared: Shared):
    row = shared.draft(party_b_id=shared.other.id, party_b_name="乙厂党支部")
    agreeing.sign(row, version=row.version, by=shared.a)
    agreeing.sign(row, version=row.version, by=shared.stranger)
    shared.book(span(20, 9, 10), title="合唱排练")
    pages = [
        browser(shared, who).get(url(shared, f"{row.uid}/suspend")).get_data(as_text=True)
        for who in (shared.a, shared.stranger)
    ]
    assert ["合唱排练" in page for page in pages] == ["王测" in page for page in pages] == [True, False]
    assert "2026年3月20日 09:00—10:00" in pages[1] and "已约" in pages[1]


def test_ending_shows_the_bookings_first_and_does_nothing_before_each_has_a_choice(shared: Shared):
    row = shared.agree()
    booked = shared.book(span(20, 9, 10), title="合唱排练")
    (time,) = shared.center.times(booked)
    uid, version, time_id = row.uid, row.version, time.id
    staff = browser(shared, shared.b)
    page = staff.get(url(shared, f"{uid}/end")).get_data(as_text=True)
    assert "合唱排练" in page
    data = {"version": version, "on": "2026-03-15", "reason": "厂里要用", "_once": "b" * 20}
    answer = staff.post(url(shared, f"{uid}/end"), data=data)
    assert answer.status_code == 409
    assert f"choice-{time_id}" in answer.get_data(as_text=True)
    never = {**data, "on": "9999-12-31", "_once": "e" * 20}
    assert staff.post(url(shared, f"{uid}/end"), data=never).status_code == 422
    data |= {f"choice-{time_id}": "dance", "_once": "c" * 20}
    assert staff.post(url(shared, f"{uid}/end"), data=data).status_code == 422
    data |= {f"choice-{time_id}": "cancel", "_once": "d" * 20}
    assert staff.post(url(shared, f"{uid}/end"), data=data).status_code == 303
    with shared.center.inside():
        assert [one.state for one in shared.center.times(booked)] == ["cancelled"]


def test_the_register_is_narrowed_and_searched(shared: Shared):
    shared.agree(valid_to=date(2026, 3, 20))
    shared.draft()
    staff = browser(shared, shared.b)

    def found(query: str) -> int:
        return staff.get(url(shared, query)).get_data(as_text=True).count("甲厂党支部和")

    asked = ("", "?state=soon", "?state=draft", "?state=ended", "?q=礼堂", "?q=没有", "?state=zz")
    assert [found(query) for query in asked] == [2, 1, 1, 0, 2, 0, 2]
