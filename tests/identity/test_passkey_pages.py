"""Passkeys on the pages: setting one up, every way in by it, being asked again, taking it off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select, text

from portal import clock
from portal.database import session, transaction
from portal.identity import factors, passkeys, recovery, totp
from portal.identity.passkey_models import Passkey
from portal.testing import World
from tests.identity.conftest import Visitor, code_for
from tests.identity.passkey_steps import (
    AGAIN,
    BEGIN,
    again,
    alone,
    by_password,
    clerk,
    device,
    kept,
    question,
    step,
)
from tests.identity.soft import UP, Device
from tests.identity.test_second_factor import FACTOR, HOME, SECRET, inside, printed

__all__ = ["clerk", "device"]


# --- setting one up ------------------------------------------------------------------------------


def test_a_role_of_a_district_may_set_up_a_passkey_instead(visitor: Visitor, clerk: Any) -> None:
    by_password(visitor)
    visitor.type_code(code_for())
    assert not inside(visitor) and visitor.get(HOME).location == FACTOR
    name = visitor.browser.application.config["SESSION_COOKIE_NAME"]
    before = visitor.browser.get_cookie(name)
    mine = Device()
    options = question(visitor, BEGIN, FACTOR)
    wrong = visitor.post(FACTOR, answer=mine.make(options, flags=UP), name="办公室电脑")
    assert wrong.status_code == 422 and 'value="办公室电脑"' in wrong.text and not inside(visitor)
    done = visitor.post(FACTOR, answer=mine.make(question(visitor, BEGIN, FACTOR)), name="办公室电脑")
    assert done.status_code == 200 and len(printed(done.text)) == 10
    after = visitor.browser.get_cookie(name)
    assert before is not None and after is not None and after.value != before.value
    assert inside(visitor) and "办公室电脑" in visitor.get(FACTOR).text
    # From now on it is asked for after every first proof.
    visitor.post("/logout", form=HOME)
    assert by_password(visitor).location == "/login/step"
    assert step(visitor, mine).location == HOME and inside(visitor)


def test_a_passkey_without_a_name_is_called_after_the_device(visitor: Visitor, account: Any) -> None:
    visitor.log_in()
    visitor.post(FACTOR, answer=Device().make(question(visitor, BEGIN, FACTOR)), name=" ")
    assert session.scalars(select(Passkey.name)).one()


def test_a_second_one_keeps_the_printed_codes_and_the_session(
    visitor: Visitor, clerk: Any, device: Device
) -> None:
    by_password(visitor)
    step(visitor, device)
    second = Device()
    done = visitor.post(FACTOR, answer=second.make(question(visitor, BEGIN, FACTOR)), name="第二个")
    assert done.location == FACTOR and recovery.left(clerk.id) == 10
    assert "通行密钥加好了" in visitor.get(FACTOR).text
    visitor.post("/logout", form=HOME)
    assert alone(visitor, second).location == HOME


def test_adding_and_taking_off_ask_again(visitor: Visitor, clerk: Any, device: Device) -> None:
    with transaction():
        totp.give(clerk.id, SECRET)
    by_password(visitor)
    step(visitor, device)
    row = session.scalars(select(Passkey.id)).one()
    session.rollback()
    with clock.moved(timedelta(minutes=14)):
        visitor.get(FACTOR)
    with clock.moved(timedelta(minutes=16)):
        assert visitor.post(BEGIN, form=FACTOR).location.startswith(AGAIN)
        assert visitor.post(FACTOR, answer="x").location.startswith(AGAIN)
        assert visitor.post(f"{FACTOR}/passkeys/{row}/remove", form=FACTOR).location.startswith(AGAIN)
        assert len(passkeys.of(clerk.id)) == 1


def test_no_page_offers_one_where_there_can_be_none(
    app: Flask, visitor: Visitor, clerk: Any, device: Device
) -> None:
    by_password(visitor)
    step(visitor, device)
    assert "data-passkey=" in visitor.get(FACTOR).text
    app.config["PUBLIC_URL"] = "http://10.0.0.5"
    page = visitor.get(FACTOR).text
    assert "data-passkey=" not in page and "不能用通行密钥" in page
    refusal = visitor.post(BEGIN, form=FACTOR)
    assert refusal.status_code == 422 and refusal.json["problem"].startswith("本站现在的地址")
    app.config["PUBLIC_URL"] = "http://127.0.0.1:8000"
    page = visitor.get(FACTOR).text
    assert 'data-origin="http://localhost:8000"' in page and "127.0.0.1" in page


# --- asked again, taking off ---------------------------------------------------------------------


def test_a_passkey_answers_when_asked_again(visitor: Visitor, clerk: Any, device: Device) -> None:
    by_password(visitor)
    step(visitor, device)
    with clock.moved(timedelta(minutes=14)):
        visitor.get(FACTOR)
    with clock.moved(timedelta(minutes=16)):
        assert visitor.post(f"{FACTOR}/codes", form=FACTOR).location.startswith(AGAIN)
        page = visitor.get(AGAIN).text
        assert "用通行密钥确认" in page and "发验证码" not in page
        options = question(visitor, f"{AGAIN}/passkey/begin", AGAIN)
        wrong = visitor.post(f"{AGAIN}/passkey", form=AGAIN, answer=device.show(options, flags=UP))
        assert wrong.status_code == 422
        assert again(visitor, device, next=FACTOR).location == FACTOR
        assert len(printed(visitor.post(f"{FACTOR}/codes", form=FACTOR).text)) == 10


def test_the_last_strong_factor_of_a_districts_role_stays(
    visitor: Visitor, clerk: Any, device: Device
) -> None:
    by_password(visitor)
    step(visitor, device)
    row = session.scalars(select(Passkey.id)).one()
    session.rollback()
    remove = f"{FACTOR}/passkeys/{row}/remove"
    assert remove not in visitor.get(FACTOR).text
    visitor.post(remove, form=FACTOR)
    assert "至少留一样" in visitor.get(FACTOR).text and len(passkeys.of(clerk.id)) == 1
    with transaction():
        totp.give(clerk.id, SECRET)
    assert remove in visitor.get(FACTOR).text
    visitor.post(remove, form=FACTOR)
    assert passkeys.of(clerk.id) == [] and recovery.left(clerk.id) == 10 and inside(visitor)
    visitor.post(f"{FACTOR}/totp/remove", form=FACTOR)
    assert totp.is_set(clerk.id)
    told = session.execute(text("select count(*) from notice where template='identity.passkey_removed'"))
    assert told.scalar_one() == 1


def test_whoever_needs_none_takes_the_last_one_off_with_the_codes(visitor: Visitor, account: Any) -> None:
    mine = kept(account)
    assert alone(visitor, mine).status_code == 303
    row = session.scalars(select(Passkey.id)).one()
    session.rollback()
    visitor.post(f"{FACTOR}/passkeys/{row}/remove", form=FACTOR)
    assert not factors.has_strong(account.id) and recovery.left(account.id) == 0
    visitor.post("/logout", form=HOME)
    assert alone(visitor, mine).status_code == 422


def test_a_stranger_finds_no_passkey_of_mine(visitor: Visitor, world: World, account: Any) -> None:
    kept(account)
    row = session.scalars(select(Passkey.id)).one()
    session.rollback()
    stranger = world.browser(world.account())
    for act in ("name", "remove"):
        assert stranger.post(f"{FACTOR}/passkeys/{row}/{act}", data={"name": "x"}).status_code == 404
    assert session.scalars(select(Passkey.name)).one() == "我的手机"


def test_a_name_is_changed_and_never_empty(visitor: Visitor, account: Any) -> None:
    mine = kept(account)
    alone(visitor, mine)
    row = session.scalars(select(Passkey.id)).one()
    session.rollback()
    path = f"{FACTOR}/passkeys/{row}/name"
    assert visitor.post(path, form=FACTOR, name="  ").status_code == 422
    assert visitor.post(path, form=FACTOR, name="家里的<b>电脑").location == FACTOR
    assert "家里的&lt;b&gt;电脑" in visitor.get(FACTOR).text


def test_a_reset_at_the_desk_takes_passkeys_too(visitor: Visitor, clerk: Any, device: Device) -> None:
    factors.reset(clerk.id, by=None, district=None, why="lost")
    session.remove()
    assert alone(visitor, device).status_code == 422
    assert session.scalars(select(Passkey)).all() == []


def test_a_copy_of_my_data_names_my_passkeys(world: World, account: Any) -> None:
    kept(account)
    found = world.browser(account).get("/d/990001/me/record.json").json["account"]["passkeys"]
    assert [(one["name"], one["transports"]) for one in found] == [("我的手机", "internal")]


def test_the_challenge_of_a_step_ends_with_the_step(visitor: Visitor, clerk: Any, device: Device) -> None:
    by_password(visitor)
    options = question(visitor, "/login/step/passkey/begin", "/login/step")
    by_password(visitor)  # another login, another step
    answer = visitor.post("/login/step/passkey", form="/login/step", answer=device.show(options))
    assert answer.status_code == 422 and not inside(visitor)
