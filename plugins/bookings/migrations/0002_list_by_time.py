"""An index for the desk's list of all rooms, read by time."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("bookings_occurrence", schema=None) as batch_op:
        batch_op.create_index("ix_bookings_occurrence_time", ["district_id", "starts_at", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("bookings_occurrence", schema=None) as batch_op:
        batch_op.drop_index("ix_bookings_occurrence_time")
