"""The logs of a whole run, every route as several people, searched for whoever was in it (promise 32)."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from portal import logs
from portal.database import everything, session
from portal.jobs import run_due
from portal.testing import World
from tests.guards import walk
from tests.guards.town import Town

#: What people type into a form or an address, and what must be in no line.
TYPED = {
    "phone": "10000098765",
    "name": "标记某人",
    "ric": "999999195001019876",
    "password": "geheim-geheim-9",
    "address": "标记路九号",
}
FIELDS = {
    "phone": "phone",
    "again": "phone",
    "q": "phone",
    "username": "phone",
    "name": "name",
    "tail": "ric",
    "ric": "ric",
    "ric_tail": "ric",
    "password": "password",
    "current": "password",
    "code": "password",
    "reason": "address",
    "note": "address",
    "text": "address",
    "address": "address",
}


@pytest.fixture
def written(app: Flask) -> Iterator[io.StringIO]:
    app.config["ENV_NAME"] = "production"  # lines as an installation writes them
    logs.configure(app)
    handler: Any = next(one for one in logging.getLogger().handlers if one.get_name() == "portal")
    stream = io.StringIO()
    handler.setStream(stream)
    yield stream
    app.config["ENV_NAME"] = "testing"
    logs.configure(app)


def told(lines: str, markers: tuple[str, ...]) -> list[str]:
    """Return the lines that name somebody: what was typed, or a marker of a class about people."""
    wanted = [re.escape(word) for word in TYPED.values()]
    wanted += [rf"{re.escape(marker)}[2-4][0-9a-f]{{5}}" for marker in markers]
    return [line for line in lines.splitlines() if re.search("|".join(wanted), line)]


def run(walked: walk.Walk) -> int:
    """Ask every route as several people, by address and by form, and let the jobs run; return how many."""
    asked = 0
    form = {field: TYPED[kind] for field, kind in FIELDS.items()}
    for role in ("visitor", "member", "all"):
        browser = walked.browser(role)
        for method in ("GET", "POST"):
            for rule in walked.town.rules(method):
                if rule.endpoint in {"identity.logout", "identity.end_other_sessions"}:
                    continue
                path = walked.town.path(rule, walked.town.left)
                more = {"query_string": form} if method == "GET" else {"data": {**form, "version": "1"}}
                browser.open(path, method=method, **more)
                asked += 1
    with everything():
        run_due()
        session.rollback()
    return asked


def test_the_logs_of_a_whole_run_name_nobody(world: World, app: Flask, written: io.StringIO):
    walked = walk.Walk(Town(world, app), app)
    asked = run(walked)
    lines = written.getvalue()
    assert told(lines, (walked.town.left.marker, walked.town.right.marker)) == []
    assert asked > 300 and lines.count("\n") > 3, "a run that writes nothing proves nothing"
    # And what people typed stands in no column of the trail or the queue either, in the clear.
    for table in ("audit", "job", "login_code", "login_event", "login_session"):
        with everything():
            rows = [str(row) for row in session.execute(text(f'select * from "{table}"'))]  # noqa: S608  names above
            session.rollback()
        assert told("\n".join(rows), ()) == [], table


def test_a_planted_line_is_found(world: World, app: Flask, written: io.StringIO):
    logging.getLogger("portal.test").warning("登记了%s", TYPED["name"])
    logging.getLogger("portal.test").warning("甲密2abcde was here")
    logging.getLogger("portal.test").warning("phone %s", TYPED["phone"])  # struck out by the formatter
    assert len(told(written.getvalue(), ("甲密",))) == 2
