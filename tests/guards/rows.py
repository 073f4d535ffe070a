"""What every row of every table says, to hold a verb and its undoing against each other."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import inspect, text

from portal.database import db, everything, session
from portal.database.core import reading

#: Trails and queues: that something happened is no part of how things stand.
TRAILS = ("audit", "sent_form", "job", "heartbeat", "login_", "search_fts", "sqlite_", "member_merge")

Said = dict[str, dict[Any, dict[str, Any]]]


def everything_said(app: Flask) -> Said:
    """Return table -> id -> row, without the counting of changes, read beside the application."""
    session.remove()
    found: Said = {}
    token = reading.set(True)
    try:
        with app.app_context(), everything(), db.engine.connect() as connection:
            for name in inspect(connection).get_table_names():
                if name.startswith(TRAILS):
                    continue
                # The name is one the database itself has just given.
                held = connection.execute(text(f'select * from "{name}"'))  # noqa: S608
                for number, line in enumerate(held.mappings()):
                    row = {column: value for column, value in line.items() if column != "version"}
                    found.setdefault(name, {})[row.get("id", number)] = row
    finally:
        reading.reset(token)
    return found


def differences(before: Said, after: Said) -> list[tuple[str, Any]]:
    """Return (table, id) of the rows that came, went or changed."""
    found = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, {}), after.get(name, {})
        found += [(name, key) for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)]
    return found
