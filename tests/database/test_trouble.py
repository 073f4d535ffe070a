"""A database in trouble: which kind it is, and what a person, a channel and a machine are told."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from portal import clock
from portal.database import db, everything, in_scope, is_postgresql, session, transaction, trouble
from portal.database.core import reading
from portal.database.engine import as_owner
from portal.districts.models import District
from portal.identity.models import LoginSession
from portal.members.models import Request
from portal.testing import World, postgresql


@contextmanager
def closed(app: Flask) -> Iterator[None]:
    """A database that takes no writes: somebody else's lock (SQLite), closed for writing (PostgreSQL)."""
    session.remove()
    db.engine.dispose()
    if is_postgresql():
        name = db.engine.url.database
        with postgresql.underneath() as admin:
            admin.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
        yield
        with postgresql.underneath() as admin:
            admin.execute(text("SET TRANSACTION READ WRITE"))
            admin.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
    else:

        def impatient(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA busy_timeout = 50")

        event.listen(db.engine, "connect", impatient)
        other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.close()
        event.remove(db.engine, "connect", impatient)
    session.remove()
    db.engine.dispose()


def cut() -> None:
    """Let the server end every connection of this database."""
    with postgresql.underneath() as admin:
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        admin.execute(text(f"{ended} AND pid <> pg_backend_pid()"), {"name": db.engine.url.database})


def test_kinds() -> None:
    class Driver(Exception):
        def __init__(self, sqlstate: str | None, words: str = "") -> None:
            super().__init__(words)
            self.sqlstate = sqlstate

    def told(sqlstate: str | None, words: str = "") -> str | None:
        return trouble(OperationalError("", {}, Driver(sqlstate, words)))

    assert [told(code) for code in ("53100", "57P01", "08006", "53300", "57014")] == [
        "full",
        "away",
        "away",
        "busy",
        "busy",
    ]
    assert told(None, "connection refused") == "away"
    assert told(None, "session is read-only") == "read-only"
    assert told("42P01") is None and told("23505") is None
    assert trouble(IntegrityError("", {}, Driver("23505"))) is None
    assert trouble(NoConnectionFree()) == "busy"
    assert trouble(ValueError()) is None
    assert told("25006") == "read-only"
    only_looks = reading.set(True)
    assert told("25006") is None, "a page that looks and writes is a mistake of ours"
    assert told(None, "session is read-only") == "read-only", "none takes writes: not its fault"
    reading.reset(only_looks)


def test_a_missing_table_is_no_trouble(app: Flask) -> None:
    with pytest.raises(DBAPIError) as caught, db.engine.connect() as connection:
        connection.execute(text("SELECT 1 FROM nowhere"))
    assert trouble(caught.value) is None
    assert isinstance(caught.value, OperationalError | ProgrammingError)


def test_what_takes_no_writes_is_known(app: Flask) -> None:
    with closed(app), pytest.raises(DBAPIError) as caught, everything(), transaction():
        session.execute(insert(District).values(code="980000", kind="county", name="不写", path="/x/"))
    assert trouble(caught.value) == ("read-only" if is_postgresql() else "busy")


@pytest.mark.sqlite  # the limit is SQLite's; PostgreSQL's full disk is one, in tests/machines/test_faults.py
def test_a_file_that_may_not_grow_is_full(app: Flask) -> None:
    session.execute(text("PRAGMA max_page_count = 1"))  # clamped to what it has
    with pytest.raises(DBAPIError) as caught, everything(), transaction():
        for number in range(2000):
            row = {"code": f"98{number:04d}", "kind": "county", "name": "满" * 80, "path": f"/{number}/"}
            session.execute(insert(District).values(row))
    assert trouble(caught.value) == "full"


def test_readyz_says_which_kind_and_is_true_again_by_itself(world: World) -> None:
    anybody = world.browser()
    if is_postgresql():
        with closed(world.app):
            answer = anybody.get("/readyz")
            assert (answer.status_code, answer.text) == (503, "not ready: database read-only\n")
    assert anybody.get("/readyz").text == "ready\n"
    version = "UPDATE alembic_version_core SET version_num = :at RETURNING version_num"
    with as_owner() as owner:
        kept = owner.execute(text("SELECT version_num FROM alembic_version_core")).scalar()
        owner.execute(text(version), {"at": "0001"})
    answer = anybody.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready: schema waits\n")
    assert anybody.get("/healthz").status_code == 200
    with as_owner() as owner:
        owner.execute(text(version), {"at": kept})
    assert anybody.get("/readyz").text == "ready\n"


def test_a_database_that_is_away_is_asked_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five questions would wait for five time-outs, and whoever asked would be gone."""
    asked = []

    def away(*_: Any, **__: Any) -> Any:
        asked.append(1)
        raise db.engine.dialect.loaded_dbapi.OperationalError("connection refused")

    session.remove()
    db.engine.dispose()
    monkeypatch.setattr(db.engine.pool, "_creator", away)
    answer = world.app.test_client().get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not ready: database away\n")
    assert len(asked) == 1


@pytest.mark.postgresql
def test_a_scope_that_cannot_be_told_is_the_librarys_error(world: World) -> None:
    """The driver's own error would pass every handler that knows the library's."""
    with in_scope([1]):
        session.execute(text("SELECT 1"))
    cut()
    with in_scope([2]), pytest.raises(OperationalError) as caught:
        session.execute(text("SELECT 1"))
    assert trouble(caught.value) == "away"
    session.rollback()
    assert session.execute(text("SELECT 1")).scalar() == 1, "the next one has another connection"


@pytest.mark.postgresql
def test_a_connection_lost_after_the_last_word_spoils_no_answer(world: World) -> None:
    session.execute(text("SELECT 1"))
    cut()
    session.remove()
    assert session.execute(text("SELECT 1")).scalar() == 1


@pytest.mark.postgresql
def test_a_primary_that_became_read_only_is_left(world: World) -> None:
    """The connection is given up, so that the next one may find the server that takes writes."""
    with pytest.raises(DBAPIError) as caught, everything(), transaction():
        session.execute(text("SET TRANSACTION READ ONLY"))
        session.execute(insert(District).values(code="980000", kind="county", name="不写", path="/x/"))
    assert trouble(caught.value) == "read-only"
    assert caught.value.connection_invalidated


def test_a_form_comes_back_with_all_that_was_filled_in_and_counts_once(world: World) -> None:
    district = world.district()
    account = world.account(world.member(world.organization(district)))
    browser = world.browser(account)
    with everything(), transaction():  # so that the next page would note its use
        session.execute(update(LoginSession).values(last_seen_at=clock.now() - timedelta(minutes=5)))
    me = f"/d/{district.code}/me"
    form = {"_once": "form-number-one", "text": "出生日期写错了，<b>应该是</b>1980年"}
    with closed(world.app):
        refused = browser.post(f"{me}/privacy/ask/correction", data=form)
        page = refused.text
        assert refused.status_code == 503 and refused.headers["Retry-After"] == "5"
        assert ("只能看" if is_postgresql() else "存取不了") in page and "再试一次" in page
        assert "Traceback" not in page and "sqlalche" not in page.lower()
        assert f'<form method="post" action="{me}/privacy/ask/correction" id="again">' in page
        assert browser.get(f"{me}/privacy").status_code == 200, "what only looks goes on"
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
    assert {name: unescape(value) for name, value in fields.items()} == form
    for _ in range(2):
        assert browser.post(f"{me}/privacy/ask/correction", data=form).status_code == 303
    with everything():
        assert len(session.scalars(select(Request.id)).all()) == 1


def test_a_page_that_cannot_be_read_offers_itself_again_and_no_password_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise db.engine.dialect.loaded_dbapi.OperationalError("connection refused")

    anybody = world.browser()
    session.remove()
    db.engine.dispose()
    monkeypatch.setattr(db.engine.pool, "_creator", away)
    looked = anybody.get("/find?q=双强&page=2")
    assert looked.status_code == 503 and "存取不了数据" in looked.text
    assert re.search(r'<a class="btn btn-primary" href="/find\?q=[^"]+&amp;page=2">再试一次</a>', looked.text)
    secret = anybody.post("/login", data={"username": "admin", "password": "not to be written"})
    assert "not to be written" not in secret.text
    assert secret.status_code != 503 or "返回上一页" in secret.text
    fragment = anybody.get("/find?q=a", headers={"HX-Request": "true"})
    assert fragment.status_code == 503 and fragment.headers["HX-Reswap"] == "none"
