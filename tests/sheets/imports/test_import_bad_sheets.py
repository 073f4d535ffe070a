"""The bad sheets of the issue, brought to the desk's page: a clear word for each, nothing half imported."""

from __future__ import annotations

import io
from datetime import date

import pytest
from sqlalchemy import func, select

from portal.database import everything, session
from portal.members.models import Member
from portal.members.sealed import unseal
from portal.sheets.imports.models import ImportBatch, ImportRow
from tests.sheets.files import OFFICIAL, repacked, xlsx
from tests.sheets.imports.desk import member_row, member_sheet, outcomes, reasons

GOOD = xlsx({"表": member_sheet(member_row(1))})
FILES = {
    "zip bomb": (repacked(GOOD, add={"xl/media/a.bin": b"\0" * (60 << 20)}), "展开后太大"),
    "macros": (repacked(GOOD, add={"xl/vbaProject.bin": b"x"}), "带有宏"),
    "password": (repacked(GOOD, encrypt=True), "打开密码"),
    "entities": (
        repacked(GOOD, replace={"xl/sharedStrings.xml": lambda b: b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + b}),
        "打不开",
    ),
    "cut off": (GOOD[:-200], "打不开"),
    "a web page": (b"<html><table></table></html>", "其实是网页"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 60, "不是表格"),
    "no header": ("甲,乙\n丙,丁\n".encode("gb18030"), "没找到表头"),
    "header twice": (xlsx({"表": [["姓名", "姓名", "所在党支部"], ["王芳", "王芳", "甲"]]}), "出现了两次"),
}


@pytest.mark.parametrize("fault", FILES)
def test_refused_file_is_said_and_leaves_nothing(world, fault):
    data, words = FILES[fault]
    district = world.district()
    browser = world.browser(world.account(role="desk", district=district))
    answer = browser.post(
        f"/d/{district.code}/desk/import/members",
        data={"file": (io.BytesIO(data), "../../etc/名单.xlsx"), "form_key": "key-key-key"},
        content_type="multipart/form-data",
    )
    assert answer.status_code == 422 and words in answer.get_data(as_text=True)
    with everything():
        for model in (ImportBatch, ImportRow, Member):
            assert session.scalar(select(func.count()).select_from(model)) == 0


def test_every_form_of_a_day_and_of_a_digit_means_the_same(desk, branch):
    born = [
        "1985.7",
        "198507",
        "1985-07-01",
        "1985年7月1日",
        31229,
        date(1985, 7, 1),
        "１９８５．０７",
        1985.7,
    ]
    rows = [member_row(n, 出生日期=day, 手机号="１３９ ００００ ００１１") for n, day in enumerate(born, 1)]
    # one branch merged over all its members, as people draw it
    for row in rows[1:]:
        row[2] = None
    last = 3 + len(rows)
    batch = desk.upload("members", member_sheet(*rows), merges=[(f"C4:C{last}", "甲党支部")])
    assert reasons(batch) == {} and batch.new == len(born), outcomes(batch)
    desk.commit(batch)
    found = session.scalars(select(Member).where(Member.district_id == desk.district.id)).all()
    assert {(m.birth_date, unseal(m, "phone"), m.organization_id) for m in found} == {
        (date(1985, 7, 1), "13900000011", branch.id)
    }


def test_numbers_that_lost_digits_are_told_apart_from_wrong_ones(desk, branch):
    batch = desk.upload(
        "members",
        member_sheet(
            member_row(1, 公民身份证号=999999198507011234),
            member_row(2, 出生日期=1985.1),
            member_row(3, 出生日期=60),
            member_row(4, 手机号=13900000011),
        ),
    )
    said = reasons(batch)
    assert "后几位已经丢了" in said[4] and "1月还是10月" in said[5] and "看不懂" in said[6] and 7 not in said


def test_number_in_scientific_writing_is_named_as_such(desk, branch):
    batch = desk.upload(
        "members", member_sheet(member_row(1, 手机号="1.39E+10"), member_row(2, 手机号=1.39e10))
    )
    assert "科学记数" in reasons(batch)[4]
    # a real float cell has all its digits
    assert 5 not in reasons(batch)


def test_row_with_an_unreadable_cell_is_told_of_its_branch_at_once(desk, branch):
    batch = desk.upload(
        "members",
        member_sheet(member_row(1, 手机号="12345", 所在党支部="没有的支部"), member_row(2, 手机号="1")),
    )
    said = reasons(batch)
    assert "应是11位手机号" in said[4] and "没有的支部" in said[4]
    assert "支部" not in said[5]


def test_what_the_demo_hands_out_it_takes_back(desk, branch, app):
    """The demo's people have numbers nobody else may have; outside of the demo they are a slip."""
    sheet = member_sheet(member_row(1, 手机号="10000000165"))
    assert not reasons(desk.upload("members", sheet))
    app.config["DEMO"] = False
    assert "应是11位手机号" in reasons(desk.upload("members", sheet, key="another-form"))[4]


def test_serials_of_a_1904_workbook(desk, branch):
    sheet = member_sheet(member_row(1, 出生日期=31229 - 1462))
    batch = desk.upload("members", sheet, options={"date_1904": True})
    desk.commit(batch)
    assert session.scalars(select(Member.birth_date)).all() == [date(1985, 7, 1)]


def test_csv_from_an_old_office_machine(desk, branch):
    lines = [",".join(OFFICIAL), ",".join(cell or "" for cell in member_row(1))]
    batch = desk.upload_bytes("members", "\r\n".join(lines).encode("gb18030"), name="名单.csv")
    assert batch.new == 1, reasons(batch)
