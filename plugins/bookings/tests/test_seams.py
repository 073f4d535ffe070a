"""Where two rules meet: what each does right alone and both together did not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from plugins.bookings import alternatives, jobs, judging, typed
from plugins.bookings.judging import Asker, Question
from plugins.bookings.models import BookingsRoom
from plugins.bookings.policy import policy_of
from plugins.bookings.queries import calendar, presence, report
from plugins.bookings.service import (
    agreed_ends,
    agreeing,
    arriving,
    asking,
    changing,
    closing,
    deciding,
    displacing,
    places,
    visiting,
    waiting,
)
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.pages import somebody
from plugins.bookings.tests.sharing import Shared
from plugins.bookings.tests.test_desk_rights import key
from plugins.bookings.verdicts import NotFree, Refused, Span
from plugins.bookings.views import desk_answer, desk_record
from portal.api import Conflict, clock, notices, session


def days(count: int, *, first: int = 3) -> list[Span]:
    """Return nine to ten on so many days that follow each other."""
    return [span(first + number, 9, 10) for number in range(count)]


def day_and_night(inside: Center) -> None:
    """Let the training room be open around the clock on working days."""
    room = inside.room().id
    places.add_hours(inside.venue, room, kind="work", opens=0, closes=1440, valid_from=date(2020, 1, 1))


def codes(found: Any) -> list[list[str]]:
    return [[one.code for one in verdict.refusals] for verdict in found]


def test_a_series_shifted_onto_its_own_days_leaves_those_that_stay(inside: Center):
    made = inside.book(*days(3), rule="FREQ=DAILY;COUNT=3", asker=Asker(account_id=inside.world.account().id))
    inside.book(*days(1, first=6))
    rows, by = inside.times(made), inside.world.account().id

    def shift(spans: list[Span], *, skip: bool) -> list[Any]:
        versions = {row.id: row.version for row in rows}
        asker = Asker(staff=True)
        return changing.move_all(
            rows, versions=versions, spans=spans, room=inside.room(), asker=asker, by=by, skip=skip
        )

    # The last one cannot go, so it stays where the one before it would come, and so on: none can go.
    with pytest.raises(NotFree) as refused:
        shift(days(3, first=4), skip=True)
    assert codes(refused.value.verdicts) == [["taken"]] * 3
    # The other way round the first makes room for all.
    assert len(shift(days(3, first=2 + 7), skip=True)) == 3
    inside.owns_its_slots()


def test_a_series_does_not_clash_with_itself_unsaid(inside: Center):
    day_and_night(inside)
    inside.setting("buffer_after", 15)
    whole = [Span(start=at(day, 0), end=at(day + 1, 0)) for day in (3, 4, 5)]
    with pytest.raises(NotFree) as refused:
        inside.book(*whole, rule="FREQ=DAILY;COUNT=3")
    # The second lies in what the first leaves for tidying up; the third is clear of the first again.
    assert codes(refused.value.verdicts) == [[], ["each_other"], []]
    made = inside.book(*whole, rule="FREQ=DAILY;COUNT=3", skip=True)
    assert [row.state for row in inside.times(made)] == ["approved", "skipped", "approved"]
    inside.owns_its_slots()


def test_other_times_are_found_for_one_that_begins_just_before_midnight(inside: Center):
    day_and_night(inside)
    # Between two slots: its own grid's next one lies in another day.
    late = Span(start=at(3, 23, 50), end=at(4, 0, 20))
    asked = Question(room=inside.room(), spans=(late,), asker=Asker(staff=True))
    found = alternatives.three(inside.ref, asked, late, headcount=5)
    assert found[0].span == Span(start=at(3, 23, 30), end=at(4, 0))


def test_a_move_counts_the_people_who_were_said_to_come_meanwhile(
    inside: Center, monkeypatch: pytest.MonkeyPatch
):
    by = inside.world.account().id
    made = inside.book(span(5, 9, 10), room="大厅", asker=Asker(account_id=inside.world.account().id))
    (row,) = inside.times(made)
    lock = changing.freeing.lock_around

    def after_somebody_else(*args: Any) -> Any:
        grids = lock(*args)
        session.execute(text("update bookings_booking set headcount = 80, version = version + 1"))
        return grids

    monkeypatch.setattr(changing.freeing, "lock_around", after_somebody_else)
    # Forty are let out of it in case of fire.
    with pytest.raises(Refused) as refused:
        changing.move(row, version=1, span=span(5, 9, 10), room=inside.room(), asker=Asker(staff=True), by=by)
    assert [one.code for one in refused.value.refusals] == ["fire"]


def test_a_request_that_moved_after_the_job_looked_does_not_lapse(inside: Center):
    inside.setting("approval", "ask")
    account = inside.world.account().id
    asker = Asker(account_id=account)
    made = inside.book(span(9, 9, 10), span(9, 11, 12), rule="FREQ=DAILY;COUNT=2", asker=asker, by=account)
    rows = [row.id for row in inside.times(made)]
    with clock.frozen(at(5, 0)):
        first = inside.times(made)[0]
        changing.move(first, version=1, span=span(10, 9, 10), room=inside.room(), asker=asker, by=account)
        deciding.lapse(made, only=rows)
        assert [row.state for row in inside.times(made)] == ["requested", "lapsed"]
        with pytest.raises(Conflict):
            deciding.lapse(made, only=rows)
    inside.owns_its_slots()


def test_a_renewal_is_signed_after_the_old_agreement_ran_out(inside: Center):
    shared = Shared(inside)
    old = shared.agree(valid_to=date(2026, 3, 5))
    new = shared.draft(valid_from=date(2026, 3, 5), replaces=old)
    agreeing.sign(new, version=new.version, by=shared.a)
    with clock.frozen(at(6, 9)):
        assert agreed_ends.expire() == 1
        assert agreeing.sign(new, version=new.version, by=shared.b) == "active"
        session.refresh(old)
        assert (old.state, old.reason) == ("ended", "到期")
        shared.book(span(7, 9, 10))
    inside.owns_its_slots()


def test_a_message_about_a_series_says_how_many_times_are_meant(inside: Center):
    account, by = inside.world.account().id, inside.world.account().id

    def newest() -> str:
        return str(notices.inbox(account)[0].text)

    def series(*, skip: bool = False) -> Any:
        asker = Asker(account_id=account)
        return inside.book(*days(3), rule="FREQ=DAILY;COUNT=3", asker=asker, by=account, skip=skip)

    inside.setting("approval", "ask")
    inside.book(*days(1))
    made = series(skip=True)
    # The day that was taken is neither asked for nor the first.
    assert "3月4日 星期三 09:00—10:00起，一共2次" in newest()
    deciding.refuse(made, version=made.version, reason="要检修", by=by)
    assert "3月4日 星期三 09:00—10:00起，一共2次" in newest()
    made = series(skip=True)
    told = len(notices.inbox(account))
    assert deciding.approve(made, version=made.version, by=by) == 2
    assert len(notices.inbox(account)) == told + 1
    assert "通过了" in newest() and "2026年3月4日 星期三 09:00—10:00起，一共2次" in newest()
    rows = changing.upcoming(made)
    versions = {row.id: row.version for row in rows}
    changing.cancel(rows, versions=versions, reason="不用了", by=account, staff=False)
    inside.setting("approval", "auto")
    made = series(skip=True)
    assert "3月4日 星期三 09:00—10:00起，一共2次" in newest()
    rows = changing.upcoming(made)
    versions = {row.id: row.version for row in rows}
    changing.cancel(rows, versions=versions, reason="停电", by=by, staff=True)
    assert "3月4日 星期三 09:00—10:00起，一共2次" in newest() and "停电" in newest()


def test_who_loses_a_part_with_the_hall_hears_of_the_part(inside: Center):
    inside.setting("approval", "ask")
    inside.setting("pending", "compete")
    one, other, by = (inside.world.account().id for _ in range(3))
    lost = inside.book(span(9, 9, 10), room="东厅", asker=Asker(account_id=one), by=one)
    won = inside.book(span(9, 9, 10), room="大厅", asker=Asker(account_id=other), by=other)
    deciding.approve(won, version=won.version, by=by)
    (row,) = inside.times(lost)
    # A calendar that has the request takes its end for old news without a higher number.
    assert (row.state, row.sequence) == ("lapsed", 1)
    assert "东厅" in str(notices.inbox(one)[0].text)
    inside.owns_its_slots()


def test_a_member_has_a_shared_time_given_back_and_no_more_come_than_are_let_out(inside: Center):
    shared = Shared(inside)
    shared.agree(groups=["members"])
    account, by = inside.world.account(inside.world.member(shared.other)).id, inside.world.account().id
    made = shared.book(span(10, 9, 10), asker=Asker(account_id=account, is_member=True))
    (row,) = inside.times(made)
    displacing.displace(row, version=row.version, reason="记错了", by=by)
    displacing.give_back(row, version=row.version, by=by)
    assert inside.times(made)[0].state == "approved"
    displacing.displace(row, version=row.version, reason="要用", by=by)
    session.execute(text("update bookings_booking set headcount = 121"))
    with pytest.raises(NotFree) as refused:
        displacing.give_back(row, version=row.version, by=by)
    assert codes(refused.value.verdicts) == [["fire"]]
    inside.owns_its_slots()


@pytest.mark.parametrize("change", ["out of use", "not open"])
def test_what_nobody_could_take_is_offered_to_nobody(inside: Center, change: str):
    inside.setting("waiting_list", True)
    made, account = inside.book(span(5, 9, 10)), inside.world.account().id
    wish = waiting.join(inside.wanted(span(5, 9, 10), asker=Asker(account_id=account)), by=account)
    room = session.get_one(BookingsRoom, inside.room().id)
    if change == "out of use":
        room.active = False
    else:
        day = date(2026, 3, 5)
        places.add_hours(inside.venue, room.id, kind="date", on_day=day, opens=0, closes=0, valid_from=day)
    changing.cancel(inside.times(made), versions={1: 1}, reason="不用了", by=account, staff=True)
    session.refresh(wish)
    assert wish.state == "waiting"
    inside.owns_its_slots()


def test_nobody_is_led_to_a_room_that_is_not_open_to_them(inside: Center):
    for name in ("培训室", "东厅"):
        places.set_policy(inside.venue, inside.room(name).id, by=None, open_to="members")
    resident = Asker(account_id=inside.world.account().id)
    asked = Question(room=inside.room("西厅"), spans=(), asker=resident)
    found = alternatives.larger(inside.ref, asked, span(5, 9, 10), headcount=5)
    assert [one.room.name for one in found] == ["大厅"]
    made = visiting.ask(
        visiting.Group(name="莲湖小学"),
        span=span(10, 9, 11),
        headcount=20,
        contact=Contact(name="王老师"),
        asker=resident,
        by=resident.account_id,
    )
    assert inside.room_name(made.room_id) == "西厅"
    inside.owns_its_slots()


def test_times_named_instead_are_those_the_person_can_book(inside: Center):
    inside.setting("approval", "ask")
    inside.setting("max_ahead_days", 3)
    account = inside.world.account().id
    made = inside.book(span(5, 9, 10), asker=Asker(account_id=account), by=account)
    found = desk_record.Record(booking=made, times=inside.times(made), rooms={made.room_id: inside.room()})
    named = desk_answer.times_instead(found, found.times[0])
    assert len(named) == 3
    assert not [one for one in named if "3月5日" not in one]


def test_nobody_checks_in_to_what_is_over(inside: Center):
    inside.setting("release", True)
    inside.setting("grace_after", 120)
    made = inside.book(span(3, 9, 10))
    (row,) = inside.times(made)
    with clock.frozen(at(3, 10)):
        with pytest.raises(Refused):
            arriving.check_in(row, version=1, by=inside.world.account().id)
        jobs.tick({})
    assert inside.times(made)[0].state == "no_show"


def test_a_room_that_comes_to_a_closed_house_is_closed_with_it(inside: Center):
    by = inside.world.account().id
    week = Span(start=at(9, 9, 30), end=at(16, 0))
    closure = closing.close(inside.venue, None, span=week, reason="装修", choices={}, by=by)
    made = places.make_room(
        inside.venue, kind="other", name="新屋", capacity=10, fire_limit=10, grid_minutes=60, by=by
    )
    room = places.places.room(id=made.id)
    assert room is not None
    for when in (span(9, 9, 10), span(10, 9, 10)):
        asked = Question(room=room, spans=(when,), asker=Asker(staff=True))
        verdict = judging.judge(asked, policy_of(inside.ref, room)).verdicts[0]
        assert [one.code for one in verdict.refusals] == ["closed"]
    closing.lift(closure, version=closure.version, by=by)
    inside.owns_its_slots()


def test_a_closed_hall_closes_its_parts_for_the_eye_and_the_report(inside: Center):
    hall, by = inside.room("大厅"), inside.world.account().id
    closing.close(inside.venue, hall, span=span(10, 8, 12), reason="装修", choices={}, by=by)
    every, day = places.places.rooms(), date(2026, 3, 10)
    board = calendar.board(every, [day], every=every, seen=(), own=None)
    assert [room.name for room in every if board.closed(room, day)] == ["东厅", "西厅", "大厅"]
    lines = report.report(day, day, within=lambda _room: True)
    assert {line.room.name: line.use.open // 60 for line in lines} == {
        "培训室": 14,
        "东厅": 10,
        "西厅": 10,
        "大厅": 10,
    }


@pytest.mark.parametrize(
    ("today", "found"), [((2026, 3, 2), 2028), ((2028, 3, 1), 2032), ((2028, 2, 29), 2028)]
)
def test_the_leap_day_without_a_year_is_the_next_there_is(today: tuple[int, int, int], found: int):
    with clock.frozen(date(*today)):
        assert typed.day({"day-month": "2", "day-day": "29"}, "day") == date(found, 2, 29)
        assert typed.day({"day-month": "2", "day-day": "30"}, "day") is None


def test_who_has_a_room_for_days_is_there_on_each_of_them(inside: Center):
    day_and_night(inside)
    made = inside.book(Span(start=at(3, 9), end=at(6, 18)))
    (row,) = inside.times(made)
    there = {room.id: room for room in places.places.rooms()}
    with clock.frozen(at(5, 9)):
        assert [one.id for one in presence.expected(there)] == [row.id]


def test_a_request_whose_time_has_begun_is_not_approved_any_more(inside: Center):
    inside.setting("approval", "ask")
    inside.setting("points", True)
    account, by = inside.world.account().id, inside.world.account().id
    made = inside.book(*days(2), rule="FREQ=DAILY;COUNT=2", asker=Asker(account_id=account), by=account)
    second = inside.times(made)[1].id
    # The job that lets it lapse was late.
    with clock.frozen(at(3, 9, 5)):
        with pytest.raises(Conflict):
            deciding.approve(made, version=made.version, by=by)
        assert deciding.approve(made, version=made.version, by=by, only=[second]) == 1
        jobs.tick({})
    assert [row.state for row in inside.times(made)] == ["lapsed", "approved"]
    inside.owns_its_slots()


def test_what_is_over_is_called_off_by_nobody(inside: Center):
    me = somebody(inside)
    made = inside.book(span(3, 9, 10), asker=Asker(account_id=me.id), by=me.id)
    uid, version = made.uid, made.version
    session.commit()
    with me.on(at(4, 9)):
        data = {"_once": key(), "version": version, "reason": "不用了"}
        assert me.post(f"{uid}/cancel", data).status_code == 409


def test_an_offer_is_no_way_to_a_third_room_at_one_time(inside: Center):
    inside.setting("waiting_list", True)
    taken, account = inside.book(span(5, 9, 10)), inside.world.account().id
    asker = Asker(account_id=account)
    wish = waiting.join(inside.wanted(span(5, 9, 10), asker=asker), by=account)
    for room in ("东厅", "西厅"):
        inside.book(span(5, 9, 10), room=room, asker=asker, by=account)
    changing.cancel(inside.times(taken)[:1], versions={1: 1}, reason="不用了", by=account, staff=True)
    session.refresh(wish)
    with pytest.raises(Refused) as refused:
        waiting.take(wish, version=wish.version, by=account)
    assert [one.code for one in refused.value.refusals] == ["at_once"]
    inside.owns_its_slots()


def test_the_owner_takes_back_no_request_for_a_day_it_does_not_get(inside: Center):
    shared = Shared(inside)
    shared.agree()
    inside.setting("approval", "ask")
    parts = [
        places.make_room(shared.venue, kind="other", name=name, capacity=50, fire_limit=50, by=None)
        for name in ("东间", "西间")
    ]
    places.make_room(shared.venue, kind="hall", name="全厅", capacity=90, fire_limit=99, parts=parts, by=None)
    rooms = {room.name: room for room in places.places.rooms(venue_id=shared.venue.id)}

    def ask(room: str, *spans: Span, owner: bool = False, **values: Any) -> Any:
        who = shared.asker(organization=shared.owner if owner else shared.other, office=owner)
        wanted = replace(inside.wanted(*spans, asker=who), room=rooms[room], **values)
        return asking.ask(wanted, skip=owner, by=who.account_id), who.account_id

    firm, _who = ask("东间", span(4, 9, 10))
    deciding.approve(firm, version=firm.version, by=inside.world.account().id)
    (first, one), (second, _other) = (ask("西间", span(day, 9, 10)) for day in (3, 4))
    ask("全厅", span(3, 9, 10), span(4, 9, 10), owner=True, rule="FREQ=DAILY;COUNT=2")
    # On the second day the hall is not to be had, whoever gives way.
    assert [inside.times(made)[0].state for made in (first, second)] == ["displaced", "requested"]
    assert "西间" in str(notices.inbox(one or 0)[0].text)
    inside.owns_its_slots()
