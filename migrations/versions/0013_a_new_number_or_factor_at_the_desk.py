"""Record what the desk was asked to do to an account, and who decided."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rebinding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=26), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("asked_in_id", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=120), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_rebinding_account_id_account")),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_rebinding_asked_by_account")),
        sa.ForeignKeyConstraint(
            ["asked_in_id"], ["district.id"], name=op.f("fk_rebinding_asked_in_id_district")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["account.id"], name=op.f("fk_rebinding_decided_by_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rebinding")),
        sa.UniqueConstraint("uid", name=op.f("uq_rebinding_uid")),
    )
    with op.batch_alter_table("rebinding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rebinding_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_rebinding_asked_in_id"), ["asked_in_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("rebinding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rebinding_asked_in_id"))
        batch_op.drop_index(batch_op.f("ix_rebinding_account_id"))

    op.drop_table("rebinding")
