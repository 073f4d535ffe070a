"""Put a policy on every table of a district (row-level security).

On PostgreSQL a row is seen in the scope of its district and written in the one district that may be written,
whatever the statement says; unset means no rows. SQLite has no such thing.
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = (
    "dues_assessment",
    "dues_base_sheet",
    "dues_branch_opening",
    "dues_cash_deposit",
    "dues_cash_line",
    "dues_cash_sheet",
    "dues_consent",
    "dues_member_opening",
    "dues_obligation",
    "dues_relief",
    "dues_relief_step",
    "dues_reminder",
    "dues_voucher",
    "dues_voucher_line",
    "dues_voucher_series",
)
_READ = "(SELECT current_setting('portal.read', true))"
_IDS = "(SELECT string_to_array(nullif(current_setting('portal.read', true), '*'), ',')::integer[])"
_WRITE = "(SELECT current_setting('portal.write', true))"
_ONE = "(SELECT nullif(nullif(current_setting('portal.write', true), '*'), '')::integer)"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY {table}_district ON {table} "
            f"USING ({_READ} = '*' OR district_id = ANY ({_IDS}::integer[])) "
            f"WITH CHECK ({_WRITE} = '*' OR district_id = {_ONE})"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _TABLES:
        op.execute(f"DROP POLICY {table}_district ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
