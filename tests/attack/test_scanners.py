"""wapiti and sqlmap against the real demo behind its real server, as people of several roles.

They are skipped, loudly, where they are not installed: ``pip install wapiti3 sqlmap`` into an environment of
their own, then PORTAL_WAPITI and PORTAL_SQLMAP name the programs. Every finding fails the test, unless it is
answered below, with the test that proves it wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attack import demo, planted, scanners

pytestmark = [pytest.mark.hard, pytest.mark.xdist_group("attack")]

#: (kind, where, what) by regular expressions, and why it is none; the test named proves it.
ANSWERED = [
    (
        "Secure Flag cookie",
        ".*",
        ".*",
        "the demo speaks plain HTTP; behind TLS: tests/attack/test_every_answer.py",
    ),
    (
        "HTTP Secure Headers",
        ".*",
        "Strict-Transport-Security.*",
        "the demo speaks plain HTTP; tests/web/test_headers.py::test_https_alone_asks_for_https",
    ),
]
#: Where a scan would end its own session, or everybody's.
WITHOUT = ("/logout", "/login/switch", "/demo/outbox")
CODE = "340722-kfq"


def installed(name: str) -> str:
    found = scanners.program(name)
    if found is None:
        pytest.skip(f"{name} is NOT INSTALLED: nothing was scanned. Set PORTAL_{name.upper()}")
    return found


def unanswered(found: list[scanners.Finding]) -> list[str]:
    return [
        str(one)
        for one in found
        if not any(
            re.fullmatch(kind, one.kind) and re.fullmatch(where, one.path) and re.search(what, one.what)
            for kind, where, what, _why in ANSWERED
        )
    ]


@dataclass
class Target:
    """A demo that runs, and the people who logged in to it."""

    base: str
    cookies: dict[str, str]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    if scanners.program("wapiti") is None and scanners.program("sqlmap") is None:
        yield Target("", {})
        return
    folder: Path = tmp_path_factory.mktemp("attacked")
    with demo.running(folder) as base:
        known, cookies = demo.accounts(folder), {"": _visitor(base)}
        for key in ("member", "secretary", "admin"):
            person = demo.Person(base)
            person.log_in(known[key])
            status, where, _page = person.ask(f"/d/{CODE}/me/")
            assert status == 200 and "/login" not in where, f"{key} did not get in: {where}"
            cookies[key] = person.cookies
        yield Target(base, cookies)


def _visitor(base: str) -> str:
    """Return the cookie of somebody not logged in, whose forms are taken."""
    person = demo.Person(base)
    person.ask("/login")
    return person.cookies


STARTS = {
    "": ("/", "/find?q=ab", "/login", "/login/password", "/login/paper", f"/d/{CODE}/"),
    "member": (f"/d/{CODE}/", f"/d/{CODE}/me/", f"/d/{CODE}/dues/", f"/d/{CODE}/find?q=ab"),
    "secretary": (f"/d/{CODE}/desk/", f"/d/{CODE}/desk/members?q=a", f"/d/{CODE}/dues/"),
    "admin": (
        f"/d/{CODE}/desk/members?q=a&sort=name",
        f"/d/{CODE}/desk/organizations?q=a",
        f"/d/{CODE}/desk/units?q=a",
        f"/d/{CODE}/admin/roles?q=a&when=all",
        f"/d/{CODE}/admin/stops",
        f"/d/{CODE}/desk/",
    ),
}


@pytest.mark.parametrize("role", list(STARTS))
def test_wapiti_finds_nothing(target: Target, tmp_path: Path, role: str):
    found, pages = scanners.wapiti(
        installed("wapiti"),
        target.base,
        starts=STARTS[role],
        cookies=target.cookies[role],
        folder=tmp_path,
        without=WITHOUT,
    )
    assert unanswered(found) == []
    assert pages > 10, "a scanner that sees no page proves nothing"


#: Addresses whose other parameters are good, so that every try reaches the statement it is meant for.
ASKED = [
    ("", "/find?q=ab", "q"),
    ("", f"/d/{CODE}/find?q=ab", "q"),
    ("admin", f"/d/{CODE}/desk/members?q=a", "q"),
    ("admin", f"/d/{CODE}/desk/members?sort=name", "sort"),
    ("admin", f"/d/{CODE}/desk/members?stage=full", "stage"),
    ("admin", f"/d/{CODE}/desk/organizations?q=a", "q"),
    ("admin", f"/d/{CODE}/admin/roles?q=a", "q"),
    ("admin", f"/d/{CODE}/admin/roles?role=desk&when=all", "role"),
    ("admin", f"/d/{CODE}/admin/roles?role=desk&when=all", "when"),
    ("secretary", f"/d/{CODE}/desk/members?q=a", "q"),
]


@pytest.mark.parametrize(("role", "path", "parameter"), ASKED)
def test_sqlmap_gets_in_nowhere(target: Target, tmp_path: Path, role: str, path: str, parameter: str):
    found = scanners.sqlmap(
        installed("sqlmap"),
        target.base + path,
        parameter=parameter,
        cookies=target.cookies[role],
        folder=tmp_path,
    )
    assert unanswered(found) == []


def test_sqlmap_gets_into_no_form(target: Target, tmp_path: Path):
    found = scanners.sqlmap(
        installed("sqlmap"),
        f"{target.base}/d/{CODE}/admin/roles/find",
        parameter="q",
        data="q=ab&csrf_token=x",
        token=f"{target.base}/d/{CODE}/admin/roles/find",
        cookies=target.cookies["admin"],
        folder=tmp_path,
    )
    assert unanswered(found) == []


def test_both_find_what_is_planted(tmp_path: Path):
    """A scanner that finds nothing anywhere proves nothing."""
    with planted.served() as base:
        modules = "xss,sql,redirect,http_headers,cookieflags,csp"
        found, _pages = scanners.wapiti(
            installed("wapiti"), base, starts=(), cookies="", folder=tmp_path, modules=modules
        )
        kinds = " ".join(unanswered(found))
        for wanted in (
            "Reflected Cross Site Scripting",
            "SQL Injection",
            "Open Redirect",
            "HttpOnly",
            "X-Frame",
        ):
            assert wanted in kinds, (wanted, kinds)
        got_in = scanners.sqlmap(
            installed("sqlmap"), f"{base}/asked?id=1", parameter="id", cookies="", folder=tmp_path
        )
        assert [one.what for one in got_in] == ["id (GET)"]
