"""Calendar files taken in (criterion 21): twice is once, newer changes, older does not; bad ones in words."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from plugins.bookings import calendar_reading
from plugins.bookings.calendar_reading import Unreadable, read
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsBooking, BookingsOccurrence, BookingsTakenIn
from plugins.bookings.service import taking_in
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import Center, at, span
from portal.api import clock, session
from portal.testing.crowd import crowd

UNTIL = at(1, 0, month=9)


def event(uid: str = "a", *lines: str, start: str = "", end: str = "", title: str = "读书会") -> str:
    start = start or "DTSTART;TZID=Asia/Shanghai:20260303T090000"
    end = end or "DTEND;TZID=Asia/Shanghai:20260303T100000"
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", start, end, f"SUMMARY:{title}", *lines, "END:VEVENT"])


def calendar(*events: str) -> bytes:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//", *events, "END:VCALENDAR", ""]
    ).encode()


def take(center: Center, data: bytes, *, skip: bool = False, by: int | None = None) -> dict[str, int]:
    """Take a file in; return how many of each verdict."""
    account = by or center.world.account().id
    lines = taking_in.take_in(
        center.room(),
        read(data, until=UNTIL),
        asker=Asker(staff=True),
        contact=Contact(name="王测"),
        headcount=10,
        skip=skip,
        by=account,
    )
    session.expire_all()
    found: dict[str, int] = {}
    for line in lines:
        found[line.verdict] = found.get(line.verdict, 0) + 1
    return found


def times(center: Center, *states: str) -> list[tuple[datetime, datetime]]:
    return [(row.starts_at, row.ends_at) for row in center.times() if row.state in (states or ("approved",))]


def one(line: str, **more: str) -> Any:
    """Read a file of one event."""
    [found] = read(calendar(event("a", *([line] if line else []), **more)), until=UNTIL)
    return found


def test_the_same_file_twice_books_nothing_new(inside: Center) -> None:
    data = calendar(event("a"), event("b", start="DTSTART:20260304T090000", end="DTEND:20260304T100000"))
    assert take(inside, data) == {"new": 2}
    before = [(row.id, row.version, row.sequence) for row in inside.times()]
    assert take(inside, data) == {"same": 2}
    assert [(row.id, row.version, row.sequence) for row in inside.times()] == before
    assert session.scalar(select(func.count()).select_from(BookingsBooking)) == 2
    inside.owns_its_slots()


def test_a_higher_sequence_changes_and_a_lower_one_is_passed_over(inside: Center) -> None:
    moved = {"start": "DTSTART:20260304T140000", "end": "DTEND:20260304T150000"}
    take(inside, calendar(event("a", "SEQUENCE:3")))
    [row] = inside.times()
    assert take(inside, calendar(event("a", "SEQUENCE:2", title="旧的", **moved))) == {"same": 1}
    assert times(inside) == [(at(3, 9), at(3, 10))]
    assert take(inside, calendar(event("a", "SEQUENCE:4", title="读书会二", **moved))) == {"changed": 1}
    assert times(inside) == [(at(4, 14), at(4, 15))]
    assert [one.uid for one in inside.times()] == [row.uid]
    assert session.scalars(select(BookingsBooking.title)).one() == "读书会二"
    assert session.scalars(select(BookingsTakenIn.sequence)).one() == 4
    assert take(inside, calendar(event("a", "SEQUENCE:3"))) == {"same": 1}
    inside.owns_its_slots()


def test_an_event_cancelled_in_the_calendar_ends_its_booking(inside: Center) -> None:
    take(inside, calendar(event("a")))
    gone = calendar(event("a", "SEQUENCE:1", "STATUS:CANCELLED"), event("b", "STATUS:CANCELLED"))
    assert take(inside, gone) == {"ended": 1, "same": 1}
    [row] = inside.times()
    assert row.state == "cancelled" and row.reason
    assert take(inside, gone) == {"same": 2}
    inside.owns_its_slots()


def test_what_is_taken_is_said_and_the_others_are_booked(inside: Center) -> None:
    inside.book(span(3, 9, 10), title="先来的")
    later = {"start": "DTSTART:20260304T090000", "end": "DTEND:20260304T100000"}
    lines = taking_in.plan(
        inside.room(),
        read(calendar(event("a"), event("b", **later), event("c", **later)), until=UNTIL),
        asker=Asker(staff=True),
        skip=False,
        headcount=10,
    )
    assert [line.verdict for line in lines] == ["cannot", "new", "cannot"]
    assert "已经有人约了" in lines[0].reasons[0] and "重叠" in lines[2].reasons[0]
    assert take(inside, calendar(event("a"), event("b", **later), event("c", **later))) == {
        "cannot": 2,
        "new": 1,
    }
    inside.owns_its_slots()


def test_a_rule_is_worked_out_with_its_exceptions_and_changes(inside: Center) -> None:
    series = event("a", "RRULE:FREQ=WEEKLY;COUNT=5", "EXDATE;TZID=Asia/Shanghai:20260310T090000")
    change = event(
        "a",
        "RECURRENCE-ID;TZID=Asia/Shanghai:20260317T090000",
        start="DTSTART;TZID=Asia/Shanghai:20260318T140000",
        end="DTEND;TZID=Asia/Shanghai:20260318T150000",
    )
    gone = event("a", "RECURRENCE-ID;TZID=Asia/Shanghai:20260324T090000", "STATUS:CANCELLED")
    assert take(inside, calendar(series, change, gone)) == {"new": 1}
    assert [start for start, _end in times(inside)] == [at(3, 9), at(18, 14), at(31, 9)]
    inside.owns_its_slots()


def test_a_series_that_clashes_is_left_out_unless_told_to_skip(inside: Center) -> None:
    inside.book(span(10, 9, 10))
    series = calendar(event("a", "RRULE:FREQ=WEEKLY;COUNT=3"))
    assert take(inside, series) == {"cannot": 1}
    assert session.scalar(select(func.count()).select_from(BookingsTakenIn)) == 0
    assert take(inside, series, skip=True) == {"new": 1}
    assert len(times(inside)) == 3 and len(times(inside, "skipped")) == 1
    inside.owns_its_slots()


def test_an_endless_rule_ends_where_bookings_end(inside: Center) -> None:
    found = one("RRULE:FREQ=WEEKLY;BYDAY=TU")
    assert found.cut and found.spans[-1].start <= UNTIL and len(found.spans) == 26


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


WRONG_EVENTS = {
    "no end": {"end": "COMMENT:none"},
    "no start": {"start": "COMMENT:none"},
    "an odd start": {"start": "DTSTART:tomorrow"},
    "an unknown zone": {"start": "DTSTART;TZID=Mars/Olympus:20260303T090000"},
    "a zone that climbs": {"start": "DTSTART;TZID=../../etc/passwd:20260303T090000"},
}


@pytest.mark.parametrize("wrong", WRONG_EVENTS.values(), ids=WRONG_EVENTS)
def test_an_event_that_cannot_be_is_said_and_stops_no_other(inside: Center, wrong: dict[str, str]) -> None:
    data = calendar(event("a", **wrong), event("b"))
    said = {found.uid: found.problem for found in read(data, until=UNTIL)}
    assert said["a"].endswith("。") and said["b"] == ""
    assert take(inside, data) == {"cannot": 1, "new": 1}


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


AFTERNOON = {"start": "DTSTART:20260304T140000", "end": "DTEND:20260304T150000"}


class Desk:
    """The desk at its page."""

    def __init__(self, center: Center) -> None:
        self.center = center
        self.browser = center.world.browser(center.world.account(role="desk", district=center.district))
        self.url = f"/d/{center.district.code}/bookings/take-in"
        with center.inside():
            self.room = center.room().uid

    def look(self, data: bytes, **values: str) -> Any:
        form = {"room": self.room, "headcount": "10", "contact_name": "王测", "skip": "", **values}
        return self.browser.post(self.url, data={**form, "file": (io.BytesIO(data), "x.ics")})

    def commit(self, page: str, **values: str) -> Any:
        named = ("room", "headcount", "contact_name", "skip", "packed", "_once")
        hidden = {name: re.findall(rf'name="{name}"[^>]*value="([^"]*)"', page)[-1] for name in named}
        return self.browser.post(f"{self.url}/commit", data={**hidden, **values})

    def count(self) -> int:
        with self.center.inside():
            session.rollback()
            return session.scalar(select(func.count()).select_from(BookingsOccurrence)) or 0


def test_the_desk_sees_first_and_takes_in_then(center: Center) -> None:
    desk = Desk(center)
    assert desk.browser.get(desk.url).status_code == 200
    looked = desk.look(calendar(event("a", title="<script>读书会"), event("b", "SEQUENCE:1", end="X:1")))
    page = looked.get_data(as_text=True)
    assert looked.status_code == 200 and desk.count() == 0
    assert "&lt;script&gt;读书会" in page and "没有结束时间" in page
    done = desk.commit(page)
    assert done.status_code == 303 and desk.count() == 1
    assert desk.commit(page).status_code == 303 and desk.count() == 1
    said = desk.browser.get(desk.url).get_data(as_text=True)
    assert "新登记1个活动。" in said and "1个没有登记。" in said


def test_what_changes_stands_beside_what_it_was(center: Center) -> None:
    desk = Desk(center)
    weekly = "RRULE:FREQ=WEEKLY;COUNT=3"
    desk.commit(desk.look(calendar(event("a"), event("b", weekly, **AFTERNOON))).get_data(as_text=True))
    moved = {"start": "DTSTART:20260303T103000", "end": "DTEND:20260303T113000"}
    later = "RECURRENCE-ID:20260311T140000"
    shifted = event("b", later, start="DTSTART:20260311T150000", end="DTEND:20260311T160000")
    page = desk.look(
        calendar(
            event("a", "SEQUENCE:1", title="新名字", **moved),
            event("b", weekly, "SEQUENCE:1", **AFTERNOON),
            shifted,
        )
    ).get_data(as_text=True)
    # The new one, and what it was; of the series only the day that moves, and it stands first.
    assert re.findall(r"(?:原来是)?2026年3月\d+日 \d\d:\d\d—\d\d:\d\d", page) == [
        "2026年3月3日 10:30—11:30",
        "原来是2026年3月3日 09:00—10:00",
        "2026年3月11日 15:00—16:00",
        "原来是2026年3月11日 14:00—15:00",
        "2026年3月4日 14:00—15:00",
        "2026年3月18日 14:00—15:00",
    ]
    assert page.count("原来叫“") == 1 and "原来叫“读书会”" in page
    gone = desk.look(calendar(event("a", "SEQUENCE:2", "STATUS:CANCELLED"))).get_data(as_text=True)
    assert "原来是2026年3月3日 09:00—10:00" in gone


def test_the_page_refuses_in_words_and_takes_nothing(center: Center) -> None:
    desk = Desk(center)
    bad = desk.look(b"nonsense")
    assert bad.status_code == 422 and "这不是日历文件" in bad.get_data(as_text=True)
    empty = desk.look(calendar(event("a")), room="", headcount="x", contact_name="")
    said = empty.get_data(as_text=True)
    assert empty.status_code == 422 and "请选一间房" in said and "大约来多少人" in said
    page = desk.look(calendar(event("a"))).get_data(as_text=True)
    assert desk.commit(page, packed="!!").status_code == 400
    assert desk.commit(page, packed="eJwD").status_code in (400, 422)
    assert desk.look(calendar(event("a")), room="0" * 26).status_code == 404
    assert desk.count() == 0


def test_only_staff_of_the_venue_take_files_in(center: Center) -> None:
    desk = Desk(center)
    resident = center.world.browser(center.world.account())
    assert resident.get(desk.url).status_code == 404
    branch = center.world.organization(center.district)
    desk.browser = center.world.browser(center.world.account(role="secretary", organization=branch))
    assert desk.look(calendar(event("a"))).status_code == 404
    assert desk.count() == 0
    assert clock.today().year == 2026


def take_in_a_process(given: dict[str, Any]) -> dict[str, int]:
    from plugins.bookings.queries import places
    from plugins.bookings.tests.work import there

    with there(given):
        room = places.room(id=given["room"])
        assert room is not None
        lines = taking_in.take_in(
            room,
            read(given["file"].encode(), until=UNTIL),
            asker=Asker(staff=True),
            contact=Contact(name="王测"),
            headcount=10,
            skip=given["skip"],
            by=given["by"],
        )
        return {verdict: sum(one.verdict == verdict for one in lines) for verdict in taking_in.VERDICTS}


def test_one_file_taken_in_by_several_at_once_is_there_once(inside: Center, data_dir: Any) -> None:
    """Whoever comes second reads that it is all there, not that the room is taken."""
    rule = "RRULE:FREQ=WEEKLY;COUNT=3"
    data = calendar(
        event("a"), event("b", rule, start="DTSTART:20260305T140000", end="DTEND:20260305T150000")
    )
    given = [
        {
            "district": inside.district.id,
            "now": clock.now().isoformat(),
            "room": inside.room().id,
            "file": data.decode(),
            "skip": number % 2 == 1,
            "by": inside.world.account(role="desk", district=inside.district).id,
        }
        for number in range(4)
    ]
    session.commit()
    found = crowd(data_dir, "plugins.bookings.tests.test_taking_in:take_in_a_process", given)
    nothing = dict.fromkeys(taking_in.VERDICTS, 0)
    assert sorted(found, key=lambda one: one["new"]) == [*[{**nothing, "same": 2}] * 3, {**nothing, "new": 2}]
    for model, count in ((BookingsBooking, 2), (BookingsTakenIn, 2), (BookingsOccurrence, 4)):
        assert session.scalar(select(func.count()).select_from(model)) == count
    inside.owns_its_slots()
