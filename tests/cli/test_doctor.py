"""``portal doctor`` finds each planted fault, names the command that mends it, and is silent otherwise."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal import clock, database, jobs
from portal.app import create_app
from portal.cli import doctor_machine, group
from portal.database import session, transaction
from portal.health.models import Heartbeat
from portal.jobs.models import JobRow
from tests.cli.test_init import WORDS, init

GOOD = {
    'public_url = "http://127.0.0.1:8000"': 'public_url = "https://portal.example.cn"\nproxies = 1',
    "tls = false": 'tls = true\nhelp_phone = "0000-8800000"',
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("doctor")
    done = init(place, *WORDS)
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a whole installation, backed up an hour ago, with nothing wrong."""
    own = tmp_path / "own"
    shutil.copytree(made, own)
    own.joinpath("data").chmod(0o700)
    edit(own, str(made / "data"), str(own / "data"))
    for old, new in GOOD.items():
        edit(own, old, new)
    monkeypatch.setenv("PORTAL_CONFIG", str(own / "portal.toml"))
    # The tests may run as root, whose files these are.
    monkeypatch.setattr("os.geteuid", lambda: own.stat().st_uid or 1)
    monkeypatch.setattr("os.access", lambda *_: True)
    with create_app().app_context():
        with transaction():
            session.add(Heartbeat(name="backup", at=clock.now() - timedelta(hours=1)))
        close()
    return own


def close() -> None:
    session.remove()
    database.db.engine.dispose()


def edit(place: Path, old: str, new: str) -> None:
    path = place / "portal.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def examine(*words: str) -> tuple[int, dict[str, str]]:
    done = CliRunner().invoke(group.portal, ["doctor", "--json", *words])
    found = json.loads(done.stdout)
    assert all(one["command"] for one in found)
    return done.exit_code, {f"{one['severity']}: {one['text']}": one["command"] for one in found}


def test_a_whole_installation_has_nothing_wrong(place: Path):
    code, found = examine("--deep")
    assert code == 0 and not any(text.startswith("error") for text in found), found
    assert {text.split(":")[0] for text in found} == {"note"}, "what to know of backups, and no more"


def break_rows(change: Callable[[], object]) -> Callable[[Path], None]:
    def act(_: Path) -> None:
        with create_app().app_context():
            with transaction():
                change()
            close()

    return act


def sql(words: str) -> Callable[[Path], None]:
    def act(_: Path) -> None:
        with create_app().app_context():
            with database.db.engine.connect() as connection:
                connection.exec_driver_sql(words)
                connection.commit()
            close()

    return act


def dead_job() -> None:
    jobs.enqueue("jobs.sweep")
    session.query(JobRow).update({"state": "dead"})


def late_job() -> None:
    jobs.enqueue("jobs.sweep", not_before=clock.now() - timedelta(minutes=10))


