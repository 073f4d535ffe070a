"""Reductions, openings and totals through their pages: chains, reasons, reach, and what never shows."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from plugins.dues.models import DuesBranchOpening, DuesMemberOpening, DuesObligation, DuesRelief
from plugins.dues.service import obligations
from portal.api import everything, session
from portal.testing import queries as counted

from .conftest import Branch, agrees
from .test_cash import key

GOOD = {
    "kind": "reduce",
    "monthly": "１０元",
    "from_month": "2026-11",
    "to_month": "2027-01",
    "reason": "本人住院",
    "meeting_on": "2026-11-20",
    "document": "支部大会记录第9号",
}


@pytest.fixture
def house(branch: Branch):
    worker = branch.member(name="钱在职", category="salaried", base_fen=510_000, paid_through="2026-10")
    retired = branch.member(name="孙退休", paid_through="2026-10")
    world = branch.world
    collector = world.browser(
        world.account(branch.member(name="收款甲"), role="dues_collector", organization=branch.organization)
    )
    secretary = world.browser(world.account(role="secretary", organization=branch.organization))
    above = world.browser(world.account(role="district_admin", district=branch.district))
    with branch.inside():
        obligations.create_month(district_id=branch.district.id, month="2026-11")
    return branch, worker.id, retired.id, collector, secretary, above


def url(branch: Branch, rest: str = "reliefs") -> str:
    return f"/d/{branch.district.code}/dues/{rest}"


def propose(branch: Branch, browser, member_id: int, **change: str):
    form = {**GOOD, "member": str(member_id), "branch": str(branch.organization.id), "_once": key(), **change}
    return browser.post(url(branch, "reliefs/new"), data=form)


def latest() -> DuesRelief:
    session.rollback()
    with everything():
        found = session.scalars(select(DuesRelief).order_by(DuesRelief.id.desc()).limit(1)).one()
        session.expunge_all()
        return found


def decide(branch: Branch, browser, act: str = "accept", note: str = "", version: int | None = None):
    row = latest()
    form = {"_once": key(), "act": act, "note": note, "version": str(version or row.version)}
    return browser.post(url(branch, f"reliefs/{row.id}"), data=form)


def relieved(member_id: int) -> list[int]:
    session.rollback()
    with everything():
        wanted = select(DuesObligation.relief_fen).where(DuesObligation.member_id == member_id)
        return list(session.scalars(wanted))


def test_a_reduction_goes_through_the_branch_and_the_committee(house):
    branch, worker, _retired, collector, secretary, above = house
    assert propose(branch, collector, worker).status_code == 303
    assert decide(branch, collector).status_code == 403, "who proposed it counts once"
    assert decide(branch, above).status_code == 403, "the branch comes first"
    assert decide(branch, secretary).status_code == 303
    assert relieved(worker) == [0], "before the last stage the month stays as it was"
    assert decide(branch, secretary).status_code == 403
    assert "等上一级批准" in above.get(url(branch, "reliefs?state=open")).get_data(as_text=True)
    assert decide(branch, above).status_code == 303
    assert relieved(worker) == [7650 - 1000]
    page = collector.get(url(branch, f"reliefs/{latest().id}")).get_data(as_text=True)
    assert "已批准" in page and "支部大会记录第9号" in page and "上一级党委批准" in page
    assert decide(branch, above).status_code == 409
    agrees(branch)


def test_for_a_retired_member_the_branch_is_enough(house):
    branch, _worker, retired, collector, secretary, _above = house
    assert propose(branch, collector, retired, kind="waive", monthly="").status_code == 303
    page = collector.get(url(branch, f"reliefs/{latest().id}")).get_data(as_text=True)
    assert "上一级党委批准" not in page
    assert decide(branch, secretary).status_code == 303
    assert latest().state == "approved" and relieved(retired) == [1930]


def test_a_refusal_needs_a_reason_that_is_read(house):
    branch, worker, _retired, collector, secretary, _above = house
    propose(branch, collector, worker)
    assert decide(branch, secretary, "refuse").status_code == 422
    assert decide(branch, secretary, "perhaps").status_code == 400
    assert decide(branch, secretary, "refuse", "先核对工资").status_code == 303
    assert "先核对工资" in collector.get(url(branch, f"reliefs/{latest().id}")).get_data(as_text=True)
    assert relieved(worker) == [0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"member": ""}, "请选是哪位同志"),
        ({"kind": ""}, "请选少交还是免交"),
        ({"monthly": "十块"}, "请写成10.00这样"),
        ({"monthly": "76.50"}, "要比现在每月交的少"),
        ({"to_month": "2026-10"}, "最长12个月"),
        ({"reason": " "}, "请写原因"),
        ({"document": ""}, "会议记录或文件的名称"),
        ({"meeting_on": "昨天"}, "日期看不懂"),
        ({"meeting_on": "2026-12-24"}, "不能晚于今天"),
    ],
)
def test_a_wrong_proposal_says_what_is_wrong_and_keeps_what_was_typed(house, change, said):
    branch, worker, _retired, collector, _secretary, _above = house
    answer = propose(branch, collector, worker, **change)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and said in page and "error-summary" in page
    assert change.get("document") is not None or "支部大会记录第9号" in page
    with everything():
        assert session.scalars(select(DuesRelief)).all() == []


def test_other_branches_find_no_relief(house):
    branch, worker, _retired, collector, _secretary, _above = house
    propose(branch, collector, worker)
    world = branch.world
    other = world.organization(branch.district)
    stranger = world.browser(world.account(role="secretary", organization=other))
    assert stranger.get(url(branch, f"reliefs/{latest().id}")).status_code == 404
    assert decide(branch, stranger).status_code == 404
    assert "钱在职" not in stranger.get(url(branch)).get_data(as_text=True)
    assert propose(branch, stranger, worker).status_code == 404
    mine = world.browser(world.account(role="member", organization=other))
    assert mine.get(url(branch)).status_code == 404
    treasurer = world.browser(world.account(role="treasurer", district=branch.district))
    assert treasurer.get(url(branch)).status_code == 404


def test_where_the_books_begin_is_written_down_until_a_month_is_on_them(house):
    branch, worker, _retired, collector, _secretary, _above = house
    world = branch.world
    fresh = world.organization(branch.district)
    new = world.member(fresh, name="新同志").id
    desk = world.browser(world.account(role="desk", district=branch.district))
    path = url(branch, f"openings?branch={fresh.id}")
    assert "新同志" in desk.get(path).get_data(as_text=True)
    form = {"branch": str(fresh.id), "start-was": "", f"was-{new}": ""}
    bad = {**form, "start": "2026年13月", f"through-{new}": "八月", "_once": key()}
    answer = desk.post(path, data=bad)
    assert answer.status_code == 422 and "八月" in answer.get_data(as_text=True)
    good = {**form, "start": "2026年9月", f"through-{new}": "２０２６.8", "_once": key()}
    assert desk.post(path, data=good).status_code == 303
    with everything():
        starts = dict(
            session.execute(select(DuesBranchOpening.organization_id, DuesBranchOpening.start_month)).all()
        )
        through = select(DuesMemberOpening.paid_through).where(DuesMemberOpening.member_id == new)
        assert (starts[fresh.id], session.scalar(through)) == ("2026-09", "2026-08")
    stale = {**form, f"through-{new}": "2026-07", "_once": key()}
    assert desk.post(path, data=stale).status_code == 409, "somebody else has written it since"
    there = url(branch, f"openings?branch={branch.organization.id}")
    late = {"branch": str(branch.organization.id), f"through-{worker}": "2026-01", "_once": key()}
    assert desk.post(there, data=late).status_code == 422
    assert collector.get(there).status_code == 404


def test_the_district_sees_totals_and_no_name(house):
    branch, *_who, above = house
    page = above.get(url(branch, "totals?month=2026-11")).get_data(as_text=True)
    assert branch.organization.name in page and "钱在职" not in page
    assert "95.80元" not in page, "three people: a sum would tell what one of them earns"
    for number in range(3):
        branch.member(name=f"周{number}", paid_through="2026-10")
    with branch.inside():
        obligations.create_month(district_id=branch.district.id, month="2026-11")
    assert re.search(r"\d+\.\d\d元", above.get(url(branch, "totals?month=2026-11")).get_data(as_text=True))
    assert above.get(url(branch, "branch")).status_code == 404
    assert above.get(url(branch, "totals?month=x")).status_code == 404
    branch.world.organization(branch.district)
    with counted() as few:
        above.get(url(branch, "totals"))
    for _number in range(3):
        branch.world.organization(branch.district)
    with counted() as many:
        above.get(url(branch, "totals"))
    assert len(few) == len(many)


def test_what_waits_stands_on_the_start_page_of_whose_turn_it_is(house):
    branch, worker, _retired, collector, secretary, above = house
    home = f"/d/{branch.district.code}/"
    propose(branch, collector, worker)
    assert "少交、免交等您批" in secretary.get(home).get_data(as_text=True)
    for other in (collector, above):
        assert "少交、免交等您批" not in other.get(home).get_data(as_text=True)
    desk = f"/d/{branch.district.code}/desk/"
    assert "各支部党费" in above.get(desk).get_data(as_text=True)
    assert "支部党费" in collector.get(desk).get_data(as_text=True)
