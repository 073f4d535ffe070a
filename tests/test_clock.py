"""The edges of the calendar: midnight in Shanghai, the end of a month, of a year, and the leap day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from portal import clock


@pytest.mark.parametrize(
    ("utc", "day", "month"),
    [
        (datetime(2026, 11, 21, 15, 59, 59, tzinfo=UTC), date(2026, 11, 21), "2026-11"),
        (datetime(2026, 11, 21, 16, 0, tzinfo=UTC), date(2026, 11, 22), "2026-11"),
        (datetime(2026, 11, 30, 16, 0, tzinfo=UTC), date(2026, 12, 1), "2026-12"),
        (datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), date(2026, 12, 31), "2026-12"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), date(2027, 1, 1), "2027-01"),
        (datetime(2028, 2, 28, 16, 0, tzinfo=UTC), date(2028, 2, 29), "2028-02"),
        (datetime(2028, 2, 29, 16, 0, tzinfo=UTC), date(2028, 3, 1), "2028-03"),
        (datetime(2027, 2, 28, 16, 0, tzinfo=UTC), date(2027, 3, 1), "2027-03"),
    ],
    ids=str,
)
def test_a_day_begins_at_midnight_in_shanghai(utc: datetime, day: date, month: str):
    with clock.frozen(utc):
        assert (clock.today(), clock.month(), clock.now()) == (day, month, utc)
        assert clock.civil(utc - timedelta(microseconds=1)) in {day, day - timedelta(days=1)}


def test_a_minute_of_a_day_is_an_instant_and_its_last_one_the_next_days_first():
    day = date(2026, 2, 28)
    assert clock.at(day) == datetime(2026, 2, 27, 16, tzinfo=UTC)
    assert clock.at(day, 9 * 60 + 30) == datetime(2026, 2, 28, 1, 30, tzinfo=UTC)
    assert clock.at(day, 1440) == clock.at(date(2026, 3, 1))
    with pytest.raises(TypeError):
        clock.at(clock.at(day))


def test_a_frozen_day_is_that_day_and_the_clock_goes_on_after_it():
    with clock.frozen(date(2028, 2, 29)):
        assert clock.today() == date(2028, 2, 29)
        assert clock.now().utcoffset() == timedelta()
    with clock.moved(timedelta(days=40)):
        ahead = clock.now()
    assert timedelta(days=39) < ahead - clock.now() <= timedelta(days=40)
