"""Passwords: the second way in, never the weaker one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from portal import clock
from portal.database import session, transaction
from portal.identity import passwords
from portal.identity.models import Account, LoginSession
from portal.testing import World
from tests.identity.conftest import PHONE, Visitor, code_for, codes_sent

GOOD = "秋天的 枞阳 很好看 2026"


def give(account: Any, password: str = GOOD, username: str = "zhao") -> None:
    with transaction():
        row = session.get_one(Account, account.id)
        row.username, row.password_hash = username, passwords.HASHER.hash(password)


def enter(visitor: Visitor, username: str = "zhao", password: str = GOOD, **data: Any) -> Any:
    return visitor.post("/login/password", username=username, password=password, **data)


@pytest.mark.parametrize("username", ["zhao", " ｚｈａｏ ", PHONE, "100 0000 0001"])
def test_member_logs_in_by_name_or_number(visitor: Visitor, account: Any, username: str) -> None:
    give(account)
    page = visitor.get("/login/password").text
    assert 'name="username"' in page and 'name="password"' in page and 'autocomplete="off"' not in page
    assert enter(visitor, username).location == "/d/990001/"


def test_wrong_name_and_wrong_password_answer_the_same(
    visitor: Visitor, account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(account)
    hashed: list[str] = []
    real = passwords.HASHER

    class Counting:
        verify = staticmethod(lambda known, typed: hashed.append(known) or real.verify(known, typed))
        check_needs_rehash = real.check_needs_rehash

    monkeypatch.setattr(passwords, "HASHER", Counting)
    answers = [enter(visitor, username, "x" * 12) for username in ("zhao", "qian")]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert len(answers[0].data) == len(answers[1].data)
    # One hash of the same cost either way.
    assert [known.rsplit("$", 2)[0] for known in hashed] == ["$argon2id$v=19$m=19456,t=2,p=1"] * 2
    assert "x" * 12 not in answers[0].text


def test_hash_costs_what_was_decided() -> None:
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in passwords.HASHER.hash("x")


def test_number_of_two_passwords_is_nobodys(visitor: Visitor, world: World, here: Any, account: Any) -> None:
    give(account)
    give(world.account(world.member(world.organization(here)), phone=PHONE), username="qian")
    assert enter(visitor, PHONE).status_code == 422
    assert enter(visitor, "qian").location == "/d/990001/"


def test_guessing_is_limited_where_the_guesser_is(visitor: Visitor, other: Visitor, account: Any) -> None:
    give(account)
    assert [enter(other, password="wrong-password").status_code for _ in range(11)] == [422] * 10 + [429]
    assert enter(other).status_code == 429
    assert enter(visitor).location == "/d/990001/"  # the person herself, elsewhere
    with clock.moved(timedelta(minutes=16)):
        assert enter(other).location == "/d/990001/"


def test_many_spellings_of_a_number_are_one_name(other: Visitor, account: Any) -> None:
    give(account)
    written = [f"{PHONE[:cut]}-{PHONE[cut:]}" for cut in range(1, 11)]
    answers = [enter(other, username, "wrong-password").status_code for username in [*written, f"+86{PHONE}"]]
    assert answers == [422] * 10 + [429]


def test_many_addresses_guess_no_faster_and_lock_nobody_out(
    visitor: Visitor, world: World, account: Any
) -> None:
    give(account)
    assert enter(visitor).status_code == 303  # she was here before, on this device
    visitor.browser.post("/logout", headers={"X-CSRFToken": "x"})
    app = world.app
    strangers = [Visitor(app, world.browser(), f"203.0.113.{n}") for n in range(11)]
    tried = [enter(one, password="wrong-password").status_code for one in strangers for _ in range(3)]
    assert (tried[:30], tried[30:]) == ([422] * 30, [429] * 3)
    visitor.browser.delete_cookie(app.config["SESSION_COOKIE_NAME"])
    assert enter(visitor).location == "/d/990001/"


def test_branch_role_needs_the_code_as_well(visitor: Visitor, world: World, here: Any) -> None:
    secretary = world.account(role="secretary", organization=world.organization(here), phone=PHONE)
    give(secretary)
    assert enter(visitor, next="/d/990001/me/").location == "/login/code"
    assert visitor.get("/d/990001/me/").status_code == 303
    assert visitor.get("/login/who").location == "/login"
    assert visitor.type_code(code_for()).location == "/d/990001/me/"
    session.rollback()
    row = session.execute(select(LoginSession)).scalar_one()
    assert row.second_factor_at is not None


def test_second_factor_opens_no_other_account(
    visitor: Visitor, world: World, here: Any, account: Any
) -> None:
    secretary = world.account(role="secretary", organization=world.organization(here), phone=PHONE)
    give(secretary, username="shuji")
    enter(visitor, "shuji")
    visitor.type_code(code_for())
    session.rollback()
    assert session.execute(select(LoginSession.account_id)).scalar_one() == secretary.id


def test_staff_without_a_number_are_told(visitor: Visitor, world: World, here: Any) -> None:
    give(world.account(role="desk", district=here))
    with transaction():
        session.execute(text("UPDATE account SET phone_sealed = NULL, phone_index = NULL"))
    assert "没有登记手机号" in enter(visitor).text


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("123456789", "short"),
        ("x" * 201, "long"),
        ("1234567890", "common"),
        ("9876543210", "common"),
        ("aaaaaaaaaa", "common"),
        ("1QAZ2wsx3edc", "common"),
        ("woaini1314520", "common"),
        ("赵测试赵测试赵测试赵", "common"),
        ("ok-10000000001-ok", "personal"),
        ("my zhao2026 pass", "personal"),
        (GOOD, None),
        ("correct horse battery staple", None),
        ("a slow river under seven bridges " * 4, None),
        ("长" * 4 + "江大桥真好看", None),
    ],
)
def test_new_password_is_judged(password: str, expected: str | None) -> None:
    assert passwords.problem(password, about=(PHONE, "zhao2026")) == expected


def change(visitor: Visitor, **data: Any) -> Any:
    return visitor.post("/d/990001/me/password", **data)


def test_password_is_set_after_a_fresh_code_and_ends_other_devices(
    visitor: Visitor, world: World, account: Any
) -> None:
    elsewhere = Visitor(world.app, world.browser(account))
    visitor.log_in()
    visitor.browser.csrf_secret = None
    assert change(visitor, username="zhao", password="short").status_code == 422
    assert change(visitor, username="zhao", password=GOOD).status_code == 303
    assert elsewhere.get("/d/990001/me/").status_code == 303
    assert visitor.get("/d/990001/me/").status_code == 200
    visitor.post("/logout", form="/d/990001/me/")
    assert enter(visitor).location == "/d/990001/"


def test_password_change_later_asks_for_the_present_one(visitor: Visitor, account: Any) -> None:
    give(account)
    enter(visitor)
    page = visitor.get("/d/990001/me/password").text
    assert 'name="current"' in page
    assert "现在的密码不对" in change(visitor, current="wrong", password="another good one").text
    assert change(visitor, current=GOOD, username="zhao", password="another good one").status_code == 303


def test_user_name_is_checked(visitor: Visitor, world: World, account: Any, here: Any) -> None:
    give(world.account(world.member(world.organization(here))), username="taken")
    visitor.log_in()
    for username, words in (
        ("ab", "3个以上"),
        ("taken", "已有人用"),
        (PHONE, "不要用手机号"),
        ("a<b>c", "3个以上"),
    ):
        assert words in change(visitor, username=username, password=GOOD).text
    assert codes_sent() != []
