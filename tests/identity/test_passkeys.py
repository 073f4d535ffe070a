"""Passkeys, without pages: what a device's answer proves, and everything that proves nothing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from portal.database import session
from portal.identity import passkeys, webauthn
from portal.identity.passkeys import Refused
from portal.notices.models import Notice
from portal.testing import World
from tests.identity.passkey_steps import (
    BIND,
    added,
)
from tests.identity.soft import BACKED, UP, UV, Device


@pytest.fixture
def resident(world: World) -> Any:
    return world.account()


# --- where they hold -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("https://portal.example.org", "portal.example.org", "https://portal.example.org"),
        ("https://Portal.Example.org:443/", "portal.example.org", "https://portal.example.org"),
        ("https://portal.example.org:8443", "portal.example.org", "https://portal.example.org:8443"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:8000", "localhost", "http://localhost:8000"),
    ],
)
def test_the_home_of_passkeys_is_the_address_people_type(url: str, host: str, origin: str) -> None:
    assert webauthn.place(url) == webauthn.Place(host, origin)


@pytest.mark.parametrize(
    "url", ["http://portal.example.org", "https://192.0.2.7", "http://10.0.0.5", "", "https://"]
)
def test_an_address_without_a_name_or_tls_has_none(app: Flask, resident: Any, url: str) -> None:
    assert webauthn.place(url) is None
    app.config["PUBLIC_URL"] = url
    with pytest.raises(Refused, match="nowhere"):
        passkeys.ask_to_add(resident.id, bind=BIND)


# --- making one ----------------------------------------------------------------------------------


def test_what_is_kept_is_public_and_what_was_asked_is_strict(resident: Any) -> None:
    device = Device()
    options = passkeys.ask_to_add(resident.id, bind=BIND)["publicKey"]
    assert options["rp"]["id"] == "localhost" and options["attestation"] == "none"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["timeout"] == 300_000
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]
    row = passkeys.add(
        resident.id,
        device.make({"publicKey": options}, flags=UP | UV | BACKED),
        bind=BIND,
        name="  我的\n手机 ",
    )
    assert (row.name, row.transports, row.sign_count, row.backed_up) == ("我的 手机", "internal", 1, True)
    again = passkeys.ask_to_add(resident.id, bind=BIND)["publicKey"]
    assert [one["id"] for one in again["excludeCredentials"]] == [row.credential_id]
    said = "".join(str(one) for one in session.execute(text("select * from passkey_ask")))
    assert options["challenge"] not in said
    actions = session.execute(text("select action from audit where action like 'account.passkey%'")).scalars()
    assert list(actions) == ["account.passkey.add"]
    told = session.scalars(select(Notice.params).where(Notice.template == "identity.passkey_added")).one()
    assert told == {"name": "我的 手机"}


@pytest.mark.parametrize(
    "how",
    [
        {"flags": UP},
        {"flags": UV},
        {"origin": "http://localhost:9999"},
        {"origin": "https://localhost"},
        {"origin": "http://localhost.evil.example"},
        {"origin": "http://sub.localhost"},
        {"type": "webauthn.get"},
        {"cross": True},
        {"alg": -65535},
    ],
    ids=str,
)
def test_a_passkey_made_otherwise_is_not_kept(resident: Any, how: dict[str, Any]) -> None:
    options = passkeys.ask_to_add(resident.id, bind=BIND)
    with pytest.raises(Refused, match="bad"):
        passkeys.add(resident.id, Device().make(options, **how), bind=BIND, name="x")
    assert passkeys.of(resident.id) == []


def test_a_passkey_for_another_host_is_not_kept(resident: Any) -> None:
    options = passkeys.ask_to_add(resident.id, bind=BIND)
    with pytest.raises(Refused, match="bad"):
        passkeys.add(resident.id, Device(host="evil.example").make(options), bind=BIND, name="x")


def test_a_credential_belongs_to_one_account(world: World, resident: Any) -> None:
    device, other = added(resident), world.account()
    options = passkeys.ask_to_add(other.id, bind=BIND)
    with pytest.raises(Refused, match="taken"):
        passkeys.add(other.id, device.make(options), bind=BIND, name="x")
    assert passkeys.of(other.id) == [] and len(passkeys.of(resident.id)) == 1


def test_there_is_an_end_to_how_many(resident: Any) -> None:
    for _ in range(passkeys.MOST):
        added(resident)
    with pytest.raises(Refused, match="many"):
        passkeys.ask_to_add(resident.id, bind=BIND)
