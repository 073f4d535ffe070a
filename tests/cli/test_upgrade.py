"""``portal upgrade``: forward and proven, or back as it was; a kill in the middle is put right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from portal import backup, database
from portal.app import create_app
from portal.backup import sqlite
from portal.cli import group
from portal.database import history, is_postgresql, session
from portal.testing import World, settings
from tests.backup.test_restore import run

PLANTED = """
revision = "9998"
down_revision = "{head}"
branch_labels = depends_on = None

from alembic import op


def upgrade() -> None:
    op.execute("CREATE TABLE half_way (id INTEGER)")
    op.execute("DELETE FROM organization")
    {fault}


def downgrade() -> None:
    pass
"""


@pytest.fixture
def house(app: Flask, world: World) -> Path:
    if is_postgresql():
        pytest.skip("the file of SQLite")
    world.organization(world.district("999901"), name="甲党支部")
    session.commit()
    session.remove()
    return Path(app.config["DATA_DIR"])


def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Put one revision more behind the core's last."""
    own = tmp_path / "migrations"
    shutil.copytree(history.ENVIRONMENT, own, ignore=shutil.ignore_patterns("__pycache__"))
    head = sorted(path.name[:4] for path in (own / "versions").glob("[0-9]*.py"))[-1]
    (own / "versions" / "9998_planted.py").write_text(PLANTED.format(head=head, fault=fault))
    monkeypatch.setattr(history, "ENVIRONMENT", own)


def upgrade() -> Result:
    session.remove()
    return CliRunner().invoke(group.portal, ["upgrade"])


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("raise RuntimeError('planted')", "planted"),
        ("pass", "schema differs"),
        ("op.execute('DROP TABLE role_grant')", "role_grant"),
    ],
    ids=["raises", "makes something else", "takes something away"],
)
def test_a_failing_migration_is_put_back_by_itself(
    house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, why: str
):
    before = sqlite.digests(house / "portal.db")
    plant(tmp_path, monkeypatch, fault)
    if fault == "pass":
        # A table no code knows may be a removed plugin's; a column of ours that is too much is not.
        text = next((tmp_path / "migrations" / "versions").glob("9998*"))
        text.write_text(
            text.read_text().replace("CREATE TABLE half_way (id INTEGER)", "ALTER TABLE district ADD x")
        )
    done = upgrade()
    assert done.exit_code == 1 and "as it was before" in done.stderr and why in done.stderr, done.output
    after = sqlite.digests(house / "portal.db")
    written = {"audit", "heartbeat", "job", "audit_seal"}
    assert {n: d for n, d in after.items() if n not in written} == {
        n: d for n, d in before.items() if n not in written
    }
    assert len(backup.listed(house / "backups")) == 1 and not (house / "upgrade.json").exists()
    assert "core" in history.pending({}), "still the old schema"


def test_forward_with_a_backup_and_again_nothing_to_do(house: Path):
    plugins = create_app(settings(house)).extensions["portal.registry"].folders()
    owner = next(one for one in history.folders(plugins) if one != history.CORE)
    session.remove()
    history.downgrade(plugins, slug=owner, revision="-1")
    done = upgrade()
    assert done.exit_code == 0 and f"{owner}: " in done.stdout and "checked" in done.stdout, done.output
    assert history.pending(plugins) == {} and len(backup.listed(house / "backups")) == 1
    again = upgrade()
    assert again.exit_code == 0 and len(backup.listed(house / "backups")) == 1


def test_killed_in_the_middle_the_next_run_puts_it_back_and_goes_on(house: Path):
    app = create_app(settings(house))
    with app.app_context():
        plugins = app.extensions["portal.registry"].folders()
        owner = next(one for one in history.folders(plugins) if one != history.CORE)
        history.downgrade(plugins, slug=owner, revision="-1")
        session.remove()
        database.db.engine.dispose()
    session.remove()
    database.db.engine.dispose()
    killed = run(house, "upgrade", PORTAL_FAILPOINT="upgrade.migrated")
    assert killed.returncode == -9 and (house / "upgrade.json").exists()
    for what in ("serve", "worker"):
        refused = run(house, what)
        assert refused.returncode == 1 and "portal upgrade" in refused.stderr
    done = run(house, "upgrade")
    assert done.returncode == 0 and "interrupted" in done.stdout and "checked" in done.stdout, done.stderr
    assert run(house, "db", "check").returncode == 0 and not (house / "upgrade.json").exists()


def test_a_running_portal_is_not_upgraded_under_its_feet(house: Path):
    app = create_app(settings(house))
    with app.app_context():
        plugins = app.extensions["portal.registry"].folders()
        owner = next(one for one in history.folders(plugins) if one != history.CORE)
        history.downgrade(plugins, slug=owner, revision="-1")
        with database.db.engine.connect() as busy:
            busy.exec_driver_sql("SELECT count(*) FROM district")
            busy.rollback()
            refused = run(house, "upgrade")
        database.db.engine.dispose()
    assert refused.returncode == 1 and "stop portal serve" in refused.stderr
    assert backup.listed(house / "backups") == []
