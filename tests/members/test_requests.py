"""Requests: asked, answered by whom it concerns, withdrawn; nobody else sees or answers them."""

from __future__ import annotations

import pytest

from portal.database import Conflict, everything, session
from portal.members import requests
from portal.members.models import Request, RequestStep
from portal.testing import World


@pytest.fixture
def case(world: World):
    here = world.district()
    branch, other = world.organization(here), world.organization(here)
    member = world.member(branch)
    asker = world.account(member)
    with world.writing(here):
        row = requests.ask(
            "test.question",
            district_id=here.id,
            asked_by=asker.id,
            subject="金额不对",
            answer_permission="core.requests.answer",
            member_id=member.id,
            organization_id=branch.id,
            payload={"月份": "2026年5月"},
        )
    session.expunge_all()
    return here, branch, other, asker, row


def secretary(world, branch):
    return world.account(world.member(branch), role="secretary", organization=branch)


def test_the_secretary_of_the_branch_answers_and_the_asker_sees_it(world: World, case):
    here, branch, _other, asker, row = case
    browser = world.browser(secretary(world, branch))
    url = f"/d/{here.code}/desk/requests"
    assert "金额不对" in browser.get(url).get_data(as_text=True)
    page = browser.get(f"{url}/{row.id}").get_data(as_text=True)
    assert "2026年5月" in page
    form = {"answer": "accept", "version": "1", "_once": "x" * 12, "note": "已更正"}
    assert browser.post(f"{url}/{row.id}", data=form).status_code == 303
    mine = world.browser(asker)
    assert "有新消息" in mine.get(f"/d/{here.code}/").get_data(as_text=True)
    told = mine.get(f"/d/{here.code}/me/notices").get_data(as_text=True)
    assert f"“金额不对”有了答复，编号{row.reference}。" in told
    assert f"/d/{here.code}/me/requests/{row.id}" in told
    assert row.reference in mine.get(f"/d/{here.code}/me/requests").get_data(as_text=True)
    page = mine.get(f"/d/{here.code}/me/requests/{row.id}").get_data(as_text=True)
    assert "已同意" in page and "已更正" in page


def test_a_refusal_without_reason_is_422_and_keeps_the_request_open(world: World, case):
    here, branch, _other, _asker, row = case
    browser = world.browser(secretary(world, branch))
    form = {"answer": "refuse", "version": "1", "_once": "x" * 12}
    answer = browser.post(f"/d/{here.code}/desk/requests/{row.id}", data=form)
    assert answer.status_code == 422 and "请写明不同意的原因" in answer.get_data(as_text=True)
    with everything():
        assert session.get_one(Request, row.id).state == "open"


def test_another_branch_and_another_district_find_nothing(world: World, case):
    here, _branch, other, _asker, row = case
    neighbour = world.browser(secretary(world, other))
    assert "金额不对" not in neighbour.get(f"/d/{here.code}/desk/requests").get_data(as_text=True)
    assert neighbour.get(f"/d/{here.code}/desk/requests/{row.id}").status_code == 404
    assert neighbour.get(f"/d/{here.code}/me/requests/{row.id}").status_code == 404
    there = world.district()
    boss = world.browser(world.account(role="district_admin", district=there))
    assert boss.get(f"/d/{there.code}/desk/requests/{row.id}").status_code == 404


def test_nobody_answers_an_own_request(world: World, case):
    here, branch, _other, asker, row = case
    with world.writing(here), pytest.raises(PermissionError):
        from portal.identity.actor import Actor

        requests.answer(
            session.get_one(Request, row.id),
            version=1,
            accept=True,
            note="",
            actor=Actor(account_id=asker.id),
        )


def test_withdrawn_cannot_be_answered_and_a_stale_version_conflicts(world: World, case):
    here, branch, _other, asker, row = case
    mine = world.browser(asker)
    form = {"version": "1", "_once": "w" * 12}
    assert mine.post(f"/d/{here.code}/me/requests/{row.id}/withdraw", data=form).status_code == 303
    browser = world.browser(secretary(world, branch))
    form = {"answer": "accept", "version": "1", "_once": "x" * 12}
    assert browser.post(f"/d/{here.code}/desk/requests/{row.id}", data=form).status_code == 409
    with everything():
        steps = [step.action for step in session.query(RequestStep).order_by(RequestStep.number)]
        assert steps == ["asked", "withdrawn"]
        stale = session.get_one(Request, row.id)
        with pytest.raises(Conflict):
            requests.withdraw(stale, version=1, actor=type("A", (), {"account_id": asker.id}))


def test_a_form_without_version_is_400(world: World, case):
    here, branch, _other, _asker, row = case
    browser = world.browser(secretary(world, branch))
    form = {"answer": "accept", "_once": "x" * 12}
    assert browser.post(f"/d/{here.code}/desk/requests/{row.id}", data=form).status_code == 400
