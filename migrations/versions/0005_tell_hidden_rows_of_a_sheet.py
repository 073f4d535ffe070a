"""Tell the rows of a sheet that nobody sees, and let somebody say whether they are meant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BEFORE = "verdict in ('','new','changed','same','refused')"
_AFTER = "verdict in ('','new','changed','same','refused','hidden')"


def upgrade() -> None:
    with op.batch_alter_table("import_batch") as batch_op:
        batch_op.add_column(sa.Column("hidden", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("with_hidden", sa.Boolean(), server_default="0", nullable=False))
    with op.batch_alter_table("import_row") as batch_op:
        batch_op.add_column(sa.Column("hidden", sa.Boolean(), server_default="0", nullable=False))
        batch_op.drop_constraint(op.f("ck_import_row_verdict"), type_="check")
        batch_op.create_check_constraint(op.f("ck_import_row_verdict"), _AFTER)


def downgrade() -> None:
    op.execute("update import_row set verdict = '' where verdict = 'hidden'")
    with op.batch_alter_table("import_row") as batch_op:
        batch_op.drop_constraint(op.f("ck_import_row_verdict"), type_="check")
        batch_op.create_check_constraint(op.f("ck_import_row_verdict"), _BEFORE)
        batch_op.drop_column("hidden")
    with op.batch_alter_table("import_batch") as batch_op:
        batch_op.drop_column("with_hidden")
        batch_op.drop_column("hidden")
