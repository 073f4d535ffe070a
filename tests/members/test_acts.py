"""The desk's pages of move, leave, merge and erase."""

from __future__ import annotations

import re
from datetime import date

import pytest
from sqlalchemy import select

from portal import clock
from portal.database import everything, session
from portal.members.models import Affiliation, Member
from portal.plugin import Objection
from portal.testing import World


@pytest.fixture
def desk(world: World):
    here = world.district()
    return here, world.browser(world.account(role="desk", district=here))


def url(here, member, act):
    return f"/d/{here.code}/desk/members/{member.id}/{act}"


def form(**values):
    return {"version": "1", "_once": "k" * 12, "reason": "换了单位", **values}


def row(member) -> Member:
    session.rollback()
    with everything():
        found = session.get_one(Member, member.id)
        session.refresh(found)
        return found


def test_move_shows_the_branches_and_moves(world: World, desk):
    here, browser = desk
    old, new = world.organization(here), world.organization(here)
    member = world.member(old)
    page = browser.get(url(here, member, "move")).get_data(as_text=True)
    assert new.name in page and old.name in page
    wrong = browser.post(url(here, member, "move"), data=form(organization=str(new.id), day="三月"))
    assert wrong.status_code == 422 and "日期看不懂" in wrong.get_data(as_text=True)
    answer = browser.post(
        url(here, member, "move"), data=form(organization=str(new.id), day=clock.today().isoformat())
    )
    assert answer.status_code == 303
    assert row(member).organization_id == new.id


def test_a_wrong_home_is_corrected_from_its_first_day(world: World, desk):
    here, browser = desk
    wrong, right = world.organization(here), world.organization(here)
    member = world.member(wrong)
    page = browser.get(url(here, member, "correct")).get_data(as_text=True)
    assert right.name in page and "更正登记错的党支部" in page
    silent = browser.post(url(here, member, "correct"), data=form(organization=str(right.id), reason=" "))
    assert silent.status_code == 422 and row(member).organization_id == wrong.id
    top = world.organization(here, kind="committee")
    no_home = browser.post(url(here, member, "correct"), data=form(organization=str(top.id), _once="c" * 12))
    assert no_home.status_code == 422 and "请选还在的党支部" in no_home.get_data(as_text=True)
    answer = browser.post(url(here, member, "correct"), data=form(organization=str(right.id)))
    assert answer.status_code == 303
    assert row(member).organization_id == right.id
    with everything():
        rows = session.scalars(select(Affiliation).where(Affiliation.member_id == member.id)).all()
    assert [(one.organization_id, one.void, one.valid_from) for one in rows] == [
        (wrong.id, True, date(2020, 1, 1)), (right.id, False, date(2020, 1, 1)),
    ]  # fmt: skip


@pytest.mark.parametrize("act", ["move", "correct", "leave", "merge", "edit"])
def test_a_record_that_has_ended_is_left_alone(world: World, desk, act: str):
    """The page shows no way there; a form kept open or made by hand must not find one (rule K2)."""
    here, browser = desk
    branch, other = world.organization(here), world.organization(here)
    member, second = world.member(branch), world.member(branch)
    today = clock.today().isoformat()
    gone = browser.post(url(here, member, "leave"), data=form(exit="deceased", day=today, reason="去世"))
    assert gone.status_code == 303
    with everything():
        before = dict(session.execute(select(Member.__table__).where(Member.id == member.id)).one()._mapping)
    sent = form(
        version=str(before["version"]), _once="e" * 12, organization=str(other.id), day=today,
        exit="expelled", other=second.uid, other_version="1", name="另一个人", stage="正式党员", state="正常",
    )  # fmt: skip
    answer = browser.post(url(here, member, act), data=sent)
    assert answer.status_code == 422 and "这条登记已经结束" in answer.get_data(as_text=True)
    session.rollback()
    with everything():
        after = dict(session.execute(select(Member.__table__).where(Member.id == member.id)).one()._mapping)
    assert after == before


def test_a_branch_of_another_district_is_no_target(world: World, desk):
    here, browser = desk
    member = world.member(world.organization(here))
    foreign = world.organization(world.district())
    answer = browser.post(
        url(here, member, "move"), data=form(organization=str(foreign.id), day=clock.today().isoformat())
    )
    assert answer.status_code == 422
    assert row(member).organization_id == member.organization_id


