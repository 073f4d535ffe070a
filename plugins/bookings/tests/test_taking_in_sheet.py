"""The sheet a center keeps (日期, 开始, 结束, 房间…): seen first, each row by itself, twice is once."""

from __future__ import annotations

import io
from datetime import date, time
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from plugins.bookings.models import BookingsBooking
from plugins.bookings.tests.conftest import Center, at
from plugins.bookings.tests.pages import Somebody, said, somebody
from portal.api import session, sheet_kit

HEAD = ["日期", "开始时间", "结束时间", "房间", "用途", "单位", "联系人", "联系电话", "人数"]
GOOD = [
    ["2026-03-05", "9:00", "10点半", "培训室", "支部学习", "甲支部", "王测", "13800000001", "20人"],
    ["2026年3月5日", "1400", "16：00", "测试党群服务中心 东厅", "书法班", "外面的公司", "李测", "", "8"],
]
#: What is wrong with one cell -> what is said of the row.
BAD = {
    ("day", "2026-03"): "日期“2026-03”看不懂，请写成2026-03-05这样。",
    ("day", "明天"): "日期“明天”看不懂，请写成2026-03-05这样。",
    ("day", "2026-13-40"): "日期“2026-13-40”看不懂，请写成2026-03-05这样。",
    ("day", "2026-03-01"): "这个时间已经过了",
    ("start", "上午"): "开始“上午”看不懂，请写成09:30这样。",
    ("start", "11:00"): "结束时间要晚于开始时间。",
    ("start", "9:07"): "这间房按整格约",
    ("start", ""): "没有填“开始”。",
    ("room", "没有这间"): "没有您能登记的房间叫“没有这间”",
    ("contact", ""): "没有填“联系人”。",
    ("phone", "12"): "电话看不懂",
    ("people", "31"): "这间房坐30人",
    ("people", "很多"): "人数“很多”应是1到99999的整数。",
}
NAMES = ["day", "start", "end", "room", "title", "organization", "contact", "phone", "people"]


def csv(*rows: list[str], head: list[str] | None = None) -> bytes:
    return b"".join(sheet_kit.write_csv(head or HEAD, rows))


@pytest.fixture
def desk(center: Center) -> Somebody:
    return somebody(center, role="desk", district=center.district)


def look(desk: Somebody, data: bytes, name: str = "排班.csv") -> Any:
    return desk.post("take-in/sheet", {"file": (io.BytesIO(data), name)})


def count(desk: Somebody) -> int:
    with desk.center.inside():
        session.rollback()
        return session.scalar(select(func.count()).select_from(BookingsBooking)) or 0


def test_rows_are_seen_first_then_taken_in_and_twice_is_once(desk: Somebody):
    branch = desk.center.world.organization(desk.center.district, name="甲支部").id
    assert desk.get("take-in/sheet").status_code == 200
    bad = ["2026-03-05", "9:30", "11:00", "培训室", "撞上的", "", "王测", "", "5"]
    seen = look(desk, csv(*GOOD, bad))
    words = said(seen)
    assert seen.status_code == 200 and count(desk) == 0
    assert "第4行 培训室 撞上的" in words and "和文件里的“支部学习”时间重叠。" in words
    assert "没有登记过叫“外面的公司”的单位，写进备注。" in words
    done = desk.press(seen, "登记这2个")
    assert done.status_code == 303
    told = said(desk.client.get(done.location))
    assert "新登记2个预约。1个没有登记：第4行。改好后再选一次这个文件，登记过的不会重复。" in told
    assert desk.press(seen, "登记这2个").status_code == 303 and count(desk) == 2
    with desk.center.inside():
        one, two = session.scalars(select(BookingsBooking).order_by(BookingsBooking.id))
        assert (one.organization_id, one.headcount, one.phone_tail, one.way) == (branch, 20, "0001", "sheet")
        assert (two.organization_id, two.note, two.contact_name) == (None, "单位：外面的公司", "李测")
        times = [(row.starts_at, row.ends_at, row.state) for row in desk.center.times()]
        assert times == [
            (at(5, 9), at(5, 10, 30), "approved"),
            (at(5, 14), at(5, 16), "approved"),
        ]
        desk.center.owns_its_slots()
    again = look(desk, csv(*GOOD))
    assert "没有要登记的。" in said(again) and "登记过的" in said(again)
    assert count(desk) == 2


