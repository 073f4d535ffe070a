"""``portal init``: from an empty folder to the first administrator's log-in; again, at once, and half way."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import text

from portal import clock, database
from portal.app import create_app
from portal.config import ROOT
from portal.database import everything, session
from portal.identity import first_login
from portal.identity.models import Account, Grant
from portal.testing import Browser, World, token

WORDS = (
    *("--public-url", "http://127.0.0.1:8000", "--admin-name", "骆测安", "--admin-phone", "10000000001"),
    *("--district", "999901 试验县 county", "--district", "999901-kfq 试验开发区 park 999901"),
)


def command(place: Path, *words: str, **environment: str) -> list[object]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    config = {"PORTAL_CONFIG": str(place / "portal.toml"), **environment}
    return [[sys.executable, "-m", "portal", *words], {**clean, **config}]


def run(place: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    argv, env = command(place, *words, **environment)
    return subprocess.run(
        argv, cwd=ROOT, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=90
    )


def init(place: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(place, "init", "--data", str(place / "data"), *(more or WORDS), **environment)


def everything_in(place: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(place.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    place = tmp_path_factory.mktemp("init")
    done = init(place)
    assert done.returncode == 0, done.stderr
    return place, done.stdout


def test_an_old_sqlite_is_refused_before_anything_is_made(tmp_path: Path):
    """As RHEL 8 and Debian 10 have it; for PostgreSQL it does not matter."""
    old = tmp_path / "old"
    old.mkdir()
    (old / "sitecustomize.py").write_text("import sqlite3; sqlite3.sqlite_version_info = (3, 26, 0)")
    place = tmp_path / "place"
    refused = init(place, PYTHONPATH=str(old))
    assert refused.returncode == 1 and "3.35 is the least" in refused.stderr, refused.stderr
    assert not place.exists()
    nowhere = "postgresql+psycopg://127.0.0.1:9/nowhere"
    elsewhere = init(place, PYTHONPATH=str(old), PORTAL_DATABASE_URL=nowhere)
    assert elsewhere.returncode == 1 and "SQLite" not in elsewhere.stderr


def test_settings_are_private_and_nobody_s_secret_is_printed(made):
    place, said = made
    path = place / "portal.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    settings = tomllib.loads(path.read_text())
    assert len(settings["secret_key"]) == 64 and settings["field_keys"].startswith("k1:")
    for secret in (settings["secret_key"], settings["field_keys"][3:], settings["index_key"]):
        assert secret not in said
    assert settings["data_dir"] == str(place / "data") and settings["tls"] is False
    assert not list(place.glob("*.unfinished")), "no draft is left"
    assert run(place, "db", "check").returncode == 0


def go_on(browser: Browser, code: str) -> None:
    """Say that the notice of a district was read."""
    path = f"/d/{code}/me/notice"
    named = re.search(r'name="notice" value="([^"]+)"', browser.get(path).get_data(as_text=True))
    assert named is not None
    form = {"notice": named[1], "csrf_token": token(browser, path)}
    assert browser.post(path, data=form).status_code == 303


def test_the_administrator_logs_in_once_with_the_printed_code(made, monkeypatch: pytest.MonkeyPatch):
    place, said = made
    code = re.search(r"code: ([A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4})", said)
    assert code is not None and "骆测安" in said
    monkeypatch.setenv("PORTAL_CONFIG", str(place / "portal.toml"))
    app = create_app()
    app.test_client_class = Browser
    with app.app_context():
        with everything():
            (account,) = session.query(Account).all()
            roles = sorted(one.role for one in session.query(Grant).all())
        assert roles == ["deployer", "district_admin"] and account.password_hash is None
        visitor, browser = app.test_client(), app.test_client()

        def typed(who: Browser, **form: str) -> int:
            form["csrf_token"] = token(who, "/login/paper")
            return who.post("/login/paper", data=form).status_code

        assert typed(visitor, code=code[1], name="别人") == 422
        assert typed(browser, code=code[1].lower().replace("-", " "), name="骆测安") == 303
        factor = "/d/999901/me/second-factor"
        assert browser.get("/d/999901-kfq/admin/plugins").status_code == 303, "a second factor first"
        browser.post(f"{factor}/totp/begin", data={"csrf_token": token(browser, factor)})
        page = browser.get(f"{factor}/totp").get_data(as_text=True)
        shown = re.search(r"data-secret>([A-Z2-7 ]+)<", page)
        assert shown is not None
        right = pyotp.TOTP(shown[1].replace(" ", "")).at(clock.now())
        form = {"code": right, "csrf_token": token(browser, f"{factor}/totp")}
        assert browser.post(f"{factor}/totp", data=form).status_code == 200
        assert browser.get("/d/999901-kfq/admin/plugins").status_code == 303, "then what is kept about people"
        go_on(browser, "999901")
        assert browser.get("/d/999901-kfq/admin/plugins").status_code == 200
        page = browser.get("/d/999901/me/password").get_data(as_text=True)
        assert 'name="current"' not in page, "proven at the console: a first password may be set"
        assert typed(visitor, code=code[1], name="骆测安") == 422, "the code works once"
        session.remove()
        database.db.engine.dispose()


def test_a_second_init_refuses_in_words_and_changes_nothing(made):
    place, _ = made
    before = everything_in(place)
    again = init(place)
    assert again.returncode == 1 and "initialised" in again.stderr and "portal doctor" in again.stderr
    assert everything_in(place) == before


def test_other_settings_for_a_database_in_use_are_refused(made):
    place, _ = made
    before = everything_in(place)
    other = init(place, *WORDS, PORTAL_CONFIG=str(place / "other.toml"))
    assert other.returncode == 1 and "holds tables already" in other.stderr
    assert everything_in(place) == before


def test_of_two_at_once_one_wins(tmp_path: Path):
    both = [
        subprocess.Popen(
            argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for argv, env in [command(tmp_path, "init", "--data", str(tmp_path / "data"), *WORDS)] * 2
    ]
    said = [one.communicate(timeout=90) for one in both]
    assert sorted(one.returncode for one in both) == [0, 1], said
    (refusal,) = [error for one, (_, error) in zip(both, said, strict=True) if one.returncode]
    assert b"another portal init" in refusal or b"initialised" in refusal
    assert run(tmp_path, "db", "check").returncode == 0


def test_one_that_was_killed_half_way_is_finished_with_the_same_secrets(tmp_path: Path):
    killed = init(tmp_path, *WORDS, PORTAL_FAILPOINT="init.written")
    assert killed.returncode == -9
    assert not (tmp_path / "portal.toml").exists()
    draft = tomllib.loads((tmp_path / "portal.toml.unfinished").read_text())
    done = init(tmp_path)
    assert done.returncode == 0 and "interrupted" in done.stdout, done.stderr
    settings = tomllib.loads((tmp_path / "portal.toml").read_text())
    assert settings == draft
    listed = run(tmp_path, "roles", "list").stdout.splitlines()
    assert len(listed) == 2, "each role once"


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        ((), 2, "--public-url is missing"),
        (("--public-url", "http://portal.example.cn"), 2, "https://"),
        (("--public-url", "https://portal.example.cn/x"), 2, "without a path"),
        ((*WORDS, "--admin-phone", "123"), 2, "11 digits"),
        ((*WORDS, "--district", "999902 试验县"), 2, "CODE NAME KIND"),
        ((*WORDS, "--district", "999903 园区 park 999902"), 2, "named before it"),
        ((*WORDS, "--database", "postgresql+psycopg://a:secret@127.0.0.1/x"), 2, "PORTAL_DATABASE_URL"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    tmp_path: Path, words: tuple[str, ...], code: int, why: str
):
    place = tmp_path / "new"
    found = run(place, "init", "--data", str(place / "data"), *words)
    assert found.returncode == code and why in found.stderr and "Traceback" not in found.stderr, found.stderr
    assert not place.exists() and "secret@" not in found.stderr


def test_secrets_of_the_environment_are_not_shadowed(tmp_path: Path):
    found = init(tmp_path, *WORDS, PORTAL_SECRET_KEY="x" * 40)
    assert found.returncode == 1 and "PORTAL_SECRET_KEY" in found.stderr


def test_the_sql_names_both_roles(tmp_path: Path):
    said = run(tmp_path, "init", "--print-sql").stdout
    assert "CREATE ROLE portal_owner" in said and "CREATE ROLE portal_app" in said
    assert "NOBYPASSRLS" in said and "PASSWORD '" not in said


def test_a_new_code_ends_the_one_before_and_five_wrong_names_end_it(world: World):
    person = world.account(username="admin")
    session.commit()
    first, second = (first_login.issue(person, by=None) for _ in range(2))
    assert first != second
    assert first_login.redeem(first, name=person.display_name) is None
    for _ in range(5):
        assert first_login.redeem(second, name="别人") is None
    assert first_login.redeem(second, name=person.display_name) is None, "five tries were all"
    third = first_login.issue(person, by=None)
    with everything():
        kept = session.execute(text("SELECT * FROM login_code")).all()
    assert not any(code.replace("-", "") in str(kept) for code in (first, second, third))
    with clock.moved(first_login.LIFE):
        assert first_login.redeem(third, name=person.display_name) is None, "an hour is over"
    assert first_login.redeem(third, name=person.display_name) == person.id
