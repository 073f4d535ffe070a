"""PostgreSQL's own wall between the districts: a policy on every table that belongs to one.

It holds where the layers above forgot: SQL by hand, a bulk update, a Core statement without its scope. FORCE
lets it hold for the owner of the tables too, and the application's role owns nothing, so it cannot take the
policy away. Unset means no rows.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from portal.database import guards
from portal.database.postgresql import ALL, READ, WRITE
from portal.database.scope import DistrictScoped


def statements(table: str) -> list[str]:
    """Return what puts the policy on ``table``: read in the scope, write in the one district of it."""
    # Scalar selects are worked out once a statement, not once a row.
    read, write = (f"(SELECT current_setting('{name}', true))" for name in (READ, WRITE))
    ids = f"(SELECT string_to_array(nullif(current_setting('{READ}', true), '{ALL}'), ',')::integer[])"
    one = f"(SELECT nullif(nullif(current_setting('{WRITE}', true), '{ALL}'), '')::integer)"
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY {table}_district ON {table} "
        f"USING ({read} = '{ALL}' OR district_id = ANY ({ids}::integer[])) "
        f"WITH CHECK ({write} = '{ALL}' OR district_id = {one})",
    ]


@event.listens_for(DistrictScoped, "instrument_class", propagate=True)
def _protect(mapper: Any, _model: type) -> None:
    # Where a new table is written into a revision, its policy is written too.
    guards.attach(mapper.local_table, "postgresql", statements(mapper.local_table.name))
