"""Every route with odd words in every field it reads: answered below 500, as the highest role (row 20).

The fields are not listed here: the hostile dictionary answers *any* name a view asks for, so that a field of
tomorrow is tried too.
"""

from __future__ import annotations

import io
import itertools
import re
import traceback
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from flask import Flask

from portal.testing import World
from portal.web.asked import Fields, number
from tests.guards.forms import forms
from tests.guards.town import Town

#: Sent as they are by the forms themselves; odd ones would be stopped before the view is reached.
#: A file that is sent is never a word, whatever it is called.
KEPT = {"csrf_token", "_once", "version", "file"}
ODD = {
    "huge": "9" * 30,
    "long digits": "9" * 5000,
    "minus": "-1",
    "zero": "0",
    "infinite": "1e999",
    "nan": "nan",
    "wide": "２０２６-１１",
    "arabic": "٢٠٢٦-١١",
    "month and line": "2026-11\n",
    "last day": "9999-12-31",
    "first day": "0001-01-01",
    "month 9999": "9999-12",
    "nul": "a\x00b",
    "lines": "a\r\nSet-Cookie: b=c",
    "percent": "%_\\'\"",
    "formula": "=1+1",
    "turned": "\u202egpj.exe",
    "long": "党" * 20_000,
    "path": "../../etc/passwd",
    "braces": "{{7*7}}%(x)s{0}",
    "plane": "\U0001f600",
    "joined": "\ufdfa" * 300,
}
#: The ones that found something; the others wait for the long run.
QUICK = ("huge", "minus", "arabic", "nul", "month 9999", "long", "percent")
HEADERS: tuple[dict[str, str], ...] = (
    {"Cookie": 'portal_session=s.\xff; portal_notice="'},
    {"Referer": "http://[", "HX-Request": "true", "HX-Current-URL": "http://["},
    {"HX-Request": "true", "HX-History-Restore-Request": "\xff", "HX-Prompt": "\xff"},
    {"Accept-Language": "x" * 3000, "User-Agent": "\xff" * 3000, "X-Forwarded-For": "x,,[::"},
    {"Content-Type": "multipart/form-data", "Content-Length": "-5"},
    {"If-None-Match": "\xff", "Range": "bytes=x-", "If-Modified-Since": "x"},
)


@pytest.fixture
def town(world: World, app: Flask) -> Town:
    return Town(world, app)


class Hostile(Fields):
    """What a request holds, and one odd word under every other name."""

    word: str | None = None
    #: Where the odd word was asked for, as ``here`` names it.
    heard: ClassVar[set[str]] = set()
    here: str = ""

    def _odd(self, key: str) -> bool:
        odd = self.word is not None and key not in KEPT and not super().__contains__(key)
        if odd:
            self.heard.add(self.here)
        return odd

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or self._odd(str(key))

    def __getitem__(self, key: str) -> Any:
        return self.word if self._odd(key) else super().__getitem__(key)

    def items(self, multi: bool = False) -> Any:
        # What looks through all fields before any view reads one must see the odd one, too.
        odd = [("odd", self.word)] if self.word is not None else []
        return itertools.chain(super().items(multi), odd)

    def getlist(self, key: str, type: Any = None) -> list[Any]:
        if not self._odd(key):
            return super().getlist(key, type)
        try:
            return [self.word if type is None else (number if type is int else type)(self.word)]
        except (ValueError, TypeError):
            return []


@pytest.fixture
def hostile(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Hostile]]:
    assert issubclass(Hostile, app.request_class.parameter_storage_class)

    class Asked(app.request_class):  # type: ignore[name-defined]
        parameter_storage_class = Hostile

    monkeypatch.setattr(app, "request_class", Asked)
    yield Hostile
    Hostile.word, Hostile.heard = None, set()


