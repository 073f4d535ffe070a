"""How many SQL statements something costs, and how the database goes about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from portal import database


@contextmanager
def queries() -> Iterator[list[str]]:
    """Record the SQL statements run inside; for literal query counts (``assert len(seen) == 4``)."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("PRAGMA") and not statement.startswith("BEGIN"):
            seen.append(statement)

    with _listening(note):
        yield seen


@contextmanager
def reads() -> Iterator[dict[str, Any]]:
    """Record the reading statements run inside with their parameters; ``plan_of`` says how each is done."""
    seen: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")):
            seen[statement] = parameters

    with _listening(note):
        yield seen


def plan_of(statement: str, parameters: Any) -> list[str]:
    """Return the steps of the database's plan, such as ``SEARCH member USING INDEX pk_member (id=?)``.

    PostgreSQL reads a table of three rows whole whatever indexes it has; here it is told not to where it can.
    """
    with database.everything(), database.db.engine.connect() as connection:
        if database.is_postgresql():
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
            found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            return list(_steps(found.scalar_one()[0]["Plan"]))
        found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [str(step[3]) for step in found]


def _steps(node: dict[str, Any]) -> Iterator[str]:
    """Say what PostgreSQL does in the words of SQLite's plans."""
    table = node.get("Relation Name")
    if table and "Index Cond" in node:
        asked = re.findall(r"(\w+)\)?(?:::\w+)? (=|>=|<=|>|<) ", node["Index Cond"])
        columns = " AND ".join(f"{name}{sign}?" for name, sign in asked)
        yield f"SEARCH {table} USING INDEX {node['Index Name']} ({columns})"
    elif table:
        yield f"SCAN {table}"
    for below in node.get("Plans", ()):
        yield from _steps(below)


@contextmanager
def _listening(note: Callable[..., None]) -> Iterator[None]:
    engine = database.db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)
