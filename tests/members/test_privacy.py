"""My privacy: who may see me is what the pages allow; who did is what the trail says; asking is answered."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from portal.database import everything, session, transaction
from portal.identity.models import Account, Grant, RolePermission
from portal.testing import World, queries


@pytest.fixture
def here(world: World) -> Any:
    return world.district("990001")


@pytest.fixture
def branch(world: World, here: Any) -> Any:
    return world.organization(here)


@pytest.fixture
def me(world: World, branch: Any) -> Any:
    return world.member(branch, name="钱隐私")


def page(world: World, me: Any) -> str:
    return str(world.browser(world.account(me)).get("/d/990001/me/privacy").text)


def panel(text_: str, name: str) -> str:
    return text_.split(f'id="{name}"')[1].split("</section>")[0]


def test_those_who_reach_the_record_are_named_with_what_they_see(
    world: World, here: Any, branch: Any, me: Any
) -> None:
    own = world.account(world.member(branch, name="孙书记"), role="secretary", organization=branch)
    far = world.account(
        world.member(branch, name="李别处"), role="secretary", organization=world.organization(here)
    )
    desk = world.account(role="desk", district=here)
    abroad = world.account(role="desk", district=world.district("990002"))
    auditor = world.account(role="auditor", district=here)
    seen = panel(page(world, me), "seers")
    for one in (own, desk, auditor):
        assert one.display_name in seen
    assert far.display_name not in seen and abroad.display_name not in seen
    line = next(row for row in seen.split("</tr>") if auditor.display_name in row)
    assert "谁办过什么，不含内容" in line and "姓名、党支部" not in line


def test_the_list_follows_the_rights_of_the_pages(world: World, here: Any, branch: Any, me: Any) -> None:
    """One who is on the list opens the record, one who is not gets 404: by role, date and local override."""
    people = {
        "desk": world.account(role="desk", district=here),
        "auditor": world.account(role="auditor", district=here),
        "ended": world.account(role="registrar", district=here),
        "later": world.account(role="registrar", district=here),
    }
    with everything(), transaction():
        for key, (since, until) in {
            "ended": (date(2020, 1, 1), date(2021, 1, 1)),
            "later": (date(2999, 1, 1), None),
        }.items():
            session.execute(
                Grant.__table__.update()
                .where(Grant.account_id == people[key].id)
                .values(valid_from=since, valid_to=until)
            )
        session.add(
            RolePermission(district_id=here.id, role="auditor", permission="core.members.read", allowed=True)
        )
    shown = panel(page(world, me), "seers")
    for account in people.values():
        opened = world.browser(account).get(f"/d/990001/desk/members/{me.id}").status_code == 200
        line = next((row for row in shown.split("</tr>") if account.display_name in row), "")
        assert opened is ("姓名、党支部、手机尾号" in line), account.display_name


def test_who_opened_the_record_is_named_and_nobody_elses_lines_show(
    world: World, here: Any, branch: Any, me: Any
) -> None:
    desk, other = world.account(role="desk", district=here), world.member(branch, name="周旁人")
    browser = world.browser(desk)
    before = panel(page(world, me), "acts")
    assert desk.display_name not in before
    browser.get(f"/d/990001/desk/members/{other.id}")
    assert desk.display_name not in panel(page_again(world, me), "acts")
    browser.get(f"/d/990001/desk/members/{me.id}")
    after = panel(page_again(world, me), "acts")
    assert desk.display_name in after and "打开了您的登记" in after


def page_again(world: World, me: Any) -> str:
    with everything():
        account = session.scalars(select(Account).where(Account.person_id == me.person_id)).one()
    return str(world.browser(account).get("/d/990001/me/privacy").text)


def test_asking_for_a_correction_is_a_request_the_desk_answers(world: World, here: Any, me: Any) -> None:
    browser, desk = world.browser(world.account(me)), world.browser(world.account(role="desk", district=here))
    path = "/d/990001/me/privacy"
    key = re.findall(r'name="_once" value="([^"]+)"', browser.get(path).text)[0]
    empty = browser.post(f"{path}/ask/correction", data={"_once": key, "text": " "})
    assert empty.status_code == 422
    sent = browser.post(f"{path}/ask/correction", data={"_once": key, "text": "出生日期写错了"})
    assert "/me/requests/" in sent.location
    again = browser.post(f"{path}/ask/correction", data={"_once": key, "text": "出生日期写错了"})
    assert again.location == sent.location
    listed = desk.get("/d/990001/desk/requests").text
    assert "要求改正登记" in listed
    number = int(re.findall(r"/desk/requests/(\d+)", listed)[0])
    assert "出生日期写错了" in desk.get(f"/d/990001/desk/requests/{number}").text
    assert browser.post(f"{path}/ask/steal", data={"_once": key, "text": "x"}).status_code == 404


def test_the_page_costs_the_same_for_one_or_many_who_see(world: World, here: Any, me: Any) -> None:
    browser = world.browser(world.account(me))
    world.account(role="desk", district=here)
    browser.get("/d/990001/me/privacy")
    with queries() as few:
        browser.get("/d/990001/me/privacy")
    for _ in range(3):
        world.account(role="desk", district=here)
    with queries() as many:
        browser.get("/d/990001/me/privacy")
    assert len(many) == len(few)


def test_the_pages_do_not_grow_with_the_questions_somebody_has_asked(
    world: World, here: Any, me: Any
) -> None:
    account = world.account(me)
    browser, path = world.browser(account), "/d/990001/me/privacy"

    def ask(number: int) -> None:
        sent = {"_once": f"question-{number:04d}", "text": f"第{number}次"}
        assert browser.post(f"{path}/ask/correction", data=sent).status_code == 303

    def shown(where: str) -> tuple[int, int]:
        browser.get(where)  # where what was just done is said once
        with queries() as asked:
            page = browser.get(where).text
        return len(re.sub(r'value="[^"]+"|content="[^"]+"', "", page)), len(asked)

    for number in range(22):
        ask(number)
    pages = (path, "/d/990001/me/", "/d/990001/me/requests")
    before = [shown(one) for one in pages]
    for number in range(22, 65):
        ask(number)
    for one, (size, count) in zip(pages, before, strict=True):
        now = shown(one)
        assert abs(now[0] - size) < 40 and now[1] == count, one
    where, seen = pages[-1], []
    while where:
        page = browser.get(where).text
        listed = re.findall(r'href="[^"]*/me/requests/(\d+)"', page)
        assert len(listed) <= 20
        seen += listed
        older = re.findall(r'href="([^"]*/me/requests\?before=\d+)"', page)
        where = older[0] if older else ""
    assert len(seen) == len(set(seen)) == 65 and seen == sorted(seen, key=int, reverse=True)


def test_somebody_without_a_record_still_sees_consents(world: World, here: Any) -> None:
    got = world.browser(world.account()).get("/d/990001/me/privacy")
    assert got.status_code == 200 and "谁看得到我的资料" not in got.text.split("<main")[1].replace(
        "谁看得到您的资料", ""
    )
