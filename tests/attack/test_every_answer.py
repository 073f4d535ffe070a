"""Headers, cookies, tokens and sessions, on every route, as every kind of person; no scanner is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, redirect
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from portal import crypto
from portal.database import session, transaction
from portal.identity import sessions, stops
from portal.identity.models import LoginSession
from portal.identity.passwords import HASHER
from portal.testing import Browser, World
from portal.testing.browser import token
from portal.web.access import public
from tests.attack.answers import faults
from tests.guards.town import Town, changed, state
from tests.test_routes import K1_EXCEPTIONS

# Headers and refusals come before any database; test_routes and the walks ask the other one for every route.
pytestmark = pytest.mark.once
TLS: dict[str, Any] = {"base_url": "https://localhost"}
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH")
#: By whom every method is tried; the others differ in what they are shown, not in which methods there are.
ALL_METHODS = {"visitor", "all"}
#: Answers of a machine's own: a file that may be kept says so itself.
KEPT = ("static", "pictures")


@pytest.fixture
def town(world: World, app: Flask) -> Town:
    app.config.update(SESSION_COOKIE_SECURE=True, TLS=True)
    return Town(world, app)


def people(town: Town) -> Iterator[tuple[str, Browser]]:
    for role in ("visitor", "member", "secretary", "all"):
        browser = town.browser(town.left, role)
        if role != "visitor":
            _behind_tls(town, browser)
        yield role, browser


def _behind_tls(town: Town, browser: Browser) -> None:
    """Let the browser send its cookie by TLS as well."""
    found = browser.get_cookie(town.app.config["SESSION_COOKIE_NAME"])
    assert found is not None
    browser.set_cookie(found.key, found.value, secure=True)


def wrong(town: Town, *, methods: tuple[str, ...] = METHODS) -> tuple[list[str], int]:
    """Ask every route by every method as everybody; return what is wrong, and how many were really let in."""
    found, inside = [], 0
    for role, browser in people(town):
        for rule in sorted(town.app.url_map.iter_rules(), key=lambda one: one.rule):
            if rule.endpoint.split(".")[-1] in KEPT:
                continue
            path = town.path(rule, town.left)
            for method in methods if role in ALL_METHODS else ("GET", "POST"):
                if method == "POST" and rule.endpoint == "identity.logout":
                    continue  # asked by itself below; here it would end the walk
                answer = browser.open(path, method=method, csrf=False, **TLS)
                inside += answer.status_code == 200
                found += faults(answer, f"{role} {method} {path}")
                if method in {"TRACE", "PUT", "DELETE", "PATCH"} and answer.status_code < 400:
                    found.append(f"{role} {method} {path}: {answer.status_code}")
    return found, inside


def test_every_answer_to_everybody_by_every_method(town: Town):
    found, inside = wrong(town)
    assert found == []
    assert inside > 300, "a walk that is turned away at every door proves nothing"


def test_planted_faults_are_found(town: Town, app: Flask):
    @public
    def cookie() -> Any:
        answer = redirect("/login", 303)
        answer.set_cookie("planted", "x", path="/")
        return answer

    @public
    def elsewhere() -> Any:
        return redirect("https://elsewhere.example/?phone=10000000001", 303)

    @public
    def talkative() -> Any:
        return 'Traceback (most recent call last): File "/x.py"', 418, {"Server": "planted/1.0"}

    @public
    def open_wide() -> Any:
        unsafe = "default-src 'none'; script-src 'unsafe-inline'"
        return "x", 200, {"Content-Security-Policy": unsafe, "Access-Control-Allow-Origin": "*"}

    for view in (cookie, elsewhere, talkative, open_wide):
        app.add_url_rule(f"/planted/{view.__name__}", f"web.{view.__name__}", view)
    found = "\n".join(one for one in wrong(town, methods=("GET",))[0] if "visitor" in one)
    for words in (
        "cookie planted lacks ['httponly', 'samesite=lax', 'secure']",
        "leads to https://elsewhere.example",
        "names a secret",
        "tells of the inside",
        "Server is planted/1.0",
        "other sites may read it",
        "Content-Security-Policy is",
    ):
        assert words in found, words


def strange_tokens(town: Town, somebody: Browser) -> Iterator[tuple[str, str]]:
    """Yield tokens that are not this session's: of another one, signed by another key, cut, empty, odd."""
    signer = URLSafeTimedSerializer(str(town.app.secret_key), salt="wtf-csrf-token")
    yield "of another session", str(signer.dumps(crypto.new_token()))
    other = URLSafeTimedSerializer("another key of another house", salt="wtf-csrf-token")
    yield "of another key", str(other.dumps(somebody.csrf_secret))
    own = str(signer.dumps(somebody.csrf_secret))
    yield "cut off", own[:-3]
    yield "the secret itself", str(somebody.csrf_secret)
    yield "empty", ""
    yield "of no letters", "密\u0000é"


