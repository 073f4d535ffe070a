"""Which days a series falls on, held against a table written by hand (tests/data/series.txt, criterion 7)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.bookings import series
from plugins.bookings.series import BadRule, Rule
from plugins.bookings.tests.conftest import Center

TABLE = Path(__file__).parent / "data" / "series.txt"


def cases() -> list[tuple[str, Rule, date, list[str], list[str]]]:
    found = []
    for line in TABLE.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, first, every, interval, weekdays, end, days, left_out = (
            part.strip() for part in line.split("|")
        )
        until, count = (None, int(end)) if end.isdigit() else (date.fromisoformat(end), None)
        rule = Rule(
            every=every,
            interval=int(interval),
            weekdays=tuple(int(day) for day in weekdays.split()),
            until=until,
            count=count,
        )
        found.append((name, rule, date.fromisoformat(first), days.split(), left_out.split()))
    return found


@pytest.mark.parametrize(
    ("name", "rule", "first", "days", "left_out"),
    [case for case in cases() if case[1].every != "workday"],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_rule_falls_on_the_days_of_the_table(
    name: str, rule: Rule, first: date, days: list[str], left_out: list[str]
):
    text = series.text_of(rule, first)
    assert [day.isoformat() for day in series.days(text, first)] == days
    assert [month.isoformat()[:7] for month in series.left_out(text, first)] == left_out


def test_working_days_are_those_of_the_calendar(inside: Center):
    asked = [case for case in cases() if case[1].every == "workday"]
    for name, rule, first, days, left_out in asked:
        text = series.text_of(rule, first)
        found = [day.isoformat() for day in series.days(text, first)]
        assert (name, found, series.left_out(text, first)) == (name, days, left_out)
    text = series.text_of(Rule(every="workday", interval=52, count=series.MOST), date(2026, 3, 3))
    assert len(series.days(text, date(2026, 3, 3))) == series.MOST
    with pytest.raises(BadRule) as refused:
        series.days(text, date(2026, 3, 7))
    assert refused.value.field == "first"


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (Rule(every="hour", count=3), "every"),
        (Rule(every="day", interval=0, count=3), "interval"),
        (Rule(every="week", weekdays=(8,), count=3), "weekdays"),
        (Rule(every="week", weekdays=(2, 3), count=3), "weekdays"),
        (Rule(every="week"), "until"),
        (Rule(every="week", count=3, until=date(2026, 5, 1)), "until"),
        (Rule(every="week", count=1), "count"),
        (Rule(every="week", count=series.MOST + 1), "count"),
        (Rule(every="week", until=date(2026, 3, 2)), "until"),
        (Rule(every="week", until=date(2226, 3, 2)), "until"),
    ],
)
def test_a_rule_nobody_can_follow_names_what_to_mend(rule: Rule, field: str):
    with pytest.raises(BadRule) as refused:
        series.text_of(rule, date(2026, 3, 2))
    assert refused.value.field == field


@given(
    st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    st.sampled_from([every for every in series.EVERY if every != "workday"]),
    st.integers(1, 5),
    st.integers(2, 40),
)
def test_days_rise_from_the_first_and_nothing_is_both_had_and_left_out(
    first: date, every: str, interval: int, count: int
):
    text = series.text_of(Rule(every=every, interval=interval, count=count), first)
    days = series.days(text, first)
    assert days == sorted(set(days)) and len(days) == count
    # "The fifth" means the last one: that of the first month may be later than the first day itself.
    assert days[0] >= first
    had = {(day.year, day.month) for day in days}
    assert not had & {(month.year, month.month) for month in series.left_out(text, first)}
