"""Write rows by Core with statements built once, for paths where the unit of work costs more than the row.

The flush guard of the scope does not see these: each function here asks the same question itself. Defaults
of the columns hold, triggers and constraints too. What a row refers to must have been flushed before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, insert, inspect

from portal.database.core import session
from portal.database.ready import run_ready
from portal.database.scope import DistrictScoped, require_district


def insert_row(model: Any, **values: Any) -> int:
    """Insert one row, in the caller's transaction; return its id. Raises: ScopeError."""
    if issubclass(model, DistrictScoped):
        require_district(model, values["district_id"])
    made = run_ready(_insert(model), values)
    return int(made.value() if made.rows else made.last_id)


def insert_rows(model: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert several rows in one statement, in the caller's transaction. Raises: ScopeError."""
    if not rows:
        return
    if issubclass(model, DistrictScoped):
        for district_id in {row["district_id"] for row in rows}:
            require_district(model, district_id)
    run_ready(_insert(model), rows)


def forget(model: Any, row_id: int) -> None:
    """Let an entity of this session be read anew: its row was written around it."""
    current = session()
    if not current.identity_map:
        return
    held = current.identity_map.get(inspect(model).identity_key_from_primary_key((row_id,)))
    if held is not None:
        current.expire(held)


@cache
def _insert(model: Any) -> Insert:
    return insert(model.__table__)
