"""A private PostgreSQL for the tests: ``pytest --postgresql`` starts one and throws it away.

Each test has a database of its own, a copy of one migrated once, and the portal works in it as a role
that owns nothing, as it does where it is in use.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, NullPool, create_engine, text

from portal.database import db
from portal.database import postgresql as spoken
from portal.database.scope import EVERYTHING
from portal.testing import compiled, twice
from portal.testing.server import APPLICATION, OWNER, Missing, Server, administer

SERVER = "PORTAL_TEST_POSTGRESQL"  # where the server is, for every process of the run
_NAME = "database.name"
#: The databases this process made, by name, until they are dropped.
_made: set[str] = set()


def asked_for() -> bool:
    """Tell whether this run is on PostgreSQL."""
    return SERVER in os.environ


def urls(data_dir: Path) -> dict[str, str]:
    """Return the settings that lead to the database of ``data_dir``; nothing on SQLite.

    A folder without one gets an empty database; a copy of a folder gets a copy of its database.
    """
    twice.asked()
    if not asked_for():
        return {}
    kept = data_dir / _NAME
    here = str(data_dir.resolve())
    name, owner = kept.read_text().split("\n") if kept.exists() else ("", "")
    if owner != here:
        name = _create(copy_of=name)
        data_dir.mkdir(parents=True, exist_ok=True)
        kept.write_text(f"{name}\n{here}")
    base = os.environ[SERVER].replace("postgresql://postgres@", "postgresql+psycopg://{}@").rpartition("/")[0]
    return {
        "database_url": f"{base.format(APPLICATION)}/{name}",
        "database_owner_url": f"{base.format(OWNER)}/{name}",
    }


@contextmanager
def underneath() -> Iterator[Connection]:
    """Connect to the database in use as its superuser, triggers and keys asleep: what a thief could do."""
    engine = create_engine(db.engine.url.set(username="postgres"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection


def environment(data_dir: Path) -> dict[str, str]:
    """Return the variables that lead a ``portal`` process of its own to the database of ``data_dir``."""
    return {f"PORTAL_{name.upper()}": value for name, value in urls(data_dir).items()}


def _create(*, copy_of: str) -> str:
    name, admin = f"test_{secrets.token_hex(6)}", _administrator()
    # Copied as files: half the work of copying it through the log, which PostgreSQL 15 does unasked.
    how = " STRATEGY FILE_COPY" if admin.info.server_version >= 150000 else ""
    admin.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {copy_of or 'template0'}{how}")
    if not copy_of:
        server = os.environ[SERVER].rpartition("/")[0]
        administer(f"{server}/{name}", f"ALTER SCHEMA public OWNER TO {OWNER}")
    _made.add(name)
    return name


_administrators: dict[tuple[int, str], Any] = {}


def _administrator() -> Any:
    """Return this process's connection to the server, kept for all its tests."""
    import psycopg  # not everybody who tests a plugin has it

    which = os.getpid(), os.environ[SERVER]
    if which not in _administrators:
        _administrators[which] = psycopg.connect(which[1], autocommit=True)
    return _administrators[which]


def drop_since(before: set[str]) -> None:
    """Drop the databases this process made since it knew ``before``."""
    for name in _made - before:
        _administrator().execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        _made.discard(name)


def keep(data_dir: Path) -> None:
    """Let the database of a folder outlive its test: others copy it, and it goes with the server."""
    if (data_dir / _NAME).exists():
        _made.discard((data_dir / _NAME).read_text().split("\n")[0])


def known() -> set[str]:
    """Return the databases this process has made and not dropped."""
    return set(_made)


_looking: ContextVar[bool] = ContextVar("looking", default=False)


@contextmanager
def looking() -> Iterator[None]:
    """Let a test look at its database as somebody with the whole file would, where it names no scope.

    What the portal does for others (a request, a command, a job, another thread) stands before the wall.
    """
    token = _looking.set(True)
    try:
        yield
    finally:
        _looking.reset(token)


def before_the_wall(work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Do something in a context of its own, in which nothing is seen without a scope."""

    def alone() -> Any:
        _looking.set(False)
        return work(*arguments, **named)

    return copy_context().run(alone)


def _open_the_wall_to_tests() -> None:
    told, invoke = spoken._words, CliRunner.invoke

    def words(read: Any, write: Any) -> str:
        everywhere = (EVERYTHING, EVERYTHING) if read is None and write is None and _looking.get() else None
        return told(*(everywhere or (read, write)))

    def invoked(*arguments: Any, **named: Any) -> Any:
        return before_the_wall(invoke, *arguments, **named)

    spoken._words = words
    CliRunner.invoke = invoked  # type: ignore[method-assign]  # for this run only


_server: list[Server] = []


def pytest_addoption(parser: Any) -> None:
    """Offer ``--postgresql`` and what belongs to it."""
    parser.addoption(
        "--postgresql", action="store_true", help="run on a private PostgreSQL instead of SQLite"
    )
    parser.addoption(
        "--after-sqlite",
        action="store_true",
        help="with --postgresql: leave out what passed on SQLite just before and asked for no database",
    )
    parser.addoption(
        "--at-least", type=int, default=0, help="with --postgresql: fewer tests that passed are an error"
    )


def pytest_configure(config: Any) -> None:
    """Start the server once for the whole run; its other processes find it by their environment.

    So do those of a run that a test of this one starts, without being told.
    """
    compiled.share()
    if not config.getoption("--postgresql") and not asked_for():
        return
    _open_the_wall_to_tests()
    if asked_for():
        return  # the server is there
    try:
        server = Server()
        server.create()
    except Missing as missing:
        # With CI=true an error: a green run always means that both databases ran.
        skip = "" if os.environ.get("CI") == "true" else "NOTHING WAS RUN ON POSTGRESQL: "
        pytest.exit(f"{skip}{missing}", returncode=0 if skip else 3)
    _server.append(server)
    os.environ[SERVER] = server.url


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out what is about the other database itself, and what was asked not to run twice."""
    here = asked_for()
    marks = ("sqlite", "once") if here else ("postgresql",)
    without = twice.left_out(config) if here else set()
    left_out = [item for item in items if item.nodeid in without or any(map(item.get_closest_marker, marks))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]


def pytest_unconfigure() -> None:
    """Throw the server away."""
    while _administrators:
        _administrators.popitem()[1].close()
    while _server:
        _server.pop().remove()
        os.environ.pop(SERVER, None)