def test_no_form_is_taken_with_a_token_of_another_session(town: Town, app: Flask):
    browser = town.browser(town.left, "all")
    before = state(app, without=K1_EXCEPTIONS)
    found = []
    for rule in town.rules("POST"):
        path = town.path(rule, town.left)
        for why, word in strange_tokens(town, browser):
            answer = browser.post(path, data={"csrf_token": word}, csrf=False)
            if answer.status_code != 400:
                found.append(f"{path} with a token {why}: {answer.status_code}")
    assert found == []
    assert changed(before, state(app, without=K1_EXCEPTIONS)) == []


def test_a_planted_form_without_its_token_is_found(town: Town, app: Flask):
    @public
    def careless() -> str:
        return "done"

    app.add_url_rule("/planted/careless", "web.careless", careless, methods=["POST"])
    app.extensions["csrf"].exempt(careless)
    browser = town.browser(town.left, "all")
    taken = {
        why
        for why, word in strange_tokens(town, browser)
        if browser.post("/planted/careless", data={"csrf_token": word}, csrf=False).status_code == 200
    }
    # What the check above calls a fault; a NUL is refused before any view.
    assert taken == {"of another session", "of another key", "cut off", "the secret itself", "empty"}


# --- sessions ------------------------------------------------------------------------------------


def live(app: Flask, token: str) -> bool:
    """Tell whether a session's token is one the server takes."""
    found = select(LoginSession.id).where(
        LoginSession.token_hash == crypto.token_hash(token), LoginSession.ended_at.is_(None)
    )
    there = session.execute(found).first() is not None
    session.rollback()
    return there


@pytest.mark.parametrize("planted", ["invented", "the attacker's own"])
def test_a_session_somebody_planted_is_not_taken_over(world: World, app: Flask, planted: str):
    name = app.config["SESSION_COOKIE_NAME"]
    here = world.district("990001")
    victim = world.account(role="", phone="10000000001", username="victim", password_hash=_hash())
    attacker = world.browser(world.account(district=here))
    cookie = attacker.get_cookie(name)
    assert cookie is not None
    value = "s." + "A" * 43 if planted == "invented" else cookie.value
    browser = world.browser()
    browser.set_cookie(name, value)
    page = browser.get("/login/password", follow_redirects=True).get_data(as_text=True)
    if planted == "invented":
        answer = browser.post(
            "/login/password",
            data={"csrf_token": token(browser, "/login/password"), "username": "victim", "password": WORD},
        )
        assert answer.status_code == 303
        now = browser.get_cookie(name)
        assert now is not None and now.value != value and now.value.startswith("s.")
        assert live(app, now.value.removeprefix("s.")) and not live(app, value.removeprefix("s."))
    else:
        # Whoever sits there is logged in as the attacker and shown no form to log in on top of it.
        assert 'name="password"' not in page
        mine = select(LoginSession.id).where(LoginSession.account_id == victim.id)
        assert session.execute(mine).all() == []
        session.rollback()


WORD = "qcmbzrxwuk-vv"


def _hash() -> str:
    return HASHER.hash(WORD)


def test_a_session_is_dead_after_every_end_of_it(world: World, app: Flask):
    """Logged out, ended everywhere, disabled: an old cookie that somebody kept opens nothing."""
    here = world.district("990001")
    name = app.config["SESSION_COOKIE_NAME"]

    def log_out(browser: Browser, account: Any) -> None:
        assert browser.post("/logout").status_code == 303

    def end_all(browser: Browser, account: Any) -> None:
        with transaction():
            sessions.end_all(account.id, why="password")

    def disable(browser: Browser, account: Any) -> None:
        stops.stop(account, reason="手机被偷", district_id=None, by=None)

    for end in (log_out, end_all, disable):
        account = world.account(world.member(world.organization(here)))
        browser = world.browser(account)
        kept = browser.get_cookie(name)
        assert kept is not None and browser.get("/d/990001/me/").status_code == 200
        end(browser, account)
        session.rollback()
        browser.set_cookie(name, kept.value)  # somebody kept the old cookie
        for path in ("/d/990001/me/", "/d/990001/me/record"):
            answer = browser.get(path)
            assert answer.status_code in {302, 303} and answer.location.startswith("/login"), (end, path)
        assert browser.post("/d/990001/me/password", data={"username": "x"}).status_code != 200
