"""Drop indexes of the district alone, and those that another one does the work of: every row paid for them."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OF_THE_DISTRICT = (
    "dues_assessment",
    "dues_base_sheet",
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
_NOT_NEEDED = (
    ("ix_dues_reminder_member_id", "dues_reminder", ["member_id"]),
    ("ix_dues_voucher_member_id", "dues_voucher", ["member_id"]),
    ("ix_dues_voucher_member", "dues_voucher", ["district_id", "member_id", "issued_at"]),
    ("ix_dues_voucher_line_by_obligation", "dues_voucher_line", ["district_id", "obligation_id"]),
    ("ix_dues_voucher_line_by_voucher", "dues_voucher_line", ["district_id", "voucher_id"]),
)


def upgrade() -> None:
    for table in _OF_THE_DISTRICT:
        op.drop_index(f"ix_{table}_district_id", table_name=table)
    for name, table, _columns in _NOT_NEEDED:
        op.drop_index(name, table_name=table)
    op.create_index("ix_dues_voucher_member", "dues_voucher", ["member_id", "issued_at"])


def downgrade() -> None:
    op.drop_index("ix_dues_voucher_member", table_name="dues_voucher")
    for name, table, columns in _NOT_NEEDED:
        op.create_index(name, table, columns)
    for table in _OF_THE_DISTRICT:
        op.create_index(f"ix_{table}_district_id", table, ["district_id"])
