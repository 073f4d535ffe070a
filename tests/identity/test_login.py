"""Logging in by phone and code: for whom it works, for whom not, and what a stranger can learn or break."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text

from portal import clock, jobs
from portal.database import db, session, transaction
from portal.identity.models import LoginSession
from portal.testing import World
from tests.identity.conftest import PHONE, Visitor, code_for, codes_sent

UNKNOWN = "10099999999"


def sessions_open() -> int:
    session.rollback()
    found = len(session.execute(select(LoginSession.id).where(LoginSession.ended_at.is_(None))).all())
    session.rollback()
    return found


def test_member_logs_in_and_lands_at_home(visitor: Visitor, account: Any) -> None:
    answer = visitor.ask()
    assert (answer.status_code, answer.location) == (303, "/login/code")
    page = visitor.get("/login/code").text
    assert "如果这个号码登记过，验证码已发出，10分钟内有效。不要告诉任何人，工作人员也不会要。" in page
    assert 'autocomplete="one-time-code"' in page
    answer = visitor.type_code(code_for())
    assert (answer.status_code, answer.location) == (303, "/d/990001/")
    assert "赵测试，您好" in visitor.get("/d/990001/").text
    assert visitor.get("/login").location == "/d/990001/"


@pytest.mark.parametrize(
    "typed", ["100 0000 0001", "+86 100-0000-0001", "１０００００００００１", "0086 10000000001"]
)
def test_phone_is_read_as_people_write_it(visitor: Visitor, account: Any, typed: str) -> None:
    assert visitor.ask(typed).status_code == 303
    assert len(codes_sent()) == 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "请填手机号"), ("1000000001", "现在是10位"), ("电话", "只要数字"), ("20000000001", "以1开头")],
)
def test_wrong_phone_says_what_to_mend_and_keeps_the_text(visitor: Visitor, typed: str, words: str) -> None:
    answer = visitor.ask(typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{typed}"' in answer.text


def test_code_is_read_with_spaces_and_full_width_digits(visitor: Visitor, account: Any) -> None:
    visitor.ask()
    code = code_for().translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})
    assert visitor.type_code(f" {code[:3]} {code[3:]} ").location == "/d/990001/"


def test_wanted_page_is_reached_after_login(visitor: Visitor, account: Any) -> None:
    answer = visitor.get("/d/990001/me/")
    assert answer.location == "/login?next=/d/990001/me/"
    assert "“我的资料”要先登录" in visitor.get(answer.location).text
    assert "这一页要先登录。" in visitor.get("/login?next=/d/990001/desk/").text
    for elsewhere in ("/login", "/login?next=/d/990001/", "/login?next=/nowhere/"):
        assert "要先登录" not in visitor.get(elsewhere).text
    assert visitor.log_in(next="/d/990001/me/").location == "/d/990001/me/"


@pytest.mark.parametrize("bad", ["https://evil.invalid/", "//evil.invalid", "/\\evil.invalid", "/login", "x"])
def test_wanted_page_elsewhere_is_ignored(visitor: Visitor, account: Any, bad: str) -> None:
    assert visitor.log_in(next=bad).location == "/d/990001/"


def statements(act: Any) -> list[str]:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(" ".join(statement.split()[:3]))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return seen


def test_unknown_number_gets_the_same_answer_as_a_known_one(
    visitor: Visitor, other: Visitor, account: Any
) -> None:
    answers: list[Any] = []
    known = statements(lambda: answers.append(visitor.ask(PHONE)))
    unknown = statements(lambda: answers.append(other.ask(UNKNOWN)))
    # The same work, so the same time; the order of two locks goes by their secret names.
    assert sorted(known) == sorted(unknown)
    assert answers[0].status_code == answers[1].status_code == 303
    assert answers[0].location == answers[1].location
    assert len(visitor.get("/login/code").data) == len(other.get("/login/code").data)
    assert (len(codes_sent(PHONE)), codes_sent(UNKNOWN)) == (1, [])
    wrong = [
        person.type_code("000000" if code_for() != "000000" else "000001") for person in (visitor, other)
    ]
    assert [answer.status_code for answer in wrong] == [422, 422]
    assert len(wrong[0].data) == len(wrong[1].data)


def test_unknown_number_cannot_be_entered_even_by_a_lucky_guess(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, here: Any
) -> None:
    monkeypatch.setattr("portal.identity.codes.secrets.randbelow", lambda _: 123456)
    visitor.ask(UNKNOWN)
    assert visitor.type_code("123456").status_code == 422
    assert sessions_open() == 0


def wrong_code() -> str:
    return "111111" if code_for() != "111111" else "222222"


def test_five_wrong_tries_spend_the_code(visitor: Visitor, account: Any) -> None:
    visitor.ask()
    for _ in range(4):
        answer = visitor.type_code(wrong_code())
        assert (answer.status_code, "请再看一遍" in answer.text) == (422, True)
    assert "作废" in visitor.type_code(wrong_code()).text
    assert visitor.type_code(code_for()).status_code == 422
    assert sessions_open() == 0


def test_code_lives_ten_minutes(visitor: Visitor, account: Any) -> None:
    visitor.ask()
    code = code_for()
    page = visitor.get("/login/code").text
    with clock.moved(timedelta(minutes=10)):
        late = visitor.get("/login/code")
        assert (late.status_code, "验证码过期了，请重新发一个。" in late.text) == (200, True)
        answer = visitor.browser.post("/login/code", data={"code": code, "csrf_token": token_of(page)})
        assert answer.status_code == 422
    assert sessions_open() == 0


def token_of(page: str) -> str:
    return page.split('name="csrf_token" value="')[1].split('"')[0]


def test_code_works_once_and_in_the_browser_that_asked(
    visitor: Visitor, other: Visitor, account: Any
) -> None:
    visitor.ask()
    code = code_for()
    other.ask()
    assert other.type_code(code).status_code == 422
    assert visitor.type_code(code).status_code == 303
    again = visitor.browser.post("/login/code", data={"code": code, "csrf_token": "x"})
    assert again.status_code == 400
    assert sessions_open() == 1


def test_code_sent_ten_times_at_once_opens_one_session(visitor: Visitor, account: Any) -> None:
    visitor.ask()
    code, page = code_for(), visitor.get("/login/code").text
    cookie = visitor.browser.get_cookie("portal")
    assert cookie is not None
    start, answers = threading.Barrier(10), []

    def send() -> None:
        browser = visitor.app.test_client()
        browser.set_cookie("portal", cookie.value)
        start.wait()
        answers.append(browser.post("/login/code", data={"code": code, "csrf_token": token_of(page)}))

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers)[0] == 303
    assert len([a for a in answers if a.status_code == 303 and a.location == "/d/990001/"]) == 1
    assert sessions_open() == 1


def test_session_id_changes_at_login_and_dies_at_logout(visitor: Visitor, account: Any) -> None:
    visitor.get("/login")
    before = visitor.browser.get_cookie("portal")
    visitor.log_in()
    inside = visitor.browser.get_cookie("portal")
    assert before and inside and before.value != inside.value
    answer = visitor.post("/logout", form="/d/990001/me/")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert sessions_open() == 0
    visitor.browser.set_cookie("portal", inside.value)  # somebody kept the old cookie
    assert visitor.get("/d/990001/me/").location.startswith("/login")


def test_staff_have_one_session_and_members_several(world: World, here: Any, account: Any) -> None:
    desk = world.account(role="desk", district=here, phone="10000000009")
    for who, phone, kept in ((account, PHONE, 2), (desk, "10000000009", 1)):
        for address in ("192.0.2.8", "192.0.2.9"):
            assert Visitor(world.app, world.browser(), address).log_in(phone).status_code == 303
        session.rollback()
        mine = select(LoginSession.ended_why).where(
            LoginSession.account_id == who.id, LoginSession.ended_at.is_(None)
        )
        assert len(session.execute(mine).all()) == kept


def test_disabling_ends_every_session_at_the_next_request(
    visitor: Visitor, world: World, account: Any
) -> None:
    visitor.log_in()
    elsewhere = Visitor(world.app, world.browser(account))
    assert [one.get("/d/990001/me/").status_code for one in (visitor, elsewhere)] == [200, 200]
    with transaction():
        session.execute(text("UPDATE account SET disabled_at = '2026-01-01 00:00:00'"))
    for one in (visitor, elsewhere):
        assert one.get("/d/990001/me/").location.startswith("/login")


def test_second_tap_is_the_same_wish_and_a_new_wish_waits_a_minute(visitor: Visitor, account: Any) -> None:
    assert (visitor.ask().status_code, visitor.ask().status_code) == (303, 303)
    assert len(codes_sent()) == 1
    answer = visitor.post("/login/again", form="/login/code")
    assert answer.location == "/login/code"
    assert len(codes_sent()) == 1
    assert "验证码刚发过，请先看看短信。" in visitor.get("/login/code").text
    with clock.moved(timedelta(seconds=61)):
        visitor.post("/login/again", form="/login/code")
        assert "验证码已再发一次。" in visitor.get("/login/code").text
        assert len(codes_sent()) == 2
        assert visitor.type_code(code_for()).location == "/d/990001/"


def test_another_code_follows_one_that_is_spent_or_too_old(visitor: Visitor, account: Any) -> None:
    visitor.app.config["CODES_A_MINUTE"] = 5
    visitor.ask()
    for _ in range(5):
        visitor.type_code(wrong_code())
    visitor.post("/login/again", form="/login/code")
    assert len(codes_sent()) == 2  # at once: the spent one is no use
    with clock.moved(timedelta(minutes=11)):
        answer = visitor.post("/login/again", form="/login/code")
        assert answer.location == "/login/code"  # to the same number, without typing it again
        assert len(codes_sent()) == 3
        assert visitor.type_code(code_for()).location == "/d/990001/"


def test_another_browser_at_the_same_place_waits_a_minute(
    visitor: Visitor, world: World, account: Any
) -> None:
    visitor.ask()
    beside = Visitor(world.app, world.browser(), visitor.address)
    answer = beside.ask()
    assert (answer.status_code, "秒再试" in answer.text) == (429, True)


def exhaust(stranger: Visitor, world: World, phone: str) -> int:
    """Ask as often as the limits allow from one address; return how often it was allowed."""
    count = 0
    for minute in range(12):
        with clock.moved(timedelta(minutes=2 * minute)):
            fresh = Visitor(world.app, world.browser(), stranger.address)
            count += fresh.ask(phone).status_code == 303
    return count


def test_stranger_cannot_lock_a_person_out(
    visitor: Visitor, other: Visitor, world: World, account: Any
) -> None:
    assert exhaust(other, world, PHONE) == 5
    with clock.moved(timedelta(minutes=30)):
        assert visitor.log_in().location == "/d/990001/"  # somewhere else: not touched by it
        visitor.post("/logout", form="/d/990001/me/")
    third = Visitor(world.app, world.browser(), "203.0.113.5")
    exhaust(third, world, PHONE)
    with clock.moved(timedelta(hours=1)):
        # The number's own day is used up by strangers, but this device is known.
        assert Visitor(world.app, world.browser(), "203.0.113.99").ask().status_code == 429
        visitor.address = "203.0.113.50"
        assert visitor.log_in().location == "/d/990001/"


def test_device_mark_cannot_be_forged(visitor: Visitor, other: Visitor, world: World, account: Any) -> None:
    exhaust(other, world, PHONE)
    other.browser.set_cookie("portal_device", "01ABC." + "0" * 64, path="/login")
    assert other.ask().status_code == 429


def test_limits_say_nothing_about_whether_a_number_is_known(
    other: Visitor, world: World, account: Any
) -> None:
    assert exhaust(other, world, PHONE) == exhaust(other, world, UNKNOWN)


def test_nothing_secret_is_stored_or_logged(
    visitor: Visitor, account: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    visitor.ask()
    session.rollback()
    waiting = "".join(str(row) for row in session.execute(text("SELECT * FROM login_code")))
    payloads = "".join(str(row) for row in session.execute(text("SELECT * FROM job")))
    code = code_for()
    assert code not in waiting + payloads and PHONE not in waiting + payloads
    visitor.type_code(code)
    assert PHONE not in caplog.text and code not in caplog.text
    session.rollback()
    actions = list(session.execute(text("SELECT action, actor_id FROM audit")))
    assert [tuple(row) for row in actions] == [("login", account.id)]


def test_old_codes_are_forgotten(visitor: Visitor, account: Any) -> None:
    visitor.ask()
    with clock.moved(timedelta(days=2, minutes=1)):
        for name in ("identity.forget_codes", "identity.forget_events", "identity.forget_kept_forms"):
            jobs.declared()[name].function({})
    session.rollback()
    assert session.execute(text("SELECT 1 FROM login_code")).all() == []
    assert session.execute(text("SELECT 1 FROM login_event")).all() == []


def test_expired_cookie_finds_a_working_login_form(world: World, account: Any) -> None:
    visitor = Visitor(world.app, world.browser(account))
    world.expire(account)
    visitor.browser.csrf_secret = None
    assert visitor.log_in().location == "/d/990001/"
