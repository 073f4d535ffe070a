"""One record claimed in every way there is, by many processes at the same instant: one account, no 500."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import select, text

from portal import clock
from portal.database import everything, session
from portal.identity import claims
from portal.identity.actor import Actor
from portal.identity.models import Account
from portal.members.models import Member
from portal.testing import World
from portal.testing.crowd import crowd
from tests.identity.conftest import PHONE, Visitor


def form(visitor: Visitor, path: str, **data: str) -> dict[str, Any]:
    """Return what a process needs to send one form as this visitor."""
    data["csrf_token"] = re.findall(r'name="csrf_token" value="([^"]+)"', visitor.get(path).text)[0]
    cookie = visitor.browser.get_cookie("portal")
    assert cookie is not None
    return {"path": path, "data_sent": data, "cookie": cookie.value, "address": visitor.address}


def send(asked: dict[str, Any]) -> list[Any]:
    """Send one form, in a process of its own; return [status, way on, whether refused]."""
    browser = current_app.test_client()
    browser.set_cookie("portal", asked["cookie"])
    address = {"REMOTE_ADDR": asked["address"]}
    answer = browser.post(asked["path"], data=asked["data_sent"], environ_overrides=address)
    return [answer.status_code, answer.location, "没核对上" in answer.text]


def warm(_given: list[dict[str, Any]]) -> None:
    """Let the application see its first request before there are many of it."""
    current_app.test_client().get("/healthz")


def at_once(data_dir: Path, forms: list[dict[str, Any]]) -> list[list[Any]]:
    """Send every form from a process of its own at one instant. The processes share only the database."""
    answers = crowd(data_dir, f"{__name__}:send", forms)
    assert all(isinstance(answer, list) for answer in answers), answers
    return answers


def test_one_record_claimed_in_three_ways_at_once_is_one_account(
    app: Flask, world: World, data_dir: Path, member: Member
) -> None:
    number, person, tail = member.id, member.person_id, member.ric_tail
    who = {"name": "赵测试", "tail": tail}
    forms = []
    for minute in range(3):  # three phones with a code for the number
        phone = Visitor(app, world.browser(), f"192.0.2.{minute}")
        with clock.moved(timedelta(minutes=minute)):
            assert phone.log_in().location == "/login/claim"
        forms.append(form(phone, "/login/claim", **who))
    for _ in range(2):  # two accounts of that number, of nobody yet
        account = world.account(phone=PHONE)
        resident = Visitor(app, world.browser(account), "192.0.2.77")
        forms.append(form(resident, "/d/990001/me/claim", **who))
    paper = claims.print_code(number, district_id=member.district_id, by=Actor(account_id=None))
    forms.append(form(Visitor(app, world.browser(), "192.0.2.99"), "/login/paper", code=paper, name="赵测试"))
    session.remove()

    answers = at_once(data_dir, forms)

    assert {answer[0] for answer in answers} <= {303, 422}
    # Who loses hears what any later claimer hears: come in as yourself, or nothing matches.
    assert all(refused == (status == 422) for status, _way, refused in answers)
    by_number, by_account, by_paper = answers[:3], answers[3:5], answers[5]
    assert sum(answer[0] == 303 for answer in by_account) <= 1
    assert by_paper[0] == 303 and [answer[0] for answer in by_number] == [303] * 3
    owners = session.scalars(select(Account.person_id).where(Account.person_id.is_not(None))).all()
    assert owners == [person]
    claimed = session.scalar(text("SELECT count(*) FROM audit WHERE action = 'account.claim'"))
    assert claimed in {1, 2}  # whoever was first, and the paper: it binds the account anew


@pytest.fixture
def taken(world: World, member: Member, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return an account of nobody; another one takes the record between its look and its write."""
    account, number = world.account(phone=PHONE), member.id
    looked = claims._matching

    def overtaken(phone_index: str, name: str, tail: str) -> Any:
        found = looked(phone_index, name, tail)
        monkeypatch.setattr(claims, "_matching", looked)
        with everything():
            world.account(session.get_one(Member, number), phone=PHONE)
        return found

    monkeypatch.setattr(claims, "_matching", overtaken)
    return account


def test_overtaken_claim_by_code_comes_in_as_the_quicker_one(
    visitor: Visitor, member: Member, taken: Any
) -> None:
    tail = member.ric_tail
    visitor.log_in()
    answer = visitor.post("/login/claim", name="赵测试", tail=tail)
    assert (answer.status_code, answer.location) == (303, "/d/990001/")


def test_overtaken_claim_by_an_account_matches_nothing(
    app: Flask, world: World, member: Member, taken: Any
) -> None:
    tail, resident = member.ric_tail, Visitor(app, world.browser(taken))
    answer = resident.post("/d/990001/me/claim", name="赵测试", tail=tail)
    assert (answer.status_code, "没核对上" in answer.text) == (422, True)
    session.rollback()
    assert session.scalar(text("SELECT count(*) FROM audit WHERE action = 'account.claim'")) == 0
