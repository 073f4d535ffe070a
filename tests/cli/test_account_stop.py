"""``portal account disable`` and ``enable``: the deployer's own hand, with a reason, on record."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select, text

from portal.cli import account as command
from portal.database import session, transaction
from portal.identity.models import Account
from portal.identity.stop_models import AccountStop
from portal.testing import World


@pytest.fixture
def two(world: World) -> tuple[Any, Any]:
    here = world.district()
    return tuple(
        world.account(role="district_admin", district=here, username=name, phone=phone)
        for name, phone in (("first", "10000000077"), ("second", "10000000078"))
    )


def run(*words: str) -> Any:
    session.remove()
    found = CliRunner().invoke(command.account, list(words), obj=None)
    session.remove()
    return found


def test_disabled_and_back_with_a_reason_on_record(app: Flask, world: World, two: Any) -> None:
    browser, code = world.browser(two[0]), world.app.config["SESSION_COOKIE_NAME"]
    assert browser.get_cookie(code) is not None
    assert run("disable", "first").exit_code == 2
    for reason in ("", " ", "x", "y" * 201):
        assert run("disable", "first", "--reason", reason).exit_code == 2
    done = run("disable", "first", "--reason", "leaked", "--by", "second")
    assert done.exit_code == 0 and "100****0077" in done.output and "10000000077" not in done.output
    again = run("disable", "first", "--reason", "leaked")
    assert again.exit_code == 2 and "is disabled" in again.output
    open_ = session.execute(text("select count(*) from login_session where ended_at is null")).scalar_one()
    assert open_ == 0
    back = run("enable", "first", "--reason", "number changed", "--drop-password")
    assert back.exit_code == 0, back.output
    row = session.scalars(select(AccountStop)).one()
    assert (row.state, row.lifted_how, row.needs_two, row.reason) == ("lifted", "command", True, "leaked")
    actions = list(
        session.scalars(text("select action from audit where action like 'account.%' order by id"))
    )
    assert actions == ["account.disable", "account.enable"]
    session.rollback()
    assert run("enable", "first", "--reason", "once more").exit_code == 2


@pytest.mark.parametrize("verb", ["disable", "enable"])
def test_nobody_orders_it_for_themselves(app: Flask, two: Any, verb: str) -> None:
    if verb == "enable":
        assert run("disable", "first", "--reason", "leaked").exit_code == 0
    refused = run(verb, "first", "--reason", "myself", "--by", "first")
    assert refused.exit_code != 0 and "disabled" not in refused.output.split("Error")[0]


def test_the_last_one_stays(app: Flask, two: Any) -> None:
    assert run("disable", "first", "--reason", "leaked").exit_code == 0
    refused = run("disable", "second", "--reason", "leaked too")
    assert refused.exit_code == 1 and "the last one" in refused.output


def test_who_was_shut_out_by_hand_before_there_was_a_command_comes_back(app: Flask, two: Any) -> None:
    with transaction():
        session.execute(
            text("UPDATE account SET disabled_at = '2026-01-01 00:00:00' WHERE username = 'first'")
        )
    assert run("enable", "first", "--reason", "known again").exit_code == 0
    assert session.scalar(select(Account.disabled_at).where(Account.username == "first")) is None
    session.rollback()


def test_a_second_account_is_no_way_round(app: Flask, two: Any) -> None:
    name = two[0].display_name
    assert run("disable", "first", "--reason", "leaked").exit_code == 0
    refused = run("add", "--name", name, "--phone", "10000000077")
    assert refused.exit_code == 1 and "portal account enable" in refused.output
