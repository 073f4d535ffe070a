"""Drop indexes of the district alone, those that another one begins with, and those that nothing reads.

Every row paid for them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OF_THE_DISTRICT = (
    "affiliation",
    "center_room",
    "import_batch",
    "import_row",
    "ledger_account",
    "ledger_book",
    "ledger_entry",
    "member",
    "member_merge",
    "office",
    "organization",
    "organization_parent",
    "payment_attempt",
    "payment_case",
    "payment_fact",
    "place",
    "request",
    "request_step",
    "role_permission",
    "search_entry",
    "status_event",
    "unit",
    "unit_coverage",
    "unmatched",
)
_NOT_NEEDED = (
    (
        "ix_ledger_entry_book_id_ledger_entry_effective_date",
        "ledger_entry",
        ["book_id", "effective_date"],
    ),
    (
        "ix_payment_inbox_account_slug_payment_inbox_status_payment_inbox_received_at",
        "payment_inbox",
        ["account_slug", "status", "received_at"],
    ),
    ("ix_center_room_center_id", "center_room", ["center_id"]),
    ("ix_payment_attempt_by_member", "payment_attempt", ["district_id", "member_id", "created_at"]),
    ("ix_payment_fact_by_attempt", "payment_fact", ["district_id", "attempt_id"]),
    ("ix_request_step_request_id", "request_step", ["request_id"]),
)


def upgrade() -> None:
    for table in _OF_THE_DISTRICT:
        op.drop_index(f"ix_{table}_district_id", table_name=table)
    for name, table, _columns in _NOT_NEEDED:
        # op.f: PostgreSQL's short form of a long name is worked out as when it was made.
        op.drop_index(op.f(name), table_name=table)
    op.create_index(
        "ix_payment_inbox_rejected",
        "payment_inbox",
        ["provider", "account_slug", "received_at"],
        sqlite_where=sa.text("status = 'rejected'"),
        postgresql_where=sa.text("status = 'rejected'"),
    )


def downgrade() -> None:
    op.drop_index("ix_payment_inbox_rejected", table_name="payment_inbox")
    for name, table, columns in _NOT_NEEDED:
        op.create_index(op.f(name), table, columns)
    for table in _OF_THE_DISTRICT:
        op.create_index(f"ix_{table}_district_id", table, ["district_id"])
