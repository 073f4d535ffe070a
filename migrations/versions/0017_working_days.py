"""Keep China's working days, a version of each year at a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workday_calendar",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("url", sa.String(length=200), nullable=False),
        sa.Column("from_memory", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(length=8), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("origin in ('shipped','own')", name=op.f("ck_workday_calendar_origin")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_workday_calendar_version")),
        sa.CheckConstraint("year between 1950 and 2200", name=op.f("ck_workday_calendar_year")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workday_calendar")),
        sa.UniqueConstraint("year", "version", name=op.f("uq_workday_calendar_year_version")),
    )
    op.create_table(
        "workday_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("calendar_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.CheckConstraint("kind in ('off','work')", name=op.f("ck_workday_day_kind")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_workday_day_name")),
        sa.ForeignKeyConstraint(
            ["calendar_id"], ["workday_calendar.id"], name=op.f("fk_workday_day_calendar_id_workday_calendar")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workday_day")),
        sa.UniqueConstraint("calendar_id", "day", name=op.f("uq_workday_day_calendar_id_day")),
    )

    if op.get_bind().dialect.name == "sqlite":
        for statement in (
            "CREATE TRIGGER workday_calendar_no_update BEFORE UPDATE ON workday_calendar BEGIN SELECT RAISE(ABORT, 'workday_calendar is append-only'); END",
            "CREATE TRIGGER workday_calendar_no_delete BEFORE DELETE ON workday_calendar BEGIN SELECT RAISE(ABORT, 'workday_calendar is append-only'); END",
            "CREATE TRIGGER workday_day_no_update BEFORE UPDATE ON workday_day BEGIN SELECT RAISE(ABORT, 'workday_day is append-only'); END",
            "CREATE TRIGGER workday_day_no_delete BEFORE DELETE ON workday_day BEGIN SELECT RAISE(ABORT, 'workday_day is append-only'); END",
            "CREATE TRIGGER workday_day_fits BEFORE INSERT ON workday_day WHEN NOT EXISTS (SELECT 1 FROM workday_calendar c WHERE c.id = NEW.calendar_id AND c.year = CAST(strftime('%Y', NEW.day) AS INTEGER)) OR (NEW.kind = 'work' AND NOT strftime('%w', NEW.day) IN ('0', '6')) BEGIN SELECT RAISE(ABORT, 'no such day in this calendar'); END",
        ):
            op.execute(statement)
    if op.get_bind().dialect.name == "postgresql":
        for statement in (
            "CREATE OR REPLACE FUNCTION workday_calendar_no_update() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'workday_calendar is append-only'; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER workday_calendar_no_update BEFORE UPDATE ON workday_calendar FOR EACH ROW EXECUTE FUNCTION workday_calendar_no_update()",
            "CREATE OR REPLACE FUNCTION workday_calendar_no_delete() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'workday_calendar is append-only'; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER workday_calendar_no_delete BEFORE DELETE ON workday_calendar FOR EACH ROW EXECUTE FUNCTION workday_calendar_no_delete()",
            "CREATE OR REPLACE FUNCTION workday_day_no_update() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'workday_day is append-only'; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER workday_day_no_update BEFORE UPDATE ON workday_day FOR EACH ROW EXECUTE FUNCTION workday_day_no_update()",
            "CREATE OR REPLACE FUNCTION workday_day_no_delete() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'workday_day is append-only'; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER workday_day_no_delete BEFORE DELETE ON workday_day FOR EACH ROW EXECUTE FUNCTION workday_day_no_delete()",
            "CREATE OR REPLACE FUNCTION workday_day_fits() RETURNS trigger AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM workday_calendar c WHERE c.id = NEW.calendar_id AND c.year = extract(year FROM NEW.day)) OR (NEW.kind = 'work' AND NOT extract(isodow FROM NEW.day) IN (6, 7)) THEN RAISE EXCEPTION 'no such day in this calendar'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER workday_day_fits BEFORE INSERT ON workday_day FOR EACH ROW EXECUTE FUNCTION workday_day_fits()",
        ):
            op.execute(statement)


def downgrade() -> None:
    op.drop_table("workday_day")
    op.drop_table("workday_calendar")
