"""A day that somebody types into a field: the forms of the sheets, but never a month alone."""

from __future__ import annotations

from datetime import date

import pytest

from portal.sheets.values.dates import whole_day

FORMS = (
    "2026-03-01",
    " 2026.3.1 ",
    "２０２６－０３－０１",
    "2026年3月1日",
    "2026/3/01",
    "20260301",
    "2026 年 3 月 1 日",
)
NO_DAYS = "", "2026-03", "202603", "2026年3月", "三月", "46082", "2026-13-01", "1-3-2026"


@pytest.mark.parametrize("typed", FORMS)
def test_a_day_in_any_form_is_read(typed: str):
    assert whole_day(typed) == date(2026, 3, 1)


@pytest.mark.parametrize("typed", NO_DAYS)
def test_a_month_alone_a_serial_or_nonsense_is_no_day(typed: str):
    assert whole_day(typed) is None