FAULTS: dict[str, tuple[Callable[[Path], object], str, str, str]] = {
    "open settings": (lambda p: (p / "portal.toml").chmod(0o644), "error", "others may read it", "chmod 600"),
    "short secret": (
        lambda p: edit(p, 'secret_key = "', 'secret_key = "short"\n#'),
        "error",
        "shorter than 32",
        "portal keys new",
    ),
    "no keys": (lambda p: edit(p, "field_keys", "#"), "error", "is missing: keys lie", "portal keys"),
    "bad keys": (lambda p: edit(p, '"k1:', '"k1:x'), "error", "keys cannot be read", "kept copy"),
    "unknown setting": (
        lambda p: edit(p, "tls = true", "tls = true\ncolour = 1"),
        "error",
        "colour",
        "portal.toml",
    ),
    "broken toml": (lambda p: edit(p, "tls = true", "tls ="), "error", "cannot be read", "portal.toml"),
    "http": (lambda p: edit(p, "https://", "http://"), "error", "travel open", "https"),
    "loopback": (
        lambda p: edit(p, "portal.example.cn", "127.0.0.1"),
        "warning",
        "this machine only",
        "public_url",
    ),
    "no tls": (lambda p: edit(p, "tls = true", "tls = false"), "error", "not Secure", "tls = true"),
    "no proxy": (
        lambda p: edit(p, "proxies = 1", "proxies = 0"),
        "error",
        "shares one address",
        "proxies = 1",
    ),
    "demo": (
        lambda p: edit(p, "tls = true", "tls = true\ndemo = true"),
        "error",
        "demo is on",
        "demo = false",
    ),
    "no data": (lambda p: shutil.rmtree(p / "data"), "error", "is not there", "portal init"),
    "no database": (
        lambda p: (p / "data" / "portal.db").write_text("this is no database at all, not even nearly one"),
        "error",
        "cannot be reached",
        "database_url",
    ),
    "empty": (lambda p: (p / "data" / "portal.db").unlink(), "error", "database is empty", "portal init"),
    "open folder": (lambda p: (p / "data").chmod(0o755), "warning", "look into", "chmod 700"),
    "old schema": (
        sql("UPDATE alembic_version_core SET version_num = '0001'"),
        "error",
        "core waits: 0001",
        "portal upgrade",
    ),
    "changed by hand": (sql("ALTER TABLE district ADD x"), "error", "schema differs", "by hand"),
    "dead job": (break_rows(dead_job), "warning", "given up", "admin/queue"),
    "no worker": (break_rows(late_job), "error", "no worker runs", "portal-worker"),
    "never saved": (sql("DELETE FROM heartbeat"), "warning", "never been a backup", "portal backup"),
    "saved long ago": (
        sql("UPDATE heartbeat SET at = '2020-01-01 00:00:00.000000'"),
        "error",
        "hours old",
        "portal backup",
    ),
    "clock went back": (
        sql("UPDATE heartbeat SET at = '2099-01-01 00:00:00.000000'"),
        "error",
        "clock went back",
        "set-ntp",
    ),
    "key gone": (
        lambda p: edit(p, '"k1:', '"k9:'),
        "error",
        "sealed under k1",
        "portal keys lost k1",
    ),
    "nobody in charge": (sql("DELETE FROM role_grant"), "warning", "district administrator", "roles grant"),
    "half an upgrade": (
        lambda p: (p / "data" / "upgrade.json").write_text("{}"),
        "error",
        "interrupted",
        "portal upgrade",
    ),
}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_planted_fault_is_found_with_its_command(place: Path, fault: str):
    act, severity, words, command = FAULTS[fault]
    act(place)
    code, found = examine()
    named = [text for text in found if words in text]
    assert named, found
    assert named[0].startswith(severity) and command in found[named[0]], found
    assert code == (1 if any(text.startswith("error") for text in found) else 0)


def test_sqlite_on_a_network_file_system_is_found(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda / ext4 rw 0 0\nserver:/x {place} nfs4 rw 0 0\n")
    assert doctor_machine.file_system(place / "data", mounts) == "nfs4"
    assert doctor_machine.file_system(tmp_path, mounts) == "ext4"
    monkeypatch.setattr(doctor_machine, "file_system", lambda _: "nfs4")
    code, found = examine()
    assert code == 1 and any("network file system" in text for text in found)


def test_an_old_sqlite_is_found(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    code, found = examine()
    assert code == 1 and any("3.35 is the least" in text for text in found)
    refused = CliRunner().invoke(group.portal, ["serve"])
    assert refused.exit_code == 1 and "3.35 is the least" in refused.output


def test_touched_books_are_found_when_looked_at(place: Path):
    sql("DROP TRIGGER audit_no_update")(place)
    sql("UPDATE audit SET action = 'other' WHERE id = 1")(place)
    assert not any("trail" in text for text in examine()[1])
    code, found = examine("--deep")
    assert code == 1 and any("touched: trail" in text for text in found)


def test_no_installation_is_sent_to_init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORTAL_CONFIG", str(tmp_path / "portal.toml"))
    done = CliRunner().invoke(group.portal, ["doctor"])
    assert done.exit_code == 1 and "mend: portal init" in done.output
