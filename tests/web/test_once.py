"""Rule K4: ten equal forms at once leave one row and ten equal answers."""

from __future__ import annotations

import json
import logging
import threading
from typing import Any

import pytest
from flask import Blueprint, request

from portal.app import create_app
from portal.database import Conflict, session, transaction
from portal.districts.models import District
from portal.testing import Browser, World, settings
from portal.web.access import public
from portal.web.once import once


@pytest.fixture
def app(data_dir):
    made = create_app(settings(data_dir))
    made.test_client_class = Browser
    own = Blueprint("test", __name__)

    @own.post("/test/make")
    @public
    @once
    def make():
        with transaction():
            session.add(District(code=request.form["code"], name="一", kind="county", path="/"))
        if request.form.get("wrong"):
            return "no", 422
        return "", 303, {"Location": f"/made/{request.form['code']}"}

    @own.post("/test/late")
    @public
    def late():
        raise Conflict(why="somebody was quicker")

    made.register_blueprint(own)
    with made.app_context():
        yield made
        session.remove()


def count() -> int:
    session.rollback()
    return session.query(District).count()


def send(browser, **form):
    return browser.post("/test/make", data={"_once": "k" * 12, **form})


def test_ten_at_once_make_one_row_and_ten_equal_answers(world: World):
    account = world.account()
    before = count()
    session.remove()
    browsers = [world.browser(account) for _ in range(10)]
    answers = []
    barrier = threading.Barrier(10)

    def go(browser):
        barrier.wait()
        answers.append(send(browser, code="1"))

    threads = [threading.Thread(target=go, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {(answer.status_code, answer.headers.get("Location")) for answer in answers} == {(303, "/made/1")}
    assert count() == before + 1


def test_same_key_other_words_is_a_conflict_and_changes_nothing(world: World):
    browser = world.browser(world.account())
    send(browser, code="1")
    before = count()
    answer = send(browser, code="2")
    words = "这张表刚才已经提交过，内容和这次不一样。请刷新页面再填。"
    assert answer.status_code == 409 and words in answer.text and "刚才有人先改了" not in answer.text
    # In a fragment's place it is said, and nothing takes the place of what was typed.
    said = browser.post("/test/make", data={"_once": "k" * 12, "code": "2"}, headers={"HX-Request": "true"})
    assert (said.status_code, said.headers["HX-Reswap"]) == (409, "none")
    assert json.loads(said.headers["HX-Trigger"]) == {"announce": {"value": words, "kind": "bad"}}
    assert count() == before


def test_a_conflict_without_words_for_people_shows_none_of_its_own(world: World, caplog: Any):
    caplog.set_level(logging.INFO)
    browser = world.browser(world.account())
    for headers in ({}, {"HX-Request": "true"}):
        answer = browser.post("/test/late", headers=headers)
        assert answer.status_code == 409 and "刚才有人先改了" in answer.text and "quicker" not in answer.text
        assert "quicker" not in answer.headers.get("HX-Trigger", "")
    assert "conflict: somebody was quicker" in caplog.text


@pytest.mark.parametrize(
    ("referrer", "offered"),
    [
        ("http://localhost/login?x=1", "/login?x=1"),
        ("http://localhost/test/late", ""),  # that address takes forms only
        ("http://localhost/", ""),
        ("http://evil.example/me/security", ""),
        ("http://localhost/nowhere-at-all", ""),
        ("", ""),
    ],
)
def test_a_conflict_leads_back_to_how_things_stand(world: World, referrer: str, offered: str):
    browser = world.browser(world.account())
    page = browser.post("/test/late", headers={"Referer": referrer}).text
    assert ("重新打开这一页" in page) == bool(offered)
    assert not offered or f'href="{offered}"' in page
    assert "回到首页" in page


def test_an_invalid_form_leaves_nothing_and_its_key_free(world: World):
    browser = world.browser(world.account())
    before = count()
    assert send(browser, code="1", wrong="1").status_code == 422
    assert count() == before
    assert send(browser, code="1").status_code == 303
    assert count() == before + 1


def test_a_form_without_key_is_refused(world: World):
    assert world.browser(world.account()).post("/test/make", data={"code": "1"}).status_code == 400


def test_one_persons_key_is_nobody_elses(world: World):
    assert send(world.browser(world.account()), code="1").status_code == 303
    assert send(world.browser(world.account()), code="2").status_code == 303
