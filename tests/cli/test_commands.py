"""Commands: what they do, what they print, and exit codes 0 done, 1 refused, 2 usage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from portal import database
from portal.app import create_app
from portal.config import ROOT
from portal.database import everything, session, transaction
from portal.database.engine import as_owner
from portal.districts import service
from portal.testing import World, process, settings


@pytest.fixture
def house(data_dir: Path) -> Path:
    """Return an installation with a county and its park."""
    app = create_app(settings(data_dir))
    with app.app_context(), everything(), transaction():
        county = service.create(code="999901", name="试验县", kind="county")
        service.create(code="999901-kfq", name="试验开发区", kind="park", parent=county)
    with app.app_context():
        session.remove()
        database.db.engine.dispose()
    return data_dir


def portal(data: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one command as a person would, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "portal", *words],
        cwd=ROOT,
        env={**process.environment(data), **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def test_a_plugin_is_switched_off_locked_and_inherited(house: Path):
    off = portal(house, "plugins", "off", "dues", "--district", "999901", "--lock")
    assert (off.returncode, off.stdout) == (0, "dues at 999901: off, locked; now off\n")
    listed = portal(house, "plugins", "list", "--district", "999901-kfq").stdout
    assert "[off, from 999901, locked]" in next(
        line for line in listed.splitlines() if line.startswith("dues")
    )
    refused = portal(house, "plugins", "on", "dues", "--district", "999901-kfq")
    assert refused.returncode == 1 and "locked" in refused.stderr
    assert portal(house, "plugins", "inherit", "dues", "--district", "999901").returncode == 0
    again = portal(house, "plugins", "on", "dues", "--district", "999901-kfq")
    assert (again.returncode, again.stdout) == (0, "dues at 999901-kfq: on; now on\n")
    # Each of the three changes is in the trail, and the trail is whole.
    verified = portal(house, "audit", "verify")
    assert verified.returncode == 0 and "waiting for a seal 3" in verified.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("plugins", "on", "dues"),
        ("plugins", "on", "nothing", "--district", "999901"),
        ("plugins", "on", "dues", "--district", "000000"),
        ("nonsense",),
        ("db", "nonsense"),
    ],
)
def test_a_wrong_word_is_a_usage_error(house: Path, words: tuple[str, ...]):
    found = portal(house, *words)
    assert found.returncode == 2 and "Error:" in found.stderr and "Traceback" not in found.stderr


def test_a_wrong_setting_is_said_in_words(house: Path):
    found = portal(house, "plugins", "list", PORTAL_TLS="perhaps")
    assert found.returncode == 2 and "tls is on or off" in found.stderr and "Traceback" not in found.stderr


def test_production_without_a_secret_says_what_to_set(tmp_path: Path):
    found = portal(tmp_path, "plugins", "list", PORTAL_ENV="production")
    assert found.returncode == 2 and "PORTAL_SECRET_KEY" in found.stderr


def test_a_command_without_database_works_everywhere(tmp_path: Path):
    found = portal(
        tmp_path, "dues", "explain", "--category", "salaried", "--base", "5100.00", "--on", "2026-11-01",
        "--json", PORTAL_ENV="production",
    )  # fmt: skip
    assert found.returncode == 0 and '"amount_fen": 7650' in found.stdout


def test_doctor_and_health_are_well(house: Path):
    assert portal(house, "plugins", "doctor").returncode == 0
    found = portal(house, "health")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "ok: database writes" in found.stdout


def test_verify_names_an_altered_audit_row(house: Path):
    portal(house, "plugins", "off", "dues", "--district", "999901")
    app = create_app(settings(house))
    with app.app_context():
        with everything(), as_owner() as connection:
            on = " ON audit" if connection.dialect.name == "postgresql" else ""
            connection.exec_driver_sql(f"DROP TRIGGER audit_no_update{on}")
            connection.exec_driver_sql("UPDATE audit SET action = 'plugin.on'")
        session.remove()
        database.db.engine.dispose()
    found = portal(house, "audit", "verify")
    assert found.returncode == 1 and "inserted" in found.stdout


def test_reset_deletes_a_demo_and_nothing_else(tmp_path: Path):
    (tmp_path / "other").mkdir()
    kept = tmp_path / "other" / "important.txt"
    kept.write_text("keep")
    clean = {"PORTAL_ENV": ""}
    refused = portal(tmp_path / "other", "demo", "reset", **clean)
    assert refused.returncode == 1 and kept.exists()
    assert portal(tmp_path / "none", "demo", "reset", **clean).returncode == 0


def test_readyz_says_ready_and_nothing_else(world: World):
    answer = world.browser().get("/readyz")
    assert (answer.status_code, answer.get_data(as_text=True)) == (200, "ready\n")
    assert world.browser().get("/healthz").get_data(as_text=True) == "ok\n"


def test_readyz_without_a_writable_database_is_503(world: World):
    with as_owner() as connection:
        connection.exec_driver_sql("DROP TABLE heartbeat")
    answer = world.browser().get("/readyz")
    assert (answer.status_code, answer.get_data(as_text=True)) == (503, "not ready: database fails\n")


def test_the_search_index_is_written_anew(house: Path):
    done = portal(house, "search", "rebuild")
    assert (done.returncode, done.stdout) == (0, "2 indexed\n")
