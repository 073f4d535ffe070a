"""The list, the record, the calendar: what is found, what is masked, what is handed out, what it costs."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select, text

from plugins.bookings.queries import calendar
from plugins.bookings.queries import places as reads
from plugins.bookings.service import closing
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import TODAY, span
from plugins.bookings.tests.test_desk_rights import Street, key
from portal.api import session
from portal.testing import queries as counted

PHONE = "13900001234"


@pytest.fixture
def street(world: Any, march: None) -> Street:
    return Street(world)


def fill(street: Street) -> None:
    with street.inside():
        for number, (day, title, name) in enumerate(
            [(3, "书法课", "王测"), (4, "支部会", "李测"), (5, "合唱", "赵测")]
        ):
            street.book(
                span(day, 9, 10), title=title, contact=Contact(name=name, phone=f"1390000{number}234")
            )
        session.commit()


def titles(said: str) -> list[str]:
    return [one for one in re.findall(r"书法课|支部会|合唱", said)]


def test_it_is_found_by_name_by_title_and_by_number(street: Street):
    fill(street)
    browser = street.browser("desk")
    for typed, found in (
        ("李测", ["支部会"]),
        ("书法", ["书法课"]),
        ("139 0000 2234", ["合唱"]),
        ("２２３４", ["合唱"]),
        ("1234", ["支部会"]),
        ("没有这个", []),
    ):
        answer = browser.post(f"{street.base}/list/search", data={"q": typed})
        assert answer.status_code == 303
        assert "13900002234" not in answer.location
        said = browser.get(answer.location).get_data(as_text=True)
        rows = re.findall(r'<th scope="row".*?</th>', said, re.S)
        assert titles("".join(rows)) == found, typed


def test_it_is_sorted_and_read_page_by_page(street: Street, monkeypatch: pytest.MonkeyPatch):
    fill(street)
    monkeypatch.setattr("plugins.bookings.views.desk_list.PAGE", 2)
    browser = street.browser("desk")
    orders = {
        "time": ["书法课", "支部会", "合唱"],
        "-time": ["合唱", "支部会", "书法课"],
        "title": sorted(["书法课", "支部会", "合唱"]),
        "-name": ["王测", "李测", "赵测"],
    }
    by_name = {"王测": "书法课", "李测": "支部会", "赵测": "合唱"}
    orders["-name"] = [by_name[name] for name in sorted(by_name, reverse=True)]
    for sort, expected in orders.items():
        found, url = [], f"{street.base}/list?sort={sort}"
        for _page in range(2):
            said = browser.get(url).get_data(as_text=True)
            found += titles("".join(re.findall(r'<th scope="row".*?</th>', said, re.S)))
            more = re.search(r'rel="next" href="([^"]+)"', said)
            url = more[1].replace("&amp;", "&") if more else ""
        assert found == expected, sort
        assert url == ""


#: Places behind half a character and behind the last day there is.
BENT = ("sort=title&after=WyJcdWQ4MDAiLCAxXQ", "after=WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTIzOjU5IiwgMV0")


@pytest.mark.parametrize("asked", ["after=x", "after=W10", "state=odd", "venue=none", "after=WzEsMl0", *BENT])
def test_an_address_nobody_handed_out_is_refused(street: Street, asked: str):
    assert street.browser("desk").get(f"{street.base}/list?{asked}").status_code in (400, 404)


def test_the_number_is_masked_and_the_whole_one_is_on_record(street: Street):
    with street.inside():
        uid = street.book(span(3, 9, 10), contact=Contact(name="王测", phone=PHONE)).uid
        session.commit()
    browser = street.browser("desk")
    for path in ("list", uid):
        said = browser.get(f"{street.base}/{path}").get_data(as_text=True)
        assert PHONE not in said and "****1234" in said
    before = trail("bookings.phone")
    assert PHONE in browser.post(f"{street.base}/{uid}/phone").get_data(as_text=True)
    assert trail("bookings.phone") == before + 1
    assert browser.get(f"{street.base}/{uid}/phone").status_code == 405


def trail(action: str) -> int:
    return int(
        session.execute(text("select count(*) from audit where action = :it"), {"it": action}).scalar_one()
    )


def test_the_sheet_has_what_the_screen_has(street: Street):
    fill(street)
    with street.inside():
        street.request(span(6, 9, 10), room="礼堂", title="密谈甲乙")
    before = trail("bookings.list.export")
    for who, found in (("desk", 4), ("owner", 1), ("neighbour", 0)):
        answer = street.browser(who).post(f"{street.base}/list/export", data={"as": "xlsx"})
        assert answer.status_code == 200
        book = openpyxl.load_workbook(io.BytesIO(answer.data))
        rows = list(book.worksheets[0].iter_rows(values_only=True))
        assert len(rows) == found + 1, who
        flat = [str(cell) for row in rows for cell in row]
        assert ("密谈甲乙" in flat) == (who != "neighbour")
        assert not any(re.search(r"\d{11}", cell) for cell in flat)
    assert trail("bookings.list.export") == before + 3
    assert street.browser("member").post(f"{street.base}/list/export", data={"as": "xlsx"}).status_code == 404
    csv = street.browser("owner").post(f"{street.base}/list/export", data={"as": "csv", "q": "密谈"})
    assert "密谈甲乙" in csv.get_data(as_text=True)


def test_states_stand_in_words(street: Street):
    street.setting("approval", "ask")
    with street.inside():
        by = street.accounts["desk"].id
        street.request(span(3, 9, 10), room="培训室")
        street.book(span(3, 11, 12), room="大厅", headcount=80, title="大会", by=by)
        closing.close(
            street.venue,
            street.room("培训室"),
            span=span(3, 14, 16),
            reason="检修",
            choices={},
            by=by,
        )
        session.commit()
    for page in ("day?on=2026-03-03", "week?from=2026-03-03"):
        said = street.browser("desk").get(f"{street.base}/{page}").get_data(as_text=True)
        assert "等答复 · " in said and "约好了 · " in said and "停用：检修" in said
        # The hall is made of two rooms, which cannot be had either.
        assert said.count("大厅有人用") == 2


def test_a_closed_or_taken_place_refuses_the_block_in_words(street: Street):
    with street.inside():
        made = street.book(span(3, 9, 10))
        street.book(span(3, 14, 15))
        (row,) = street.times(made)
        room, uid, version = street.room().uid, row.uid, row.version
        session.commit()
    browser = street.browser("desk")
    form = {
        "id": uid,
        "version": version,
        "resource": room,
        "start": "2026-03-03T14:00",
        "end": "2026-03-03T15:00",
    }
    refused = browser.post(f"{street.base}/move", data={**form, "_once": key()})
    assert refused.status_code == 409 and "这个时间已经有人约了" in refused.get_data(as_text=True)
    older = browser.post(
        f"{street.base}/move", data={**form, "version": 0, "start": "2026-03-03T16:00", "_once": key()}
    )
    assert older.status_code == 409
    assert (
        browser.post(f"{street.base}/move", data={**form, "start": "later", "_once": key()}).status_code
        == 400
    )
    lacking = {name: value for name, value in form.items() if name != "version"}
    assert browser.post(f"{street.base}/move", data={**lacking, "_once": key()}).status_code == 400
    with street.inside():
        assert [one.version for one in street.times()] == [1, 1]


def test_a_day_that_cannot_be_read_is_said_beside_its_field_and_kept(street: Street):
    browser = street.browser("desk")
    for page, words in (
        ("list?from=never", "日期看不懂"),
        ("list?from=2026-03-05&to=3.4", "这一天在开始的日子前面"),
        ("day?on=never", "日期看不懂"),
        ("day?on=1999-01-01", "太早或者太远"),
        ("week?from=2026-13-01", "日期看不懂"),
    ):
        answer = browser.get(f"{street.base}/{page}")
        said = answer.get_data(as_text=True)
        assert answer.status_code == 422 and words in said, page
        assert f'value="{page.rpartition("=")[2]}"' in said, page
    assert "2026年3月1日起" in browser.get(f"{street.base}/list?from=3.1").get_data(as_text=True)


@pytest.mark.parametrize("asked", ["venue=none", "room=none", "page=0"])
def test_a_place_that_is_none_is_not_there(street: Street, asked: str):
    assert street.browser("desk").get(f"{street.base}/day?{asked}").status_code == 404


def test_the_calendar_costs_the_same_for_one_and_ten_bookings_and_for_more_rooms(street: Street):
    browser = street.browser("desk")
    seen = []
    for number in (1, 10):
        with street.inside():
            for hour in range(number):
                street.book(
                    span(3 + hour // 5, 9 + hour % 5, 10 + hour % 5), room="东厅" if number > 1 else "培训室"
                )
            if number > 1:
                for more in range(8):
                    street.add(f"会议室{more}", "other", 10, 10)
            session.commit()
        found = []
        for page in ("day?on=2026-03-03", "week?from=2026-03-03", "print?on=2026-03-03", "list"):
            browser.get(f"{street.base}/{page}")
            with counted() as statements:
                assert browser.get(f"{street.base}/{page}").status_code == 200
            found.append(len(statements))
        seen.append(found)
    assert seen[0] == seen[1] == [10, 10, 10, 6]


def test_the_board_itself_is_five_statements(street: Street):
    fill(street)
    with street.inside():
        every = reads.rooms()
        seen = {room.id for room in every}
        with counted() as statements:
            board = calendar.board(every, [TODAY], every=every, seen=seen, own=None)
        assert len(statements) == 5
        assert board.of(every[0], TODAY) == []
        assert session.execute(select(1)).scalar_one() == 1


@pytest.mark.parametrize(
    "asked", ["page=-1&after=~~&before=x", "q=~abc&from=2026-13-01", "page=99999999999999", "%F0%28"]
)
def test_an_odd_address_is_no_error_of_ours(street: Street, asked: str):
    fill(street)
    browser = street.browser("desk")
    for page in ("day", "week", "print", "counter", "requests", "list", "closures", "closures/new"):
        assert (
            browser.get(f"{street.base}/{page}?{asked}&resource=x&start=9&end=x&place=x").status_code < 500
        ), page


@pytest.mark.parametrize(
    "path", ["move", "counter", "closures/new", "counter/known", "list/search", "list/export"]
)
def test_an_odd_form_is_no_error_of_ours(street: Street, path: str):
    fill(street)
    browser = street.browser("desk")
    for sent in (
        {},
        {"version": "x", "headcount": "²", "phone": "x" * 300, "q": "~", "sort": "-", "day": "9" * 40},
    ):
        before = [row.version for row in times(street)]
        answer = browser.post(f"{street.base}/{path}", data={"_once": key(), **sent})
        assert answer.status_code < 500, sent
        assert [row.version for row in times(street)] == before


def times(street: Street) -> list[Any]:
    with street.inside():
        return street.times()
