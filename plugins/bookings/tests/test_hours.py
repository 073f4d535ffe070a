"""When rooms are open: lunch, make-up Saturdays, single dates, weeks of their own; and changing that."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from plugins.bookings import opening_words
from plugins.bookings.hours import Hours
from plugins.bookings.judging import Asker
from plugins.bookings.service import keeping, opening, places
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.golden import cases
from plugins.bookings.verdicts import NotFree, Refused
from portal.api import Conflict, clock, session

TWO_HALVES = {"work": [(540, 720), (840, 1020)], "off": [(540, 720)]}
WEEK: dict[str, list[tuple[int, int]]] = {kind: [] for kind in ("1", "2", "3", "4", "5", "6", "7")}


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=clock.SHANGHAI)


def entity(inside: Center, name: str = "培训室") -> Any:
    return session.get_one(places.BookingsRoom, inside.room(name).id)


def set_week(inside: Center, week: Any, *, room: str | None = None, since: date | None = None) -> date | None:
    place = entity(inside, room) if room else None
    return opening.set_week(
        inside.venue,
        place,
        version=(place or inside.venue).version,
        week=week,
        since=since or clock.today(),
        by=inside.staff(),
    )


def set_date(inside: Center, day: date, windows: Any, *, room: str | None = None) -> None:
    place = entity(inside, room) if room else None
    opening.set_date(
        inside.venue,
        place,
        version=(place or inside.venue).version,
        day=day,
        windows=windows,
        by=inside.staff(),
    )


def windows(inside: Center, day: date, room: str = "培训室") -> list[tuple[int, int]]:
    return Hours([inside.room(room)], day, day).windows(inside.room(room), day)


@pytest.mark.parametrize(("start", "end", "answer", "why"), cases("hours"))
def test_a_time_is_open_as_the_table_says(inside: Center, start: str, end: str, answer: str, why: str):
    with clock.frozen(date(2026, 2, 2)):
        set_week(inside, TWO_HALVES)
        begins, stops = instant(start), instant(end)
        hours = Hours([inside.room()], begins.date(), stops.date())
        assert hours.covers(inside.room(), begins, stops) is (answer == "open"), why


def test_a_week_that_was_planned_and_is_thrown_away_is_said(inside: Center):
    assert set_week(inside, TWO_HALVES, since=date(2026, 3, 16)) is None
    # Written anew for the same day it is a correction.
    assert set_week(inside, {"work": [(540, 1020)]}, since=date(2026, 3, 16)) is None
    assert set_week(inside, TWO_HALVES, since=date(2026, 3, 9)) == date(2026, 3, 16)
    assert windows(inside, date(2026, 3, 17)) == [(540, 720), (840, 1020)]


def test_a_booking_over_the_closed_lunch_is_refused_with_the_hours(inside: Center):
    set_week(inside, TWO_HALVES)
    inside.book(span(3, 11, 12))
    with pytest.raises(NotFree) as refused:
        inside.book(span(4, 11, 15))
    (said,) = refused.value.verdicts[0].refusals
    assert said.text == "这一天开放的时间是09:00—12:00、14:00—17:00，请选在里面。"


def test_a_make_up_saturday_is_booked_where_working_days_are_open_and_no_other(inside: Center):
    """9 May 2026 is worked for the first of May; the Saturday after it is not."""
    set_week(inside, {"work": [(540, 1020)]})
    inside.setting("max_ahead_days", 90)
    account = inside.world.account().id
    made = inside.book(span(9, 9, 11, month=5), asker=Asker(account_id=account), by=account)
    assert [row.state for row in inside.times(made)] == ["approved"]
    with pytest.raises(NotFree) as refused:
        inside.book(span(16, 9, 11, month=5), asker=Asker(account_id=account), by=account)
    assert [one.text for one in refused.value.verdicts[0].refusals] == ["这一天不开放。"]
    inside.owns_its_slots()


def test_an_evening_opened_once_is_all_there_is_that_day(inside: Center):
    set_week(inside, TWO_HALVES)
    set_date(inside, date(2026, 3, 5), [(1140, 1260)])
    assert windows(inside, date(2026, 3, 5)) == [(1140, 1260)]
    assert windows(inside, date(2026, 3, 6)) == [(540, 720), (840, 1020)]
    set_date(inside, date(2026, 3, 5), ())
    assert windows(inside, date(2026, 3, 5)) == []
    set_date(inside, date(2026, 3, 5), None)
    assert windows(inside, date(2026, 3, 5)) == [(540, 720), (840, 1020)]


def test_a_feast_is_closed_and_may_be_opened_once(inside: Center):
    # Qingming, a Sunday of 2026, and the Monday after it.
    set_week(inside, {"work": [(540, 1020)]})
    assert [windows(inside, date(2026, 4, day)) for day in (5, 6, 7)] == [[], [], [(540, 1020)]]
    set_date(inside, date(2026, 4, 6), [(600, 720)])
    assert [windows(inside, date(2026, 4, day)) for day in (5, 6, 7)] == [[], [(600, 720)], [(540, 1020)]]
    inside.setting("max_ahead_days", 60)
    inside.book(span(6, 10, 12, month=4))
    with pytest.raises(NotFree):
        inside.book(span(5, 10, 12, month=4))


def test_a_date_of_a_room_does_not_take_its_week_away(inside: Center):
    set_week(inside, TWO_HALVES)
    set_date(inside, date(2026, 3, 5), [(1140, 1260)], room="培训室")
    assert windows(inside, date(2026, 3, 5)) == [(1140, 1260)]
    assert windows(inside, date(2026, 3, 5), "东厅") == [(540, 720), (840, 1020)]
    assert windows(inside, date(2026, 3, 6)) == [(540, 720), (840, 1020)]


def test_a_house_closed_on_a_date_closes_the_rooms_with_weeks_of_their_own(inside: Center):
    set_week(inside, {"work": [(600, 660)]}, room="培训室")
    set_date(inside, date(2026, 3, 5), ())
    assert windows(inside, date(2026, 3, 5)) == []
    set_date(inside, date(2026, 3, 5), [(480, 540)], room="培训室")
    assert windows(inside, date(2026, 3, 5)) == [(480, 540)]


def test_a_room_follows_its_own_week_until_it_inherits_again(inside: Center):
    set_week(inside, TWO_HALVES)
    set_week(inside, {"1": [(600, 660)]}, room="培训室", since=date(2026, 3, 9))
    assert windows(inside, date(2026, 3, 6)) == [(540, 720), (840, 1020)]
    assert windows(inside, date(2026, 3, 9)) == [(600, 660)]
    assert windows(inside, date(2026, 3, 10)) == []
    set_week(inside, {}, room="培训室", since=date(2026, 3, 16))
    assert windows(inside, date(2026, 3, 9)) == [(600, 660)]
    assert windows(inside, date(2026, 3, 17)) == [(540, 720), (840, 1020)]


def test_changing_the_hours_touches_no_booking_and_nothing_past(inside: Center):
    inside.book(span(4, 18, 20))
    (before,) = inside.times()
    then = (before.version, before.state, before.starts_at)
    set_week(inside, TWO_HALVES, since=date(2026, 3, 3))
    (after,) = inside.times()
    assert (after.version, after.state, after.starts_at) == then
    assert windows(inside, date(2026, 3, 2)) == [(480, 1320)]
    inside.owns_its_slots()


@pytest.mark.parametrize(
    ("week", "code"),
    [
        ({"work": [(540, 720), (700, 800)]}, "overlap"),
        ({"work": [(720, 540)]}, "order"),
        ({"work": [(540, 540)]}, "order"),
        ({"work": [(540, 1441)]}, "order"),
        ({"work": []}, "none"),
    ],
)
def test_hours_that_cannot_be_are_refused_in_words(inside: Center, week: Any, code: str):
    before = windows(inside, date(2026, 3, 3))
    with pytest.raises(Refused) as refused:
        set_week(inside, week)
    assert [one.code for one in refused.value.refusals] == [code]
    assert windows(inside, date(2026, 3, 3)) == before


def test_the_past_is_not_opened_or_closed(inside: Center):
    for act in (
        lambda: set_week(inside, TWO_HALVES, since=clock.today() - timedelta(days=1)),
        lambda: set_date(inside, clock.today() - timedelta(days=1), ()),
    ):
        with pytest.raises(Refused):
            act()


def test_two_who_change_the_hours_do_not_overwrite_each_other(inside: Center):
    version = inside.venue.version
    set_week(inside, TWO_HALVES)
    with pytest.raises(Conflict):
        opening.set_week(
            inside.venue,
            None,
            version=version,
            week={"work": [(0, 60)]},
            since=clock.today(),
            by=inside.staff(),
        )


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("9:00-12:00，14:00-17:00", [(540, 720), (840, 1020)]),
        ("０９：００—１２：００", [(540, 720)]),
        ("9点到12点、14点30分至17点", [(540, 720), (870, 1020)]),
        ("9-12", [(540, 720)]),
        ("8:00 ~ 24:00", [(480, 1440)]),
        ("", []),
        ("不开放", []),
        ("早上", None),
        ("9:70-12:00", None),
        ("25:00-26:00", None),
        ("9:00", None),
    ],
)
def test_hours_are_read_as_people_type_them(typed: str, found: Any):
    assert opening_words.read(typed) == found
    if found:
        assert opening_words.read(opening_words.write(found)) == found


def test_a_fire_limit_below_the_seats_is_refused(inside: Center):
    with pytest.raises(Refused) as refused:
        keeping.change_room(
            entity(inside), version=entity(inside).version, by=inside.staff(), capacity=50, fire_limit=40
        )
    assert [one.field for one in refused.value.refusals] == ["fire_limit"]


def test_a_hall_of_rooms_that_hold_each_other_is_refused(inside: Center):
    values = {"kind": "hall", "name": "全厅", "capacity": 10, "fire_limit": 10}
    with pytest.raises(Refused):
        keeping.make_room(
            inside.venue, parts=[entity(inside, "大厅"), entity(inside, "东厅")], by=inside.staff(), **values
        )
    made = keeping.make_room(
        inside.venue, parts=[entity(inside, "东厅"), entity(inside)], by=inside.staff(), **values
    )
    inside._rooms["全厅"] = made.id
    assert inside.room("全厅").units == tuple(sorted(inside.room("东厅").units + inside.room().units))


def test_midnight_belongs_to_the_day_that_ends(inside: Center):
    set_week(inside, {"work": [(1080, 1440)], "off": [(0, 120)]})
    friday = datetime.combine(date(2026, 3, 6), time(23), clock.SHANGHAI)
    hours = Hours([inside.room()], date(2026, 3, 6), date(2026, 3, 7))
    assert hours.covers(inside.room(), friday, friday + timedelta(hours=3))
    assert not hours.covers(inside.room(), friday, friday + timedelta(hours=3, minutes=15))
    assert at(6, 23) == friday
