"""Calendar files taken in (criterion 21): twice is once, newer changes, older does not; bad ones in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from plugins.bookings import calendar_file
from plugins.bookings.calendar_reading import read
from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsBooking, BookingsOccurrence, BookingsTakenIn
from plugins.bookings.queries import feeds
from plugins.bookings.service import changing, taking_in
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.test_states import everything
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


def test_another_number_of_dates_is_not_taken_in_and_says_why(inside: Center) -> None:
    def rule(count: int, sequence: int) -> bytes:
        return calendar(event("a", f"RRULE:FREQ=WEEKLY;COUNT={count}", f"SEQUENCE:{sequence}"))

    assert take(inside, rule(3, 1)) == {"new": 1}
    before = times(inside)
    for number, count in enumerate((2, 4), 2):
        found = read(rule(count, number), until=UNTIL)
        (line,) = taking_in.plan(inside.room(), found, asker=Asker(staff=True), skip=False, headcount=10)
        assert (line.verdict, line.reasons) == ("cannot", ("次数和登记的不一样了，请到这个预约里改。",))
        assert take(inside, rule(count, number)) == {"cannot": 1}
    assert times(inside) == before and len(before) == 3
    inside.owns_its_slots()


def test_the_own_calendar_taken_in_again_books_nothing(inside: Center) -> None:
    """A single time, a series, one that was moved and one called off: out by the link and in again."""
    account = inside.world.account()
    asker = Asker(account_id=account.id)
    weeks = [span(day, 9, 10) for day in (3, 10, 17)]
    inside.book(*weeks, asker=asker, by=account.id, rule="FREQ=WEEKLY;COUNT=3")
    inside.book(span(4, 9, 10), asker=asker, by=account.id)
    first, second, _third, single = inside.times()
    changing.move(first, version=1, span=span(5, 14, 15), room=inside.room(), asker=asker, by=account.id)
    changing.cancel([second], versions={second.id: 1}, reason="不去了", by=account.id, staff=False)
    data = calendar_file.write(feeds.mine(account.id), name="我的预约")
    # Since it was handed out another one was called off: its time is free, and it is not booked anew.
    changing.cancel([single], versions={single.id: 1}, reason="不去了", by=account.id, staff=False)
    session.expire_all()
    before = everything()
    for room in ("培训室", "东厅"):
        found = read(data, until=UNTIL)
        lines = taking_in.take_in(
            inside.room(room),
            found,
            asker=Asker(staff=True),
            contact=Contact(name="王测"),
            headcount=10,
            skip=False,
            by=inside.world.account().id,
        )
        assert [(line.verdict, line.reasons) for line in lines] == [
            ("same", ("这就是这里的预约，不用再登记。",))
        ] * 4
    assert everything() == before
    inside.owns_its_slots()


def test_what_somebody_moved_by_hand_stays_and_the_preview_says_so(inside: Center) -> None:
    def at_hour(hour: int, sequence: int) -> bytes:
        start, end = f"DTSTART:20260303T{hour:02}0000", f"DTEND:20260303T{hour + 1:02}0000"
        return calendar(event("a", f"SEQUENCE:{sequence}", start=start, end=end))

    assert [take(inside, at_hour(hour, number)) for number, hour in enumerate((9, 11, 12))] == [
        {"new": 1},
        {"changed": 1},
        {"changed": 1},
    ]
    (row,) = inside.times()
    by, asker = inside.world.account().id, Asker(staff=True)
    changing.move(row, version=row.version, span=span(4, 9, 10), room=inside.room("东厅"), asker=asker, by=by)
    (line,) = taking_in.plan(
        inside.room(), read(at_hour(14, 9), until=UNTIL), asker=asker, skip=False, headcount=10
    )
    assert line.verdict == "same" and "照改过的留着" in "".join(line.reasons)
    assert take(inside, at_hour(14, 9)) == {"same": 1}
    assert times(inside) == [(at(4, 9), at(4, 10))]
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
