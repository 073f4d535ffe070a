"""Which formula a wage follows: the kind of unit decides, the sheet may say another, all can read it."""

from __future__ import annotations

from typing import Any

from plugins.dues.models import DuesBaseSheet
from plugins.dues.service import bases as service
from portal.api import Member, Unit, session
from portal.testing import Browser

from .conftest import Branch
from .test_bases import GOOD, act, base, bring, proposals, sheet, staff, workbook

__all__ = ["staff"]


def named_rows(branch: Branch, browser: Browser, headers: list[str], *rows: list[str]) -> dict[int, Any]:
    assert bring(branch, browser, workbook(*rows, headers=headers)).status_code == 303
    with branch.inside():
        found, _notices = service.judged(session.get_one(DuesBaseSheet, sheet().id), district=branch.ref)
        return {row.values["name"]: row for row in found}


def test_the_kind_of_unit_decides_which_formula_a_wage_follows(staff):
    """rates/: an enterprise adds 基本工资 and 固定奖金 and takes off 企业年金; an institution does not."""
    branch, (first, second), collector, _treasurer = staff
    with branch.inside():
        firm = Unit(district_id=branch.district.id, name="甲厂", kind="nonpublic_enterprise")
        session.add(firm)
        session.flush()
        session.get_one(Member, first.id).unit_id = firm.id
    headers = ["姓名", "基本工资", "薪级", "固定奖金", "年金", "所得税"]
    found = named_rows(
        branch,
        collector,
        headers,
        ["钱一", "5000", "", "500", "200", "100"],
        ["孙二", "5000", "", "", "", ""],
    )
    mine, other = found["钱一"], found["孙二"]
    assert (mine.target.base_fen, mine.target.formula) == (520_000, "enterprise")
    said = "按“企业”的公式：基本工资 5000 + 固定奖金 500 − 企业年金 200 − 所得税 100 = 5200元。"
    assert mine.target.derived == said
    assert "“事业单位”的公式里没有基本工资。请写明单位类型，或只写税后工资总额。" in other.reasons
    page = collector.get(f"{base(branch)}/{sheet().id}").get_data(as_text=True)
    assert said in page
    headers = ["姓名", "单位类型", "职务工资", "级别工资", "薪级"]
    rows = ["孙二", "机关", "4000", "800", ""], ["钱一", "机关", "4000", "", "100"]
    found = named_rows(branch, collector, headers, *rows)
    assert (found["孙二"].target.base_fen, found["孙二"].target.formula) == (480_000, "civil_service")
    assert "“机关”的公式里没有薪级工资" in found["钱一"].reasons[0]


def test_the_formula_stays_with_the_proposal_and_the_member_reads_it(staff):
    branch, (first, _second), collector, _treasurer = staff
    bring(branch, collector, workbook(["1", "钱一", *GOOD]))
    assert act(branch, collector, "commit").status_code == 303
    (row,) = proposals(branch)
    assert row.formula == "public_institution"
    me = branch.world.browser(branch.world.account(first))
    page = me.get(f"/d/{branch.district.code}/dues/base").get_data(as_text=True)
    assert "按“事业单位”的公式：岗位工资 + 薪级工资 + 基础性绩效 + 津贴补贴 − 养老保险" in page
    assert "不算在内：奖励性绩效、" in page and "河南工业大学公式；组电明字〔2017〕5号第一条" in page


def test_a_pension_is_no_wage(staff):
    """Retired, self-employed and yearly paid members declare one sum; a payslip's items are refused."""
    branch, _people, collector, _treasurer = staff
    headers = ["姓名", "党费类别", "岗位", "税后工资总额"]
    found = named_rows(
        branch, collector, headers, ["钱一", "离退休", "5000", ""], ["孙二", "离退休", "", "4100"]
    )
    assert found["钱一"].reasons == ["“离退休”不按工资条的项目算，请只在基数一栏写基本养老金。"]
    assert (found["孙二"].target.base_fen, found["孙二"].target.formula) == (410_000, "")
    page = collector.get(f"{base(branch)}/new").get_data(as_text=True)
    assert "各类单位的公式" in page and "基本工资 + 岗位工资 + 固定奖金 − 养老保险" in page
