"""The second factor: who must have one, setting it up, every way in through it, and every way around it."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select, text

from portal import clock
from portal.database import everything, session, transaction
from portal.identity import factors, recovery, totp
from portal.identity.factor_models import RecoveryCode, Totp
from portal.identity.models import Account, LoginSession
from portal.testing import World
from tests.identity.conftest import PHONE, Visitor, code_for
from tests.identity.test_password import enter, give

HOME = "/d/990001/"
FACTOR = "/d/990001/me/second-factor"
SECRET = pyotp.random_base32()


@pytest.fixture
def clerk(world: World, here: Any) -> Any:
    """Return somebody at the district's desk, with a password and no second factor."""
    made = world.account(role="desk", district=here, phone=PHONE)
    give(made, username="clerk")
    return made


@pytest.fixture
def guarded(clerk: Any) -> Any:
    """Return the same with a code program set up."""
    with transaction():
        totp.give(clerk.id, SECRET)
    return clerk


def now_code(drift: int = 0) -> str:
    return pyotp.TOTP(SECRET).generate_otp(int(clock.now().timestamp()) // 30 + drift)


def wrong_code() -> str:
    right = {now_code(drift) for drift in (-2, -1, 0, 1, 2)}
    return next(
        code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in right
    )


def inside(visitor: Visitor) -> bool:
    """Tell whether this browser gets to the desk."""
    return visitor.get("/d/990001/desk/").status_code == 200


def printed(text_: str) -> list[str]:
    return re.findall(r"data-code>([A-Z0-9]{5}-[A-Z0-9]{5})<", text_)


# --- who must have one ---------------------------------------------------------------------------


def test_a_role_of_a_district_sets_one_up_before_anything_else(visitor: Visitor, clerk: Any) -> None:
    enter(visitor, "clerk")
    assert visitor.type_code(code_for()).location == HOME
    for path in (HOME, "/d/990001/desk/", "/d/990001/me/", "/d/990001/me/sessions", "/d/990001/desk/members"):
        assert visitor.get(path).location == FACTOR, path
    answer = visitor.post("/d/990001/me/sessions/end-others", form=FACTOR)
    assert answer.location == FACTOR
    page = visitor.get(FACTOR).text
    assert "要先设好动态口令" in page and "去掉动态口令" not in page
    assert visitor.get("/logout").status_code == 405  # leaving is always possible
    assert visitor.post("/logout", form=FACTOR).status_code == 303


def test_setting_it_up_lets_in_under_a_new_session_and_prints_ten_codes(visitor: Visitor, clerk: Any) -> None:
    enter(visitor, "clerk")
    visitor.type_code(code_for())
    name = visitor.browser.application.config["SESSION_COOKIE_NAME"]
    before = visitor.browser.get_cookie(name).value
    assert visitor.post(f"{FACTOR}/totp/begin", form=FACTOR).location == f"{FACTOR}/totp"
    page = visitor.get(f"{FACTOR}/totp").text
    secret = re.findall(r"data-secret>([A-Z2-7 ]+)<", page)[0].replace(" ", "")
    assert "data:image/png" in page
    wrong = visitor.post(
        f"{FACTOR}/totp", code="000000" if pyotp.TOTP(secret).now() != "000000" else "111111"
    )
    assert wrong.status_code == 422 and not inside(visitor)
    right = pyotp.TOTP(secret).at(clock.now())
    done = visitor.post(f"{FACTOR}/totp", code=right)
    codes = printed(done.text)
    assert done.status_code == 200 and len(set(codes)) == 10 and "只显示一次" in done.text
    assert visitor.browser.get_cookie(name).value != before
    assert inside(visitor)
    kept = session.execute(text("select code_hash from recovery_code")).scalars().all()
    assert not set(kept) & {code.replace("-", "") for code in codes}
    sealed = session.execute(text("select secret_sealed from account_totp")).scalar_one()
    assert secret.encode() not in bytes(sealed)
    session.rollback()
    # The code that confirmed it does not open the next login.
    visitor.post("/logout", form=HOME)
    assert enter(visitor, "clerk").location == "/login/step"
    assert visitor.post("/login/step", code=right).status_code == 422


def test_a_branch_role_and_a_member_need_none(visitor: Visitor, world: World, here: Any) -> None:
    branch = world.organization(here)
    give(
        world.account(world.member(branch), role="secretary", organization=branch, phone=PHONE),
        username="sec",
    )
    enter(visitor, "sec")
    visitor.type_code(code_for())
    assert inside(visitor)


def test_days_of_grace_let_a_new_role_work(app: Flask, visitor: Visitor, clerk: Any) -> None:
    enter(visitor, "clerk")
    visitor.type_code(code_for())
    app.config["SECOND_FACTOR_GRACE_DAYS"] = 10_000
    assert inside(visitor)
    app.config["SECOND_FACTOR_GRACE_DAYS"] = 7  # the role has been held since 2020
    assert not inside(visitor)


def test_a_session_begun_before_the_rule_is_as_weak_as_any(world: World, guarded: Any) -> None:
    weak = world.browser(guarded)
    assert weak.get("/d/990001/desk/").status_code == 200
    with everything(), transaction():
        session.execute(text("update login_session set factor='phone'"))
    assert weak.get("/d/990001/desk/").location == FACTOR


# --- every way in --------------------------------------------------------------------------------


def by_password(visitor: Visitor) -> Any:
    return enter(visitor, "clerk")


def by_code(visitor: Visitor) -> Any:
    visitor.ask()
    return visitor.type_code(code_for())


@pytest.mark.parametrize("first", [by_password, by_code])
def test_every_first_proof_leads_to_the_second(visitor: Visitor, guarded: Any, first: Any) -> None:
    assert first(visitor).location == "/login/step"
    assert not inside(visitor) and visitor.get("/d/990001/me/").location.startswith("/login")
    assert visitor.post("/login/step", code=now_code()).location == HOME
    assert inside(visitor)
    detail = session.execute(text("select detail from audit where action='login'")).scalar_one()
    assert '"totp"' in str(detail).replace("'", '"')


def test_a_paper_alone_opens_no_work_for_others(visitor: Visitor, world: World, here: Any) -> None:
    branch = world.organization(here)
    member = world.member(branch, name="赵测试", phone=PHONE)
    world.account(member, role="secretary", organization=branch, phone=PHONE)
    admin = world.account(role="district_admin", district=here)
    sheet = world.browser(admin).post(f"/d/990001/desk/login-codes/{member.id}", data={"seen": "1"}).text
    code = re.findall(r"data-code>([^<]+)<", sheet)[0]
    answer = visitor.post("/login/paper", code=code, name="赵测试")
    assert answer.location == "/login/code" and not inside(visitor)
    visitor.type_code(code_for())
    assert inside(visitor)


def test_a_member_who_set_it_up_is_asked_too_and_may_take_it_off(visitor: Visitor, account: Any) -> None:
    with transaction():
        totp.give(account.id, SECRET)
        recovery.renew(account.id)
    visitor.ask()
    assert visitor.type_code(code_for()).location == "/login/step"
    visitor.post("/login/step", code=now_code())
    assert visitor.post(f"{FACTOR}/totp/remove", form=FACTOR).location == FACTOR
    assert "还没设" in visitor.get(FACTOR).text
    assert session.scalars(select(Totp)).all() == [] and session.scalars(select(RecoveryCode)).all() == []


def test_whoever_needs_it_cannot_take_it_off(visitor: Visitor, guarded: Any) -> None:
    by_password(visitor)
    visitor.post("/login/step", code=now_code())
    visitor.post(f"{FACTOR}/totp/remove", form=FACTOR)
    assert totp.is_set(guarded.id)


# --- guessing, replay, other browsers ------------------------------------------------------------


def test_a_code_counts_once_and_older_ones_not_at_all(guarded: Any) -> None:
    earlier, present, later = now_code(-1), now_code(), now_code(1)
    assert totp.check(guarded.id, present)
    assert not totp.check(guarded.id, present)
    assert not totp.check(guarded.id, earlier)
    assert totp.check(guarded.id, later)
    assert not totp.check(guarded.id, now_code(2)) and not totp.check(guarded.id, now_code(-2))


def test_a_clock_that_jumps_back_brings_no_used_code_back(guarded: Any) -> None:
    used = now_code()
    assert totp.check(guarded.id, used)
    with clock.moved(timedelta(days=40)):
        assert totp.check(guarded.id, now_code())
    assert not totp.check(guarded.id, used) and not totp.check(guarded.id, now_code(1))


def test_five_wrong_tries_start_over(visitor: Visitor, guarded: Any) -> None:
    by_password(visitor)
    answers = [visitor.post("/login/step", code=wrong_code()) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [422] * 4 + [303]
    assert visitor.get("/login/step").location == "/login"
    assert not inside(visitor)


def test_guessing_over_many_logins_is_limited(visitor: Visitor, other: Visitor, guarded: Any) -> None:
    statuses = []
    for _ in range(3):
        by_password(visitor)
        statuses += [visitor.post("/login/step", code=wrong_code()).status_code for _ in range(4)]
    assert statuses == [422] * 10 + [429, 429]
    by_password(other)
    assert other.post("/login/step", code=now_code()).location == HOME  # the person herself, elsewhere


def test_the_step_belongs_to_the_browser_that_began_it(
    visitor: Visitor, other: Visitor, guarded: Any
) -> None:
    by_password(visitor)
    assert other.get("/login/step").location == "/login"
    assert other.post("/login/step", form="/login", code=now_code()).location == "/login"
    assert not inside(other)


def test_the_step_waits_ten_minutes(visitor: Visitor, guarded: Any) -> None:
    by_password(visitor)
    with clock.moved(timedelta(minutes=11)):
        assert visitor.get("/login/step").location == "/login"


def test_the_step_is_spent_by_one_login(visitor: Visitor, guarded: Any) -> None:
    by_password(visitor)
    form = visitor.get("/login/step").text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', form)[0]
    assert visitor.post("/login/step", code=now_code()).location == HOME
    again = visitor.browser.post("/login/step", data={"csrf_token": token, "code": now_code(1)})
    assert again.status_code in {303, 400}
    assert len(session.scalars(select(LoginSession).where(LoginSession.ended_at.is_(None))).all()) == 1


def test_a_disabled_account_does_not_finish_its_login(visitor: Visitor, guarded: Any) -> None:
    by_password(visitor)
    with transaction():
        session.get_one(Account, guarded.id).disabled_at = clock.now()
    assert visitor.post("/login/step", code=now_code()).location == "/login/stopped"
    assert not inside(visitor)


# --- recovery codes ------------------------------------------------------------------------------


def test_a_recovery_code_counts_once_and_the_holder_is_told(visitor: Visitor, guarded: Any) -> None:
    with transaction():
        codes = recovery.renew(guarded.id)
    by_password(visitor)
    typed = codes[3].lower().replace("-", " ")  # as people type from paper
    assert visitor.post("/login/step", code=typed).location == HOME
    assert inside(visitor) and recovery.left(guarded.id) == 9
    told = session.execute(
        text("select params from notice where template='identity.recovery_used'")
    ).scalar_one()
    assert "9" in str(told)
    session.rollback()
    visitor.post("/logout", form=HOME)
    by_password(visitor)
    assert visitor.post("/login/step", code=codes[3]).status_code == 422
    assert visitor.post("/login/step", code=codes[4]).location == HOME


def test_a_recovery_code_sent_six_times_at_once_opens_one_session(visitor: Visitor, guarded: Any) -> None:
    """Six browsers, each half-way in with the right password, hold the same printed code."""
    with transaction():
        code = recovery.renew(guarded.id)[0]
    waiting = []
    for _ in range(6):
        visitor.browser.delete_cookie("portal")
        by_password(visitor)
        cookie, page = visitor.browser.get_cookie("portal"), visitor.get("/login/step").text
        assert cookie is not None
        waiting.append((cookie.value, re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]))
    session.remove()
    start, answers = threading.Barrier(len(waiting)), []

    def send(cookie: str, token: str) -> None:
        browser = visitor.app.test_client()
        browser.set_cookie("portal", cookie)
        start.wait()
        answers.append(browser.post("/login/step", data={"code": code, "csrf_token": token}))

    threads = [threading.Thread(target=send, args=one) for one in waiting]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [303] + [422] * 5
    assert recovery.left(guarded.id) == 9


def test_a_new_set_voids_the_old_one_and_somebody_elses_code_is_none(
    world: World, guarded: Any, account: Any
) -> None:
    with transaction():
        old, new = recovery.renew(guarded.id), recovery.renew(guarded.id)
        foreign = recovery.renew(account.id)
    assert factors.take(guarded.id, old[0]) is None
    assert factors.take(guarded.id, foreign[0]) is None
    assert factors.take(guarded.id, new[0]) == "recovery"
    assert recovery.left(account.id) == 10


# --- asked again ---------------------------------------------------------------------------------


def test_changing_the_second_factor_asks_again_after_a_while(visitor: Visitor, guarded: Any) -> None:
    by_password(visitor)
    visitor.post("/login/step", code=now_code())
    with clock.moved(timedelta(minutes=14)):
        visitor.get(FACTOR)
    with clock.moved(timedelta(minutes=16)):
        answer = visitor.post(f"{FACTOR}/codes", form=FACTOR)
        assert answer.location.startswith("/d/990001/me/again?next=")
        assert recovery.left(guarded.id) == 0
        assert visitor.post("/d/990001/me/again", code=wrong_code()).status_code == 422
        assert visitor.post("/d/990001/me/again", code=now_code(), next=FACTOR).location == FACTOR
        assert len(printed(visitor.post(f"{FACTOR}/codes", form=FACTOR).text)) == 10


def test_whoever_has_no_program_is_asked_by_phone(visitor: Visitor, world: World, account: Any) -> None:
    give(account)
    enter(visitor)  # a password alone proves no number
    assert visitor.post(f"{FACTOR}/totp/begin", form=FACTOR).location.startswith("/d/990001/me/again")
    assert "100****0001" in visitor.get("/d/990001/me/again").text
    visitor.post("/d/990001/me/again/send", form="/d/990001/me/again", next=FACTOR)
    code = code_for()
    stranger = Visitor(visitor.app, world.browser(world.account(phone="10000000009")))
    assert stranger.browser.post("/d/990001/me/again", data={"code": code}).status_code == 422
    assert visitor.post("/d/990001/me/again", code=code, next="//evil.example/x").location == "/"
    assert visitor.post(f"{FACTOR}/totp/begin", form=FACTOR).location == f"{FACTOR}/totp"
    # Spent: the same code proves nothing again.
    with clock.moved(timedelta(minutes=16)):
        assert visitor.get(f"{FACTOR}/totp").location.startswith("/d/990001/me/again")
        assert visitor.browser.post("/d/990001/me/again", data={"code": code}).status_code in {400, 422}


def test_reset_takes_everything_away_and_ends_the_sessions(visitor: Visitor, guarded: Any) -> None:
    with transaction():
        codes = recovery.renew(guarded.id)
    by_password(visitor)
    visitor.post("/login/step", code=now_code())
    with everything():
        factors.reset(guarded.id, by=None, district=None, why="lost")
    session.remove()
    assert visitor.get("/d/990001/desk/").location.startswith("/login")
    assert factors.take(guarded.id, codes[0]) is None and factors.take(guarded.id, now_code()) is None
    enter(visitor, "clerk")
    visitor.type_code(code_for())
    assert visitor.get(HOME).location == FACTOR
