"""Roles by two persons with a reason"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_READ = "(SELECT current_setting('portal.read', true))"
_IDS = "(SELECT string_to_array(nullif(current_setting('portal.read', true), '*'), ',')::integer[])"
_WRITE = "(SELECT current_setting('portal.write', true))"
_ONE = "(SELECT nullif(nullif(current_setting('portal.write', true), '*'), '')::integer)"


def upgrade() -> None:
    op.create_table(
        "role_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=26), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), server_default="waiting", nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state <> 'given' or answered_by <> asked_by", name=op.f("ck_role_request_two_persons")
        ),
        sa.CheckConstraint(
            "state in ('waiting','given','refused','withdrawn')", name=op.f("ck_role_request_state")
        ),
        sa.CheckConstraint("asked_by <> account_id", name=op.f("ck_role_request_not_for_oneself")),
        sa.CheckConstraint("valid_to is null or valid_to > valid_from", name=op.f("ck_role_request_dates")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_role_request_account_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["account.id"], name=op.f("fk_role_request_answered_by_account")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_role_request_asked_by_account")),
        sa.ForeignKeyConstraint(
            ["district_id"], ["district.id"], name=op.f("fk_role_request_district_id_district")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_request")),
        sa.UniqueConstraint("uid", name=op.f("uq_role_request_uid")),
    )
    with op.batch_alter_table("role_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_role_request_account_id"), ["account_id"], unique=False)
        batch_op.create_index("ix_role_request_state", ["district_id", "state", "id"], unique=False)

    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.add_column(sa.Column("confirmed_by", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("reason", sa.String(length=200), server_default="", nullable=False))
        batch_op.add_column(sa.Column("ended_by", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("ended_reason", sa.String(length=200), server_default="", nullable=False)
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_role_grant_confirmed_by_account"), "account", ["confirmed_by"], ["id"]
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_role_grant_ended_by_account"), "account", ["ended_by"], ["id"]
        )

    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE role_request ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE role_request FORCE ROW LEVEL SECURITY")
        op.execute(
            "CREATE POLICY role_request_district ON role_request "
            f"USING ({_READ} = '*' OR district_id = ANY ({_IDS}::integer[])) "
            f"WITH CHECK ({_WRITE} = '*' OR district_id = {_ONE})"
        )


def downgrade() -> None:
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_role_grant_ended_by_account"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_role_grant_confirmed_by_account"), type_="foreignkey")
        batch_op.drop_column("ended_reason")
        batch_op.drop_column("ended_by")
        batch_op.drop_column("reason")
        batch_op.drop_column("confirmed_by")

    with op.batch_alter_table("role_request", schema=None) as batch_op:
        batch_op.drop_index("ix_role_request_state")
        batch_op.drop_index(batch_op.f("ix_role_request_account_id"))

    op.drop_table("role_request")
