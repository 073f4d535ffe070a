"""The 党费收缴台账: as staff keep it, equal to the books, no more than the screen may show."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest

from plugins.dues.service import books, obligations
from portal.api import Model, audit, everything, session
from portal.testing import queries as counted

from .conftest import Branch, agrees, pay

HEADERS = ["序号", "党员姓名", "月工资收入", "执行标准", "月应缴", "全年应缴", "全年实缴", "备注"]


@pytest.fixture
def year(branch: Branch):
    payer = branch.member(name="钱已交")
    branch.member(name="孙没交", category="salaried", base_fen=510_000)
    branch.member(name="李未定", category=None, base_fen=None)
    for month in ("2026-09", "2026-10", "2026-11"):
        with branch.inside():
            obligations.create_month(district_id=branch.district.id, month=month)
    pay(branch, payer, 4000, ["2026-09", "2026-10"])
    return branch


def url(branch: Branch, rest: str = "?year=2026") -> str:
    return f"/d/{branch.district.code}/dues/ledger{rest}"


def secretary(branch: Branch):
    return branch.world.browser(branch.world.account(role="secretary", organization=branch.organization))


def test_the_sheet_is_the_one_staff_keep_and_equals_the_books(year):
    page = secretary(year)
    answer = page.post(url(year), data={"as": "xlsx"})
    assert answer.status_code == 200 and "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.get_data())).active
    rows = [
        HEADERS,
        ["1", "钱已交", "3860.00", "0.5%", "19.30", "57.90", "38.60", ""],
        ["2", "孙没交", "5100.00", "1.5%", "76.50", "229.50", "0.00", ""],
        ["3", "李未定", "", "", "", "0.00", "0.00", "还没核定"],
        ["", "合计", "", "", "", "287.40", "38.60", ""],
    ]
    # numbers are numbers, so that a spreadsheet adds them up, and are shown with two decimals
    assert [[cell.value for cell in row] for row in sheet.iter_rows()][1:] == [
        [1, "钱已交", 3860, "0.5%", 19.3, 57.9, 38.6, None],
        [2, "孙没交", 5100, "1.5%", 76.5, 229.5, 0, None],
        [3, "李未定", None, None, None, 0, 0, "还没核定"],
        [None, "合计", None, None, None, 287.4, 38.6, None],
    ]
    assert {sheet["A2"].number_format, sheet["G4"].number_format} == {"0", "#,##0.00"}
    assert sheet["B2"].number_format == "@" and sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["H"].width > 30
    with year.inside():
        book = books.book(year.district.id)
        from portal.api import ledger

        received = sum(fen for name, fen in ledger.balances(book).items() if "cash" in name)
        assert received == 4000, "1.40 of it is credit, not dues of the year"
    agrees(year)
    text = page.post(url(year), data={"as": "csv"}).get_data()
    assert text.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(text.decode("utf-8-sig")))) == rows


def test_without_the_right_to_bases_they_stay_blank_on_screen_and_in_the_sheet(year):
    browser = secretary(year)
    assert "3860.00" in browser.get(url(year)).get_data(as_text=True)
    with year.inside():
        session.execute(
            Model.metadata.tables["role_permission"]
            .insert()
            .values(district_id=year.district.id, role="secretary", permission="dues.assess", allowed=False)
        )
    for text in (
        browser.get(url(year)).get_data(as_text=True),
        browser.post(url(year), data={"as": "csv"}).get_data().decode(),
    ):
        assert "3860" not in text and "5100" not in text and "1.5%" not in text
        assert "57.90" in text and "属于敏感信息" in text


def test_the_export_is_on_record(year):
    secretary(year).post(url(year), data={"as": "xlsx"})
    with everything():
        found = audit.history(subject=("organization", year.organization.id))
    assert [row.detail for row in found if row.action == "dues.ledger.export"] == [
        {"rows": 3, "year": 2026, "kind": "xlsx", "bases": True}
    ]


def test_bad_input_and_other_people(year):
    browser = secretary(year)
    assert browser.get(url(year, "?year=1999")).status_code == 404
    assert browser.get(url(year, "?year=x")).status_code == 404
    assert browser.post(url(year), data={"as": "exe"}).status_code == 400
    assert "没有内容" not in browser.get(url(year, "?month=2026-11")).get_data(as_text=True)
    world = year.world
    other = world.organization(year.district)
    stranger = world.browser(world.account(role="secretary", organization=other))
    assert stranger.get(url(year, f"?branch={year.organization.id}")).status_code == 404
    assert stranger.post(url(year, f"?branch={year.organization.id}"), data={"as": "csv"}).status_code == 404
    assert world.browser(world.account(year.member())).get(url(year)).status_code == 404


def test_the_year_costs_the_same_queries_for_three_and_six_people(year):
    browser = secretary(year)
    browser.get(url(year))
    with counted() as three:
        browser.get(url(year))
    for name in ("周一", "吴二", "郑三"):
        year.member(name=name)
    with counted() as six:
        browser.get(url(year))
    assert len(three) == len(six), "\n".join(six)
