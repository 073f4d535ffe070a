"""Restores: equal to what was saved, or refused with nothing changed; killed anywhere, the old or the new."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal import backup, database
from portal.app import create_app
from portal.backup import sqlite
from portal.config import ROOT
from portal.database import everything, is_postgresql, session
from portal.testing import World, settings


def run(data: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    here = {"PORTAL_ENV": "testing", "PORTAL_DATA": str(data), "PORTAL_TLS": "no", **environment}
    return subprocess.run(
        [sys.executable, "-m", "portal", *words],
        cwd=ROOT,
        env={**clean, **here},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=90,
        check=False,
    )


def add_member(data: Path, code: str, name: str) -> None:
    app = create_app(settings(data))
    with app.app_context():
        world = World(app)
        world.member(world.organization(world.district(code)), name=name)
        session.commit()
        session.remove()
        database.db.engine.dispose()


@pytest.fixture
def saved(data_dir: Path) -> tuple[Path, Path, backup.Manifest]:
    """An installation, a backup of it, and what happened since: a member, a file more and a file less."""
    (data_dir / "uploads").mkdir()
    (data_dir / "uploads" / "early").write_text("early")
    (data_dir / "uploads" / "both").write_text("as saved")
    add_member(data_dir, "999901", "赵测试")
    app = create_app(settings(data_dir))
    with app.app_context():
        if is_postgresql():
            pytest.skip("the file of SQLite")
        path, manifest = backup.make(folder=data_dir.parent / "kept")
        session.remove()
        database.db.engine.dispose()
    add_member(data_dir, "999902", "钱试验")
    (data_dir / "uploads" / "late").write_text("late")
    (data_dir / "uploads" / "both").write_text("changed since")
    (data_dir / "uploads" / "early").unlink()
    return data_dir, path, manifest


def is_old(data: Path) -> bool:
    return sqlite.digests(data / "portal.db")["district"][0] == 2 and files(data) == {
        "late": "late",
        "both": "changed since",
    }


def is_new(data: Path, manifest: backup.Manifest) -> bool:
    tables = sqlite.digests(data / "portal.db")
    # The restore itself stands in the trail.
    same = {name for name in manifest.tables if name not in {"audit", "job"}}
    equal = all(tables[name] == manifest.tables[name] for name in same)
    return equal and files(data) == {"early": "early", "both": "as saved"}


def files(data: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in (data / "uploads").iterdir()}


def test_data_is_replaced_only_when_told_and_then_equal_table_by_table(saved):
    data, path, manifest = saved
    asked = run(data, "restore", str(path))
    assert asked.returncode == 1 and "--replace" in asked.stderr and is_old(data)
    assert re.search(r"^district +2 +1$", asked.stdout, re.MULTILINE), "the preview names what changes"
    no_answer = run(data, "restore", str(path), "--replace")
    assert no_answer.returncode == 1 and "not agreed" in no_answer.stderr and is_old(data)
    shown = run(data, "restore", str(path), "--replace", "--dry-run")
    assert shown.returncode == 0 and is_old(data)
    done = run(data, "restore", str(path), "--replace", "--yes")
    assert done.returncode == 0 and "restored" in done.stdout, done.stderr
    assert is_new(data, manifest) and not (data / ".restore").exists()
    assert run(data, "db", "check").returncode == 0
    assert run(data, "audit", "verify").returncode == 0


def test_an_empty_place_needs_no_word(saved, tmp_path: Path):
    data, path, manifest = saved
    other = tmp_path / "elsewhere"
    other.mkdir()
    keys = data / "development.keys"
    (other / "development.keys").write_bytes(keys.read_bytes())
    done = run(other, "restore", str(path), "--yes")
    assert done.returncode == 0, done.stderr
    assert is_new(other, manifest)


@pytest.mark.parametrize(
    "place", ["restore.unpacked", "restore.committed", "restore.moving", "backup.written"], ids=str
)
def test_killed_anywhere_leaves_the_old_or_the_new(saved, place: str):
    data, path, manifest = saved
    killed = run(data, "restore", str(path), "--replace", "--yes", PORTAL_FAILPOINT=place)
    assert killed.returncode == (-9 if place.startswith("restore") else 0)
    # Whoever comes next, here any command at all, finishes what was begun.
    after = run(data, "db", "check")
    assert after.returncode == 0, after.stderr
    assert is_old(data) if place == "restore.unpacked" else is_new(data, manifest)
    again = run(data, "restore", str(path), "--replace", "--yes")
    assert again.returncode == 0 and is_new(data, manifest) and not (data / ".restore").exists()


def test_a_running_portal_is_not_restored_over(saved):
    data, path, _ = saved
    app = create_app(settings(data))
    with app.app_context():
        with everything(), database.db.engine.connect() as busy:
            busy.exec_driver_sql("SELECT count(*) FROM district")
            refused = run(data, "restore", str(path), "--replace", "--yes")
        database.db.engine.dispose()
    assert refused.returncode == 1 and "stop portal serve" in refused.stderr and is_old(data)


def test_wrong_keys_newer_schemas_and_damage_change_nothing(saved, tmp_path: Path):
    data, path, _ = saved
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    cut = run(data, "restore", str(path), "--replace", "--yes")
    assert cut.returncode == 1 and "cut off" in cut.stderr and is_old(data)
    path.write_bytes(whole)
    keys = data / "development.keys"
    kept = keys.read_bytes()
    keys.unlink()
    wrong = run(data, "restore", str(path), "--replace", "--yes")
    assert wrong.returncode == 1 and "wrong keys" in wrong.stderr and is_old(data)
    keys.write_bytes(kept)
    app = create_app(settings(data))
    with app.app_context():
        with database.db.engine.connect() as connection:
            connection.exec_driver_sql("UPDATE alembic_version_core SET version_num = '9999'")
            connection.commit()
        newer, _ = backup.make(folder=tmp_path / "newer")
        with database.db.engine.connect() as connection:
            connection.exec_driver_sql("UPDATE alembic_version_core SET version_num = '0001'")
            connection.commit()
        session.remove()
        database.db.engine.dispose()
    strange = run(data, "restore", str(newer), "--replace", "--yes")
    assert strange.returncode == 1 and "newer schema" in strange.stderr and "core 9999" in strange.stderr
    assert is_old(data)


def test_the_command_verifies_and_lists(saved):
    data, path, _ = saved
    assert "whole" in run(data, "backup", "verify", str(path)).stdout
    path.write_bytes(path.read_bytes()[:-200])
    bad = run(data, "backup", "verify", str(path))
    assert bad.returncode == 1 and "Traceback" not in bad.stderr
    made = run(data, "backup", "--keep", "1")
    assert made.returncode == 0 and "proven" in made.stdout and "keep portal.toml apart" in made.stderr
    run(data, "backup", "--keep", "1")
    assert len(run(data, "backup", "list").stdout.splitlines()) == 1
