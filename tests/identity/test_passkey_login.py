"""Every way in by a passkey, and every way around it."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import text

from portal import clock
from portal.database import session, transaction
from portal.identity import recovery, totp
from portal.identity.models import Account
from portal.testing import World
from tests.identity.conftest import Visitor, code_for
from tests.identity.passkey_steps import (
    alone,
    by_password,
    clerk,
    device,
    kept,
    question,
    step,
)
from tests.identity.soft import UP, Device
from tests.identity.test_second_factor import HOME, SECRET, inside, now_code

__all__ = ["clerk", "device"]


# --- every way in --------------------------------------------------------------------------------


def test_every_first_proof_may_end_with_a_passkey(visitor: Visitor, clerk: Any, device: Device) -> None:
    for first in (by_password, lambda one: (one.ask(), one.type_code(code_for()))[1]):
        assert first(visitor).location == "/login/step"
        page = visitor.get("/login/step").text
        assert "用通行密钥确认" in page and "备用码" in page and not inside(visitor)
        assert step(visitor, device).location == HOME and inside(visitor)
        visitor.post("/logout", form=HOME)
    said = session.execute(text("select detail from audit where action='login'")).scalars().all()
    assert len(said) == 2 and all("passkey" in str(one) for one in said)


def test_the_codes_still_open_the_step_without_script(visitor: Visitor, clerk: Any, device: Device) -> None:
    with transaction():
        totp.give(clerk.id, SECRET)
        code = recovery.renew(clerk.id)[0]
    by_password(visitor)
    assert visitor.post("/login/step", code=now_code()).location == HOME
    visitor.post("/logout", form=HOME)
    by_password(visitor)
    assert visitor.post("/login/step", code=code).location == HOME


def test_a_passkey_alone_logs_in_to_the_page_that_was_wanted(
    visitor: Visitor, clerk: Any, device: Device
) -> None:
    wanted = "/d/990001/me/sessions"
    assert alone(visitor, device, next=wanted).location == wanted
    assert inside(visitor)
    visitor.post("/logout", form=HOME)
    assert alone(visitor, device, next="//evil.example/x").location == HOME


def test_another_account_s_passkey_does_not_finish_my_step(
    visitor: Visitor, world: World, clerk: Any, device: Device
) -> None:
    theirs = kept(world.account())
    by_password(visitor)
    answer = step(visitor, theirs)
    assert answer.status_code == 422 and "不是这个账号的" in answer.text and not inside(visitor)


def test_what_was_asked_of_one_browser_is_not_answered_by_another(
    visitor: Visitor, other: Visitor, clerk: Any, device: Device
) -> None:
    options = question(visitor, "/login/passkey/begin", "/login")
    question(other, "/login/passkey/begin", "/login")
    answer = device.show(options)
    assert other.post("/login/passkey", form="/login", answer=answer).status_code == 422
    assert visitor.post("/login/passkey", form="/login", answer=answer).location == HOME


def test_five_wrong_answers_start_over(visitor: Visitor, clerk: Any, device: Device) -> None:
    by_password(visitor)
    answers = [step(visitor, device, flags=UP).status_code for _ in range(4)]
    options = question(visitor, "/login/step/passkey/begin", "/login/step")
    last = visitor.post("/login/step/passkey", form="/login/step", answer=device.show(options, flags=UP))
    assert answers == [422] * 4 and last.location == "/login" and not inside(visitor)


def test_a_disabled_account_is_not_let_in(visitor: Visitor, clerk: Any, device: Device) -> None:
    with transaction():
        session.get_one(Account, clerk.id).disabled_at = clock.now()
    assert alone(visitor, device).location == "/login/stopped" and not inside(visitor)


def test_a_copy_is_refused_in_words_and_the_holder_is_told(
    visitor: Visitor, clerk: Any, device: Device
) -> None:
    assert alone(visitor, device).location == HOME
    visitor.post("/logout", form=HOME)
    device.count = 1
    answer = alone(visitor, device)
    assert answer.status_code == 422 and "可能被复制过" in answer.text
    told = session.execute(text("select count(*) from notice where template='identity.passkey_copied'"))
    assert told.scalar_one() == 1


def test_asking_for_challenges_is_limited(visitor: Visitor, clerk: Any) -> None:
    page = visitor.get("/login").text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    place = {"REMOTE_ADDR": visitor.address}
    statuses = [
        visitor.browser.post(
            "/login/passkey/begin", data={"csrf_token": token}, environ_overrides=place
        ).status_code
        for _ in range(122)
    ]
    assert statuses == [200] * 120 + [429] * 2
    assert session.execute(text("select count(*) from passkey_ask")).scalar_one() == 120
