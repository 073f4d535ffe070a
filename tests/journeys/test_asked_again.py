"""Decisions about money and roles, and whole exports, ask once more who sits there; the form waits."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from portal import clock
from portal.database import session, transaction
from portal.districts import settings
from portal.identity import totp
from portal.testing import World
from portal.web.access import is_asked_again

#: Whoever adds a decision about money, roles or a whole export adds it here and marks it ``asks_again``.
GUARDED = {
    "account.confirm_delete",
    "account.delete",
    "bookings.desk_list_export",
    "bookings.report_export",
    "dues.bases_decide",
    "dues.cash_decide",
    "dues.cash_deposited",
    "dues.ledger_export",
    "dues.relief_decide",
    "dues.relief_end",
    "money.change",
    "money.enter",
    "money.resolve",
    "money.switch",
    "roles.answer",
    "roles.end",
    "roles.export",
    "roles.give",
    "delegations.export",
    "desk.export_members",
    "desk.export_organizations",
    "desk.export_units",
    "stops.answer",
    "stops.back",
    "stops.stop",
    "rebind.decide",
    "rebind.do_colleague",
    "rebind.do_member",
    "identity.add_passkey",
    "identity.begin_passkey",
    "identity.begin_totp",
    "identity.confirm_totp",
    "identity.confirm_phone",
    "identity.my_phone",
    "identity.new_codes",
    "identity.remove_passkey",
    "identity.remove_totp",
    "identity.send_to_new",
    "identity.show_totp",
}
EXPORT, AGAIN = "/d/990001/desk/members/export", "/d/990001/me/again"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def here(world: World) -> Any:
    return world.district("990001")


@pytest.fixture
def clerk(world: World, here: Any) -> Any:
    made = world.account(role="desk", district=here)
    with transaction():
        totp.give(made.id, SECRET)
    return made


def code(account_id: int) -> str:
    found = totp.code_now(account_id)
    session.rollback()
    assert found is not None
    return found


def test_every_such_view_is_marked_and_no_other(app: Flask) -> None:
    assert {name for name, view in app.view_functions.items() if is_asked_again(view)} == GUARDED


def test_an_export_long_after_the_login_asks_and_hands_the_form_back(world: World, clerk: Any) -> None:
    account_id = clerk.id
    browser = world.browser(clerk)
    assert browser.post(EXPORT, data={"as": "csv"}).status_code == 200
    with clock.moved(timedelta(minutes=14)):
        assert browser.post(EXPORT, data={"as": "csv"}).status_code == 200
    with clock.moved(timedelta(minutes=16)):
        asked = browser.post(EXPORT, data={"as": "csv"})
        assert asked.status_code == 303 and asked.location.startswith(AGAIN)
        assert browser.post(AGAIN, data={"code": "000000"}).status_code == 422
        done = browser.post(AGAIN, data={"code": code(account_id), "next": "/d/990001/desk/members"})
        assert done.location == "/login/kept"
        page = browser.get("/login/kept").text
        action = re.findall(r'<form method="post" action="([^"]+)"', page)
        assert EXPORT in action and 'name="as" value="csv"' in page
        assert browser.post(EXPORT, data={"as": "csv"}).status_code == 200


def test_script_is_led_there_as_a_whole_page(world: World, clerk: Any) -> None:
    browser = world.browser(clerk)
    with clock.moved(timedelta(minutes=14)):
        browser.get("/d/990001/desk/")
    with clock.moved(timedelta(minutes=16)):
        got = browser.post(EXPORT, data={"as": "csv"}, headers={"HX-Request": "true"})
        assert got.headers["HX-Redirect"].startswith(AGAIN)


def test_a_district_says_how_long_a_proof_counts(world: World, here: Any, clerk: Any) -> None:
    with world.writing(here):
        settings.put(here.id, "core.ask_again_minutes", 5, by=None)
    session.remove()
    browser = world.browser(clerk)
    with clock.moved(timedelta(minutes=4)):
        assert browser.post(EXPORT, data={"as": "csv"}).status_code == 200
    with clock.moved(timedelta(minutes=6)):
        assert browser.post(EXPORT, data={"as": "csv"}).status_code == 303
    with clock.moved(timedelta(minutes=-60)):  # a clock set back makes no proof fresh
        assert browser.post(EXPORT, data={"as": "csv"}).status_code == 303


def test_who_may_not_is_told_nothing_new(world: World, here: Any) -> None:
    member = world.browser(world.account(world.member(world.organization(here))))
    with clock.moved(timedelta(minutes=16)):
        assert member.post(EXPORT, data={"as": "csv"}).status_code == 404
