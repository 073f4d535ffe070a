"""Let somebody act for a member, with the branch's consent on record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OPEN = "state in ('asked','agreed','active')"
_BOTH = f"member_id is not null and {_OPEN}"


def upgrade() -> None:
    op.create_table(
        "delegation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=26), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Integer(), nullable=True),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("asked_index", sa.String(length=64), nullable=False),
        sa.Column("relation", sa.String(length=12), nullable=False),
        sa.Column("purposes", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("state", sa.String(length=12), server_default="asked", nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_how", sa.String(length=12), server_default="", nullable=False),
        sa.Column("agreed_by", sa.Integer(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consented_how", sa.String(length=12), server_default="", nullable=False),
        sa.Column("consented_by", sa.Integer(), nullable=True),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Integer(), nullable=True),
        sa.Column("end_why", sa.String(length=12), server_default="", nullable=False),
        sa.Column("end_reason", sa.String(length=200), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(ended_at is null) = (state in ('asked','agreed','active'))", name=op.f("ck_delegation_ended")
        ),
        sa.CheckConstraint(
            "state <> 'active' or (member_id is not null and organization_id is not null"
            " and agreed_at is not null and consented_at is not null and valid_from is not null)",
            name=op.f("ck_delegation_consent"),
        ),
        sa.CheckConstraint(
            "state in ('asked','agreed','active','refused','withdrawn','ended')",
            name=op.f("ck_delegation_state"),
        ),
        sa.CheckConstraint(
            "consented_by is null or consented_by <> account_id", name=op.f("ck_delegation_four_eyes")
        ),
        sa.CheckConstraint("valid_to is null or valid_to > valid_from", name=op.f("ck_delegation_dates")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_delegation_account_id_account")
        ),
        sa.ForeignKeyConstraint(["agreed_by"], ["account.id"], name=op.f("fk_delegation_agreed_by_account")),
        sa.ForeignKeyConstraint(["asked_by"], ["account.id"], name=op.f("fk_delegation_asked_by_account")),
        sa.ForeignKeyConstraint(
            ["consented_by"], ["account.id"], name=op.f("fk_delegation_consented_by_account")
        ),
        sa.ForeignKeyConstraint(
            ["district_id"], ["district.id"], name=op.f("fk_delegation_district_id_district")
        ),
        sa.ForeignKeyConstraint(["ended_by"], ["account.id"], name=op.f("fk_delegation_ended_by_account")),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_delegation_member_id_member")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_delegation_organization_id_organization")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
        sa.UniqueConstraint("uid", name=op.f("uq_delegation_uid")),
    )
    with op.batch_alter_table("delegation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delegation_account_id"), ["account_id"], unique=False)
        batch_op.create_index(
            "ix_delegation_by_branch", ["district_id", "organization_id", "id"], unique=False
        )
        batch_op.create_index("ix_delegation_by_member", ["district_id", "member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delegation_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delegation_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(
            "uq_delegation_asked",
            ["district_id", "account_id", "asked_index"],
            unique=True,
            sqlite_where=sa.text(_OPEN),
            postgresql_where=sa.text(_OPEN),
        )
        batch_op.create_index(
            "uq_delegation_open",
            ["member_id", "account_id"],
            unique=True,
            sqlite_where=sa.text(_BOTH),
            postgresql_where=sa.text(_BOTH),
        )

    op.create_table(
        "delegation_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delegation_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delegation_id"], ["delegation.id"], name=op.f("fk_delegation_act_delegation_id_delegation")
        ),
        sa.ForeignKeyConstraint(
            ["district_id"], ["district.id"], name=op.f("fk_delegation_act_district_id_district")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation_act")),
        sa.UniqueConstraint("purpose", "reference", name=op.f("uq_delegation_act_purpose_reference")),
    )
    with op.batch_alter_table("delegation_act", schema=None) as batch_op:
        batch_op.create_index(
            "ix_delegation_act_newest", ["district_id", "delegation_id", "id"], unique=False
        )
    _protect("delegation")
    _protect("delegation_act")


def _protect(table: str) -> None:
    """Put the policy of revision 0008 on a new table of a district."""
    if op.get_bind().dialect.name != "postgresql":
        return
    read = "(SELECT current_setting('portal.read', true))"
    write = "(SELECT current_setting('portal.write', true))"
    ids = "(SELECT string_to_array(nullif(current_setting('portal.read', true), '*'), ',')::integer[])"
    one = "(SELECT nullif(nullif(current_setting('portal.write', true), '*'), '')::integer)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY {table}_district ON {table} "
        f"USING ({read} = '*' OR district_id = ANY ({ids}::integer[])) "
        f"WITH CHECK ({write} = '*' OR district_id = {one})"
    )


def downgrade() -> None:
    with op.batch_alter_table("delegation_act", schema=None) as batch_op:
        batch_op.drop_index("ix_delegation_act_newest")

    op.drop_table("delegation_act")
    with op.batch_alter_table("delegation", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_delegation_open", sqlite_where=sa.text(_BOTH), postgresql_where=sa.text(_BOTH)
        )
        batch_op.drop_index(
            "uq_delegation_asked", sqlite_where=sa.text(_OPEN), postgresql_where=sa.text(_OPEN)
        )
        batch_op.drop_index(batch_op.f("ix_delegation_organization_id"))
        batch_op.drop_index(batch_op.f("ix_delegation_member_id"))
        batch_op.drop_index("ix_delegation_by_member")
        batch_op.drop_index("ix_delegation_by_branch")
        batch_op.drop_index(batch_op.f("ix_delegation_account_id"))

    op.drop_table("delegation")
