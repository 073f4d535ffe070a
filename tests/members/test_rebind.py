"""A lost phone at the desk: seen, told, at once; for an account with roles by two people, never one's own."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from portal import clock
from portal.database import everything, session, transaction
from portal.identity import addresses, recovery, totp
from portal.identity.models import Account
from portal.identity.rebinding_models import Rebinding
from portal.jobs import run_due
from portal.members.models import Member
from portal.notices.demo import messages
from portal.testing import Browser, World

DESK, OLD, NEW = "/d/990001/desk/rebind", "10000000001", "10000000002"


@pytest.fixture
def here(world: World) -> Any:
    return world.district("990001")


@pytest.fixture
def branch(world: World, here: Any) -> Any:
    return world.organization(here)


@pytest.fixture
def member(world: World, branch: Any) -> Any:
    return world.member(branch, name="赵测试", phone=OLD)


@pytest.fixture
def account(world: World, member: Any) -> Any:
    return world.account(member, phone=OLD)


@pytest.fixture
def clerk(world: World, here: Any) -> Browser:
    return world.browser(world.account(role="desk", district=here))


def admin(world: World, here: Any) -> Any:
    return world.account(role="district_admin", district=here)


def send(browser: Browser, path: str, **data: str) -> Any:
    """Fill the form of ``path`` and send it where it leads."""
    page = browser.get(path).text
    fields = dict(re.findall(r'name="(_once|version)" value="([^"]+)"', page))
    return browser.post(path, data={**fields, **data})


def form(member: Any, **changed: str) -> dict[str, str]:
    return {
        "purpose": "phone",
        "phone": NEW,
        "again": NEW,
        "seen": "1",
        "ric_tail": member.ric_tail,
        **changed,
    }


def phone_of(account_id: int) -> str:
    found = addresses.of(account_id)
    session.rollback()
    return found.phone if found else ""


def test_a_clerk_binds_a_members_new_number_at_once(
    world: World, clerk: Browser, member: Any, account: Any
) -> None:
    theirs, path = world.browser(account), f"{DESK}/{member.id}"
    assert theirs.get("/d/990001/me/").status_code == 200
    assert send(clerk, path, **form(member)).location == DESK
    assert phone_of(account.id) == NEW
    assert theirs.get("/d/990001/me/").location.startswith("/login")  # at once, on all devices
    assert tail_of(member) == NEW[-4:]
    trail = session.execute(
        text("select action, detail from audit where subject_type='account' order by id")
    ).all()
    actions = [row.action for row in trail if row.action != "login"]
    assert actions == ["account.rebind.ask", "account.phone", "account.rebind.done"]
    kept = session.scalars(select(Rebinding)).one()
    assert (kept.state, kept.phone_sealed) == (
        "done",
        None,
    )  # nothing of the card, no second copy of the number
    session.rollback()
    run_due()
    assert any("换了手机号" in row.body for row in messages(OLD))
    assert any("换了手机号" in row.body for row in messages(NEW))


def tail_of(member: Any) -> str:
    with everything():
        found = session.scalar(select(Member.phone_tail).where(Member.id == member.id))
    session.rollback()
    return str(found)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"seen": ""}, "请先看过本人的身份证"),
        ({"again": "10000000003"}, "两次填的号码不一样"),
        ({"phone": "123", "again": "123"}, "手机号要11位数字"),
        ({"purpose": ""}, "请选要办什么"),
        ({"purpose": "steal"}, "请选要办什么"),
        ({"ric_tail": "0000"}, "和登记的对不上"),
        ({"ric_tail": ""}, "和登记的对不上"),
    ],
)
def test_what_was_not_seen_or_is_wrong_changes_nothing(
    clerk: Browser, member: Any, account: Any, changed: dict[str, str], words: str
) -> None:
    answer = send(clerk, f"{DESK}/{member.id}", **form(member, **changed))
    assert answer.status_code == 422 and words in answer.text
    assert phone_of(account.id) == OLD


def test_guessing_the_card_is_limited(clerk: Browser, member: Any, account: Any) -> None:
    path = f"{DESK}/{member.id}"
    wrong = "0000" if member.ric_tail != "0000" else "1111"
    statuses = [send(clerk, path, **form(member, ric_tail=wrong)).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    assert send(clerk, path, **form(member)).status_code == 429 and phone_of(account.id) == OLD


def test_a_lost_code_program_is_set_anew(clerk: Browser, member: Any, account: Any) -> None:
    with transaction():
        totp.give(account.id, "JBSWY3DPEHPK3PXP")
        recovery.renew(account.id)
    assert send(clerk, f"{DESK}/{member.id}", **form(member, purpose="factor")).location == DESK
    assert not totp.is_set(account.id) and recovery.left(account.id) == 0
    assert phone_of(account.id) == OLD


def test_a_clerk_cannot_touch_an_account_with_roles(
    world: World, here: Any, branch: Any, clerk: Browser
) -> None:
    holder = world.member(branch, name="钱书记", phone=OLD)
    account = world.account(holder, role="secretary", organization=branch, phone=OLD)
    answer = send(clerk, f"{DESK}/{holder.id}", **form(holder))
    assert answer.status_code == 403 and "工作权限" in answer.text
    assert phone_of(account.id) == OLD and session.scalars(select(Rebinding)).all() == []


def test_an_account_with_roles_needs_two_who_could_have_given_them(
    world: World, here: Any, branch: Any
) -> None:
    holder = world.member(branch, name="钱书记", phone=OLD)
    account = world.account(holder, role="secretary", organization=branch, phone=OLD)
    first, second = world.browser(admin(world, here)), world.browser(admin(world, here))
    theirs = world.browser(account)
    assert send(first, f"{DESK}/{holder.id}", **form(holder)).location == DESK
    assert phone_of(account.id) == OLD and theirs.get("/d/990001/me/").status_code == 200
    uid = session.scalars(select(Rebinding.uid)).one()
    session.rollback()
    path = f"{DESK}/waiting/{uid}"
    assert NEW not in second.get(path).text and "100****0002" in second.get(path).text
    own = send(first, path, answer="accept", seen="1")
    assert own.status_code == 403 and "不能自己确认" in own.text
    holders = send(theirs, path, answer="accept", seen="1")
    assert holders.status_code == 404
    assert send(second, path, answer="accept").status_code == 422  # not seen
    assert send(second, path, answer="refuse").status_code == 422  # no reason
    assert send(second, path, answer="accept", seen="1").location == DESK
    assert phone_of(account.id) == NEW and theirs.get("/d/990001/me/").location.startswith("/login")
    assert tail_of(holder) == NEW[-4:]
    stale = second.post(
        path, data={"_once": "another-key-1", "version": "1", "answer": "accept", "seen": "1"}
    )
    assert stale.status_code == 409


def test_of_two_that_wait_the_newer_counts(world: World, here: Any) -> None:
    account = world.account(role="treasurer", district=here, phone=OLD)
    first, path = world.browser(admin(world, here)), f"{DESK}/account/{account.uid}"
    for _ in range(2):
        assert send(first, path, purpose="factor", seen="1").location == DESK
    assert session.scalars(select(Rebinding.state).order_by(Rebinding.id)).all() == ["replaced", "waiting"]


def test_what_waits_is_old_after_a_day_and_can_be_refused(world: World, here: Any, branch: Any) -> None:
    account = world.account(role="treasurer", district=here, phone=OLD)
    first, second = world.browser(admin(world, here)), world.browser(admin(world, here))
    path = f"{DESK}/account/{account.uid}"
    assert account.display_name in first.get(DESK).text
    asked = send(first, path, purpose="factor", seen="1")
    assert asked.location == DESK
    uid = session.scalars(select(Rebinding.uid)).one()
    session.rollback()
    with clock.moved(timedelta(hours=25)):
        late = world.browser(admin(world, here))
        assert send(late, f"{DESK}/waiting/{uid}", answer="accept", seen="1").status_code == 403
    assert send(second, f"{DESK}/waiting/{uid}", answer="refuse", reason="没见到本人").location == DESK
    assert session.scalars(select(Rebinding.state)).one() == "refused"


def test_nobody_does_an_own_account(world: World, here: Any, branch: Any) -> None:
    holder = world.member(branch, name="孙管理", phone=OLD)
    account = world.account(holder, role="district_admin", district=here, phone=OLD)
    answer = send(world.browser(account), f"{DESK}/{holder.id}", **form(holder))
    assert answer.status_code == 403 and phone_of(account.id) == OLD


def test_reach_and_district_bound_it(world: World, here: Any, member: Any, account: Any) -> None:
    there = world.district("990002")
    abroad = world.browser(world.account(role="district_admin", district=there))
    other = world.organization(here)
    secretary = world.browser(world.account(world.member(other), role="secretary", organization=other))
    for browser, path in (
        (abroad, f"/d/990002/desk/rebind/{member.id}"),
        (secretary, f"{DESK}/{member.id}"),
        (secretary, f"{DESK}/account/{account.uid}"),
        (world.browser(account), DESK),
    ):
        assert browser.get(path).status_code == 404
        assert browser.post(path, data={"_once": "k" * 12, "version": "1"}).status_code in {404, 405}
    assert phone_of(account.id) == OLD


def test_a_member_without_an_account_gets_the_number_in_the_record(clerk: Browser, member: Any) -> None:
    assert send(clerk, f"{DESK}/{member.id}", **form(member)).location == DESK
    assert tail_of(member) == NEW[-4:]
    assert session.scalars(select(Account).where(Account.person_id == member.person_id)).all() == []
