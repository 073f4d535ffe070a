"""Every page of the demo that a link leads to, on a narrow phone: as it is, and dark in elder mode."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from portal.database import everything, session
from portal.demo.place import Place
from portal.identity.models import Account
from portal.testing import World
from tests import looks
from tests.browser import Live, Visit, served

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.xdist_group("demo")]

ROLES = ("", "retired", "member", "secretary", "collector", "desk", "treasurer", "admin", "deployer")
STARTS = ("/", "/find?q=莲湖", "/find?q=没有这样的单位", "/d/340722-kfq/", "/d/340722-kfq/me/")
#: Pages per role: enough for every route that a link leads to, an end when a list of thousands is met.
LIMIT = 60


@pytest.fixture
def live(demo_app: Flask) -> Iterator[Live]:
    """Serve the demo instead of an empty house."""
    session.remove()
    with served(demo_app) as url:
        yield Live(url, World(demo_app))


def account_of(place: Place, key: str) -> Account | None:
    if not key:
        return None
    listed = {entry["key"]: entry for entry in json.loads(place.accounts.read_text(encoding="utf-8"))}
    with everything():
        found = session.scalars(select(Account).where(Account.display_name == listed[key]["name"])).first()
    assert found is not None, key
    return found


def route(app: Flask, address: str) -> str | None:
    """Return the rule that answers ``address``, with a mark for a query; None for files and dead ends."""
    parts = urlsplit(address)
    try:
        rule, _ = app.url_map.bind("localhost").match(parts.path, method="GET", return_rule=True)
    except HTTPException:
        return None
    return f"{rule.rule}{'?' if parts.query else ''}"


def pages(app: Flask, page: Any, url: str, dead: list[str]) -> Iterator[tuple[str, str]]:
    """Go from link to link, one page a route; yields the address the browser is on and its route.

    Links that this person cannot follow are put into ``dead``.
    """
    waiting, seen = list(STARTS), set[str]()
    while waiting and len(seen) < LIMIT:
        address = waiting.pop(0)
        rule = route(app, address)
        if rule is None and address not in dead:
            dead.append(address)
        if rule is None or rule in seen:
            continue
        seen.add(rule)
        asked = page.request.get(url + address, max_redirects=0)
        if asked.status >= 400 and address not in STARTS:
            dead.append(f"{address} answers {asked.status}")
        if asked.status != 200 or not asked.headers.get("content-type", "").startswith("text/html"):
            continue
        page.goto(url + address)
        yield address, rule
        links = page.locator("a[href^='/']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        waiting += [link.split("#")[0] for link in links if not link.startswith("/static")]


@pytest.mark.parametrize("look", ["light", "elder dark"])
def test_every_linked_page_can_be_read_and_pressed(visit: Visit, live: Live, demo_place: Place, look: str):
    elder = look != "light"
    measured: set[str] = set()
    complaints: dict[str, list[str]] = {}
    for role in ROLES:
        account = account_of(demo_place, role)
        page = visit("/", account=account, width=320, elder=elder, color_scheme="dark" if elder else "light")
        dead: list[str] = []
        for address, rule in pages(live.world.app, page, live.url, dead):
            if rule in measured:
                continue
            measured.add(rule)
            if elder:
                # An account's own choice wins over the cookie, and the demo is only read here.
                page.evaluate("document.documentElement.dataset.mode = 'elder'")
            shown = page.locator("html").get_attribute("data-mode") == "elder"
            found = looks.held_against(page, elder=shown)
            if page.locator("h1").count() != 1:
                found.append("not exactly one h1")
            if found:
                complaints[f"{role or 'visitor'} {address}"] = found
        if dead:
            complaints[f"{role or 'visitor'}: dead links"] = dead
    assert complaints == {}
    assert len(measured) >= 15, sorted(measured)
