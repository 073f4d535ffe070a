"""What a device's answer proves, and everything that proves nothing."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from portal import clock
from portal.database import session, transaction
from portal.identity import passkey_asks, passkeys
from portal.identity.passkey_models import Passkey, PasskeyAsk
from portal.identity.passkeys import Refused
from portal.testing import World
from tests.identity.passkey_steps import (
    BIND,
    added,
    asked,
    proven,
    refused,
)
from tests.identity.soft import BACKED, UP, UV, Device


@pytest.fixture
def resident(world: World) -> Any:
    return world.account()


# --- proving -------------------------------------------------------------------------------------


def test_a_right_answer_proves_its_account_and_moves_the_count_on(resident: Any) -> None:
    device = added(resident)
    assert proven(resident, device.show(asked(resident))) == resident.id
    assert proven(resident, device.show(asked(resident), flags=UP | UV | BACKED)) == resident.id
    session.expire_all()
    row = passkeys.of(resident.id)[0]
    assert row.sign_count == 3 and row.backed_up and row.last_used_at is not None


def test_a_device_that_never_counts_is_taken_again_and_again(resident: Any) -> None:
    device = added(resident, Device(count=None))
    for _ in range(3):
        assert proven(resident, device.show(asked(resident))) == resident.id


WRONG: dict[str, dict[str, Any]] = {
    "not unlocked": {"flags": UP},
    "nobody there": {"flags": UV},
    "another address": {"origin": "https://evil.example"},
    "another port": {"origin": "http://localhost:8001"},
    "below this host": {"origin": "http://sub.localhost"},
    "made, not shown": {"type": "webauthn.create"},
    "in another page": {"cross": True},
    "not signed": {"signature": b"\x30\x06\x02\x01\x01\x02\x01\x01"},
    "no signature": {"signature": b""},
    "another owner": {"handle": b"somebody else"},
}


@pytest.mark.parametrize("how", WRONG.values(), ids=WRONG.keys())
def test_what_is_not_the_answer_proves_nothing(resident: Any, how: dict[str, Any]) -> None:
    device = added(resident)
    assert refused(resident, device.show(asked(resident), **how)) == "bad"
    session.expire_all()
    assert passkeys.of(resident.id)[0].last_used_at is None
    # The same device, asked anew, is taken: it was that alone.
    assert proven(resident, device.show(asked(resident))) == resident.id


def test_another_host_or_another_key_proves_nothing(resident: Any) -> None:
    device = added(resident)
    device.host = "evil.example"
    assert refused(resident, device.show(asked(resident))) == "bad"
    stranger = Device(id=device.id, handle=device.handle, count=50)
    assert refused(resident, stranger.show(asked(resident))) == "bad"


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "1",
        "{}",
        "[]",
        "null",
        "x" * 40_000,
        "[" * 5000,
        '{"id":"AA","response":{"clientDataJSON":"AA"}}',
        "党\x00",
    ],
    ids=lambda text: str(text)[:12],
)
def test_what_is_no_answer_at_all_is_refused_in_the_same_way(resident: Any, answer: str) -> None:
    added(resident)
    assert refused(resident, answer) == "bad"
    with pytest.raises(Refused, match="bad"):
        passkeys.add(resident.id, answer, bind=BIND, name="x")


def test_an_answer_cut_anywhere_is_refused(resident: Any) -> None:
    device = added(resident)
    for _ in range(12):
        told = json.loads(device.show(asked(resident)))
        for name in ("authenticatorData", "signature"):
            broken = json.loads(json.dumps(told))
            broken["response"][name] = told["response"][name][: _ * 4]
            assert refused(resident, json.dumps(broken)) in {"bad", "late"}


def test_a_challenge_counts_once_also_for_a_wrong_answer(resident: Any) -> None:
    device = added(resident)
    options = asked(resident)
    answer = device.show(options)
    assert proven(resident, answer) == resident.id
    assert refused(resident, answer) == "late"
    assert refused(resident, device.show(options)) == "late"
    options = asked(resident)
    assert refused(resident, device.show(options, flags=UP)) == "bad"
    assert refused(resident, device.show(options)) == "late"


def test_a_challenge_is_this_browsers_for_this_purpose_within_five_minutes(
    world: World, resident: Any
) -> None:
    device, other = added(resident), world.account()
    assert refused(resident, device.show(asked(resident)), bind="another browser") == "late"
    assert refused(resident, device.show(asked(resident)), purpose=passkey_asks.AGAIN) == "late"
    assert refused(resident, device.show(asked(resident, purpose=passkey_asks.ADD))) == "late"
    assert refused(other, device.show(asked(resident))) == "late"
    options = asked(resident)
    with clock.moved(timedelta(minutes=5, seconds=1)):
        assert refused(resident, device.show(options)) == "late"
    with clock.moved(timedelta(minutes=-1)):
        assert refused(resident, device.show(options)) == "late"
    with clock.moved(timedelta(minutes=4)):
        assert proven(resident, device.show(options)) == resident.id
    made_up = {"publicKey": {"challenge": "A" * 43}}
    assert refused(resident, device.show(made_up)) == "late"


def test_another_accounts_passkey_proves_nothing(world: World, resident: Any) -> None:
    other = world.account()
    added(resident)
    theirs = added(other)
    assert refused(resident, theirs.show(asked(resident))) == "unknown"
    unknown = Device(handle=resident.uid.encode())
    assert refused(resident, unknown.show(asked(resident))) == "unknown"


def test_alone_it_says_whose_it_is(world: World, resident: Any) -> None:
    added(resident)
    other = world.account()
    theirs = added(other)
    options = passkeys.ask_to_prove(passkey_asks.LOGIN, bind=BIND, account_id=None)
    assert "allowCredentials" not in options["publicKey"]
    answer = theirs.show(options)
    assert passkeys.prove(answer, passkey_asks.LOGIN, bind=BIND, account_id=None) == other.id


def test_a_count_that_goes_back_is_refused_and_told(resident: Any) -> None:
    device = added(resident, Device(count=10))
    assert proven(resident, device.show(asked(resident))) == resident.id
    for count in (11, 10, 1, 0):  # stands still, goes back, never counted
        device.count = count
        assert refused(resident, device.show(asked(resident))) == "copied", count
    session.expire_all()
    assert passkeys.of(resident.id)[0].sign_count == 11
    seen = session.execute(text("select count(*) from audit where action='account.passkey.copied'"))
    assert seen.scalar_one() == 4
    told = session.execute(text("select count(*) from notice where template='identity.passkey_copied'"))
    assert told.scalar_one() == 4
    device.count = 12
    assert proven(resident, device.show(asked(resident))) == resident.id


def test_one_answer_sent_at_once_proves_once(app: Flask, resident: Any) -> None:
    device, account_id = added(resident), resident.id
    answer = device.show(asked(resident))
    session.remove()
    start, outcomes = threading.Barrier(5), []

    def send() -> None:
        with app.app_context():
            start.wait()
            try:
                passkeys.prove(answer, passkey_asks.STEP, bind=BIND, account_id=account_id)
                outcomes.append("in")
            except Refused as error:
                outcomes.append(error.reason)
            session.remove()

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in"] + ["late"] * 4


def test_two_of_the_same_count_at_once_are_not_both_taken(resident: Any) -> None:
    """A copy and the real one, each with a challenge of its own: the second one shows that there are two."""
    device = added(resident, Device(count=5))
    first, second = asked(resident), asked(resident)
    device.count = 6
    one = device.show(first)
    device.count = 6
    assert proven(resident, one) == resident.id
    assert refused(resident, device.show(second)) == "copied"


def test_old_challenges_are_forgotten(resident: Any) -> None:
    passkeys.ask_to_add(resident.id, bind=BIND)
    with transaction():
        session.execute(update(PasskeyAsk).values(created_at=clock.now() - timedelta(days=2)))
    passkeys.ask_to_add(resident.id, bind=BIND)
    passkey_asks._forget({})
    assert len(session.scalars(select(PasskeyAsk)).all()) == 1


def test_an_erasure_takes_the_words_and_leaves_the_way_in(world: World) -> None:
    here = world.district("990001")
    member = world.member(world.organization(here))
    account = world.account(member)
    device = added(account)
    with transaction():
        passkeys.forget_words(member.person_id)
    session.expire_all()
    row = session.scalars(select(Passkey)).one()
    assert (row.name, row.transports) == ("", "")
    assert proven(account, device.show(asked(account))) == account.id
