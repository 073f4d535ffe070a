"""The pages of an import, as a person at the desk uses them."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

from portal.testing import queries
from tests.sheets.files import xlsx
from tests.sheets.imports.desk import member_row, member_sheet


@pytest.fixture
def town(world):
    district = world.district(name="甲区")
    branch = world.organization(district, name="甲党支部")
    browser = world.browser(world.account(role="desk", district=district))
    return district, branch, browser


def send(browser, district, rows, kind="members", key="form-key-1", name="名单.xlsx", data=None):
    data = data if data is not None else xlsx({"表": rows})
    return browser.post(
        f"/d/{district.code}/desk/import/{kind}",
        data={"file": (io.BytesIO(data), name), "form_key": key},
        content_type="multipart/form-data",
    )


def version_of(html):
    return re.search(r'name="version" value="(\d+)"', html)[1]


def test_walk_from_template_to_undo(town):
    district, _branch, browser = town
    base = f"/d/{district.code}/desk/import"
    assert "导入党员" in browser.get(base).get_data(as_text=True)
    template = browser.get(f"{base}/members/template.xlsx")
    assert template.headers["Content-Disposition"].startswith("attachment; filename=")
    assert openpyxl.load_workbook(io.BytesIO(template.data)).sheetnames == ["党员信息采集表", "可选值"]
    answer = send(browser, district, member_sheet(member_row(1), member_row(2, 出生日期="1985.13")))
    assert answer.status_code == 303
    page = browser.get(answer.location).get_data(as_text=True)
    assert "出生日期“1985.13”看不懂，请改成1985-03这样的写法。" in page and "这一行没有导入。" in page
    assert "新增1行" in page and "没通过1行" in page
    only = browser.get(f"{answer.location}?verdict=refused").get_data(as_text=True)
    assert only.count('scope="row"') == 1
    wrong = openpyxl.load_workbook(io.BytesIO(browser.get(f"{answer.location}/wrong.xlsx").data)).active
    assert wrong.max_row == 2 and "1985.13" in [c.value for c in wrong[2]]
    version = version_of(page)
    asked = browser.post(f"{answer.location}/commit", data={"version": version})
    assert asked.status_code == 422 and "有1行没通过" in asked.get_data(as_text=True)
    done = browser.post(f"{answer.location}/commit", data={"version": version, "refused": "skip"})
    assert done.status_code == 303
    again = browser.post(f"{answer.location}/commit", data={"version": version, "refused": "skip"})
    assert again.status_code == 303
    page = browser.get(answer.location).get_data(as_text=True)
    assert "已导入" in page and "整批撤销" in page
    back = browser.post(f"{answer.location}/undo", data={"version": version_of(page)})
    assert back.status_code == 303
    assert "已撤销" in browser.get(answer.location).get_data(as_text=True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7", "不是表格"),
        (b"", "请先选一个文件"),
        ("没有,表头\n1,2\n".encode(), "没找到表头"),
    ],
)
def test_refused_file_says_why_beside_the_field(town, data, words):
    district, _branch, browser = town
    name = "" if not data else "a.xlsx"
    answer = send(browser, district, None, data=data, name=name)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422 and html.count(words) >= 2 and 'href="#file"' in html


def test_upload_of_50_megabytes_is_stopped_at_the_door(town):
    district, _branch, browser = town
    answer = browser.post(
        f"/d/{district.code}/desk/import/members",
        input_stream=io.BytesIO(b"x" * (50 * 1024 * 1024)),
        content_type="multipart/form-data; boundary=y",
        content_length=50 * 1024 * 1024,
    )
    assert answer.status_code == 413 and "文件太大" in answer.get_data(as_text=True)


def test_unknown_columns_are_asked_for(town):
    district, _branch, browser = town
    sheet = member_sheet(member_row(1))
    sheet[2][1] = "同志"
    answer = send(browser, district, sheet)
    page = browser.get(answer.location).get_data(as_text=True)
    assert "没找到：姓名" in page and "B列：同志" in page
    chosen = {f"column-{p}": "" for p in range(21)} | {"version": version_of(page)}
    bad = browser.post(f"{answer.location}/columns", data=chosen)
    assert bad.status_code == 422
    chosen |= {"column-1": "name", "column-2": "branch", "column-3": "ric", "column-8": "stage"}
    assert browser.post(f"{answer.location}/columns", data=chosen).status_code == 303
    assert "新增1行" in browser.get(answer.location).get_data(as_text=True)


def test_same_upload_twice_is_one_batch(town):
    district, _branch, browser = town
    sheet = member_sheet(member_row(1))
    data = xlsx({"表": sheet})
    first = send(browser, district, None, data=data)
    assert send(browser, district, None, data=data).location == first.location
    other = send(browser, district, member_sheet(member_row(2)))
    assert other.status_code == 409


def test_post_without_version_is_refused(town):
    district, _branch, browser = town
    answer = send(browser, district, member_sheet(member_row(1)))
    for verb in ("commit", "undo", "discard", "recheck", "columns"):
        assert browser.post(f"{answer.location}/{verb}").status_code == 400


def test_discarded_batch_keeps_nothing(town):
    district, _branch, browser = town
    answer = send(browser, district, member_sheet(member_row(1)))
    version = version_of(browser.get(answer.location).get_data(as_text=True))
    assert browser.post(f"{answer.location}/discard", data={"version": version}).status_code == 303
    assert "王芳" not in browser.get(answer.location).get_data(as_text=True)
    late = browser.post(f"{answer.location}/commit", data={"version": version, "refused": "skip"})
    assert late.status_code == 409


def test_nobody_without_the_permission_and_nobody_of_another_district(town, world):
    district, branch, browser = town
    answer = send(browser, district, member_sheet(member_row(1)))
    base = f"/d/{district.code}/desk/import"
    paths = [answer.location, f"{answer.location}/wrong.xlsx", base, f"{base}/members"]
    paths.append(f"{base}/members/template.xlsx")
    other = world.district()
    strangers = [
        world.browser(world.account(world.member(branch), role="secretary", organization=branch)),
        world.browser(world.account(role="desk", district=other)),
    ]
    for stranger in strangers:
        for path in paths:
            assert stranger.get(path).status_code == 404
        for verb in ("commit", "undo", "discard", "recheck", "columns"):
            assert stranger.post(f"{answer.location}/{verb}", data={"version": "2"}).status_code == 404
    # the batch's address under the other district does not find it either
    foreign = answer.location.replace(district.code, other.code)
    assert strangers[1].get(foreign).status_code == 404


def test_hostile_cells_are_shown_as_text(town):
    district, _branch, browser = town
    answer = send(
        browser, district, member_sheet(member_row(1, 所在党支部="<script>alert(1)</script>{{7*7}}"))
    )
    page = browser.get(answer.location).get_data(as_text=True)
    assert "<script>alert(1)" not in page and "49" not in page.split("所在党支部", 1)[1][:80]


def test_verdict_page_costs_the_same_at_one_and_at_many_rows(town):
    district, _branch, browser = town
    counts = []
    for number in (1, 30):
        rows = [member_row(n) for n in range(1, number + 1)]
        answer = send(browser, district, member_sheet(*rows), key=f"form-key-{number}")
        browser.get(answer.location)
        with queries() as seen:
            assert browser.get(answer.location).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 6, counts
