"""Every route: it declares who may call it, a GET changes nothing, and no district sees the other."""

from __future__ import annotations

import itertools

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from portal.database import everything, session, transaction
from portal.members.models import Member
from portal.testing import World
from portal.web.access import public
from tests.guards.town import Town, access_of, changed, said, state

#: The three named exceptions of rule K1, and the counters of doors that strangers knock at.
K1_EXCEPTIONS = ("audit", "heartbeat", "login_session")
ODD_QUERIES = (
    "?page=-1&after=%00&before=x",
    "?q=%F0%28%8C&month=2026-13&limit=9999999999999999999",
    "?" + "a" * 4000,
)
ODD_BODIES: tuple[dict[str, object], ...] = (
    {"data": {"version": "x", "amount": "1e9", "month": ["2026-13", "\x00"], "district_id": "1"}},
    {"json": {"district_id": 1, "role": "deployer", "state": "paid"}},
    {"data": b"\xff\xfe\x00", "content_type": "application/x-www-form-urlencoded"},
    {"data": b"--x\r\nbroken", "content_type": "multipart/form-data; boundary=x"},
)


@pytest.fixture
def town(world: World, app: Flask) -> Town:
    return Town(world, app)


def test_every_view_declares_who_may_call_it(app: Flask):
    silent = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.endswith("static") and access_of(app, rule) is None
    ]
    assert silent == []


def test_every_permission_a_view_asks_for_is_declared(app: Flask):
    from portal.identity import permissions

    wanted = {found.permission for rule in app.url_map.iter_rules() if (found := access_of(app, rule))} - {""}
    assert wanted - set(permissions.declared()) == set()


def test_no_get_changes_a_table(town: Town, app: Flask):
    """K1: as the highest role, over real ids, in both districts."""
    browser = town.browser(town.left, "all")
    before = state(app, without=K1_EXCEPTIONS)
    seen = 0
    for rule in town.rules("GET"):
        answer = browser.get(town.path(rule, town.left))
        assert answer.status_code < 500, f"{rule.rule}: {answer.status_code}"
        seen += answer.status_code == 200
    assert changed(before, state(app, without=K1_EXCEPTIONS)) == []
    # A walk that is turned away at every door proves nothing.
    assert seen > sum(1 for _ in town.rules("GET")) / 2


def leaks(town: Town, roles: tuple[str, ...]) -> list[str]:
    """Return who of the left side sees a word of the right side where: on its routes, and with its ids."""
    found = []
    for role in roles:
        browser = town.browser(town.left, role)
        for rule in town.rules("GET"):
            there = town.path(rule, town.right)
            crossed = there.replace(town.right.district.code, town.left.district.code)
            for path in dict.fromkeys((there, crossed)):
                answer = browser.get(path)
                if answer.status_code >= 500 or town.right.marker in said(answer):
                    found.append(f"{role} {path}: {answer.status_code}")
    return found


def test_nobody_sees_anything_of_the_other_district(town: Town):
    assert leaks(town, ("visitor", "resident", "member", "all", *town.roles())) == []
    # The marker is real: people do see their own name.
    own = town.browser(town.left, "member").get(f"/d/{town.left.district.code}/me/")
    assert town.left.marker in own.get_data(as_text=True)


def test_a_planted_leak_is_found(town: Town, app: Flask):
    @public
    def leak(district_code: str = "") -> str:
        with everything():
            return " ".join(session.scalars(select(Member.name)))

    app.add_url_rule("/d/<district_code>/leak", "web.leak", leak)
    assert len(leaks(town, ("visitor",))) == 2


def test_a_planted_write_in_a_get_is_refused_by_the_database(town: Town, app: Flask):
    @public
    def careless() -> str:
        with everything(), transaction():
            session.execute(update(Member).values(remark="x"))
        return "done"

    app.add_url_rule("/d/<district_code>/careless", "web.careless", careless)
    # SQLite: readonly database; PostgreSQL: read-only transaction.
    with pytest.raises(DBAPIError, match="read-?only"):
        town.browser(town.left, "visitor").get(f"/d/{town.left.district.code}/careless")


def test_nobody_changes_anything_of_the_other_district(town: Town, app: Flask):
    for role in ("member", "all"):
        browser = town.browser(town.left, role)
        before = state(app, of=town.right)
        for rule in town.rules("POST", inside=True):
            there = town.path(rule, town.right)
            crossed = there.replace(town.right.district.code, town.left.district.code)
            for path in (there, crossed):
                answer = browser.post(path, data={"version": "1"})
                assert answer.status_code < 500, f"{role} {path}: {answer.status_code}"
        assert changed(before, state(app, of=town.right)) == [], role


@pytest.mark.hard
def test_odd_input_is_refused_in_words(town: Town):
    """security.md row 20: any odd query or body gives 4xx, never 500."""
    browser = town.browser(town.left, "all")
    for rule in town.rules("GET"):
        for query in ODD_QUERIES:
            answer = browser.get(town.path(rule, town.left) + query)
            assert answer.status_code < 500, f"GET {rule.rule}{query[:40]}"
    for rule, body in itertools.product(list(town.rules("POST")), ODD_BODIES):
        answer = browser.post(town.path(rule, town.left), **body)
        assert answer.status_code < 500, f"POST {rule.rule} {body}"


def test_every_post_needs_its_token(town: Town, app: Flask):
    """security.md row 25; the calls of payment channels are signed instead, and no route."""
    browser = town.browser(town.left, "all")
    before = state(app, without=K1_EXCEPTIONS)
    for rule in town.rules("POST"):
        found = access_of(app, rule)
        assert found is not None
        answer = browser.post(town.path(rule, town.left), csrf=False)
        assert answer.status_code == 400, f"{rule.rule}: {answer.status_code}"
    assert changed(before, state(app, without=K1_EXCEPTIONS)) == []
