"""The schema histories: complete, equal to the models, up, down and up again, one owner at a time."""

from __future__ import annotations

import io
import runpy

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import inspect, text

from portal import database
from portal.app import create_app
from portal.database import db, history, is_postgresql, session
from portal.testing import settings


@pytest.fixture
def empty(tmp_path):
    app = create_app(settings(tmp_path))
    with app.app_context():
        yield app.extensions["portal.registry"].folders()
        session.remove()
        db.engine.dispose()


def catalogue() -> set[tuple[str, str]]:
    with db.engine.connect() as connection:
        rows = connection.execute(text(_POSTGRESQL if is_postgresql() else _SQLITE))
        return {(kind, name) for kind, name in rows if "alembic_version" not in name}


_SQLITE = "select type, name from sqlite_master where name not like 'sqlite_%'"
_POSTGRESQL = """
select case relkind when 'r' then 'table' when 'i' then 'index' else relkind::text end, relname::text
from pg_class where relnamespace = 'public'::regnamespace
union all select 'trigger', tgname::text from pg_trigger where not tgisinternal
union all select 'function', proname || prosrc from pg_proc where pronamespace = 'public'::regnamespace
union all select 'constraint', conname || pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'public'::regnamespace
union all select 'policy', tablename || qual || with_check from pg_policies
union all select 'wall', relname || relrowsecurity || relforcerowsecurity from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r'
"""


def test_the_revisions_make_what_the_models_say(empty, tmp_path):
    history.upgrade(empty)
    assert history.differences(empty) == []
    assert history.pending(empty) == {}
    migrated = catalogue()
    other = create_app(settings(tmp_path / "other"))
    with other.app_context():
        database.create_all()
        assert catalogue() == migrated, "a trigger or an index is missing in the revisions"
        session.remove()
        db.engine.dispose()


def test_every_history_goes_down_and_up_again_alone(empty):
    history.upgrade(empty)
    whole = catalogue()
    plugins = [owner for owner in history.folders(empty) if owner != history.CORE]
    assert plugins
    for owner in plugins:
        history.downgrade(empty, slug=owner, revision="base")
        left = {name for kind, name in catalogue() if kind == "table"}
        assert not any(name.startswith(f"{owner}_") for name in left)
        assert "member" in left
        history.upgrade(empty, slug=owner)
    assert catalogue() == whole
    for owner in [*plugins, history.CORE]:
        history.downgrade(empty, slug=owner, revision="base")
    assert {name for kind, name in catalogue() if kind == "table"} == set()
    history.upgrade(empty)
    assert catalogue() == whole


def test_an_empty_database_says_what_is_pending(empty):
    assert history.pending(empty)[history.CORE][0] is None
    assert not inspect(db.engine).get_table_names()


def test_to_be_asked_whether_it_is_ready_leaves_nothing_behind(app, client, monkeypatch):
    """Each question used to read every revision anew and keep a statement for each version table."""
    kept = db.engine._compiled_cache
    assert client.get("/readyz").status_code == 200
    before = set(kept)
    monkeypatch.setattr(history, "_scripts", None)
    for _ in range(5):
        assert client.get("/readyz").text == "ready\n"
    assert set(kept) == before


def test_a_revision_that_came_since_is_noticed(tmp_path):
    first = 'revision = "0001"\ndown_revision = None\n'
    (tmp_path / "0001_first.py").write_text(first)
    assert history.newest(tmp_path) == "0001"
    (tmp_path / "0002_second.py").write_text('revision = "0002"\ndown_revision = "0001"\n')
    assert history.newest(tmp_path) == "0002"
    (tmp_path / "0002_second.py").write_text('revision = "0002x"\ndown_revision = "0001"\n')
    assert history.newest(tmp_path) == "0002x"
    (tmp_path / "0002_second.py").unlink()
    assert history.newest(tmp_path) == "0001"


def test_a_table_belongs_to_one_owner(empty):
    assert history.owned_by("dues_voucher", empty) == "dues"
    assert history.owned_by("member", empty) == history.CORE
    assert history.owned_by("search_fts_data", empty) == ""


def test_what_one_database_alone_knows_is_made_there_only(empty):
    line = 'sa.CheckConstraint("x", name=op.f("ck_ledger_line_integer")),'
    assert history._with_dialects(line).endswith(".ddl_if(dialect='sqlite'),")
    assert history._with_dialects(line.replace("_integer", "_amount")) == line.replace("_integer", "_amount")
    made = []
    for folder in history.folders(empty).values():
        for path in sorted(folder.glob("[0-9]*.py")):
            revision = runpy.run_path(str(path))
            context = MigrationContext.configure(
                dialect_name="postgresql", opts={"as_sql": True, "output_buffer": io.StringIO()}
            )
            with Operations.context(context):
                revision["upgrade"]()
            made.append(context.output_buffer.getvalue())
    sql = "\n".join(made)
    assert "CREATE TABLE ledger_line" in sql and "ck_ledger_line_amount" in sql
    assert "typeof(" not in sql and "RAISE(ABORT" not in sql and "fts5" not in sql.lower()


def test_no_index_is_the_beginning_of_another(empty):
    """Every row pays for every index; one that another begins with finds nothing more."""
    history.upgrade(empty)
    there = inspect(db.engine)
    doubled = []
    for table in there.get_table_names():
        whole = [tuple(one["column_names"]) for one in there.get_unique_constraints(table)]
        partial = {one["name"] for one in there.get_indexes(table) if one.get("dialect_options")}
        indexes = {
            one["name"]: (tuple(one["column_names"]), one["unique"])
            for one in there.get_indexes(table)
            if one["name"] not in partial
        }
        for name, (columns, unique) in indexes.items():
            others = [*whole, *(found for other, (found, _) in indexes.items() if other != name)]
            if not unique and any(other[: len(columns)] == columns for other in others):
                doubled.append(name)
    assert doubled == []
