"""One person's base by hand: worked out first, then proposed, confirmed and approved as the sheet's are."""

from __future__ import annotations

import pytest

from plugins.dues.models import DuesAssessment
from portal.api import session
from portal.testing import Browser

from .conftest import Branch
from .test_bases import base, decide, proposals, staff
from .test_cash import key

__all__ = ["staff"]


def send(branch: Branch, browser: Browser, member: int, act: str = "save", **fields: str):
    form = {"_once": key(), "branch": str(branch.organization.id), "member": str(member), "act": act}
    return browser.post(f"{base(branch)}/one", data={"from_month": "2026-11", **form, **fields})


def test_a_new_member_s_base_goes_the_way_of_the_sheet(staff):
    branch, _people, collector, treasurer = staff
    new = branch.member(name="周新来", category=None, base_fen=None, paid_through=None)
    me = branch.world.browser(branch.world.account(new))
    new_id = new.id
    form = collector.get(f"{base(branch)}/one").get_data(as_text=True)
    assert "周新来" in form and "照原来登记的" in form
    assert f"{base(branch)}/one" in collector.get(base(branch)).get_data(as_text=True)
    looked = send(branch, collector, new_id, "check", base="5100")
    assert looked.status_code == 200
    said = looked.get_data(as_text=True)
    assert "核定基数每月5100元，在5000元到10000元这一档，按1.5%算，每月76.50元。" in said
    assert proposals(branch) == [], "working it out writes nothing"
    assert send(branch, collector, new_id, base="５１００元").status_code == 303
    (row,) = proposals(branch)
    assert (row.member_id, row.state, row.base_fen, row.amount_fen) == (new_id, "draft", 510_000, 7650)
    assert (row.origin, row.formula) == ("branch", "public_institution")
    again = send(branch, collector, new_id, base="5100")
    assert again.status_code == 422 and "和已经登记的一样，不用再登记。" in again.get_data(as_text=True)
    assert decide(branch, treasurer, "approve", row).status_code == 409, "the member has not confirmed yet"
    confirm = {"_once": key(), "version": str(row.version)}
    assert me.post(f"/d/{branch.district.code}/dues/base/{row.id}/confirm", data=confirm).status_code == 303
    (row,) = proposals(branch)
    assert decide(branch, collector, "approve", row).status_code == 403
    assert decide(branch, treasurer, "approve", row).status_code == 303
    (row,) = proposals(branch, "approved")[-1:]
    assert (row.member_id, row.amount_fen) == (new_id, 7650)


def test_another_wage_from_the_payslip_and_the_member_is_told(staff):
    branch, (first, _second), collector, _treasurer = staff
    account = branch.world.account(first)
    items = {"post": "3000", "scale": "2500", "tax": "300"}
    looked = send(branch, collector, first.id, "check", **items).get_data(as_text=True)
    assert "岗位工资 3000 + 薪级工资 2500 − 所得税 300 = 5200元。" in looked
    assert "基数：4800.00 → 5200.00" in looked and 'value="2500"' in looked and "<details" in looked
    assert send(branch, collector, first.id, **items).status_code == 303
    page = branch.world.browser(account).get(f"/d/{branch.district.code}/").get_data(as_text=True)
    assert "请看一遍支部登记的党费基数" in page


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"base": ""}, "请填写每月的基数。"),
        ({"base": "很多"}, "看不懂"),
        ({"base": "-1"}, "-1"),
        ({"base": "100000000000"}, "100000000000"),
        ({"category": "土豪", "base": "1"}, "土豪"),
        ({"category": "离退休", "post": "5000"}, "请只在基数一栏写基本养老金"),
        ({"basic": "5000"}, "的公式里没有基本工资"),
        ({"base": "5000", "post": "4000"}, "差1000.00元，请核对"),
        ({"base": "5100", "from_month": "2026-01"}, "不能改以前的月份"),
    ],
)
def test_what_cannot_be_a_base_is_said_and_kept(staff, fields: dict[str, str], why: str):
    branch, (first, _second), collector, _treasurer = staff
    refused = send(branch, collector, first.id, **fields)
    said = refused.get_data(as_text=True)
    assert refused.status_code == 422 and why in said, said
    assert proposals(branch) == []


def test_nobody_outside_of_the_branch_and_nobody_without_the_right(staff):
    branch, (first, _second), collector, treasurer = staff
    world = branch.world
    other = world.organization(branch.district)
    stranger = world.browser(world.account(role="dues_collector", organization=other))
    assert send(branch, stranger, first.id, base="5100").status_code == 404
    assert send(branch, world.browser(world.account(first)), first.id, base="5100").status_code == 404
    assert send(branch, collector, 10**8, base="5100").status_code == 422
    assert send(branch, collector, first.id, base="5100", from_month="2031-01").status_code == 400
    form = {"_once": key(), "branch": str(other.id), "member": str(first.id), "base": "5100", "act": "save"}
    foreign = treasurer.post(f"{base(branch)}/one", data={**form, "from_month": "2026-11"})
    assert foreign.status_code == 422, "not in that branch"
    assert proposals(branch) == []
    with branch.inside():
        assert session.query(DuesAssessment).filter_by(state="draft").count() == 0
