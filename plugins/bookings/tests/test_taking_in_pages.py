"""Taking a calendar file in at the desk: seen first, then taken in, by staff of the venue alone."""

from __future__ import annotations

import io
import re
from typing import Any

from sqlalchemy import func, select

from plugins.bookings.models import BookingsOccurrence
from plugins.bookings.tests.conftest import Center
from plugins.bookings.tests.test_taking_in import calendar, event
from portal.api import clock, session

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
