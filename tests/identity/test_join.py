"""A resident opens an account by number and code: for whom, what a stranger learns, twins, limits."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal import clock, crypto
from portal.database import session, transaction
from portal.districts import settings
from portal.identity import accounts as identity_accounts
from portal.identity import joining, people, stops
from portal.identity.models import Account, LoginSession, RolePermission
from portal.members.models import Member
from portal.testing import World
from tests.identity.conftest import PHONE, Visitor, code_for, codes_sent
from tests.identity.test_claim_processes import at_once, form
from tests.identity.test_login import statements

JOIN, NEW, NAME = "/d/990001/join", "10088888888", "王阿姨"


def ask(visitor: Visitor, phone: str = NEW, name: str = NAME, **data: Any) -> Any:
    return visitor.post(JOIN, name=name, phone=phone, **data)


def come(visitor: Visitor, phone: str = NEW, name: str = NAME, **data: Any) -> Any:
    """Ask for an account and type the code that came."""
    assert ask(visitor, phone, name, **data).status_code == 303
    return visitor.type_code(code_for(phone))


def accounts(phone: str = NEW) -> list[tuple[str, int | None]]:
    """Return name and home of every account under a number."""
    session.rollback()
    own = select(Account.display_name, Account.home_id).where(
        Account.phone_index == crypto.blind_index("phone", phone)
    )
    found = [tuple(row) for row in session.execute(own.order_by(Account.id))]
    session.rollback()
    return found  # type: ignore[return-value]  # two columns


@pytest.fixture(autouse=True)
def home(here: Any) -> int:
    """Return the district's id; residents may join in every test that does not say otherwise."""
    return int(here.id)


# --- the way in ----------------------------------------------------------------------------------


def test_resident_opens_an_account_and_reaches_the_page_they_came_for(visitor: Visitor, home: int) -> None:
    turned_away = visitor.get("/d/990001/me/")
    page = visitor.get(turned_away.location).text
    assert "第一次来，没有登记过？用手机号开一个账号" in page
    assert 'href="/d/990001/join?next=/d/990001/me/"' in page
    answer = ask(visitor, next="/d/990001/me/")
    assert (answer.status_code, answer.location) == (303, "/login/code")
    page = visitor.get("/login/code").text
    assert "验证码已发出，10分钟内有效。" in page and "如果这个号码登记过" not in page
    before = visitor.browser.get_cookie("portal")
    answer = visitor.type_code(code_for(NEW))
    assert (answer.status_code, answer.location) == (303, "/d/990001/me/")
    after = visitor.browser.get_cookie("portal")
    assert before and after and before.value != after.value
    assert accounts() == [(NAME, home)]
    # The notice is asked where it is asked of everybody, and nowhere else.
    assert visitor.get("/d/990001/me/").location == "/d/990001/me/notice?next=/d/990001/me/"
    visitor.post("/d/990001/me/notice", next="/d/990001/me/", notice=_notice(visitor))
    assert NAME in visitor.get("/d/990001/me/").text


def _notice(visitor: Visitor) -> str:
    return visitor.get("/d/990001/me/notice").text.split('name="notice" value="')[1].split('"')[0]


def test_without_a_page_wanted_they_begin_at_the_districts_start_page(
    visitor: Visitor, world: World, here: Any
) -> None:
    _with_desk(world, here)
    assert visitor.get("/login/join").location == f"{JOIN}?next=/"
    assert come(visitor).location == "/d/990001/"


def test_of_several_districts_one_is_chosen(visitor: Visitor, world: World, here: Any) -> None:
    _with_desk(world, here)
    _with_desk(world, world.district("990002", name="乙区"))
    _with_desk(world, world.district("990003", name="丙区"), may=False)
    page = visitor.get("/login/join?next=/find").text
    assert 'href="/d/990002/join?next=/find"' in page and "990003" not in page
    assert 'href="/login/join?next=/"' in visitor.get("/login").text


def _with_desk(world: World, district: Any, *, may: bool = True) -> None:
    from portal.organizations.models import ServiceCenter

    code = district.id
    with world.writing(district), transaction():
        session.add(ServiceCenter(district_id=code, name="中心"))
    if not may:
        settings.put(code, "core.residents_may_join", False, by=None)


