"""Asking for a room: what is had, what is refused and why."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsBooking, BookingsOccurrence
from plugins.bookings.policy import DECLARED
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import NotFree, Refused, Span
from portal.api import claims, notices, session, swap, transaction, workdays

WEEK = timedelta(days=7)


def count(model: type) -> int:
    found = session.scalar(select(func.count()).select_from(model))
    assert found is not None
    return found


def codes(error: NotFree) -> list[list[str]]:
    return [[one.code for one in verdict.refusals] for verdict in error.verdicts]


def test_booking_one_after_the_other_is_free_of_buffers(inside: Center):
    inside.book(span(3, 9, 10))
    inside.book(span(3, 10, 11))
    assert [row.state for row in inside.times()] == ["approved", "approved"]
    inside.owns_its_slots()


def test_a_buffer_keeps_the_next_one_away(inside: Center):
    inside.setting("buffer_after", 15)
    inside.book(span(3, 9, 10))
    with pytest.raises(NotFree) as refused:
        inside.book(span(3, 10, 11))
    assert codes(refused.value) == [["taken"]]
    inside.book(Span(start=at(3, 10, 15), end=at(3, 11, 15)))
    inside.owns_its_slots()


def test_buffers_round_up_to_whole_slots(inside: Center):
    inside.setting("buffer_before", 20)
    inside.book(span(3, 9, 10))
    kinds = sorted(
        session.scalars(select(claims.Claim.kind).where(claims.Claim.unit_id == inside.room().units[0]))
    )
    assert kinds == ["buffer"] * 2 + ["use"] * 4


def test_a_part_blocks_the_hall_and_not_its_neighbour(inside: Center):
    inside.book(span(3, 9, 10), room="东厅")
    inside.book(span(3, 9, 10), room="西厅")
    with pytest.raises(NotFree):
        inside.book(span(3, 9, 10), room="大厅")
    inside.book(span(4, 9, 10), room="大厅", headcount=80)
    for part in ("东厅", "西厅"):
        with pytest.raises(NotFree):
            inside.book(span(4, 9, 10), room=part)
    inside.owns_its_slots()


def test_times_off_the_grid_name_the_nearest_that_fit(inside: Center):
    with pytest.raises(NotFree) as refused:
        inside.book(Span(start=at(3, 9, 7), end=at(3, 10)))
    (refusal,) = refused.value.verdicts[0].refusals
    assert (refusal.code, refusal.field) == ("grid", "start")
    assert "09:00" in refusal.text and "09:15" in refusal.text


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Span(start=at(3, 10), end=at(3, 9)), "order"),
        (Span(start=at(3, 10), end=at(3, 10)), "order"),
        (Span(start=at(2, 9), end=at(2, 9, 30)), "past"),
        (Span(start=at(3, 6), end=at(3, 9)), "hours"),
        (Span(start=at(3, 21), end=at(3, 23)), "hours"),
        (Span(start=at(3, 9), end=at(3, 9).replace(year=2199)), "endless"),
    ],
)
def test_a_time_nobody_can_have_says_why(inside: Center, wanted: Span, code: str):
    with pytest.raises(NotFree) as refused:
        inside.book(wanted)
    assert codes(refused.value) == [[code]]
    assert count(BookingsBooking) == count(BookingsOccurrence) == count(claims.Claim) == 0


def test_exactly_as_many_days_ahead_as_allowed_is_allowed(inside: Center):
    asker = Asker(account_id=inside.world.account().id)
    inside.setting("max_ahead_days", 30)
    inside.book(span(1, 9, 10, month=4), asker=asker, by=asker.account_id)
    with pytest.raises(NotFree) as refused:
        inside.book(span(2, 9, 10, month=4), asker=asker, by=asker.account_id)
    assert codes(refused.value) == [["ahead"]]
    assert "30" in refused.value.verdicts[0].refusals[0].text
    assert "4月1日" in refused.value.verdicts[0].refusals[0].text


@pytest.mark.parametrize(("people", "code"), [(31, "seats"), (41, "fire"), (0, "headcount")])
def test_too_many_people_are_refused(inside: Center, people: int, code: str):
    with pytest.raises(Refused) as refused:
        inside.book(span(3, 9, 10), headcount=people)
    assert [one.code for one in refused.value.refusals] == [code]


def test_a_keeper_may_allow_more_with_a_reason_and_never_beyond_the_fire_limit(inside: Center):
    made = inside.book(span(3, 9, 10), headcount=31, over_reason="加了十把椅子")
    assert made.over_reason == "加了十把椅子"
    with pytest.raises(Refused) as refused:
        inside.book(span(4, 9, 10), headcount=41, over_reason="再加一些")
    assert [one.code for one in refused.value.refusals] == ["fire"]


def test_a_request_waits_and_holds_its_slots(inside: Center):
    inside.setting("approval", "ask")
    asker = Asker(account_id=inside.world.account().id)
    inside.book(span(9, 9, 10), asker=asker, by=asker.account_id)
    (row,) = inside.times()
    assert row.state == "requested"
    # Two working days after Monday the 2nd: the end of Wednesday.
    assert row.answer_by == at(5, 0)
    with pytest.raises(NotFree):
        inside.book(span(9, 9, 10))
    inside.owns_its_slots()


def test_competing_requests_hold_nothing(inside: Center):
    inside.setting("approval", "ask")
    inside.setting("pending", "compete")
    for _number in range(2):
        asker = Asker(account_id=inside.world.account().id)
        inside.book(span(9, 9, 10), asker=asker, by=asker.account_id)
    assert [(row.state, row.competes) for row in inside.times()] == [("requested", True)] * 2
    assert count(claims.Claim) == 0
    inside.owns_its_slots()


def test_a_series_that_clashes_asks_first_and_skips_when_told(inside: Center):
    weeks = [
        Span(start=at(3, 9) + timedelta(days=7 * n), end=at(3, 10) + timedelta(days=7 * n)) for n in range(10)
    ]
    for number in (1, 4, 7):
        inside.book(weeks[number])
    with pytest.raises(NotFree) as refused:
        inside.book(*weeks, rule="FREQ=WEEKLY;COUNT=10")
    assert [bool(one) for one in codes(refused.value)] == [n in (1, 4, 7) for n in range(10)]
    assert count(BookingsBooking) == 3
    made = inside.book(*weeks, rule="FREQ=WEEKLY;COUNT=10", skip=True)
    states = [row.state for row in inside.times(made)]
    assert states == ["skipped" if n in (1, 4, 7) else "approved" for n in range(10)]
    inside.owns_its_slots()


def test_a_quota_counts_each_week_its_part_of_a_night(inside: Center):
    inside.setting("quota_minutes", 120)
    with inside.world.writing(inside.district):
        from plugins.bookings.service import places

        places.add_hours(inside.venue, inside.room().id, kind="7", opens=0, closes=1440)
        places.add_hours(inside.venue, inside.room().id, kind="1", opens=0, closes=1440)
        session.commit()
    asker = Asker(account_id=inside.world.account().id)
    night = Span(start=at(8, 23), end=at(9, 1))
    inside.book(night, asker=asker, by=asker.account_id)
    inside.book(span(9, 2, 3), asker=asker, by=asker.account_id)
    with pytest.raises(Refused) as refused:
        inside.book(Span(start=at(9, 3), end=at(9, 3, 15)), asker=asker, by=asker.account_id)
    assert [one.code for one in refused.value.refusals] == ["quota"]
    inside.book(span(8, 20, 21), asker=asker, by=asker.account_id)
    inside.owns_its_slots()


def test_a_past_time_between_two_slots_says_both(inside: Center):
    with pytest.raises(NotFree) as refused:
        inside.book(Span(start=at(2, 9, 7), end=at(2, 9, 30)))
    assert codes(refused.value) == [["past", "grid"]]


def test_a_title_stays_one_line_and_turns_nothing_around(inside: Center):
    odd = "读书\u202e会\r\nATTENDEE:mailto:x@y\x08"
    made = inside.book(span(3, 9, 10), title=odd, contact=Contact(name="\u2066王\n测"))
    session.refresh(made)
    assert (made.title, made.contact_name) == ("读书会 ATTENDEE:mailto:x@y", "王 测")
    swap(made, version=made.version, title=odd)
    session.refresh(made)
    assert made.title == "读书会 ATTENDEE:mailto:x@y"


def test_series_in_a_hall_and_in_its_parts_keep_apart(inside: Center):
    weeks = [Span(start=at(3, 9) + n * WEEK, end=at(3, 10) + n * WEEK) for n in range(4)]
    rule = "FREQ=WEEKLY;COUNT=4"
    inside.book(*weeks[:2], room="东厅", rule="FREQ=WEEKLY;COUNT=2")
    inside.book(*weeks, room="西厅", rule=rule)
    with pytest.raises(NotFree) as refused:
        inside.book(*weeks, room="大厅", rule=rule)
    assert codes(refused.value) == [["taken"]] * 4
    later = [Span(start=one.start + timedelta(hours=2), end=one.end + timedelta(hours=2)) for one in weeks]
    inside.book(*later, room="大厅", rule=rule)
    for part in ("东厅", "西厅"):
        with pytest.raises(NotFree) as refused:
            inside.book(*later, room=part, rule=rule)
        assert codes(refused.value) == [["taken"]] * 4
    inside.owns_its_slots()


def test_a_deadline_once_said_stays_when_the_calendar_changes(inside: Center):
    inside.setting("approval", "ask")
    asker = Asker(account_id=inside.world.account().id)
    made = inside.book(span(9, 9, 10), asker=asker, by=asker.account_id)
    changed = (
        'year = 2026\n[source]\ntitle = "通知"\nnumber = "国办发明电〔2026〕1号"\nissued = 2026-03-02\n'
        '[[holiday]]\nname = "停工"\nfirst = 2026-03-03\nlast = 2026-03-06\n'
    )
    workdays.publish(workdays.read(changed), by=None)
    (row,) = inside.times(made)
    assert row.answer_by == at(5, 0)
    # Whoever asks now is told by the new calendar: Monday and Tuesday are the next working days.
    later = inside.book(span(20, 9, 10), asker=asker, by=asker.account_id)
    assert inside.times(later)[0].answer_by == at(11, 0)


def test_what_is_taken_back_tells_nobody(inside: Center):
    class TakenBack(Exception):
        pass

    account = inside.world.account().id
    with suppress(TakenBack), transaction():
        inside.book(span(3, 9, 10), asker=Asker(account_id=account), by=account)
        assert len(notices.inbox(account)) == 1
        raise TakenBack
    assert notices.inbox(account) == []
    assert count(BookingsBooking) == count(claims.Claim) == 0


def test_a_district_that_decided_nothing_begins_with_ask_approve_done():
    given = {one.key.removeprefix("bookings."): one.default for one in DECLARED}
    begins = {
        "approval": "ask",
        "pending": "hold",
        "waiting_list": False,
        "quota_minutes": 0,
        "release": False,
        "points": False,
        "buffer_before": 0,
        "buffer_after": 0,
    }
    assert {name: given[name] for name in begins} == begins
