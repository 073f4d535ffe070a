"""portal import: exit codes, dry run, the refused rows, another district."""

from __future__ import annotations

import openpyxl
import pytest
from sqlalchemy import func, select

from portal.cli.imports import import_
from portal.database import everything, session
from portal.members.models import Member
from portal.sheets.imports.models import ImportRow
from tests.sheets.files import xlsx
from tests.sheets.imports.desk import member_row, member_sheet


@pytest.fixture
def run(app, world, tmp_path):
    district = world.district()
    world.organization(district, name="甲党支部")
    code = district.code

    def run(rows, *options, kind="members", at=code, data=None):
        path = tmp_path / "名单.xlsx"
        path.write_bytes(data if data is not None else xlsx({"表": rows}))
        session.remove()
        return app.test_cli_runner().invoke(import_, [kind, str(path), "--district", at, *options])

    return run


def count(model=Member):
    with everything():
        return session.scalar(select(func.count()).select_from(model))


def test_dry_run_changes_nothing(run):
    answer = run(member_sheet(member_row(1), member_row(2)), "--dry-run")
    assert answer.exit_code == 0, answer.output
    assert answer.output.splitlines()[-1] == "dry run: new 2 changed 0 same 0 refused 0"
    assert (count(), count(ImportRow)) == (0, 0)


def test_import_and_again(run):
    sheet = member_sheet(member_row(1), member_row(2))
    assert run(sheet).exit_code == 0 and count() == 2
    answer = run(sheet)
    assert answer.exit_code == 0 and "imported: new 0 changed 0 same 2 refused 0" in answer.output


def test_refused_rows_exit_1_and_come_back(run, tmp_path):
    wrong = tmp_path / "wrong.xlsx"
    answer = run(member_sheet(member_row(1), member_row(2, 出生日期="1985.13")), "--wrong", str(wrong))
    assert answer.exit_code == 1 and count() == 1
    assert "第5行：出生日期“1985.13”看不懂，请改成1985-03这样的写法。" in answer.output
    assert openpyxl.load_workbook(wrong).active.max_row == 2


def test_refused_file_exits_1(run):
    answer = run(None, data=b"%PDF-1.7")
    assert answer.exit_code == 1 and "不是表格" in answer.stderr
    sheet = member_sheet(member_row(1))
    sheet[2][1] = "同志"
    answer = run(sheet)
    assert answer.exit_code == 1 and "没找到这些列：姓名" in answer.stderr and count(ImportRow) == 0


def test_usage_exits_2(run, app):
    assert run(member_sheet(member_row(1)), at="000000").exit_code == 2
    assert (
        app.test_cli_runner().invoke(import_, ["members", "nowhere.xlsx", "--district", "x"]).exit_code == 2
    )
    assert app.test_cli_runner().invoke(import_, ["members"]).exit_code == 2


def test_organizations_and_units(run):
    head = ["序号", "党组织名称", "组织类别", "上级党组织"]
    assert (
        run(
            [head, ["1", "乙党支部", "党支部", "乙党委"], ["2", "乙党委", "党委"]], kind="organizations"
        ).exit_code
        == 0
    )
    units = [["序号", "单位名称", "单位类别", "负责的党组织"], ["1", "乙公司", "非公企业", "乙党支部"]]
    assert run(units, kind="units").exit_code == 0
