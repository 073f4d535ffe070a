"""Whoever watches the logs sees wrong tries, full measures and closed doors, never whose name was typed."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from portal.testing import World
from tests.identity.conftest import PHONE, Visitor, code_for

PASSWORD = "/login/password"


def test_a_wrong_password_and_a_full_measure_are_told(
    visitor: Visitor, account: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for _turn in range(11):
        visitor.post(PASSWORD, username=PHONE, password="wrong-password")
    said = [record.getMessage() for record in caplog.records if record.name == "portal.identity.limits"]
    assert said == ["wrong try: password, from 192.0.2.1"] * 10 + ["limit reached: password.here"]
    assert PHONE not in caplog.text and "wrong-password" not in caplog.text


def test_a_wrong_code_is_told(visitor: Visitor, account: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    visitor.ask()
    wrong = "000000" if code_for() != "000000" else "000001"
    visitor.type_code(wrong)
    assert "wrong try: code, from 192.0.2.1" in caplog.text
    assert wrong not in caplog.text and PHONE not in caplog.text
    caplog.clear()
    visitor.type_code(code_for())
    assert "wrong try" not in caplog.text


def test_a_closed_door_is_told(world: World, account: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    assert world.browser(account).get("/d/990001/desk/members").status_code == 404
    assert "refused: core.members.read" in caplog.text
