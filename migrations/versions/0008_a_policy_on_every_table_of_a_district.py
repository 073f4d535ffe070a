"""Put a policy on every table of a district (row-level security).

On PostgreSQL a row is seen in the scope of its district and written in the one district that may be written,
whatever the statement says; unset means no rows. SQLite has no such thing.
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TABLES = (
    "affiliation",
    "center_room",
    "import_batch",
    "import_row",
    "ledger_account",
    "ledger_book",
    "ledger_entry",
    "ledger_line",
    "ledger_seal",
    "member",
    "member_merge",
    "merchant_account",
    "office",
    "organization",
    "organization_parent",
    "paper_code",
    "payment_attempt",
    "payment_case",
    "payment_fact",
    "place",
    "plugin_switch",
    "request",
    "request_step",
    "role_grant",
    "role_permission",
    "service_center",
    "setting",
    "status_event",
    "unit",
    "unit_coverage",
    "unmatched",
)
# Their rows of no district (acts of the installation) stand outside of the wall.
_SOME = ("audit", "payment_inbox")
_READ = "(SELECT current_setting('portal.read', true))"
_IDS = "(SELECT string_to_array(nullif(current_setting('portal.read', true), '*'), ',')::integer[])"
_WRITE = "(SELECT current_setting('portal.write', true))"
_ONE = "(SELECT nullif(nullif(current_setting('portal.write', true), '*'), '')::integer)"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in (*_TABLES, *_SOME):
        nobodys = "district_id IS NULL OR " if table in _SOME else ""
        # Whoever logs in is in no district yet, and that too is on record.
        written = "true" if table == "audit" else f"{nobodys}{_WRITE} = '*' OR district_id = {_ONE}"
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY {table}_district ON {table} "
            f"USING ({nobodys}{_READ} = '*' OR district_id = ANY ({_IDS}::integer[])) "
            f"WITH CHECK ({written})"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in (*_TABLES, *_SOME):
        op.execute(f"DROP POLICY {table}_district ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
