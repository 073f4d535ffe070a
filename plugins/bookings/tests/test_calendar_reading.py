"""Calendar files as they are read: zones, rules, and what cannot be, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from plugins.bookings import calendar_reading
from plugins.bookings.calendar_reading import Unreadable, read
from plugins.bookings.tests.conftest import Center, at
from plugins.bookings.tests.test_taking_in import UNTIL, calendar, event, one

ZONED = [
    ("DTSTART:20260303T090000", at(3, 9)),
    ("DTSTART:20260303T010000Z", at(3, 9)),
    ("DTSTART;TZID=Asia/Tokyo:20260303T100000", at(3, 9)),
    ("DTSTART;TZID=China Standard Time:20260303T090000", at(3, 9)),
    ("DTSTART;TZID=America/New_York:20260302T200000", at(3, 9)),
]


@pytest.mark.parametrize(("start", "expected"), ZONED)
def test_times_of_any_known_zone_are_the_same_instant(march: None, app: Any, start: str, expected: datetime):
    found = one("", start=start, end="DURATION:PT1H")
    assert (found.spans[0].start, found.spans[0].end) == (expected, expected + timedelta(hours=1))
    assert found.spans[0].start.astimezone(UTC) == expected.astimezone(UTC)


def test_a_whole_day_is_that_day_in_shanghai(march: None, app: Any) -> None:
    found = one("", start="DTSTART;VALUE=DATE:20260303", end="DTEND;VALUE=DATE:20260305")
    assert (found.spans[0].start, found.spans[0].end) == (at(3, 0), at(5, 0))


def test_what_a_file_says_a_zone_is_does_not_count(march: None, app: Any) -> None:
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:{0}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0000\r\n"
        "TZOFFSETTO:+0000\r\nEND:STANDARD\r\nEND:VTIMEZONE"
    )
    [found] = read(calendar(zone.format("Asia/Shanghai"), event("a")), until=UNTIL)
    assert found.spans[0].start == at(3, 9)
    [found] = read(
        calendar(zone.format("Made/Up"), event("a", start="DTSTART;TZID=Made/Up:20260303T090000")),
        until=UNTIL,
    )
    assert "Made/Up" in found.problem and not found.spans


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=HOURLY;COUNT=3",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1",
        "FREQ=DAILY;COUNT=500",
        "FREQ=NEVER",
        "COUNT=3",
        "FREQ=WEEKLY;INTERVAL=-1",
        "FREQ=WEEKLY;BYDAY=XX",
    ],
)
def test_a_rule_that_cannot_be_followed_is_said(march: None, app: Any, rule: str) -> None:
    try:
        found = one(f"RRULE:{rule}")
    except Unreadable:
        return
    assert found.problem.endswith("。") and not found.spans


@pytest.mark.parametrize(
    "odd",
    [
        {"line": "RRULE:FREQ=DAILY;INTERVAL=0"},
        {"start": "DTSTART:00010101T000000", "end": "DTEND:00010101T010000"},
        {"start": "DTSTART:99991231T000000", "end": "DTEND:99991231T010000"},
    ],
)
def test_what_would_be_counted_for_ever_is_not_begun(march: None, app: Any, odd: dict[str, str]) -> None:
    found = one(**{"line": "", **odd})
    assert (found.problem, found.spans) == ("时间或重复规则写得不对，读不懂。", ())


def test_a_change_far_beyond_what_may_be_booked_is_cut_off(march: None, app: Any) -> None:
    far = {"start": "DTSTART:21990101T090000", "end": "DTEND:21990101T100000"}
    change = event("a", "RECURRENCE-ID;TZID=Asia/Shanghai:20260310T090000", **far)
    [found] = read(calendar(event("a", "RRULE:FREQ=WEEKLY;COUNT=3"), change), until=UNTIL)
    assert found.cut and [span.start for span in found.spans] == [at(3, 9), at(17, 9)]


WRONG_FILES = {
    "nothing": b"",
    "a nul": calendar(event("a", title="读书\0会")),
    "a zone that is a folder": calendar(event("a", start="DTSTART;TZID=Asia:20260303T090000")),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "a page": b"<html>BEGIN</html>",
    "truncated": calendar(event("a"))[:-40],
    "no events": calendar(),
    "too big": calendar(event("a", "DESCRIPTION:" + "x" * calendar_reading.BYTES)),
    "ten thousand events": calendar(*(["BEGIN:VEVENT\r\nEND:VEVENT"] * 10_000)),
    "very deep": b"BEGIN:VCALENDAR\r\n"
    + b"BEGIN:VEVENT\r\n" * 200
    + b"BEGIN:X\r\n" * 3000
    + b"END:VCALENDAR\r\n",
    "ends before it begins": b"END:VCALENDAR\r\nBEGIN:VEVENT\r\nBEGIN:VCALENDAR\r\n",
    "endless days": calendar(*(event(f"u{n}", "RRULE:FREQ=DAILY;COUNT=110") for n in range(30))),
}


@pytest.mark.parametrize("data", WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_file_that_cannot_be_is_refused_in_words(inside: Center, data: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        read(data, until=UNTIL)
    assert str(refused.value).endswith("。")


def test_an_event_without_a_number_of_its_own_is_said(march: None, app: Any) -> None:
    data = calendar(event("a")).replace(b"UID:a\r\n", b"")
    assert [bool(found.problem) for found in read(data, until=UNTIL)] == [True]


def test_gbk_files_of_old_programs_are_read(march: None, app: Any) -> None:
    [found] = read(calendar(event("a")).decode().encode("gb18030"), until=UNTIL)
    assert found.title == "读书会"
