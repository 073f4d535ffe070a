"""Rows nobody sees in the sheet are left out until somebody says otherwise, and each is named."""

from __future__ import annotations

import io

import openpyxl
import pytest
from sqlalchemy import select

from portal.cli.imports import import_
from portal.database import Conflict, everything, session
from portal.members.models import Member
from portal.sheets.imports import background, batches, commit, intake
from portal.sheets.imports.models import ImportBatch
from tests.sheets.files import filtered, xlsx
from tests.sheets.imports.desk import member_row, member_sheet, outcomes
from tests.sheets.imports.test_import_pages import send, town, version_of

__all__ = ["town"]

REMARK = "这一行在表里是隐藏的。"


def list_of_two_branches(*more):
    """Return the official sheet of four people, filtered to 甲党支部: rows 5 and 7 are out of sight."""
    rows = [
        member_row(1, 姓名="王芳"),
        member_row(2, 姓名="李明", 所在党支部="乙党支部"),
        member_row(3, 姓名="赵四"),
        member_row(4, 姓名="钱五", 所在党支部="乙党支部", 出生日期="1985.13"),
        *more,
    ]
    return filtered({"表": member_sheet(*rows)}, lambda row: row[2] == "甲党支部", header=2)


@pytest.fixture
def two(desk, branch, world):
    world.organization(desk.district, name="乙党支部")
    return desk


def names(desk):
    return session.scalars(
        select(Member.name).where(Member.district_id == desk.district.id).order_by(Member.id)
    ).all()


def test_hidden_rows_are_left_out_named_and_not_counted_as_wrong(two):
    batch = two.upload_bytes("members", list_of_two_branches())
    assert (batch.total, batch.hidden, batch.left_out, batch.with_hidden) == (4, 2, 2, False)
    assert batch.counts == {"new": 2, "changed": 0, "same": 0, "refused": 0}
    shown = [(one["number"], one["verdict"], one["title"], one["warnings"]) for one in outcomes(batch)]
    assert [one for one in shown if one[0] in (5, 7)] == [
        (5, "hidden", "李明", [REMARK]),
        (7, "hidden", "钱五", [REMARK]),
    ]
    assert not any(REMARK in one[3] for one in shown if one[0] in (4, 6))
    two.commit(batch)
    assert names(two) == ["王芳", "赵四"]


def test_one_press_takes_them_in_and_another_leaves_them_out_again(two):
    batch = two.upload_bytes("members", list_of_two_branches())
    for wanted, counts in (
        (True, {"new": 3, "changed": 0, "same": 0, "refused": 1}),
        (False, {"new": 2, "changed": 0, "same": 0, "refused": 0}),
        (True, {"new": 3, "changed": 0, "same": 0, "refused": 1}),
    ):
        batches.choose_hidden(batch, wanted, version=batch.version, district=two.ref, actor=None)
        assert (batch.state, batch.counts) == ("ready", counts)
    told = {one["number"]: (one["verdict"], one["warnings"]) for one in outcomes(batch)}
    assert told[5] == ("new", [REMARK]) and told[7] == ("refused", [REMARK])
    assert told[4][0] == "new" and REMARK not in told[4][1]
    two.commit(batch)
    assert names(two) == ["王芳", "李明", "赵四"]
    two.undo(batch)
    assert names(two) == []


def test_a_hidden_double_does_not_refuse_the_row_that_is_seen(two):
    """The second row of one id is refused; a row nobody sees is no first one."""
    rows = [member_row(1, 所在党支部="乙党支部"), member_row(1, 所在党支部="甲党支部")]
    data = filtered({"表": member_sheet(*rows)}, lambda row: row[2] == "甲党支部", header=2)
    batch = two.upload_bytes("members", data)
    assert batch.counts == {"new": 1, "changed": 0, "same": 0, "refused": 0} and batch.left_out == 1
    batches.choose_hidden(batch, True, version=batch.version, district=two.ref, actor=None)
    assert batch.counts == {"new": 1, "changed": 0, "same": 0, "refused": 1}


def test_a_hidden_column_is_read_and_said_and_a_note_row_is_no_row(two):
    sheet = member_sheet(member_row(1), ["注：本表一式两份"])

    def fold(content):
        book = openpyxl.load_workbook(io.BytesIO(content))
        book.worksheets[0].column_dimensions["D"].hidden = True
        book.worksheets[0].row_dimensions[5].hidden = True
        book.save(out := io.BytesIO())
        return out.getvalue()

    batch = two.upload_bytes("members", fold(xlsx({"表": sheet})))
    assert "这些列在表里是隐藏的，也读了：公民身份证号。" in batch.notices
    assert (batch.hidden, batch.counts["new"]) == (0, 1)


