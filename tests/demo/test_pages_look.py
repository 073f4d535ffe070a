"""Every page of the demo that a link leads to, on a narrow phone: as it is, and dark in elder mode."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
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
#: Links within this installation, without what follows a "#".
LINK = re.compile(r"""<a\b[^>]*?\shref="(/[^"#]*)""")
ELDER = "document.documentElement.dataset.mode = 'elder'"
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
    """Go from link to link, one page a route; yields the address and its route.

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
        yield address, rule
        links = [unescape(link) for link in LINK.findall(asked.text())]
        waiting += [link for link in links if not link.startswith("/static")]


def held_against(page: Any) -> list[str]:
    """Measure the page that is open in both looks: as it came, and in elder mode in the dark."""
    found = [] if page.locator("h1").count() == 1 else ["not exactly one h1"]
    shown = page.locator("html").get_attribute("data-mode") or ""
    found += looks.held_against(page, elder=shown == "elder")
    # An account's own choice wins over the cookie, and the demo is only read here.
    page.evaluate(ELDER)
    page.emulate_media(color_scheme="dark")
    if page.locator(".leaflet-container").count():  # a map draws its marks once, as large as the mode asks
        page.evaluate("name = 'elder'")
        page.reload()
    page.evaluate(looks.SETTLED)
    found += [f"elder, dark: {one}" for one in looks.held_against(page, elder=True)]
    page.evaluate("name = ''")
    page.emulate_media(color_scheme="light")
    return found


def test_every_linked_page_can_be_read_and_pressed(visit: Visit, live: Live, demo_place: Place):
    measured: set[str] = set()
    complaints: dict[str, list[str]] = {}
    for role in ROLES:
        page = visit("/", account=account_of(demo_place, role), width=320, color_scheme="light")
        page.add_init_script(
            f"if (name === 'elder') new MutationObserver((_, me) => {{ {ELDER}; me.disconnect(); }})"
            ".observe(document, {childList: true})"
        )
        dead: list[str] = []
        for address, rule in pages(live.world.app, page, live.url, dead):
            if rule in measured:
                continue
            measured.add(rule)
            page.goto(live.url + address)
            if found := held_against(page):
                complaints[f"{role or 'visitor'} {address}"] = found
        if dead:
            complaints[f"{role or 'visitor'}: dead links"] = dead
    assert complaints == {}
    assert len(measured) >= 15, sorted(measured)