class Notes:
    """What went wrong, once a place, so that one run shows all of it."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.asked = 0

    def lines(self) -> list[str]:
        return [f"{where}: {how}" for where, how in sorted(self.found.items())]

    def ask(self, browser: Any, what: str, path: str, method: str, **body: Any) -> Any:
        self.asked += 1
        try:
            answer = browser.open(path, method=method, **body)
        except Exception as error:
            last = [
                frame
                for frame in traceback.extract_tb(error.__traceback__)
                if "/site-packages/" not in frame.filename
            ]
            where = f"{last[-1].filename.rsplit('/', 3)[-1]}:{last[-1].lineno}"
            self.found.setdefault(
                f"{type(error).__name__} {where}", f"{method} {path[:80]} [{what}] {error!s:.120}"
            )
            return None
        if answer.status_code >= 500 and not path.startswith(("/readyz",)):
            self.found.setdefault(f"{answer.status_code} {path}", what)
        return answer


def once() -> Iterator[str]:
    return (f"fuzz-{number:012d}" for number in itertools.count())


def every_field(town: Town, hostile: type[Hostile], words: Iterable[str]) -> Notes:
    browser, notes, key = town.browser(town.left, "all"), Notes(), once()
    routes = [(method, rule) for method in ("GET", "POST") for rule in town.rules(method)]
    routes = [(method, rule) for method, rule in routes if rule.endpoint != "identity.logout"]
    for what in words:
        hostile.word = ODD[what]
        for method, rule in routes:
            hostile.here = f"{method} {rule}"
            body = {"data": {"_once": next(key), "version": "1"}} if method == "POST" else {}
            notes.ask(browser, what, f"{town.path(rule, town.left)}?odd=1", method, **body)
        # Whoever asks for no field gets the same request with every word: once is enough.
        routes = [(method, rule) for method, rule in routes if f"{method} {rule}" in hostile.heard]
    assert len(routes) > 150
    return notes


def test_an_odd_word_in_every_field_is_no_error(town: Town, hostile: type[Hostile]):
    assert every_field(town, hostile, QUICK).lines() == []


@pytest.mark.long
@pytest.mark.hard
def test_no_odd_word_at_all_is_an_error(town: Town, hostile: type[Hostile]):
    assert every_field(town, hostile, ODD).lines() == []


def test_an_odd_word_in_every_place_of_the_path_is_no_error(town: Town):
    browser, notes, key = town.browser(town.left, "all"), Notes(), once()
    odd = [
        quote(ODD[name].encode("utf-8", "surrogatepass")[:600])
        for name in ("huge", "nul", "lines", "long", "path")
    ]
    odd += ["%ff%fe", "0", "-1", "9" * 400]
    for method in ("GET", "POST"):
        for rule in town.rules(method):
            if not rule.arguments:
                continue
            plain = town.path(rule, town.left)
            values = {name: str(town._sample(rule, name, town.left)) for name in rule.arguments}
            for value, word in itertools.product(values.values(), odd):
                path = re.sub(rf"(?<=/){re.escape(value)}(?=/|$|\.)", word, plain, count=1)
                body = {"data": {"_once": next(key), "version": "1"}} if method == "POST" else {}
                notes.ask(browser, "path", path, method, **body)
    assert notes.lines() == []


def test_odd_methods_and_headers_are_no_error(town: Town):
    browser, notes = town.browser(town.left, "all"), Notes()
    for rule in {rule.rule: rule for rule in town.rules("GET")}.values():
        path = town.path(rule, town.left)
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"):
            answer = notes.ask(browser, method, path, method)
            assert answer is None or method in {"HEAD", "OPTIONS"} or answer.status_code in {400, 404, 405}, (
                path
            )
    for headers in HEADERS:
        for path in ("/", "/login", "/find", f"/d/{town.left.district.code}/me/", "/hooks/wechatpay/x/pay"):
            for method in ("GET", "POST"):
                notes.ask(town.browser(town.left, "all"), str(headers), path, method, headers=headers)
    assert notes.lines() == []


@pytest.mark.long
@pytest.mark.hard
def test_one_odd_word_in_an_otherwise_good_form_is_no_error(town: Town):
    """Behind the first check wait the others: every form as its page shows it, one field spoilt."""
    browser, notes, key = town.browser(town.left, "all"), Notes(), once()
    tried = set()
    for rule in town.rules("GET"):
        path = town.path(rule, town.left)
        answer = notes.ask(browser, "page", path, "GET")
        if answer is None or answer.mimetype != "text/html":
            continue
        for action, fields, files in forms(answer.get_data(as_text=True), path):
            if action in tried or action in {"/logout", "/elder", "/language"}:
                continue
            tried.add(action)
            for name, (what, word) in itertools.product([*fields, *files], ODD.items()):
                if name in {"csrf_token", "_once"}:
                    continue
                data: dict[str, Any] = {**fields, name: word}
                if "_once" in fields:
                    data["_once"] = next(key)
                data.pop("csrf_token", None)
                for one in files:
                    data[one] = (io.BytesIO(word.encode("utf-8", "replace")), f"{word[:60]}.xlsx")
                notes.ask(browser, f"{name}: {what}", action, "POST", data=data)
    assert len(tried) > 20
    assert notes.lines() == []