def test_all_rows_hidden_is_nothing_to_import(two):
    batch = two.upload_bytes(
        "members", filtered({"表": member_sheet(member_row(1))}, lambda row: False, header=2)
    )
    assert (batch.state, batch.left_out, sum(batch.counts.values())) == ("ready", 1, 0)


def test_an_old_page_does_not_choose(two):
    batch = two.upload_bytes("members", list_of_two_branches())
    with pytest.raises(Conflict):
        batches.choose_hidden(batch, True, version=batch.version - 1, district=two.ref, actor=None)
    two.commit(batch)
    with pytest.raises(Conflict):
        batches.choose_hidden(batch, True, version=batch.version, district=two.ref, actor=None)
    assert names(two) == ["王芳", "赵四"]


def test_a_large_sheet_is_judged_by_the_job_in_the_same_way(two, monkeypatch):
    monkeypatch.setattr(batches, "IN_REQUEST", 3)
    monkeypatch.setattr(intake, "IN_REQUEST", 3)
    monkeypatch.setattr(commit, "IN_REQUEST", 3)
    batch = two.upload_bytes("members", list_of_two_branches())
    assert batch.state == "checking"
    background.judge_batch({"batch": batch.id})
    assert (batch.state, batch.counts["new"], batch.left_out) == ("ready", 2, 2)
    batches.choose_hidden(batch, True, version=batch.version, district=two.ref, actor=None)
    assert batch.state == "checking"
    background.judge_batch({"batch": batch.id})
    assert (batch.state, batch.counts["new"]) == ("ready", 3)


def test_the_page_says_it_asks_and_says_it_again_afterwards(town, world):
    district, _branch, browser = town
    world.organization(district, name="乙党支部")
    answer = send(browser, district, None, data=list_of_two_branches())
    page = browser.get(answer.location).get_data(as_text=True)
    assert "表里有2行是隐藏的" in page and "现在不导入它们" in page and "隐藏、不导入2行" in page
    assert 'name="hidden" value="1"' in page and page.count(REMARK) == 2
    only = browser.get(f"{answer.location}?verdict=hidden").get_data(as_text=True)
    assert only.count('scope="row"') == 2 and "李明" in only and "王芳" not in only
    for form in ({}, {"version": "x"}):
        assert browser.post(f"{answer.location}/hidden", data=form).status_code == 400
    chosen = browser.post(f"{answer.location}/hidden", data={"version": version_of(page), "hidden": "1"})
    assert chosen.status_code == 303
    stale = browser.post(f"{answer.location}/hidden", data={"version": version_of(page), "hidden": "1"})
    assert stale.status_code == 409
    page = browser.get(answer.location).get_data(as_text=True)
    assert "现在连它们一起导入" in page and "新增3行" in page and "没通过1行" in page and "隐藏、" not in page
    assert 'name="hidden" value="0"' in page
    back = browser.post(f"{answer.location}/hidden", data={"version": version_of(page), "hidden": "0"})
    assert back.status_code == 303
    page = browser.get(answer.location).get_data(as_text=True)
    done = browser.post(f"{answer.location}/commit", data={"version": version_of(page)})
    assert done.status_code == 303
    page = browser.get(answer.location).get_data(as_text=True)
    assert "表里隐藏的2行没有导入。要导入，请在表里取消隐藏，再传一次。" in page and "/hidden" not in page


def test_another_district_and_another_role_choose_nothing(town, world):
    district, _branch, browser = town
    answer = send(browser, district, None, data=list_of_two_branches())
    other = world.district()
    stranger = world.browser(world.account(role="desk", district=other))
    for path in (answer.location, answer.location.replace(district.code, other.code)):
        assert stranger.post(f"{path}/hidden", data={"version": "2", "hidden": "1"}).status_code == 404
    with everything():
        assert session.scalars(select(ImportBatch.with_hidden)).all() == [False]


def test_the_command_prints_them_and_takes_them_in_when_told(app, world, tmp_path):
    district = world.district()
    world.organization(district, name="甲党支部"), world.organization(district, name="乙党支部")
    code, path = district.code, tmp_path / "名单.xlsx"
    path.write_bytes(list_of_two_branches())

    def run(*options):
        session.remove()
        return app.test_cli_runner().invoke(import_, ["members", str(path), "--district", code, *options])

    dry = run("--dry-run")
    assert dry.exit_code == 0
    assert "表里有2行是隐藏的（第5、7行），没有导入；要一起导入，加上 --with-hidden。" in dry.output
    assert dry.output.splitlines()[-1] == "dry run: new 2 changed 0 same 0 refused 0"
    both = run("--with-hidden")
    assert both.exit_code == 1, "one of the hidden rows is wrong"
    assert "表里有2行是隐藏的（第5、7行），也核对了。" in both.output and "第7行：" in both.output
    assert both.output.splitlines()[-1] == "imported: new 3 changed 0 same 0 refused 1"
