"""PostgreSQL's own wall between the districts: a policy on every table that belongs to one.

It holds where the layers above forgot: SQL by hand, a bulk update, a Core statement without its scope. FORCE
lets it hold for the owner of the tables too, and the application's role owns nothing, so it cannot take the
policy away. Unset means no rows. Rows of no district (an act of the installation) stand outside of the wall.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, event, text

from portal.database import guards
from portal.database.core import Model
from portal.database.postgresql import ALL, READ, WRITE

#: ``info`` of a table that has a district and no policy, or one for reading only; the value says why.
OPEN, APPEND = "open", "append"


def statements(table: str, *, nullable: bool = False, append: bool = False) -> list[str]:
    """Return what puts the policy on ``table``: read in the scope, write in the one district of it.

    ``append``: written from anywhere (somebody who logs in is in no district yet).
    """
    # Scalar selects are worked out once a statement, not once a row.
    read, write = (f"(SELECT current_setting('{name}', true))" for name in (READ, WRITE))
    ids = f"(SELECT string_to_array(nullif(current_setting('{READ}', true), '{ALL}'), ',')::integer[])"
    one = f"(SELECT nullif(nullif(current_setting('{WRITE}', true), '{ALL}'), '')::integer)"
    nobodys = "district_id IS NULL OR " if nullable else ""
    written = "true" if append else f"{nobodys}{write} = '{ALL}' OR district_id = {one}"
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {table}_district ON {table} "
        f"USING ({nobodys}{read} = '{ALL}' OR district_id = ANY ({ids}::integer[])) "
        f"WITH CHECK ({written})",
    ]


@event.listens_for(Model, "instrument_class", propagate=True)
def _protect(mapper: Any, _model: type) -> None:
    # Where a new table is written into a revision, its policy is written too.
    table = mapper.local_table
    if "district_id" in table.c and OPEN not in table.info:
        nullable, append = bool(table.c.district_id.nullable), APPEND in table.info
        guards.attach(table, "postgresql", statements(table.name, nullable=nullable, append=append))


_UNPROTECTED = """
SELECT c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'district_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND NOT (
    c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
        SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*'
        AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL
    ) AND NOT EXISTS (
        SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive
        AND p.polname <> c.relname || '_district'
    )
) ORDER BY c.relname
"""
_VIEWS = """
SELECT c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
WHERE c.relkind = 'm' OR c.relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)
ORDER BY c.relname
"""
_ROLE = """
SELECT r.rolsuper, r.rolbypassrls,
    EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
FROM pg_roles r WHERE r.rolname = current_user
"""


def gaps(connection: Connection) -> list[str]:
    """Return what keeps the wall from holding, a sentence each; nothing on SQLite, which has no such wall."""
    if connection.dialect.name != "postgresql":
        return []
    bare, views = _ask(connection, _UNPROTECTED), _ask(connection, _VIEWS)
    tables = Model.metadata.tables
    found = [
        f"table {name} belongs to districts and has no policy"
        for (name,) in bare
        if name not in tables or OPEN not in tables[name].info
    ]
    found += [f"view {name} reads with its owner's rights" for (name,) in views]
    ((superuser, bypasses, owns),) = _ask(connection, _ROLE)
    if superuser:
        found.append("the application's role is a superuser, for whom no policy holds")
    if bypasses:
        found.append("the application's role has BYPASSRLS, for which no policy holds")
    if owns:
        found.append("the application's role owns tables and could take their policies away")
    return found


def _ask(connection: Connection, question: str) -> list[Any]:
    return list(connection.execute(text(question)))
