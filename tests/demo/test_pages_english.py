"""Whoever chose English reads English: the linked pages of the demo hold no Chinese but data."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from portal import database
from portal.app import create_app
from portal.config import ROOT
from portal.database import everything, session, transaction
from portal.demo.place import Place
from portal.identity.models import Account
from portal.testing import Browser, World, settings
from tests.demo.test_pages_look import route
from tests.guards.catalogue import HAN

pytestmark = [pytest.mark.once, pytest.mark.xdist_group("demo")]

STARTS = ("/", "/find?q=莲湖", "/d/340722-kfq/", "/d/340722-kfq/me/")
SPOKEN = ("placeholder", "title", "aria-label", "alt", "data-label", "data-announce", "data-confirm")
#: What somebody typed, or an example of what may be typed.
QUOTED = re.compile(r"“[^”]*”")
#: Names are shown as 赵*兰 to those who may not see more.
MASKED = re.compile(r"[\u3400-\u9fff]?\*+[\u3400-\u9fff]?")


class Said(HTMLParser):
    """Collect what a page says; scripts, sent values and what is marked as Chinese are left out."""

    VOID = {"input", "br", "img", "link", "meta", "hr", "use", "path", "source", "col"}

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.quiet: list[bool] = [False]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        quiet = self.quiet[-1] or tag in ("script", "style") or given.get("lang") == "zh-CN"
        quiet = quiet or given.get("class") == "brand-mark"
        if not quiet:
            self.found += [given[name] or "" for name in SPOKEN if HAN.search(given.get(name) or "")]
        if tag not in self.VOID:
            self.quiet.append(quiet)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID and len(self.quiet) > 1:
            self.quiet.pop()

    def handle_data(self, data: str) -> None:
        if not self.quiet[-1] and HAN.search(data):
            self.found.append(data.strip())


def words_of(value: Any) -> Iterator[str]:
    """Yield every string with Chinese within a value of the database."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from words_of(one)
    elif isinstance(value, str) and HAN.search(value):
        if value[0] in '[{"':
            with contextlib.suppress(ValueError):
                yield from words_of(json.loads(value))
        yield value


@pytest.fixture(scope="module")
def english(demo_place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return a copy of the demo in which everybody chose English."""
    folder = tmp_path_factory.mktemp("english") / "demo"
    shutil.copytree(demo_place.folder, folder)
    app = create_app(settings(folder))
    app.test_client_class = Browser
    with app.app_context():
        with everything(), transaction():
            session.execute(update(Account).values(language="en"))
        yield World(app)
        session.remove()
        database.db.engine.dispose()


@pytest.fixture(scope="module")
def data(english: World) -> set[str]:
    """Return every Chinese word that somebody wrote: names, addresses, citations of instruments."""
    found = {"党群服务中心服务平台"}
    with database.db.engine.connect() as connection:
        for name in database.Model.metadata.tables:
            for row in connection.execute(text(f'SELECT * FROM "{name}"')):  # noqa: S608  our own tables
                for value in row:
                    found.update(words_of(value))
    for path in Path(ROOT, "plugins").glob("*/rates/*.toml"):
        found.update(words_of(tomllib.loads(path.read_text(encoding="utf-8"))))
    return found


def left_over(said: str, data: set[str], long: list[str]) -> str:
    """Take the data out of what a page said."""
    if said in data:
        return ""
    for word in long:
        if word in said:
            said = said.replace(word, "")
    said = QUOTED.sub("", MASKED.sub("", said))
    return said if HAN.search(said) else ""


@pytest.mark.parametrize(
    "role", ["retired", "member", "secretary", "collector", "desk", "treasurer", "admin"]
)
def test_linked_pages_are_english(english: World, data: set[str], demo_place: Place, role: str):
    listed = {one["key"]: one for one in json.loads(demo_place.accounts.read_text(encoding="utf-8"))}
    with everything():
        account = session.scalars(select(Account).where(Account.display_name == listed[role]["name"])).first()
    assert account is not None
    browser = english.browser(account)
    long = sorted((word for word in data if len(word) > 1), key=len, reverse=True)
    waiting, seen, leaks = list(STARTS), set[str](), list[str]()
    while waiting:
        address = waiting.pop(0)
        rule = route(english.app, address)
        if rule is None or rule in seen or len(seen) > 60:
            continue
        seen.add(rule)
        answer = browser.get(address)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        page = answer.get_data(as_text=True)
        said = Said()
        said.feed(page)
        leaks += [f"{address}: {one[:80]}" for one in said.found if left_over(one, data, long)]
        links = re.findall(r'(?:href|hx-get)="(/[^"#]*)', page)
        waiting += [one.replace("&amp;", "&") for one in links if not one.startswith("/static")]
    assert leaks == [], leaks
    assert len(seen) >= 8
