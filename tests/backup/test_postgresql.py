"""A whole installation on PostgreSQL with its two roles: made, saved, brought back, upgraded, examined."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.config import ROOT
from portal.testing import postgresql
from tests.cli.test_init import WORDS

pytestmark = pytest.mark.hard


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    try:
        made = postgresql.Server()
        made.create()
    except postgresql.Missing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    yield made
    made.remove()


def sql(server: postgresql.Server, words: str, database: str = "portal") -> list[tuple[object, ...]]:
    import psycopg

    url = f"{server.url.rpartition('/')[0]}/{database}"
    with psycopg.connect(url, autocommit=True) as connection:
        done = connection.execute(words.encode())
        return done.fetchall() if done.description else []


def test_the_whole_life_of_an_installation(server: postgresql.Server, tmp_path: Path):
    base = f"127.0.0.1:{server.port}"
    environment = {
        "PORTAL_DATABASE_URL": f"postgresql+psycopg://app_of_it:pw-app@{base}/portal",
        "PORTAL_DATABASE_OWNER_URL": f"postgresql+psycopg://owner_of_it:pw-owner@{base}/portal",
        "PORTAL_DATABASE_ADMIN_URL": server.url.replace("postgresql://", "postgresql+psycopg://"),
    }

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        here = {"PORTAL_CONFIG": str(tmp_path / "portal.toml"), "PORTAL_POSTGRESQL_BIN": str(server.binaries)}
        return subprocess.run(
            [sys.executable, "-m", "portal", *words],
            cwd=ROOT,
            env={**clean, **here, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    data = tmp_path / "data"
    made = run("init", "--data", str(data), *WORDS, **environment)
    assert made.returncode == 0 and "roles and database: made" in made.stdout, made.stderr
    assert "pw-" not in made.stdout + made.stderr
    roles = sql(server, "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname LIKE '%_of_it'")
    assert sorted(roles) == [("app_of_it", False, False), ("owner_of_it", False, False)]
    owners = sql(server, "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert owners == [("owner_of_it",)]
    again = run("init", "--data", str(data), *WORDS, **environment, PORTAL_CONFIG=str(tmp_path / "x.toml"))
    assert again.returncode == 1 and "holds tables already" in again.stderr
    found = json.loads(run("doctor", "--json").stdout)
    assert not [one for one in found if "the application" in one["text"] or "polic" in one["text"]], found

    (data / "uploads").mkdir()
    (data / "uploads" / "a").write_text("as saved")
    saved = run("backup")
    assert saved.returncode == 0, saved.stderr
    (path,) = (data / "backups").glob("portal-*")
    assert run("backup", "verify", str(path)).returncode == 0
    # RLS is forced on the owner too: a dump that saw no district's rows would hold no role.
    assert run("district", "add", "999902", "后来县", "--kind", "county").returncode == 0
    (data / "uploads" / "a").write_text("later")

    asked = run("restore", str(path), "--dry-run")
    assert asked.returncode == 0 and "role_grant" not in asked.stdout, "what is equal is not listed"
    for place in ("restore.committed", "restore.database"):
        killed = run("restore", str(path), "--replace", "--yes", PORTAL_FAILPOINT=place)
        assert killed.returncode == -9, killed.stderr
        after = run("district", "list")
        old = place == "restore.committed"
        assert ("999902" in after.stdout) is old, place
        assert (data / "uploads" / "a").read_text() == ("later" if old else "as saved")
    done = run("restore", str(path), "--replace", "--yes")
    assert done.returncode == 0, done.stderr
    assert "999902" not in run("district", "list").stdout
    assert len(run("roles", "list").stdout.splitlines()) == 2
    for words in (("audit", "verify"), ("ledger", "verify"), ("db", "check"), ("health",)):
        assert run(*words).returncode == 0, words
    schemas = sql(server, "SELECT nspname FROM pg_namespace WHERE nspname = 'portal_before'")
    assert schemas == [], "what went aside is dropped at the end"
    walls = sql(server, "SELECT count(*) FROM pg_policies WHERE schemaname = 'public'")
    assert walls[0][0] > 10, "the policies came along"

    import psycopg

    with psycopg.connect(f"{server.url.rpartition('/')[0]}/portal"):
        refused = run("restore", str(path), "--replace", "--yes")
    assert refused.returncode == 1 and "stop portal serve" in refused.stderr

    sql(server, "UPDATE alembic_version_dues SET version_num = '0001'")
    failed = run("upgrade")
    assert failed.returncode == 1 and "as it was before" in failed.stderr, failed.stderr
    assert sql(server, "SELECT version_num FROM alembic_version_dues") == [("0001",)]
    sql(server, "ALTER ROLE app_of_it BYPASSRLS")
    found = json.loads(run("doctor", "--json").stdout)
    assert [one for one in found if "BYPASSRLS" in one["text"]]
