"""A disabled account: out of every way in at once, told only after a right first proof, back anew."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal import clock
from portal.database import everything, session, transaction
from portal.identity import first_login, passwords, stops, totp
from portal.identity.login_models import KeptForm
from portal.identity.models import Account, LoginSession
from portal.identity.stop_models import AccountStop
from portal.jobs import run_due
from portal.notices.demo import messages
from portal.testing import World
from tests.identity.conftest import PHONE, Visitor, codes_sent
from tests.identity.passkey_steps import alone, kept, step

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
HOME, STOPPED, PASSWORD, SECRET = (
    "/d/990001/me/",
    "/login/stopped",
    "qcmbzrxwuk",
    "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
)
#: What is another one on every page: tokens, and the number as it was typed.
CHANGES = r'(?:value|content)="[^"]*"|\d{3}\*{4}\d{4}'


def stop(account: Any) -> AccountStop:
    """Disable an account as the command line does."""
    session.rollback()
    row = stops.stop(session.get_one(Account, account.id), reason="手机被偷", district_id=None, by=None)
    session.rollback()
    return row


def lift(account: Any, *, drop_password: bool = False) -> None:
    session.rollback()
    found = session.get_one(Account, account.id)
    stops.lift(found, reason="本人来过", drop_password=drop_password, by=None)
    session.rollback()


def open_sessions(account: Any) -> int:
    session.rollback()
    mine = select(LoginSession.id).where(LoginSession.account_id == account.id)
    found = len(session.execute(mine.where(LoginSession.ended_at.is_(None))).all())
    session.rollback()
    return found


def shut_out(visitor: Visitor, account: Any, answer: Any) -> None:
    """Check that a way in ended at the page that says what to do, and nowhere else."""
    assert (answer.status_code, answer.location) == (303, STOPPED)
    assert "账号停用了" in visitor.get(STOPPED).text
    assert visitor.get(HOME).location.startswith("/login")
    assert open_sessions(account) == 0


# --- at once -------------------------------------------------------------------------------------


def test_every_session_ends_at_the_next_request_and_the_number_is_told(
    world: World, visitor: Visitor, account: Any
) -> None:
    devices = [world.browser(account) for _ in range(3)]
    assert all(one.get(HOME).status_code == 200 for one in devices)
    stop(account)
    assert all(one.get(HOME).location.startswith("/login") for one in devices)
    assert open_sessions(account) == 0
    run_due()
    told = [row.body for row in messages(PHONE) if "停用" in row.body]
    session.rollback()
    assert told == ["您的账号已停用，暂时不能登录。有疑问请带身份证到服务台。"]  # and no word of the reason


def test_a_filled_form_is_not_kept_for_whoever_sits_there(world: World, account: Any) -> None:
    browser = world.browser(account)
    stop(account)
    browser.post("/d/990001/me/password", data={"username": "x"})
    assert session.execute(select(KeptForm.id)).all() == []
    session.rollback()


# --- every way in --------------------------------------------------------------------------------


def test_by_text_message(visitor: Visitor, account: Any) -> None:
    stop(account)
    shut_out(visitor, account, visitor.log_in())


def test_a_wrong_code_says_nothing_of_it(visitor: Visitor, other: Visitor, account: Any) -> None:
    def answers(who: Visitor, phone: str) -> tuple[int, str, int, str]:
        asked = who.ask(phone)
        typed = who.type_code("000000" if codes_sent(PHONE)[:1] != ["000000"] else "111111")
        text = re.sub(CHANGES, "", typed.text)
        return asked.status_code, asked.location, typed.status_code, text

    stop(account)
    known, unknown = answers(visitor, PHONE), answers(other, "10000000099")
    assert known == unknown and known[2] == 422


def test_of_two_who_share_a_number_the_other_goes_on(world: World, visitor: Visitor, account: Any) -> None:
    branch = world.organization(world.district("990003"))
    wife = world.account(world.member(branch, name="李测试", phone=PHONE), phone=PHONE)
    uids = {"stopped": account.uid, "wife": wife.uid}
    stop(account)
    assert visitor.log_in().location == "/login/who"  # nobody is put into the other's account
    assert visitor.post("/login/who", who=uids["stopped"]).location == STOPPED
    assert open_sessions(account) == 0
    with clock.moved(timedelta(minutes=2)):
        assert visitor.log_in().location == "/login/who"
        assert visitor.post("/login/who", who=uids["wife"]).location == "/d/990003/"
    assert open_sessions(wife) == 1


def test_naming_oneself_as_another_of_the_number_is_no_way_round(
    world: World, visitor: Visitor, member: Any, account: Any
) -> None:
    name, tail = member.name, member.ric_tail
    world.member(world.organization(world.district("990003")), name="李测试", phone=PHONE)  # unclaimed
    stop(account)
    assert visitor.log_in().location == "/login/who"
    visitor.post("/login/who", who="new")
    shut_out(visitor, account, visitor.post("/login/claim", name=name, tail=tail))


def test_by_password(visitor: Visitor, account: Any) -> None:
    with transaction():
        session.execute(
            update(Account)
            .where(Account.id == account.id)
            .values(username="zhao", password_hash=passwords.HASHER.hash(PASSWORD))
        )
    stop(account)
    wrong = visitor.post("/login/password", username="zhao", password="not the one")
    nobody = visitor.post("/login/password", username="nobody", password="not the one")
    assert (wrong.status_code, nobody.status_code) == (422, 422)
    assert "停用" not in wrong.text and "用户名或密码不对" in wrong.text
    for typed in ("zhao", PHONE):
        shut_out(visitor, account, visitor.post("/login/password", username=typed, password=PASSWORD))


def test_with_a_second_factor_it_ends_before_the_second_step(visitor: Visitor, account: Any) -> None:
    with transaction():
        totp.give(account.id, SECRET)
    stop(account)
    shut_out(visitor, account, visitor.log_in())


def test_by_a_passkey_alone_and_as_the_second_step(visitor: Visitor, account: Any) -> None:
    device = kept(account)
    session.rollback()
    stop(account)
    shut_out(visitor, account, alone(visitor, device))
    with everything(), transaction():
        session.execute(update(AccountStop).values(state="lifted", needs_two=False))
        session.execute(update(Account).values(disabled_at=None))
    with clock.moved(timedelta(minutes=2)):
        assert visitor.log_in().location == "/login/step"
        stop(account)
        shut_out(visitor, account, step(visitor, device))


def test_between_the_first_and_the_second_proof(visitor: Visitor, account: Any) -> None:
    with transaction():
        totp.give(account.id, SECRET)
    assert visitor.log_in().location == "/login/step"
    stop(account)
    code = totp.code_now(account.id)
    session.rollback()
    shut_out(visitor, account, visitor.post("/login/step", code=code))


def test_by_a_code_on_paper_which_binds_no_number(
    world: World, visitor: Visitor, here: Any, member: Any, account: Any
) -> None:
    admin = world.account(role="desk", district=here)
    browser = world.browser(admin)
    printed = browser.post(f"/d/990001/desk/login-codes/{member.id}", data={"seen": "1"}).text
    code = re.search(r"[2-9A-Z]{5}-[2-9A-Z]{5}", printed)
    assert code is not None
    name = member.name
    stop(account)
    refused = browser.post(f"/d/990001/desk/login-codes/{member.id}", data={"seen": "1"})
    assert refused.status_code == 403 and "账号停用了" in refused.text
    assert visitor.post("/login/paper", code=code[0], name="别人").status_code == 422
    shut_out(visitor, account, visitor.post("/login/paper", code=code[0], name=name))


def test_by_the_first_code_of_the_console(visitor: Visitor, account: Any) -> None:
    name = account.display_name
    code = first_login.issue(session.get_one(Account, account.id), by=None)
    stop(account)
    shut_out(visitor, account, visitor.post("/login/paper", code=code, name=name))
    session.rollback()
    with pytest.raises(ValueError, match="open account"):
        first_login.issue(session.get_one(Account, account.id), by=None)
    session.rollback()


def test_the_page_itself_is_the_same_for_everybody(visitor: Visitor, other: Visitor, account: Any) -> None:
    stop(account)
    visitor.log_in()
    pages = [re.sub(CHANGES, "", who.get(STOPPED).text) for who in (visitor, other)]
    assert pages[0] == pages[1]  # an address anybody may open says nothing of anybody


# --- back ----------------------------------------------------------------------------------------


def test_back_with_nothing_of_the_time_before(world: World, visitor: Visitor, account: Any) -> None:
    device = world.browser(account)
    with transaction():
        totp.give(account.id, SECRET)
    assert visitor.log_in().location == "/login/step"  # half done
    stop(account)
    with transaction():  # a session that slipped in, as two at the same instant might leave one
        session.execute(update(LoginSession).values(ended_at=None, ended_why=""))
    assert device.get(HOME).location.startswith("/login")
    lift(account)
    assert device.get(HOME).location.startswith("/login") and open_sessions(account) == 0
    code = totp.code_now(account.id)
    session.rollback()
    assert visitor.post("/login/step", form="/login", code=code).location == "/login"
    with clock.moved(timedelta(minutes=3)):
        assert visitor.log_in().location == "/login/step"  # and anew it goes on as always
        code = totp.code_now(account.id)
        session.rollback()
        assert visitor.post("/login/step", code=code).location == "/d/990001/"
    run_due()
    assert any("恢复了" in row.body for row in messages(PHONE))
    session.rollback()


def test_a_password_others_know_goes_with_it(visitor: Visitor, account: Any) -> None:
    with transaction():
        values = {"username": "zhao", "password_hash": passwords.HASHER.hash(PASSWORD)}
        session.execute(update(Account).where(Account.id == account.id).values(**values))
    stop(account)
    lift(account, drop_password=True)
    assert visitor.post("/login/password", username="zhao", password=PASSWORD).status_code == 422
    assert visitor.log_in().location == "/d/990001/"


# --- at the same instant -------------------------------------------------------------------------


def test_disabling_against_logging_in_leaves_no_session(app: Flask, world: World, account: Any) -> None:
    account_id = account.id
    known = {"username": "zhao", "password_hash": passwords.HASHER.hash(PASSWORD)}
    for _ in range(4):
        with everything(), transaction():
            session.execute(update(AccountStop).values(state="lifted", needs_two=False))
            shut_in = update(Account).where(Account.id == account_id)
            session.execute(shut_in.values(disabled_at=None, **known))
        visitors = [Visitor(app, world.browser(), f"192.0.2.{number}") for number in range(4)]
        tokens = [TOKEN.findall(one.get("/login/password").text)[0] for one in visitors]
        session.remove()
        barrier = threading.Barrier(len(visitors) + 1)

        def enter(one: Visitor, token: str, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            data = {"csrf_token": token, "username": "zhao", "password": PASSWORD}
            overrides = {"REMOTE_ADDR": one.address}
            one.browser.post("/login/password", data=data, environ_overrides=overrides)

        def shut(barrier: threading.Barrier = barrier) -> None:
            with app.app_context():
                barrier.wait()
                time.sleep(0.06)  # as long as a password takes to be checked
                found = session.get_one(Account, account_id)
                stops.stop(found, reason="手机被偷", district_id=None, by=None)
                session.remove()

        threads = [threading.Thread(target=enter, args=pair) for pair in zip(visitors, tokens, strict=True)]
        threads.append(threading.Thread(target=shut))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        session.remove()
        assert open_sessions(account) == 0


def test_of_two_keepers_who_disable_each_other_one_stays(app: Flask, world: World, here: Any) -> None:
    pair = [world.account(role="district_admin", district=here) for _ in range(2)]
    ids = [one.id for one in pair]
    session.remove()
    barrier, refused = threading.Barrier(2), []

    def shut(target: int, by: int) -> None:
        with app.app_context(), everything():
            found = session.get_one(Account, target)
            session.rollback()
            barrier.wait()
            try:
                stops.stop(session.get_one(Account, target), reason="互相", district_id=None, by=by)
            except stops.Refused as error:
                refused.append(error.reason)
            finally:
                session.remove()
            assert found is not None

    threads = [threading.Thread(target=shut, args=(ids[n], ids[1 - n])) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    session.remove()
    shut_ids = session.scalars(select(Account.id).where(Account.disabled_at.is_not(None))).all()
    assert len(shut_ids) == 1 and len(refused) == 1 and refused[0] in {"asker", "last"}
    session.rollback()


def test_the_database_keeps_one_row_an_account(account: Any) -> None:
    stop(account)
    with pytest.raises(stops.Refused, match="disabled"):
        stop(account)
    session.rollback()
    assert len(session.scalars(select(AccountStop)).all()) == 1
    session.rollback()
