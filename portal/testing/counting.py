"""How many SQL statements something costs."""

from __future__ import annotations

from collections.abc import Iterator
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

    engine = database.db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
