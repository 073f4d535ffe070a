"""Whatever stands in a name, an address or a reason is text on every page (security.md row 26)."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import String, update
from sqlalchemy.exc import DatabaseError

from portal.database import Model, everything, session, transaction
from portal.testing import World
from tests.guards.town import Town

HOSTILE = "<b id=own>\" onx='1'{{7*7}}</script>"
#: What an attacker can write somewhere: words. Codes, keys, states and paths are chosen by us.
WORDS = {
    "name",
    "display_name",
    "short_name",
    "subject",
    "post",
    "remark",
    "nation",
    "education",
    "floating_to",
    "reason",
    "note",
    "document",
    "void_reason",
    "end_reason",
    "office_address",
    "address",
    "opening_hours",
    "contact_name",
    "payee_name",
    "filename",
    "label",
    "title",
}


def spoil() -> int:
    """Put the hostile words into every column of words; return how many took them."""
    taken = 0
    for table in Model.metadata.sorted_tables:
        for column in table.columns:
            if column.name in WORDS and isinstance(column.type, String) and table.name != "audit":
                try:
                    with everything(), transaction():
                        session.execute(update(table).values({column.name: HOSTILE}))
                    taken += 1
                except DatabaseError:
                    session.rollback()  # a unique key or a sealed table says no: it cannot happen there
    return taken


@pytest.fixture
def town(world: World, app: Flask) -> Town:
    return Town(world, app)


def test_hostile_words_are_text_on_every_page(town: Town):
    browsers = {role: town.browser(town.left, role) for role in ("visitor", "member", "all")}
    assert spoil() >= 10
    raw, shown = [], 0
    for role, browser in browsers.items():
        for rule in town.rules("GET"):
            path = town.path(rule, town.left)
            answer = browser.get(path)
            if answer.mimetype != "text/html":
                continue
            text = answer.get_data(as_text=True)
            shown += "&lt;b id=own&gt;" in text
            if "<b id=own>" in text or "\" onx='" in text:
                raw.append(f"{role} {path}")
    assert raw == []
    assert shown > 20, "hostile words that nobody sees prove nothing"


def test_what_is_asked_for_is_text_in_the_answer(town: Town):
    browser = town.browser(town.left, "all")
    raw = []
    for rule in town.rules("GET"):
        for names in (("q",), ("next", "back"), ("after", "state", "kind", "month")):
            answer = browser.get(town.path(rule, town.left), query_string=dict.fromkeys(names, HOSTILE))
            if answer.mimetype != "text/html":
                continue
            text = answer.get_data(as_text=True)
            if "<b id=own>" in text or "\" onx='" in text:
                raw.append(f"{rule.rule} {names}")
    assert raw == []
