"""Compare-and-swap: every change names the version and the states it starts from (rules K2, K3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import inspect, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.database.core import session
from portal.database.scope import criterion


class Conflict(Exception):
    """Somebody else changed the record meanwhile, or its state does not allow this step."""

    def __init__(self, message: str = "", *, current: Any = None) -> None:
        super().__init__(message)
        self.current = current


class Versioned:
    """Mixin: ``version`` counts the changes of a row."""

    version: Mapped[int] = mapped_column(nullable=False, default=1, server_default="1")


def swap(row: Any, *, version: int | None, states: Iterable[str] | None = None, **values: Any) -> None:
    """Change ``row`` if it is still at ``version`` and in one of ``states``; else raise Conflict.

    ``version`` may be None only for steps the system itself takes (jobs, channel facts).
    """
    table = type(row).__table__
    statement = update(table).where(table.c.id == row.id)
    if version is not None:
        statement = statement.where(table.c.version == version)
    if states is not None:
        statement = statement.where(table.c.state.in_(list(states)))
    if "district_id" in table.c:
        where = criterion(table.c.district_id)
        if where is not None:
            statement = statement.where(where)
    session.flush()
    result: Any = session.execute(statement.values(version=table.c.version + 1, **values))
    if result.rowcount != 1:
        session.refresh(row) if inspect(row).persistent else None
        raise Conflict(current=row)
    session.refresh(row)
