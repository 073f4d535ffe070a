"""Triggers in both dialects: what the database itself must refuse."""

from __future__ import annotations

from typing import Any

from sqlalchemy import DDL, Table, event

_REGISTERED: dict[str, list[DDL]] = {}


def trigger(table: Table, *, sqlite: str, postgresql: list[str]) -> None:
    """Attach a trigger to ``table``: one statement for SQLite, a list (function, trigger) for PostgreSQL.

    Migrations replay the same statements through ``statements(table_name, dialect)``.
    """
    own = _REGISTERED.setdefault(table.name, [])
    ddls = [DDL(_escape(sqlite)).execute_if(dialect="sqlite")]
    ddls += [DDL(_escape(text)).execute_if(dialect="postgresql") for text in postgresql]
    for ddl in ddls:
        event.listen(table, "after_create", ddl)
        own.append(ddl)


def append_only(table: Table) -> None:
    """Let the database refuse UPDATE and DELETE on ``table``."""
    name = table.name
    for verb in ("UPDATE", "DELETE"):
        trigger(
            table,
            sqlite=(
                f"CREATE TRIGGER {name}_no_{verb.lower()} BEFORE {verb} ON {name} "
                f"BEGIN SELECT RAISE(ABORT, '{name} is append-only'); END"
            ),
            postgresql=[
                f"CREATE OR REPLACE FUNCTION {name}_no_{verb.lower()}() RETURNS trigger AS $$ "
                f"BEGIN RAISE EXCEPTION '{name} is append-only'; END $$ LANGUAGE plpgsql",
                f"CREATE TRIGGER {name}_no_{verb.lower()} BEFORE {verb} ON {name} "
                f"FOR EACH ROW EXECUTE FUNCTION {name}_no_{verb.lower()}()",
            ],
        )


def statements(table_name: str, dialect: str) -> list[str]:
    """Return the trigger statements of a table for ``sqlite`` or ``postgresql``, for its migration."""
    found = []
    for ddl in _REGISTERED.get(table_name, []):
        wanted: Any = ddl.dialect
        if wanted == dialect:
            found.append(ddl.statement % {})
    return found


def _escape(text: str) -> str:
    # DDL() interpolates with %, so a literal percent sign is doubled.
    return text.replace("%", "%%")
