"""What tests do with passkeys: give one, ask for its proof, send it on every way."""

from __future__ import annotations

from typing import Any

import pytest

from portal.database import transaction
from portal.identity import passkey_asks, passkeys, recovery
from portal.identity.passkeys import Refused
from portal.testing import World
from tests.identity.conftest import PHONE, Visitor
from tests.identity.soft import Device
from tests.identity.test_password import enter, give
from tests.identity.test_second_factor import FACTOR

BIND = "this browser"
BEGIN, AGAIN = f"{FACTOR}/passkeys/begin", "/d/990001/me/again"


@pytest.fixture
def clerk(world: World, here: Any) -> Any:
    """Return somebody at the district's desk, with a password and no second factor."""
    made = world.account(role="desk", district=here, phone=PHONE)
    give(made, username="clerk")
    return made


def kept(account: Any) -> Device:
    """Give an account a passkey, with the printed codes that come along."""
    device = Device()
    options = passkeys.ask_to_add(account.id, bind="made here")
    passkeys.add(account.id, device.make(options), bind="made here", name="我的手机")
    with transaction():
        recovery.renew(account.id)
    return device


@pytest.fixture
def device(clerk: Any) -> Device:
    """Return the device that keeps the clerk's passkey."""
    return kept(clerk)


def by_password(visitor: Visitor) -> Any:
    return enter(visitor, "clerk")


def question(visitor: Visitor, path: str, form: str) -> Any:
    answer = visitor.post(path, form=form)
    assert answer.status_code == 200 and answer.mimetype == "application/json", answer.text
    return answer.json


def step(visitor: Visitor, device: Device, **how: Any) -> Any:
    options = question(visitor, "/login/step/passkey/begin", "/login/step")
    return visitor.post("/login/step/passkey", form="/login/step", answer=device.show(options, **how))


def alone(visitor: Visitor, device: Device, **data: Any) -> Any:
    options = question(visitor, "/login/passkey/begin", "/login")
    return visitor.post("/login/passkey", form="/login", answer=device.show(options), **data)


def again(visitor: Visitor, device: Device, **data: Any) -> Any:
    options = question(visitor, f"{AGAIN}/passkey/begin", AGAIN)
    return visitor.post(f"{AGAIN}/passkey", form=AGAIN, answer=device.show(options), **data)


def added(account: Any, device: Device | None = None, **how: Any) -> Device:
    """Give an account a passkey as its owner would."""
    device = device or Device()
    options = passkeys.ask_to_add(account.id, bind=BIND)
    passkeys.add(account.id, device.make(options, **how), bind=BIND, name="我的手机")
    return device


def asked(account: Any, purpose: str = passkey_asks.STEP, bind: str = BIND) -> dict[str, Any]:
    return passkeys.ask_to_prove(purpose, bind=bind, account_id=account.id)


def proven(account: Any, answer: str, purpose: str = passkey_asks.STEP, bind: str = BIND) -> int:
    return passkeys.prove(answer, purpose, bind=bind, account_id=account.id)


def refused(account: Any, answer: str, **where: Any) -> str:
    """Return why an answer was not taken."""
    with pytest.raises(Refused) as caught:
        proven(account, answer, **where)
    return caught.value.reason
