"""Use of rooms (criterion 22): booked, used and open hours, the same on the page and in the sheet."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from typing import Any

import openpyxl
import pytest
from sqlalchemy import update

from plugins.bookings.models import BookingsOccurrence
from plugins.bookings.queries import report as reads
from plugins.bookings.queries.report import Use
from plugins.bookings.service import closing, places
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import Span
from portal.api import claims, session
from portal.testing import queries

MARCH = date(2026, 3, 1), date(2026, 3, 31)
#: Every day from 8 to 22.
OPEN = 31 * 14 * 60


def use(center: Center, room: str = "培训室", *, days: tuple[date, date] = MARCH) -> Use:
    found = {line.room.name: line.use for line in reads.report(*days, within=lambda _room: True)}
    return found[room]


def came(center: Center, made: Any, state: str = "completed") -> None:
    [row] = center.times(made)
    values = {"state": state, "arrived_at": row.starts_at}
    session.execute(update(BookingsOccurrence).where(BookingsOccurrence.id == row.id).values(**values))


def test_booked_used_and_open_hours(inside: Center) -> None:
    came(inside, inside.book(span(3, 9, 11)))
    inside.book(span(4, 9, 10))
    assert use(inside) == Use(booked=180, used=120, open=OPEN, times=2)
    assert use(inside, "东厅") == Use(open=OPEN)


def test_what_is_asked_for_or_called_off_is_not_booked(inside: Center) -> None:
    for number, state in enumerate(("requested", "cancelled", "refused", "lapsed", "displaced"), 3):
        [row] = inside.times(inside.book(span(number, 9, 10)))
        values = {"state": state, "reason": "因故", "answer_by": at(30, 0)}
        session.execute(update(BookingsOccurrence).where(BookingsOccurrence.id == row.id).values(**values))
    assert use(inside) == Use(open=OPEN)
    inside.book(span(20, 9, 10))
    [row] = inside.times()[-1:]
    session.execute(update(BookingsOccurrence).where(BookingsOccurrence.id == row.id).values(state="no_show"))
    assert use(inside) == Use(booked=60, open=OPEN, times=1)


def test_a_day_with_a_closure_has_fewer_open_hours(inside: Center) -> None:
    staff = inside.world.account().id
    closing.close(inside.venue, inside.room(), span=span(5, 12, 15), reason="修灯", choices={}, by=staff)
    assert use(inside).open == OPEN - 3 * 60
    assert use(inside, "东厅").open == OPEN
    # All of the venue, over the end of its hours, in part the same time again.
    made = closing.close(inside.venue, None, span=span(5, 14, 24), reason="停电", choices={}, by=staff)
    assert use(inside).open == OPEN - 10 * 60
    assert use(inside, "东厅").open == OPEN - 8 * 60
    closing.lift(made, version=made.version, by=staff)
    assert use(inside).open == OPEN - 3 * 60


def test_each_month_gets_its_part_of_a_night(inside: Center) -> None:
    places.add_hours(inside.venue, inside.room().id, kind="2", opens=0, closes=1440)
    places.add_hours(inside.venue, inside.room().id, kind="3", opens=0, closes=1440)
    inside.book(Span(start=at(31, 23), end=at(1, 2, month=4)))
    assert use(inside).booked == 60
    assert use(inside, days=(date(2026, 4, 1), date(2026, 4, 30))).booked == 120


def test_a_time_let_go_and_had_by_somebody_else_counts_once(inside: Center) -> None:
    [row] = inside.times(inside.book(span(3, 9, 11)))
    claims.release(claims.Holder("bookings.occurrence", row.id))
    session.execute(update(BookingsOccurrence).where(BookingsOccurrence.id == row.id).values(state="no_show"))
    inside.book(span(3, 10, 11))
    assert use(inside).booked == 120


class Page:
    """The page as somebody sees it."""

    def __init__(self, center: Center, role: str = "auditor", **values: Any) -> None:
        account = center.world.account(role=role, **(values or {"district": center.district}))
        self.browser = center.world.browser(account)
        self.url = f"/d/{center.district.code}/bookings/report?period=2026-03"

    def rows(self) -> list[list[str]]:
        page = self.browser.get(self.url).get_data(as_text=True)
        [table] = [one for one in re.findall(r"<table.*?</table>", page, re.S) if "各房间" in one]
        cells = [
            re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.S)
            for row in re.findall(r"<tr.*?</tr>", table, re.S)
        ]
        return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells]


def test_page_and_sheets_say_the_same(center: Center) -> None:
    with center.inside():
        came(center, center.book(span(3, 9, 11)))
        center.book(span(4, 9, 10), room="东厅")
        session.commit()
    page = Page(center)
    shown = page.rows()
    assert [row[1] for row in shown[1:-1]] == ["培训室", "东厅", "西厅", "大厅"]
    assert shown[1][2:] == ["1", "2.0", "2.0", "434.0", "0.5"]
    sheet = page.browser.post(page.url, data={"as": "csv"})
    assert sheet.status_code == 200
    assert list(csv.reader(io.StringIO(sheet.data.decode("utf-8-sig")))) == shown
    book = page.browser.post(page.url, data={"as": "xlsx"})
    found = [list(row) for row in openpyxl.load_workbook(io.BytesIO(book.data)).active.values]
    assert [[cell or "" for cell in row[:2]] for row in found] == [row[:2] for row in shown]
    assert [[float(cell) for cell in row[2:]] for row in found[1:]] == [
        [float(cell) for cell in row[2:]] for row in shown[1:]
    ]


def test_nobody_is_named(center: Center) -> None:
    with center.inside():
        center.book(span(3, 9, 11), title="秘密的事")
        session.commit()
    page = Page(center)
    text = page.browser.get(page.url).get_data(as_text=True)
    sheet = page.browser.post(page.url, data={"as": "csv"}).data.decode()
    assert not any(word in text + sheet for word in ("秘密的事", "王测"))


def test_a_secretary_sees_the_own_organization_s_venue_alone(center: Center) -> None:
    branch = center.world.organization(center.district)
    with center.inside():
        venue = places.make_venue(kind="shared", name="支部活动室", owner_id=branch.id, by=None)
        places.make_room(venue, kind="party", name="活动室", capacity=20, by=None)
        session.commit()
    page = Page(center, "secretary", organization=branch)
    assert [row[:2] for row in page.rows()[1:-1]] == [["支部活动室", "活动室"]]
    with center.inside():
        foreign = center.room().venue_uid
    assert page.browser.get(f"{page.url}&venue={foreign}").status_code == 404
    assert page.browser.post(f"{page.url}&venue={foreign}", data={"as": "csv"}).status_code == 404
    resident = center.world.browser(center.world.account())
    assert resident.get(page.url).status_code == 404


@pytest.mark.parametrize("period", ["2026-13", "2026", "2026-Q5", "x", "٢٠٢٦-03"])
def test_a_period_that_is_none_is_not_found(center: Center, period: str) -> None:
    page = Page(center)
    assert page.browser.get(page.url.replace("2026-03", period)).status_code == 404


def test_a_quarter_is_its_three_months(center: Center) -> None:
    page = Page(center)
    page.url = page.url.replace("2026-03", "2026-Q1")
    assert page.rows()[1][5] == f"{90 * 14}.0"


def test_the_number_of_queries_does_not_grow(center: Center) -> None:
    page = Page(center)

    def asked() -> int:
        with queries() as found:
            page.browser.get(page.url)
        return len(found)

    before = asked()
    with center.inside():
        for number in range(5):
            center.add(f"小间{number}", "other", 5, 5)
            center.book(span(3 + number, 9, 11))
        session.commit()
    assert asked() == before
