"""Keep merchants, users, orders and notifications in the simulator's own SQLite file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SCHEMA = """
CREATE TABLE IF NOT EXISTS openid (
    openid TEXT PRIMARY KEY, appid TEXT NOT NULL, phone TEXT NOT NULL, UNIQUE (appid, phone)
);
CREATE TABLE IF NOT EXISTS oauth_code (
    code TEXT PRIMARY KEY, appid TEXT NOT NULL, openid TEXT NOT NULL, expires_at REAL NOT NULL,
    used INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS pay_order (
    mchid TEXT NOT NULL, out_trade_no TEXT NOT NULL, product TEXT NOT NULL, request TEXT NOT NULL,
    appid TEXT NOT NULL, total INTEGER NOT NULL, description TEXT NOT NULL, attach TEXT NOT NULL,
    openid TEXT NOT NULL, notify_url TEXT NOT NULL, sub_mchid TEXT NOT NULL, time_expire REAL NOT NULL,
    created_at REAL NOT NULL, state TEXT NOT NULL, transaction_id TEXT, paid_at REAL, payer TEXT,
    payer_total INTEGER, paid_total INTEGER,
    PRIMARY KEY (mchid, out_trade_no)
);
CREATE TABLE IF NOT EXISTS prepay (
    token TEXT PRIMARY KEY, mchid TEXT NOT NULL, out_trade_no TEXT NOT NULL, product TEXT NOT NULL,
    expires_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS cashier (
    ticket TEXT PRIMARY KEY, prepay TEXT NOT NULL, openid TEXT NOT NULL, return_url TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS notification (
    id INTEGER PRIMARY KEY, notify_id TEXT NOT NULL, mchid TEXT NOT NULL, out_trade_no TEXT NOT NULL,
    due_at REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, last_status INTEGER
);
"""
_TABLES = ("oauth_code", "cashier", "notification", "prepay", "pay_order", "openid")


class Store:
    """One connection behind one lock: a simulator needs order, not speed."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Hold the lock and a transaction; never call the network inside."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def all(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        """Return every row as a dict."""
        with self._lock:
            return [dict(row) for row in self._connection.execute(sql, args)]

    def one(self, sql: str, *args: Any) -> dict[str, Any] | None:
        """Return the first row as a dict, or None."""
        rows = self.all(sql, *args)
        return rows[0] if rows else None

    def run(self, sql: str, *args: Any) -> int:
        """Change something; returns the number of rows changed."""
        with self._lock:
            return self._connection.execute(sql, args).rowcount

    def add(self, table: str, **values: Any) -> None:
        """Insert one row. Table and column names are the simulator's own literals."""
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        self.run(f"INSERT INTO {table} ({columns}) VALUES ({marks})", *values.values())  # noqa: S608

    def clear(self) -> None:
        """Forget everything but the merchants (they live in a file with their keys)."""
        with self.transaction():
            for table in _TABLES:
                self.run(f"DELETE FROM {table}")  # noqa: S608

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
