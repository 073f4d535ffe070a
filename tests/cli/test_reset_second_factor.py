"""``portal account reset-second-factor``: for the last administrator of a place, with a reason, on record."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import text

from portal.cli import account as command
from portal.database import session, transaction
from portal.identity import recovery, totp
from portal.testing import World


@pytest.fixture
def lost(world: World) -> Any:
    found = world.account(
        role="district_admin", district=world.district(), username="admin", phone="10000000077"
    )
    with transaction():
        totp.give(found.id, "JBSWY3DPEHPK3PXP")
        recovery.renew(found.id)
    return found


def run(app: Flask, *words: str) -> Any:
    session.remove()
    return CliRunner().invoke(command.account, ["reset-second-factor", *words], obj=None)


def test_it_takes_all_away_with_a_reason_on_record(app: Flask, world: World, lost: Any) -> None:
    browser = world.browser(lost)
    assert run(app, "admin").exit_code == 2
    assert run(app, "admin", "--reason", " ").exit_code == 2
    assert run(app, "admin", "--reason", "x", "--by", "admin").exit_code == 1
    assert totp.is_set(lost.id)
    session.rollback()
    done = run(app, "admin", "--reason", "phone lost, card seen")
    assert done.exit_code == 0 and "100****0077" in done.output and "10000000077" not in done.output
    assert not totp.is_set(lost.id) and recovery.left(lost.id) == 0
    detail = session.execute(
        text("select detail from audit where action='account.factor.reset'")
    ).scalar_one()
    assert "phone lost" in str(detail)
    session.rollback()
    assert browser.get("/").status_code == 200
    open_ = session.execute(text("select count(*) from login_session where ended_at is null")).scalar_one()
    assert open_ == 0
