"""Working days are counted by the State Council's calendar: make-up Saturdays count, holidays do not (K9)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import chinese_calendar
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import workdays
from portal.database import session
from portal.testing import queries
from portal.workdays import Day, Year, add_workdays, day_kind, is_workday, known, span, workdays_between
from portal.workdays.files import shipped

#: The years shipped, and one to each side that nobody has published.
days = st.dates(date(2024, 1, 1), date(2027, 12, 31))
by_hypothesis = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def _here(app: Flask) -> None:
    """Ask the years that come along."""


def test_five_days_after_the_friday_before_spring_festival_end_two_weeks_later() -> None:
    friday = date(2026, 2, 13)
    assert [add_workdays(friday, n).day for n in range(1, 6)] == [14, 24, 25, 26, 27]
    assert add_workdays(friday, 5) == date(2026, 2, 27)
    assert workdays_between(friday, date(2026, 2, 27)) == 5
    assert workdays_between(date(2026, 2, 27), friday) == -5


def test_no_days_after_a_day_is_the_day_itself_also_a_holiday() -> None:
    assert add_workdays(date(2026, 2, 17), 0) == date(2026, 2, 17)
    assert workdays_between(date(2026, 2, 17), date(2026, 2, 17)) == 0


def test_days_are_not_counted_backwards() -> None:
    with pytest.raises(ValueError, match="forward"):
        add_workdays(date(2026, 2, 17), -1)


def test_a_day_says_its_kind_and_its_holiday() -> None:
    assert day_kind(date(2026, 2, 17)) == Day(day=date(2026, 2, 17), kind="off", name="春节")
    saturday = day_kind(date(2026, 2, 14))
    assert (saturday.kind, saturday.name, saturday.made_up, saturday.is_workday) == (
        "work",
        "春节",
        True,
        True,
    )
    assert day_kind(date(2026, 2, 11)) == Day(day=date(2026, 2, 11), kind="work")
    assert not day_kind(date(2026, 2, 11)).made_up
    assert day_kind(date(2026, 3, 1)) == Day(day=date(2026, 3, 1), kind="off")


def test_a_year_nobody_published_is_monday_to_friday_and_says_so() -> None:
    assert [known(year) for year in (2024, 2025, 2026, 2027)] == [False, True, True, False]
    week = span(date(2027, 10, 1), date(2027, 10, 3))  # Friday, the national day, to Sunday
    assert [(one.kind, one.known) for one in week.values()] == [
        ("work", False),
        ("off", False),
        ("off", False),
    ]
    over = span(date(2026, 12, 31), date(2027, 1, 1))
    assert [one.known for one in over.values()] == [True, False]


def test_a_span_is_in_order_whole_and_one_query() -> None:
    first, last = date(2025, 12, 20), date(2026, 3, 10)
    session.rollback()
    with queries() as seen:
        found = span(first, last)
    assert len(seen) == 1
    assert list(found) == [first + timedelta(days=n) for n in range(81)]
    assert span(last, first) == {}
    session.rollback()
    with queries() as seen:
        add_workdays(date(2026, 2, 13), 15)
    assert len(seen) == 1


def test_an_instant_is_no_day() -> None:
    noon: Any = datetime(2026, 2, 14, 12, tzinfo=UTC)
    for ask in (is_workday, day_kind, lambda day: add_workdays(day, 1), lambda day: span(day, day)):
        with pytest.raises(TypeError, match="civil day"):
            ask(noon)


def test_every_day_of_the_shipped_years_agrees_with_an_independent_calendar() -> None:
    for year in (2025, 2026):
        found = span(date(year, 1, 1), date(year, 12, 31))
        assert len(found) == 365
        assert [day for day, one in found.items() if one.is_workday != chinese_calendar.is_workday(day)] == []
        made_up = {day for day, one in found.items() if one.made_up}
        assert made_up == {day for day in chinese_calendar.constants.workdays if day.year == year}
        named = {day for day, one in found.items() if one.name and not one.made_up}
        assert named == {day for day in chinese_calendar.constants.holidays if day.year == year}


def test_the_shipped_years_name_the_notice_they_come_from() -> None:
    assert [
        (one.year, one.source.number, one.source.issued_on, one.source.from_memory) for one in shipped()
    ] == [
        (2025, "国办发明电〔2024〕12号", date(2024, 11, 12), False),
        (2026, "国办发明电〔2025〕7号", date(2025, 11, 4), False),
    ]
    assert workdays.years() == [
        Year(year=2026, version=1, number="国办发明电〔2025〕7号", from_memory=False, off=33, work=6),
        Year(year=2025, version=1, number="国办发明电〔2024〕12号", from_memory=False, off=28, work=5),
    ]


@by_hypothesis
@given(day=days, n=st.integers(0, 120))
def test_counting_between_undoes_counting_on(day: date, n: int) -> None:
    reached = add_workdays(day, n)
    assert workdays_between(day, reached) == n
    assert workdays_between(reached, day) == -n
    assert n == 0 or is_workday(reached)


@by_hypothesis
@given(day=days, n=st.integers(0, 60), more=st.integers(0, 60))
def test_counting_on_in_two_steps_is_counting_on_at_once(day: date, n: int, more: int) -> None:
    assert add_workdays(add_workdays(day, n), more) == add_workdays(day, n + more)


@by_hypothesis
@given(first=days, length=st.integers(0, 200))
def test_a_span_says_of_each_day_what_the_day_says_alone(first: date, length: int) -> None:
    found = span(first, first + timedelta(days=length))
    one = first + timedelta(days=length // 2)
    assert found[one] == day_kind(one)
    assert workdays_between(first - timedelta(days=1), first + timedelta(days=length)) == sum(
        found[day].kind == "work" for day in found
    )


def test_a_deadline_far_ahead_takes_as_many_questions_as_it_needs() -> None:
    """Where holidays fill the first look, a second one follows: nothing is cut off."""
    text = 'year = 2030\n[source]\ntitle = "t"\nnumber = "n"\nissued = 2029-11-01\n' + "".join(
        f'[[holiday]]\nname = "第{month}月"\nfirst = 2030-{month:02d}-01\nlast = 2030-{month:02d}-28\n'
        for month in range(1, 12)
    )
    workdays.publish(workdays.read(text), by=None)
    assert add_workdays(date(2029, 12, 31), 1) == date(2030, 1, 29)
    # 29, 30, 31 January, 29 March, 29, 30 April, 29, 30, 31 May; June's last two are a weekend.
    assert add_workdays(date(2029, 12, 31), 10) == date(2030, 7, 29)
