"""What people type of days and hours is understood as they mean it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from plugins.bookings import typed
from portal.api import clock


@pytest.mark.parametrize(
    ("said", "minutes"),
    [
        ("１４：００", 840),
        ("930", 570),
        ("9点半", 570),
        ("下午两点", 840),
        ("下午 2点三刻", 885),
        ("下午2:30", 870),
        ("下午14:30", 870),
        ("上午九点", 540),
        ("上午十点半", 630),
        ("中午12点", 720),
        ("中午一点", 780),
        ("下午12点半", 750),
        ("晚上十一点", 1380),
        ("晚上12点", 1440),
        ("凌晨一点", 60),
        ("十二点", 720),
        ("上午14点", None),
        ("下午十三点", None),
        ("下午", None),
        ("下午25点", None),
        ("晚上12点半", None),
        ("9:70", None),
    ],
)
def test_hours_are_read_as_people_say_them(said: str, minutes: int | None):
    assert typed.minute(said) == minutes


@pytest.mark.parametrize(
    ("said", "ahead", "nearest"),
    [
        ("今天", date(2026, 3, 2), None),
        ("明 天", date(2026, 3, 3), None),
        ("后天", date(2026, 3, 4), None),
        ("3.5", date(2026, 3, 5), None),
        ("３月５日", date(2026, 3, 5), None),
        ("3-1", date(2027, 3, 1), date(2026, 3, 1)),
        ("12/9", date(2026, 12, 9), date(2025, 12, 9)),
        ("2月29日", date(2028, 2, 29), date(2028, 2, 29)),
        ("2026/12/9", date(2026, 12, 9), None),
        ("2月30日", None, None),
        ("13.1", None, None),
        ("大后天下午", None, None),
        ("", None, None),
    ],
)
def test_days_are_read_without_their_year(march: None, said: str, ahead: Any, nearest: Any):
    assert clock.today() == date(2026, 3, 2)
    assert typed.day_of(said) == ahead
    assert typed.day_of(said, ahead=False) == (nearest or ahead)
