"""My own number: changed with a code to the new one after being asked again; both numbers hear of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from portal import clock
from portal.database import session
from portal.identity import addresses
from portal.jobs import run_due
from portal.notices.demo import messages
from portal.testing import World
from tests.identity.conftest import PHONE, Visitor, code_for, codes_sent

PAGE, NEW = "/d/990001/me/phone", "10000000055"


def phone_of(account: Any) -> str:
    found = addresses.of(account.id)
    session.rollback()
    return found.phone if found else ""


def test_a_code_to_the_new_number_changes_it_and_ends_other_devices(
    visitor: Visitor, world: World, account: Any
) -> None:
    elsewhere = world.browser(account)
    visitor.log_in()
    assert "100****0001" in visitor.get(PAGE).text
    assert visitor.post(PAGE, phone="100 0000 0055").location == PAGE
    assert visitor.post(f"{PAGE}/confirm", form=PAGE, code="000000").status_code == 422
    assert phone_of(account) == PHONE
    assert visitor.post(f"{PAGE}/confirm", form=PAGE, code=code_for(NEW)).location == "/d/990001/me/security"
    assert phone_of(account) == NEW
    assert visitor.get("/d/990001/me/").status_code == 200
    assert elsewhere.get("/d/990001/me/").location.startswith("/login")
    run_due()
    assert any("换了手机号" in row.body for row in messages(PHONE))
    session.rollback()


def test_the_old_number_opens_nothing_any_more(visitor: Visitor, other: Visitor, account: Any) -> None:
    visitor.log_in()
    visitor.post(PAGE, phone=NEW)
    visitor.post(f"{PAGE}/confirm", form=PAGE, code=code_for(NEW))
    with clock.moved(timedelta(minutes=2)):
        other.ask(NEW)
        assert other.type_code(code_for(NEW)).location == "/d/990001/"
        other.post("/logout", form="/d/990001/")
        before = codes_sent(PHONE)
        other.ask(PHONE)  # nobody is behind it any more; the member's record was claimed
        assert codes_sent(PHONE) == before


def test_an_old_login_is_asked_again_first(visitor: Visitor, account: Any) -> None:
    visitor.log_in()
    with clock.moved(timedelta(minutes=16)):
        assert visitor.get(PAGE).location.startswith("/d/990001/me/again")
        assert visitor.post(PAGE, form="/d/990001/me/again", phone=NEW).location.startswith(
            "/d/990001/me/again"
        )
        assert codes_sent(NEW) == []


def test_one_sessions_code_is_nobody_elses(visitor: Visitor, world: World, here: Any, account: Any) -> None:
    thief = world.account(world.member(world.organization(here)))
    others = (world.browser(thief), world.browser(account))
    visitor.log_in()
    visitor.post(PAGE, phone=NEW)
    code = code_for(NEW)
    for browser in others:
        assert browser.post(f"{PAGE}/confirm", data={"code": code}).status_code == 422
    assert phone_of(account) == PHONE
    # It proves that number to nobody who logs in either.
    assert visitor.post(f"{PAGE}/confirm", form=PAGE, code=code).status_code == 303


def test_wrong_numbers_are_said_in_words(visitor: Visitor, account: Any) -> None:
    visitor.log_in()
    for typed in ("", "123", "23000000000", PHONE):
        assert visitor.post(PAGE, phone=typed).status_code == 422
    assert codes_sent(NEW) == []
