"""Triggers in both dialects: what the database itself must refuse."""

from __future__ import annotations

from sqlalchemy import DDL, Table, event

#: table -> [(dialect, statement)], in the order they were attached
_REGISTERED: dict[str, list[tuple[str, str]]] = {}


def trigger(table: Table, *, sqlite: str, postgresql: list[str]) -> None:
    """Attach a trigger to ``table``: one statement for SQLite, a list (function, trigger) for PostgreSQL.

    Migrations replay the same statements through ``statements(table_name, dialect)``.
    """
    attach(table, "sqlite", [sqlite])
    attach(table, "postgresql", postgresql)


def attach(table: Table, dialect: str, statements: list[str]) -> None:
    """Run ``statements`` after ``table`` was made on ``dialect``, and write them into its revision."""
    for text in statements:
        _REGISTERED.setdefault(table.name, []).append((dialect, text))
        event.listen(table, "after_create", DDL(_escape(text)).execute_if(dialect=dialect))


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
    return [text for wanted, text in _REGISTERED.get(table_name, []) if wanted == dialect]


def _escape(text: str) -> str:
    # DDL() interpolates with %, so a literal percent sign is doubled.
    return text.replace("%", "%%")
