"""A branch whose wages have not changed carries its bases over; each member still confirms."""

from __future__ import annotations

from portal.testing import Browser

from .conftest import Branch
from .test_bases import base, decide, proposals, staff
from .test_cash import key

__all__ = ["staff"]


def send(branch: Branch, browser: Browser):
    return browser.post(f"{base(branch)}/year", data={"_once": key(), "branch": str(branch.organization.id)})


def test_next_year_is_proposed_to_everybody_told_to_them_and_fixed_by_another(staff):
    branch, (first, second), collector, treasurer = staff
    me = branch.world.browser(branch.world.account(first))
    looked = collector.get(f"{base(branch)}/year").get_data(as_text=True)
    assert "3人，从2027年1月起" in looked
    assert f"{base(branch)}/year" in collector.get(base(branch)).get_data(as_text=True)
    assert proposals(branch) == [], "looking writes nothing"
    assert send(branch, collector).status_code == 303
    drafted = proposals(branch)
    assert {(row.from_month, row.state) for row in drafted} == {("2027-01", "draft")}
    assert {first.id, second.id} < {row.member_id for row in drafted} and len(drafted) == 3
    home = me.get(f"/d/{branch.district.code}/").get_data(as_text=True)
    assert "请看一遍支部登记的党费基数" in home
    row = next(row for row in drafted if row.member_id == first.id)
    assert decide(branch, treasurer, "approve", row).status_code == 409, "the member has not confirmed yet"
    confirm = {"_once": key(), "version": str(row.version)}
    assert me.post(f"/d/{branch.district.code}/dues/base/{row.id}/confirm", data=confirm).status_code == 303
    row = next(row for row in proposals(branch) if row.member_id == first.id)
    assert decide(branch, collector, "approve", row).status_code == 403, "whoever drafted it"
    assert decide(branch, treasurer, "approve", row).status_code == 303


def test_again_it_does_nothing_and_says_so(staff):
    branch, _people, collector, _treasurer = staff
    assert send(branch, collector).status_code == 303
    before = [(row.id, row.version) for row in proposals(branch)]
    assert "没有要登记的" in collector.get(f"{base(branch)}/year").get_data(as_text=True)
    done = send(branch, collector)
    assert done.status_code == 303
    assert "没有要登记的" in collector.get(done.location).get_data(as_text=True)
    assert [(row.id, row.version) for row in proposals(branch)] == before


def test_another_branch_is_not_there(staff):
    branch, _people, collector, _treasurer = staff
    other = branch.world.organization(branch.district)
    sent = collector.post(f"{base(branch)}/year", data={"_once": key(), "branch": str(other.id)})
    assert sent.status_code == 404
