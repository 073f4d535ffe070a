"""Elder mode and language: chosen once, kept in the account and the browser, the last choice counts."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from portal.testing import World
from tests.identity.conftest import Visitor, account, here, member  # noqa: F401  fixtures

ELDER = 'data-mode="elder"'


@pytest.fixture
def visitor(app: Flask, world: World) -> Visitor:
    return Visitor(app, world.browser())


def test_elder_mode_chosen_before_logging_in_stays(visitor: Visitor, account: Any) -> None:  # noqa: F811
    visitor.post("/elder", form="/login", on="1")
    assert ELDER in visitor.get("/login").text
    visitor.log_in()
    assert ELDER in visitor.get("/d/990001/").text
    visitor.post("/logout", form="/d/990001/me/")
    assert ELDER in visitor.get("/login").text


def test_language_chosen_before_logging_in_stays(visitor: Visitor, account: Any) -> None:  # noqa: F811
    visitor.post("/language", form="/login", language="en")
    visitor.log_in()
    assert 'lang="en"' in visitor.get("/d/990001/").text


def test_one_reader_does_not_choose_for_the_next(
    visitor: Visitor,
    world: World,
    here: Any,  # noqa: F811
    account: Any,  # noqa: F811
) -> None:
    """She reads large and logs out; he, at the same phone, reads as he did."""
    him = world.member(world.organization(here), name="钱试", phone="10000000009")
    world.account(him, phone="10000000009")
    visitor.log_in()
    visitor.post("/elder", form="/d/990001/", on="1")
    visitor.post("/logout", form="/d/990001/me/")
    assert ELDER in visitor.get("/login").text
    visitor.log_in("10000000009")
    assert "钱试" in visitor.get("/d/990001/me/").text
    assert ELDER not in visitor.get("/d/990001/").text
    visitor.post("/logout", form="/d/990001/me/")
    assert ELDER not in visitor.get("/login").text
