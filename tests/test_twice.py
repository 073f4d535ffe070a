"""The run on PostgreSQL after the one on SQLite: what it leaves out, and that it may not shrink unseen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portal.config import ROOT
from portal.testing.postgresql import SERVER

TESTS = """
import pytest
from portal.testing import settings
from portal.testing.postgresql import asked_for

@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return settings(tmp_path_factory.mktemp("place"))

def test_plain(): pass
def test_first_on_the_place(place): pass
def test_second_on_the_place(place): assert "postgresql" in str(place.database_url) or not asked_for()
def test_asks_itself(tmp_path): settings(tmp_path)
def test_fails_without_asking(): assert asked_for()

@pytest.mark.sqlite  # is about the file
def test_file(): pass
"""


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != SERVER}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "portal.testing", "-p", "no:playwright", *arguments],
        cwd=folder,
        env={**env, "PYTHONPATH": str(ROOT), "CI": "true", **more},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.postgresql  # starts a server of its own
def test_what_asked_for_no_database_is_left_out_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n    sqlite: its own\n    postgresql: its own\n"
    )

    for more in (("-p", "no:cacheprovider"), ()):
        first = run(tmp_path, *more)
        assert "1 failed, 5 passed" in first.stdout and first.returncode == 1, first.stdout + first.stderr

    again = run(tmp_path, "--postgresql", "--after-sqlite", "--at-least", "5", "-n", "1", "-vv")
    # The one that failed is run again, though it asked for nothing.
    assert set(re.findall(r"PASSED \S*::(test_\w+)", again.stdout)) == {
        "test_first_on_the_place",
        "test_second_on_the_place",
        "test_asks_itself",
        "test_fails_without_asking",
    }, again.stdout + again.stderr
    assert "4 tests passed; 2 asked for no database on SQLite. THERE MUST BE AT LEAST 5" in again.stdout
    assert again.returncode == 1


@pytest.mark.parametrize(("ci", "code"), [("true", 3), ("", 0)])
def test_without_a_server_it_is_an_error_in_ci_and_loud_elsewhere(tmp_path: Path, ci: str, code: int) -> None:
    (tmp_path / "test_none.py").write_text("def test_none(): assert False")
    done = run(tmp_path, "--postgresql", CI=ci, PORTAL_POSTGRESQL_BIN=str(tmp_path))
    assert done.returncode == code, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert f"no PostgreSQL in {tmp_path}" in said
    assert ("NOTHING WAS RUN ON POSTGRESQL" in said) is not bool(ci)
