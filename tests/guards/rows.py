"""What every row of every table says, to hold a verb and its undoing against each other."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from flask import Flask

from portal.database import session

#: Trails and queues: that something happened is no part of how things stand.
TRAILS = ("audit", "sent_form", "job", "heartbeat", "login_", "search_fts", "sqlite_", "member_merge")

Said = dict[str, dict[Any, dict[str, Any]]]


def everything_said(app: Flask) -> Said:
    """Return table -> id -> row, without the counting of changes, read beside the application."""
    session.remove()
    path = Path(app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///"))
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    found: Said = {}
    try:
        for (name,) in connection.execute("select name from sqlite_master where type = 'table'").fetchall():
            if name.startswith(TRAILS):
                continue
            # The name is one the database itself has just given.
            held = [dict(row) for row in connection.execute(f'select * from "{name}"')]  # noqa: S608
            for number, row in enumerate(held):
                row.pop("version", None)
                found.setdefault(name, {})[row.get("id", number)] = row
    finally:
        connection.close()
    return found


def differences(before: Said, after: Said) -> list[tuple[str, Any]]:
    """Return (table, id) of the rows that came, went or changed."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, {}), after.get(name, {})
        found += [(name, key) for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
    return found
