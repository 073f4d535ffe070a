"""Choose by kind how to hear of things. Nobody could write the list of channels it replaces: no page did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("notice_preference") as batch_op:
        batch_op.add_column(sa.Column("kinds", _JSON, nullable=False, server_default="{}"))
        batch_op.drop_column("channels")


def downgrade() -> None:
    with op.batch_alter_table("notice_preference") as batch_op:
        batch_op.add_column(sa.Column("channels", _JSON, nullable=False, server_default="[]"))
        batch_op.drop_column("kinds")
