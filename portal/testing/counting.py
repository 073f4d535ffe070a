"""How many SQL statements something costs, and how the database goes about them."""

from __future__ import annotations

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
    """Return the steps of SQLite's plan, such as ``SEARCH member USING INTEGER PRIMARY KEY (rowid=?)``."""
    with database.db.engine.connect() as connection:
        found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [str(step[3]) for step in found]


@contextmanager
def _listening(note: Callable[..., None]) -> Iterator[None]:
    engine = database.db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)