def test_each_wrong_row_says_why_and_the_good_one_is_taken_in(desk: Somebody):
    rows = []
    for (name, value), _words in BAD.items():
        row = ["2026-03-06", "9:00", "10:00", "培训室", "学习", "", "王测", "", "5"]
        row[NAMES.index(name)] = value
        rows.append(row)
    seen = look(desk, csv(*rows, GOOD[0]))
    words = said(seen)
    for number, expected in enumerate(BAD.values(), 2):
        row = words[words.index(f"第{number}行") : words.index(f"第{number + 1}行")]
        assert expected in row, (number, row)
    done = desk.press(seen, "登记这1个")
    assert count(desk) == 1
    told = said(desk.client.get(done.location))
    assert "新登记1个预约。13个没有登记：第2、3、4、5、6、7、8、9、10、11等行。" in told


#: Files that are no such sheet -> what is said of them.
WRONG = [
    (b"", "a.csv", "这个文件是空的"),
    (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a.xlsx", "。"),
    (csv(["1", "2"], head=["甲", "乙"]), "a.csv", "没找到表头"),
    (csv(GOOD[0][:4], head=HEAD[:4]), "a.csv", "没找到“用途”“联系人”“人数”"),
    (csv(), "a.csv", "表头下面没有看得见的数据"),
    (csv(*[GOOD[0]] * 301), "a.csv", "表里有301行，一次最多300行。"),
    (b"x" * (300 * 1024), "a.csv", "。"),
]


def test_a_file_that_is_no_such_sheet_is_refused_in_words(desk: Somebody):
    for data, name, words in WRONG:
        answer = look(desk, data, name)
        assert answer.status_code == 422 and words in said(answer), words
    assert desk.post("take-in/sheet", {}).status_code == 422
    assert desk.post("take-in/sheet/commit", {"packed": "!!", "_once": "a-key-of-its-own"}).status_code == 400
    assert count(desk) == 0


def test_the_template_filled_in_by_excel_is_read(desk: Somebody):
    template = desk.get("take-in/sheet/template.xlsx")
    assert template.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(template.data))
    sheet = book.worksheets[0]
    header = [cell.value for cell in sheet[3]]
    assert header == ["序号", "日期*", "开始*", "结束*", "房间*", "用途*", "单位", "联系人*", "电话", "人数*"]
    rooms = [row[0].value for row in book["可选值"].iter_rows(min_col=5, max_col=5)]
    assert rooms == ["培训室", "东厅", "西厅", "大厅"]
    for column, value in enumerate(
        [1, date(2026, 3, 5), time(9, 30), 0.5, "大厅", "汇演", None, "王测", 13800000001, 60], 1
    ):
        cell = sheet.cell(4, column, value)
        if not isinstance(value, date | time):
            cell.number_format = "General"
    stream = io.BytesIO()
    book.save(stream)
    seen = look(desk, stream.getvalue(), "排班.xlsx")
    assert "2026年3月5日 09:30—12:00" in said(seen)
    desk.press(seen, "登记这1个")
    assert count(desk) == 1
    # Excel keeps 24:00 as one whole day, which is one o'clock for whoever types it.
    sheet.cell(4, 4, 1)
    stream = io.BytesIO()
    book.save(stream)
    assert "结束“1”看不懂，请写成09:30这样。" in said(look(desk, stream.getvalue(), "排班.xlsx"))


def test_only_the_rooms_somebody_keeps_are_known(center: Center):
    branch = center.world.organization(center.district)
    secretary = somebody(center, role="secretary", organization=branch)
    assert "没有您能登记的房间叫“培训室”" in said(look(secretary, csv(GOOD[0])))
    resident = somebody(center)
    assert resident.get("take-in/sheet").status_code == 404
    assert look(resident, csv(GOOD[0])).status_code == 404