def test_numbers_and_codes_are_read_as_people_write_them(visitor: Visitor) -> None:
    assert ask(visitor, "+86 100-8888-8888", "　王 阿姨\u202e").status_code == 303
    code = code_for(NEW).translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    assert visitor.type_code(f" {code[:3]} {code[3:]} ").location == "/d/990001/"
    assert [name for name, _home in accounts()] == ["王 阿姨"]


@pytest.mark.parametrize(
    ("name", "phone", "words"),
    [
        ("", NEW, "请填怎么称呼您。"),
        ("王", NEW, "现在是1个字"),
        ("王" * 41, NEW, "现在是41个字"),
        (NAME, "", "请填手机号"),
        (NAME, "1008888", "现在是7位"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    visitor: Visitor, name: str, phone: str, words: str
) -> None:
    answer = visitor.post(JOIN, name=name, phone=phone, next="/find")
    assert (answer.status_code, words in answer.text) == (422, True)
    assert f'value="{name}"' in answer.text and f'value="{phone}"' in answer.text
    assert 'name="next" value="/find"' in answer.text


def test_who_mistyped_goes_back_and_finds_it_filled_in(visitor: Visitor) -> None:
    ask(visitor, name="王阿")
    page = visitor.get(JOIN).text
    assert 'value="王阿"' in page and f'value="{NEW}"' in page
    assert ask(visitor, name=NAME).status_code == 303  # the same wish: no second message, another name
    assert len(codes_sent(NEW)) == 1
    visitor.type_code(code_for(NEW))
    assert [name for name, _home in accounts()] == [NAME]


def test_wrong_old_and_spent_codes_are_told_and_another_one_follows(visitor: Visitor) -> None:
    ask(visitor)
    wrong = "111111" if code_for(NEW) != "111111" else "222222"
    assert "请再看一遍" in visitor.type_code(wrong).text
    with clock.moved(timedelta(minutes=11)):
        assert "过期" in visitor.type_code(code_for(NEW)).text
        assert visitor.post("/login/again", form="/login/code").location == "/login/code"
        assert len(codes_sent(NEW)) == 2
        assert visitor.type_code(code_for(NEW)).location == "/d/990001/"
    assert len(accounts()) == 1


def test_a_code_sent_twice_opens_one_account(visitor: Visitor) -> None:
    ask(visitor)
    code, page = code_for(NEW), visitor.get("/login/code").text
    cookie = visitor.browser.get_cookie("portal")
    assert cookie is not None
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    answers = []
    for _tap in range(2):
        browser = visitor.app.test_client()
        browser.set_cookie("portal", cookie.value)
        answers.append(browser.post("/login/code", data={"code": code, "csrf_token": token}).status_code)
    assert answers == [303, 422]
    assert len(accounts()) == 1


def test_who_is_logged_in_already_goes_on(world: World, visitor: Visitor, account: Any) -> None:
    inside = Visitor(visitor.app, world.browser(account))
    assert inside.get(f"{JOIN}?next=/find").location == "/find"
    assert inside.get("/login/join").location == "/d/990001/"


def test_who_first_tried_to_log_in_need_not_wait_for_the_minute(visitor: Visitor) -> None:
    visitor.ask(NEW, next="/d/990001/me/")
    assert codes_sent(NEW) == []
    assert "/d/990001/join" in visitor.get("/login/code").text
    assert come(visitor).location == "/d/990001/"


# --- where it is offered -------------------------------------------------------------------------


def test_switched_off_it_is_not_shown_and_the_page_names_the_desk(visitor: Visitor, home: int) -> None:
    settings.put(home, "core.residents_may_join", False, by=None)
    session.commit()
    assert "开一个账号" not in visitor.get("/login?next=/d/990001/me/").text
    page = visitor.get(JOIN)
    assert (page.status_code, "开账号请到服务台" in page.text) == (200, True)
    token = visitor.get("/login").text.split('name="csrf_token" value="')[1].split('"')[0]
    answer = visitor.browser.post(JOIN, data={"csrf_token": token, "name": NAME, "phone": NEW})
    assert (answer.status_code, "请带身份证到服务台" in answer.text) == (409, True)
    assert codes_sent(NEW) == []


def test_the_setting_is_inherited(world: World, visitor: Visitor) -> None:
    above = world.district("99")
    below = world.district("990105", name="下区")
    with transaction():
        session.execute(
            text("UPDATE district SET path = :path WHERE id = :id"),
            {"path": f"/{above.id}/{below.id}/", "id": below.id},
        )
    settings.put(above.id, "core.residents_may_join", False, by=None)
    session.commit()
    assert "开账号请到服务台" in visitor.get("/d/990105/join").text
    settings.put(below.id, "core.residents_may_join", True, by=None)
    session.commit()
    assert "怎么称呼您" in visitor.get("/d/990105/join").text


def test_where_no_service_is_for_residents_there_is_nothing_to_join(
    world: World, visitor: Visitor, app: Flask
) -> None:
    bare = world.district("990007", plugins=())
    for slug in app.extensions["portal.registry"].plugins:
        world.switch(bare, slug, on=False)
    assert "开账号请到服务台" in visitor.get("/d/990007/join").text
    assert "开一个账号" not in visitor.get("/login?next=/d/990007/me/").text


def test_a_district_that_takes_the_last_permission_from_residents_takes_the_link(
    world: World, visitor: Visitor, home: int, app: Flask
) -> None:
    from portal.identity import permissions

    given = [name for name, one in permissions.declared().items() if "resident" in one.roles]
    with world.writing(session.get_one(type(world.district("990008")), home)), transaction():
        for name in given:
            session.add(RolePermission(district_id=home, role="resident", permission=name, allowed=False))
    assert "开账号请到服务台" in visitor.get(JOIN).text
    assert "开一个账号" not in visitor.get("/login?next=/d/990001/").text


def test_looking_for_districts_costs_the_same_for_one_and_many(world: World, visitor: Visitor) -> None:
    _with_desk(world, world.district("990020"))
    few = len(statements(lambda: visitor.get("/login")))
    for number in range(21, 27):
        _with_desk(world, world.district(f"9900{number}"))
    assert len(statements(lambda: visitor.get("/login"))) == few


# --- what a stranger learns ----------------------------------------------------------------------


def test_known_and_unknown_numbers_get_the_same_answer(
    visitor: Visitor, other: Visitor, account: Any
) -> None:
    answers: list[Any] = []
    known = statements(lambda: answers.append(ask(visitor, PHONE)))
    unknown = statements(lambda: answers.append(ask(other, NEW)))
    assert sorted(known) == sorted(unknown)
    assert answers[0].status_code == answers[1].status_code == 303
    assert answers[0].location == answers[1].location
    pages = [person.get("/login/code") for person in (visitor, other)]
    assert len(pages[0].data) == len(pages[1].data)
    # Both are sent one: what came is the same as well.
    assert len(codes_sent(PHONE)) == len(codes_sent(NEW)) == 1
    wrong = [
        person.type_code("000000" if code_for(phone) != "000000" else "000001")
        for person, phone in ((visitor, PHONE), (other, NEW))
    ]
    assert [answer.status_code for answer in wrong] == [422, 422]
    assert len(wrong[0].data) == len(wrong[1].data)


def test_a_login_code_for_an_unknown_number_is_still_never_sent(visitor: Visitor) -> None:
    come(visitor)
    visitor.post("/logout", form="/d/990001/me/notice")
    with clock.moved(timedelta(minutes=2)):
        visitor.ask("10077777777")
        assert codes_sent("10077777777") == []


def test_name_and_number_stand_nowhere_in_clear(visitor: Visitor) -> None:
    ask(visitor)
    session.rollback()
    rows = "".join(str(row) for row in session.execute(text("SELECT * FROM login_code")))
    rows += "".join(str(row) for row in session.execute(text("SELECT * FROM job")))
    assert NAME not in rows and NEW not in rows
    visitor.type_code(code_for(NEW))
    session.rollback()
    trail = [tuple(row) for row in session.execute(text("SELECT action, detail FROM audit ORDER BY id"))]
    assert [action for action, _detail in trail] == ["account.open", "login"]
    assert NAME not in str(trail) and NEW not in str(trail)


# --- how often -----------------------------------------------------------------------------------


def asked_of(world: World, address: str, phone: str, name: str = NAME) -> int:
    """Ask from a fresh browser; return the status."""
    return int(ask(Visitor(world.app, world.browser(), address), phone, name).status_code)


def test_one_number_is_rung_five_times_a_day(world: World) -> None:
    allowed = 0
    for minute in range(8):
        with clock.moved(timedelta(minutes=2 * minute)):
            allowed += asked_of(world, f"192.0.2.{minute}", NEW) == 303
    assert allowed == 5
    assert asked_of(world, "192.0.2.99", NEW) == 429


def test_one_address_asks_for_ten_numbers_an_hour(world: World) -> None:
    found = [asked_of(world, "192.0.2.5", f"1006666{number:04d}") for number in range(12)]
    assert found == [303] * 10 + [429] * 2


def test_a_district_pays_for_so_many_messages_a_day(world: World, visitor: Visitor, home: int) -> None:
    settings.put(home, "core.join_codes_a_day", 3, by=None)
    session.commit()
    found = [asked_of(world, f"192.0.2.{number}", f"1006666{number:04d}") for number in range(4)]
    assert found == [303, 303, 303, 429]
    answer = ask(visitor)
    assert "今天在网上开账号的人太多" in answer.text and f'value="{NEW}"' in answer.text
    with clock.moved(timedelta(days=1, minutes=1)):
        assert ask(visitor).status_code == 303


def test_limits_say_nothing_about_whether_a_number_is_known(world: World, account: Any) -> None:
    for phone in (PHONE, NEW):
        found = []
        for minute in range(7):
            with clock.moved(timedelta(minutes=2 * minute)):
                found.append(asked_of(world, f"198.51.100.{minute}", phone))
        assert found == [303] * 5 + [429] * 2


# --- twins, couples, members ---------------------------------------------------------------------


def test_who_has_an_account_already_is_logged_in_to_it(visitor: Visitor, account: Any) -> None:
    assert come(visitor, PHONE, "赵 测试").location == "/d/990001/"
    assert [name for name, _home in accounts(PHONE)] == ["赵测试"]
    assert signed_in() == [account.id]


def signed_in() -> list[int]:
    session.rollback()
    found = list(session.scalars(select(LoginSession.account_id).where(LoginSession.ended_at.is_(None))))
    session.rollback()
    return found


def test_the_other_of_a_couple_opens_an_own_account(visitor: Visitor, account: Any, home: int) -> None:
    assert come(visitor, PHONE, "钱先生").location == "/login/who"
    page = visitor.get("/login/who").text
    assert "赵" in page and "赵测试" not in page
    assert "都不是。我是钱先生，新开一个账号" in page
    assert visitor.post("/login/who", who="x").status_code == 422
    assert visitor.post("/login/who", who="join").location == "/d/990001/"
    assert accounts(PHONE) == [("赵测试", None), ("钱先生", home)]


def test_who_typed_another_name_may_still_be_the_one_who_was_there(visitor: Visitor, account: Any) -> None:
    come(visitor, PHONE, "小赵")
    assert visitor.post("/login/who", who=account.uid).location == "/d/990001/"
    assert len(accounts(PHONE)) == 1


def test_a_member_not_yet_claimed_claims_the_record_instead(visitor: Visitor, member: Member) -> None:
    tail = member.ric_tail
    assert come(visitor, PHONE, "赵测试").location == "/login/claim"
    assert 'value="赵测试"' in visitor.get("/login/claim").text
    assert visitor.post("/login/claim", name="赵测试", tail=tail).location == "/d/990001/"
    assert accounts(PHONE) == [("赵测试", None)]


def test_the_family_of_a_member_not_yet_claimed_opens_an_own_account(
    visitor: Visitor, member: Member, home: int
) -> None:
    assert come(visitor, PHONE, "钱先生").location == "/login/who"
    page = visitor.get("/login/who").text
    assert "我是党员，登记过，第一次登录" in page and "赵" not in page
    assert visitor.post("/login/who", who="join").location == "/d/990001/"
    assert accounts(PHONE) == [("钱先生", home)]


def test_a_choice_to_join_is_no_way_in_for_who_only_logs_in(
    visitor: Visitor, world: World, account: Any
) -> None:
    world.account(phone=PHONE)
    assert visitor.log_in().location == "/login/who"
    assert visitor.post("/login/who", who="join").status_code == 422
    assert len(accounts(PHONE)) == 2


def test_one_number_opens_five_accounts_and_then_asks_the_desk(visitor: Visitor, world: World) -> None:
    for _number in range(joining.MOST):
        world.account(phone=NEW)
    assert come(visitor).location == "/login/who"
    page = visitor.get("/login/who").text
    assert "好几个账号" in page and "新开一个账号" not in page
    assert visitor.post("/login/who", who="join").location == "/login/who"
    assert len(accounts()) == joining.MOST


def test_eight_at_once_open_one_account(app: Flask, world: World, data_dir: Path) -> None:
    forms = []
    for minute in range(4):  # four phones with a code for the number, each sending twice
        phone = Visitor(app, world.browser(), f"192.0.2.{minute}")
        with clock.moved(timedelta(minutes=2 * minute)):
            assert ask(phone).status_code == 303
            code = code_for(NEW)
        forms += [form(phone, "/login/code", code=code)] * 2
    session.remove()
    answers = at_once(data_dir, forms)
    assert {answer[0] for answer in answers} <= {303, 422}
    assert sum(answer[:2] == [303, "/d/990001/"] for answer in answers) == 4
    assert len(accounts()) == 1


def test_of_two_tabs_at_one_instant_one_waits_for_the_other(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, found = joining.known_as, identity_accounts.find

    def slow(look: Any) -> Any:
        def looked(*given: Any) -> Any:
            answer = look(*given)
            time.sleep(0.4)
            return answer

        return looked

    monkeypatch.setattr(joining, "known_as", slow(known))
    monkeypatch.setattr(identity_accounts, "find", slow(found))
    tabs = []
    for minute in range(3):
        tab = Visitor(app, world.browser(), f"192.0.2.{minute}")
        with clock.moved(timedelta(minutes=2 * minute)):
            ask(tab)
            tabs.append((tab, form(tab, "/login/code", code=code_for(NEW))["data_sent"]))
    start, ways = threading.Barrier(3), []

    def send(tab: Visitor, data: dict[str, str]) -> None:
        start.wait()
        ways.append(tab.browser.post("/login/code", data=data).location)

    threads = [threading.Thread(target=send, args=one) for one in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ways == ["/d/990001/"] * 3
    assert len(accounts()) == 1


# --- disabled ------------------------------------------------------------------------------------


def _stopped(world: World) -> Account:
    gone = world.account(phone=NEW)
    with transaction():
        session.get_one(Account, gone.id).display_name = NAME
    session.rollback()
    stops.stop(session.get_one(Account, gone.id), reason="冒用", district_id=None, by=None)
    session.rollback()
    return gone


def test_a_disabled_account_does_not_come_back_by_this_door(visitor: Visitor, world: World) -> None:
    _stopped(world)
    assert come(visitor).location == "/login/stopped"
    assert (len(accounts()), signed_in()) == (1, [])


def test_nor_under_another_name(visitor: Visitor, world: World) -> None:
    _stopped(world)
    assert come(visitor, name="李叔叔").location == "/login/who"
    page = visitor.get("/login/who").text
    assert "有一个账号停用了" in page and "新开一个账号" not in page
    assert visitor.post("/login/who", who="join").location == "/login/who"
    assert (len(accounts()), signed_in()) == (1, [])


# --- afterwards ----------------------------------------------------------------------------------


def test_the_account_is_at_home_where_it_was_opened(visitor: Visitor, home: int) -> None:
    come(visitor)
    session.rollback()
    account = session.scalars(select(Account)).one()
    assert people.home(account.id) == (home, "990001")
    assert stops.belongs(account, home)
    session.rollback()
    visitor.post("/logout", form="/d/990001/me/notice")
    with clock.moved(timedelta(minutes=2)):
        assert visitor.log_in(NEW).location == "/d/990001/"


def test_a_resident_who_turns_out_a_member_claims_the_record_and_keeps_all(
    visitor: Visitor, world: World, here: Any
) -> None:
    come(visitor)
    member = world.member(world.organization(here), name="王秀英", phone=NEW)
    tail, person = member.ric_tail, member.person_id
    visitor.post("/d/990001/me/notice", next="/", notice=_notice(visitor))
    answer = visitor.post("/d/990001/me/claim", name="王秀英", tail=tail)
    assert answer.location == "/d/990001/me/"
    session.rollback()
    account = session.scalars(select(Account)).one()
    assert (account.person_id, account.display_name, account.home_id) == (person, "王秀英", here.id)
    assert "notice:" in str(account.agreed)
