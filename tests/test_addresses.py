"""Browsers, proxies and neighbours keep addresses: nothing secret stands in one (ASVS 14.2.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from flask import Flask

from portal.config import ROOT
from portal.testing import World
from tests.guards import walk
from tests.guards.forms import FIELD, FORM, attributes
from tests.guards.town import Town

#: Fields whose text must not become part of an address.
SECRET = re.compile(
    r"(?:^|_)(?:phone|landline|mobile|password|current|code|otp|ric|tail|id_number|token)(?:$|_)"
)
LINK = re.compile(r'\b(?:href|src|action|formaction|hx-[a-z]+)="([^"]*)"')
NUMBERS = re.compile(r"(?<![0-9A-Za-z])(?:1\d{10}|\d{17}[\dXx])(?![0-9A-Za-z])")


def secret_in_addresses(html: str, path: str) -> Iterator[str]:
    """Yield the forms that would send a secret as a query, and the links that hold a number of a person."""
    for head, inner in FORM.findall(html):
        if attributes(head).get("method", "get").lower() == "get":
            for _tag, rest in FIELD.findall(inner):
                one = attributes(rest)
                if SECRET.search(one.get("name", "")) or one.get("type") in {"password", "tel"}:
                    yield f"{path}: a form by GET asks for {one.get('name')}"
    for target in LINK.findall(html):
        # The telephone of a center is public, and no address of ours.
        if NUMBERS.search(target) and not target.startswith("tel:"):
            yield f"{path}: {target}"


@pytest.fixture
def walked(world: World, app: Flask) -> walk.Walk:
    return walk.Walk(Town(world, app), app)


def test_no_form_or_link_puts_a_secret_into_an_address(walked: walk.Walk):
    found, seen = set(), 0
    for role in ("visitor", "member", "all"):
        browser = walked.browser(role)
        for rule in walked.town.rules("GET"):
            answer = walk.ask(browser, walked.town.path(rule, walked.town.left))
            if answer is None or answer.mimetype != "text/html" or answer.status_code != 200:
                continue
            seen += 1
            found |= set(secret_in_addresses(answer.get_data(as_text=True), rule.rule))
    assert found == set()
    assert seen > 60, "a walk that reads nothing proves nothing"


def test_a_planted_one_is_found():
    planted = (
        '<form action="/x"><input name="phone"></form>'
        '<form method="get" action="/x"><input name="pin" type="password"></form>'
        '<form method="post" action="/x"><input name="phone"></form>'
        '<a href="/x?who=10012345678">a</a><a href="tel:10012345678">b</a>'
    )
    assert len(list(secret_in_addresses(planted, "/"))) == 3


def test_no_script_keeps_anything_in_a_browser(world: World):
    """ASVS 14.3.3: no storage of the browser, no copy of pages for the way back, and no code out of text."""
    ours = sorted((ROOT / "static").glob("*.js")) + sorted(ROOT.glob("plugins/*/static/**/*.js"))
    assert len(ours) >= 4
    kept = re.compile(
        r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\.|serviceWorker|\beval\("
    )
    assert [path.name for path in ours if kept.search(path.read_text(encoding="utf-8"))] == []
    page = world.browser().get("/").get_data(as_text=True)
    [said] = re.findall(r"name=\"htmx-config\" content='([^']+)'", page)
    told = json.loads(said)
    assert (told["historyCacheSize"], told["allowEval"], told["selfRequestsOnly"]) == (0, False, True)