def test_leave_needs_a_way_and_a_reason_then_erase_leaves_a_shell(world: World, desk):
    here, browser = desk
    member = world.member(world.organization(here), name="标记人")
    day = clock.today().isoformat()
    assert browser.post(url(here, member, "leave"), data=form(day=day)).status_code == 422
    answer = browser.post(url(here, member, "leave"), data=form(day=day, exit="transferred_out"))
    assert answer.status_code == 303
    assert row(member).closed_on == clock.today()
    page = browser.get(url(here, member, "erase")).get_data(as_text=True)
    assert "删除后不能恢复" in page
    answer = browser.post(
        url(here, member, "erase"), data=form(version=str(row(member).version), _once="e" * 12)
    )
    assert answer.status_code == 303
    assert row(member).name == "已删除"


def test_merge_two_records(world: World, desk):
    here, browser = desk
    branch = world.organization(here)
    kept, other = world.member(branch), world.member(branch, name="重复人")
    page = browser.get(url(here, kept, "merge") + f"?other={other.uid}").get_data(as_text=True)
    assert "重复人" in page
    answer = browser.post(url(here, kept, "merge"), data=form(other=other.uid, other_version="1"))
    assert answer.status_code == 303
    assert row(other).closed_on is not None and row(kept).closed_on is None


def test_likely_doubles_are_offered_and_only_from_here(world: World, desk):
    here, browser = desk
    branch = world.organization(here)
    member, double = world.member(branch, name="王小明"), world.member(branch, name="王小明")
    elsewhere = world.member(world.organization(world.district()), name="王小明")
    world.member(branch, name="别的人")
    page = browser.get(url(here, member, "merge")).get_data(as_text=True)
    assert f"?other={double.uid}" in page and "同名或同手机号的登记" in page
    assert elsewhere.uid not in page and "别的人" not in page
    chosen = browser.get(url(here, member, "merge") + f"?other={double.uid}").get_data(as_text=True)
    assert "要并入的登记" in chosen and "同名或同手机号的登记" not in chosen


def test_strangers_find_nothing(world: World, desk):
    here, _browser = desk
    member = world.member(world.organization(here))
    there = world.district()
    foreign = world.browser(world.account(role="desk", district=there))
    own = world.browser(world.account(member))
    for act in ("move", "leave", "merge", "erase"):
        assert foreign.get(url(there, member, act)).status_code == 404
        assert own.get(url(here, member, act)).status_code == 404


@pytest.mark.parametrize("act", ["move", "correct", "leave"])
def test_a_plugins_reason_to_wait_stops_the_act_and_is_said(world: World, desk, monkeypatch, act: str):
    here, browser = desk
    member, other = world.member(world.organization(here)), world.organization(here)
    waits = Objection(code="books", text="先把账对上。", blocks=True)
    monkeypatch.setattr("portal.members.objections.objections", lambda _member, _act: [waits])
    sent = form(organization=str(other.id), day=clock.today().isoformat(), exit="deceased")
    answer = browser.post(url(here, member, act), data=sent)
    assert answer.status_code == 422 and "先把账对上。" in answer.get_data(as_text=True)
    assert row(member).organization_id == member.organization_id


@pytest.mark.parametrize(
    ("act", "sent", "wrong"),
    [
        ("move", {"day": "2099-01-01", "reason": ""}, ["organization", "day", "reason"]),
        ("move", {"day": "2026年3月", "organization": "1"}, ["day"]),
        ("leave", {"day": "", "reason": " "}, ["exit", "day", "reason"]),
        ("correct", {}, ["organization"]),
    ],
)
def test_each_answer_that_is_wrong_is_said_beside_its_own_field(world: World, desk, act, sent, wrong):
    here, browser = desk
    member = world.member(world.organization(here))
    answer = browser.post(url(here, member, act), data=form(**sent))
    said = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.findall(r'<li><a href="#(\w+)">', said) == wrong
    assert re.findall(r'class="field-error" id="(\w+)-error"', said) == wrong


def test_a_day_is_read_in_other_forms_and_the_way_leads_back_to_the_record(world: World, desk):
    here, browser = desk
    new, member = world.organization(here), world.member(world.organization(here))
    done = browser.post(
        url(here, member, "move"), data=form(organization=str(new.id), day="２０２６年１月１日")
    )
    assert (done.status_code, done.location) == (303, f"/d/{here.code}/desk/members/{member.id}")
    assert row(member).organization_id == new.id


def test_a_record_that_has_ended_says_so_and_offers_no_change(world: World, desk):
    here, browser = desk
    member = world.member(world.organization(here))
    path = f"/d/{here.code}/desk/members/{member.id}"
    sent = form(exit="deceased", day="2026-01-02")
    assert browser.post(url(here, member, "leave"), data=sent).location == path
    page = browser.get(path).get_data(as_text=True)
    assert "这条登记2026年1月2日结束。" in page and "去向：去世。" in page
    assert "已结束" in page and ">left<" not in page and f"{path}/edit" not in page
    assert browser.get(f"{path}/edit").location == path
