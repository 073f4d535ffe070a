"""How a connection is set up: SQLite for several processes; PostgreSQL in its own file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from flask import Flask, current_app
from sqlalchemy import Connection, Engine, NullPool, create_engine, event, text

from portal.database import postgresql
from portal.database.core import db, reading

#: The first SQLite that understands RETURNING, which guarded changes ask for. Old systems have older ones.
SQLITE: Final = (3, 35)

_glancing: ContextVar[bool] = ContextVar("glancing", default=False)


class glance:
    """Run one read apart from the session; SQLite takes no write lock for it."""

    def __enter__(self) -> Connection:
        self._connection = db.engine.connect()
        # Not before: a connection that fails to open must not leave the verbs of this thread without BEGIN.
        self._token = _glancing.set(True)
        if self._connection.dialect.name == "postgresql":
            self._connection.begin()  # its transaction says the scope, and holds nobody up
        return self._connection

    def __exit__(self, *_: object) -> None:
        try:
            self._connection.close()
        finally:
            _glancing.reset(self._token)


def too_old(url: str) -> str:
    """Say that SQLite here is too old for a database at ``url`` (empty: SQLite); else return nothing."""
    if (url and not url.startswith("sqlite")) or sqlite3.sqlite_version_info >= SQLITE:
        return ""
    least = ".".join(map(str, SQLITE))
    return f"this Python has SQLite {sqlite3.sqlite_version}, and {least} is the least"


def configure(app: Flask) -> None:
    """Bind the database of ``app.config['SQLALCHEMY_DATABASE_URI']`` and prepare its connections."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    options: dict[str, Any] = dict(app.config.get("SQLALCHEMY_ENGINE_OPTIONS", {}))
    # Parameters are names, phone numbers, sums: an error that is logged must not carry them.
    options.setdefault("hide_parameters", True)
    if url.startswith("sqlite"):
        # isolation_level None: pysqlite must not open transactions behind our back.
        options.setdefault("connect_args", {"timeout": 15, "isolation_level": None})
    else:
        options.setdefault("connect_args", postgresql.CONNECT)
        # A connection that the server or the network has cut off is noticed before it is used.
        options.setdefault("pool_pre_ping", True)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        _prepare(db.engine)


def _prepare(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        postgresql.prepare(engine)
        return

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "synchronous=FULL",
            "busy_timeout=15000",
            # What is deleted is written over: an erased person is not to be read in the file.
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    # Not an event: one listener makes SQLAlchemy look for others at every statement.
    engine.dialect.do_begin = _begin  # type: ignore[method-assign, assignment]


def _begin(connection: Any) -> None:
    # A write transaction takes its lock at once: plain BEGIN loses to the first writer in WAL,
    # and the default settings lost three of four concurrent updates without an error.
    # query_only makes rule K1 (a GET changes nothing) a fact of the database.
    if _glancing.get():
        return  # one read is a transaction of its own
    only_reads = reading.get()
    cursor = connection.cursor()
    # Only when it changes: the pragma makes SQLite compile every statement of the connection anew.
    if connection.info.get("query_only") is not only_reads:
        connection.info.pop("query_only", None)
        cursor.execute(f"PRAGMA query_only={'ON' if only_reads else 'OFF'}")
        connection.info["query_only"] = only_reads
    cursor.execute("BEGIN" if only_reads else "BEGIN IMMEDIATE")
    cursor.close()


def written_over() -> bool:
    """Empty SQLite's log of what was written before; tell whether nobody was reading it meanwhile.

    Call outside of a transaction. PostgreSQL does it by itself: autovacuum, and its log is recycled.
    """
    if db.engine.dialect.name != "sqlite":
        return True
    connection = db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only=OFF")
        connection.info.pop("query_only", None)
        (busy, _pages, _moved) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        cursor.close()
    finally:
        connection.close()
    return not busy


@contextmanager
def as_owner() -> Iterator[Connection]:
    """Connect as the one who may change the schema; commit what was done.

    With PostgreSQL that is another role than the application's (``database_owner_url``), which owns nothing
    and may do to the tables only what is granted here, each time anew: a new table needs it too.
    """
    url = current_app.config.get("DATABASE_OWNER_URL")
    if not url:
        with db.engine.connect() as connection:
            yield connection
            connection.commit()
        return
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=postgresql.CONNECT)
    postgresql.prepare(engine)
    with engine.connect() as connection:
        yield connection
        postgresql.grant(connection, to=str(db.engine.url.username))
        connection.commit()


def analyze() -> None:
    """Let PostgreSQL count what is in its tables, as it would by itself within minutes; for bulk loads.

    SQLite is left alone: the portal's indexes are made for plans without statistics, and nothing else there
    would keep them up to date.
    """
    if db.engine.dialect.name == "postgresql":
        with as_owner() as connection:
            connection.execute(text("ANALYZE"))


def create_all() -> None:
    """Create every table and trigger that the loaded code declares. For tests; the rest migrates."""
    with as_owner() as connection:
        db.metadata.create_all(connection)
