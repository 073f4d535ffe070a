"""The desk prints a first-login code for the member in front of it: reach, record, and once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from portal.database import session
from portal.identity import claims
from portal.testing import World

BASE = "/d/990001/desk/login-codes"


@pytest.fixture
def here(world: World) -> Any:
    return world.district("990001")


def test_desk_prints_a_code_that_lets_the_member_in(world: World, here: Any) -> None:
    member = world.member(world.organization(here), name="赵测试")
    desk = world.browser(world.account(role="desk", district=here))
    assert "首次登录码" in desk.get(BASE).text
    assert f"{BASE}/{member.id}" in desk.get(f"{BASE}?q=赵测").text
    assert desk.post(f"{BASE}/{member.id}").status_code == 422
    page = desk.post(f"{BASE}/{member.id}", data={"seen": "1"})
    assert page.status_code == 200
    code = re.findall(r"data-code>([^<]+)<", page.text)[0]
    visitor = world.browser()
    token = re.findall(r'name="csrf_token" value="([^"]+)"', visitor.get("/login/paper").text)[0]
    answer = visitor.post("/login/paper", data={"code": code, "name": "赵测试", "csrf_token": token})
    assert answer.location == "/d/990001/"
    session.rollback()
    actions = [
        tuple(row) for row in session.execute(text("SELECT action, subject_id FROM audit ORDER BY id"))
    ]
    assert ("account.paper_code", str(member.id)) in actions


def test_secretary_reaches_the_own_branch_only(world: World, here: Any) -> None:
    own, foreign = world.organization(here), world.organization(here)
    mine, theirs = world.member(own, name="赵测试"), world.member(foreign, name="赵另外")
    elsewhere = world.member(world.organization(world.district()), name="赵远方")
    browser = world.browser(world.account(role="secretary", organization=own))
    page = browser.get(f"{BASE}?q=赵").text
    assert "赵测试" in page and "赵另外" not in page and "赵远方" not in page
    for member in (theirs, elsewhere):
        assert browser.get(f"{BASE}/{member.id}").status_code == 404
        assert browser.post(f"{BASE}/{member.id}", data={"seen": "1"}).status_code == 404
    assert browser.get(f"{BASE}/{mine.id}").status_code == 200


def test_a_clerk_cannot_print_the_way_into_a_treasurers_account(world: World, here: Any) -> None:
    """The code opens the account with its roles and moves its number: a clerk would become the treasurer."""
    branch = world.organization(here)
    desk = world.browser(world.account(role="desk", district=here))
    secretary = world.browser(world.account(role="secretary", organization=branch))
    admin = world.browser(world.account(role="district_admin", district=here))
    treasurer = world.member(branch, name="钱司库")
    world.account(treasurer, role="treasurer", district=here)
    elsewhere = world.member(branch, name="孙外区")
    world.account(elsewhere, role="desk", district=world.district())
    deployer = world.member(branch, name="李部署")
    world.account(deployer, role="deployer", district=here)
    for browser, member, status in (
        (desk, treasurer, 403),
        (secretary, treasurer, 403),
        (admin, treasurer, 200),
        (admin, elsewhere, 403),
        (admin, deployer, 403),
    ):
        answer = browser.post(f"{BASE}/{member.id}", data={"seen": "1"})
        assert answer.status_code == status, member.name
        assert ("data-code>" in answer.text) == (status == 200)


def test_a_paper_older_than_the_role_opens_nothing(world: World, here: Any) -> None:
    member = world.member(world.organization(here), name="钱司库")
    desk = world.browser(world.account(role="desk", district=here))
    code = re.findall(r"data-code>([^<]+)<", desk.post(f"{BASE}/{member.id}", data={"seen": "1"}).text)[0]
    world.account(member, role="treasurer", district=here)
    session.rollback()
    assert claims.redeem(code, name="钱司库") is None


def test_member_and_visitor_do_not_reach_it(world: World, here: Any) -> None:
    member = world.member(world.organization(here))
    assert world.browser(world.account(member)).get(f"{BASE}/{member.id}").status_code == 404
    assert world.browser().get(BASE).status_code == 303


def test_account_without_a_record_finds_its_own(world: World, here: Any) -> None:
    account = world.account(role="desk", district=here, phone="10000000033")
    member = world.member(world.organization(here), name="钱试", phone="10000000033")
    browser = world.browser(account)
    wrong = browser.post("/d/990001/me/claim", data={"name": "钱错", "tail": member.ric_tail})
    assert (wrong.status_code, "没核对上" in wrong.text) == (422, True)
    right = browser.post("/d/990001/me/claim", data={"name": "钱试", "tail": member.ric_tail})
    assert right.status_code == 303
    assert "钱试" in browser.get("/d/990001/me/record").text
    assert browser.get("/d/990001/me/claim").status_code == 404
