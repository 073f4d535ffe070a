"""Keep what a merge moved so that it can be undone"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "member_merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=26), nullable=False),
        sa.Column("kept_id", sa.Integer(), nullable=False),
        sa.Column("absorbed_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), server_default="merged", nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.Integer(), nullable=True),
        sa.Column("journal_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("undo_reason", sa.String(length=200), server_default="", nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'undone') = (undone_at is not null)", name=op.f("ck_member_merge_undone")
        ),
        sa.CheckConstraint("state in ('merged','undone')", name=op.f("ck_member_merge_state")),
        sa.CheckConstraint("kept_id <> absorbed_id", name=op.f("ck_member_merge_two_records")),
        sa.ForeignKeyConstraint(
            ["absorbed_id"], ["member.id"], name=op.f("fk_member_merge_absorbed_id_member")
        ),
        sa.ForeignKeyConstraint(
            ["district_id"], ["district.id"], name=op.f("fk_member_merge_district_id_district")
        ),
        sa.ForeignKeyConstraint(["kept_id"], ["member.id"], name=op.f("fk_member_merge_kept_id_member")),
        sa.ForeignKeyConstraint(
            ["merged_by"], ["account.id"], name=op.f("fk_member_merge_merged_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["undone_by"], ["account.id"], name=op.f("fk_member_merge_undone_by_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_merge")),
        sa.UniqueConstraint("uid", name=op.f("uq_member_merge_uid")),
    )
    with op.batch_alter_table("member_merge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_merge_absorbed_id"), ["absorbed_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_merge_district_id"), ["district_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_member_merge_kept_id"), ["kept_id"], unique=False)
        batch_op.create_index("ix_member_merge_newest", ["district_id", "merged_at", "id"], unique=False)
        batch_op.create_index(
            "uq_member_merge_absorbed",
            ["absorbed_id"],
            unique=True,
            sqlite_where=sa.text("state = 'merged'"),
            postgresql_where=sa.text("state = 'merged'"),
        )


def downgrade() -> None:

    with op.batch_alter_table("member_merge", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_member_merge_absorbed",
            sqlite_where=sa.text("state = 'merged'"),
            postgresql_where=sa.text("state = 'merged'"),
        )
        batch_op.drop_index("ix_member_merge_newest")
        batch_op.drop_index(batch_op.f("ix_member_merge_kept_id"))
        batch_op.drop_index(batch_op.f("ix_member_merge_district_id"))
        batch_op.drop_index(batch_op.f("ix_member_merge_absorbed_id"))

    op.drop_table("member_merge")
