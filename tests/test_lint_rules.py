"""Rules no linter knows hold over the whole tree, and each is shown one breach."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from portal.config import ROOT
from portal.database import DistrictScoped
from tests.guards import lint

FOLDERS = ("portal", "plugins", "paysim")


def tracked() -> list[str]:
    """Return the files of the project: what git knows, or everything where there is no git."""
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if found.returncode == 0 and found.stdout:
        return found.stdout.splitlines()
    skipped = {".venv", "var", "__pycache__", ".git", "test-results"}
    return [
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*")
        if path.is_file() and not skipped & set(path.relative_to(ROOT).parts)
    ]


def scoped_models() -> frozenset[str]:
    found = set()
    todo = [DistrictScoped]
    while todo:
        for child in todo.pop().__subclasses__():
            found.add(child.__name__)
            todo.append(child)
    return frozenset(found)


def test_money_is_integer_fen_one_clock_and_states_name_their_source():
    assert lint.python_problems(ROOT, FOLDERS) == []


def test_core_selects_say_their_district(app: Flask):
    assert lint.unscoped_selects(ROOT, ("portal", "plugins"), scoped_models()) == []


def test_no_cache_keeps_a_scope(tmp_path: Path):
    assert lint.kept_scopes(ROOT, FOLDERS) == []
    (tmp_path / "bad.py").write_text("@lru_cache(maxsize=1)\ndef ask():\n    return rows(Member)\n")
    assert len(lint.kept_scopes(tmp_path, (".",))) == 1


def test_templates_hold_no_script_style_or_raw_html():
    assert lint.template_problems(ROOT) == []


def test_no_file_names_a_path_of_one_machine():
    # The guard's own examples are written in pieces.
    assert lint.machine_paths(ROOT, [name for name in tracked() if not name.startswith("tests/")]) == []


def test_no_statement_is_made_of_strings(tmp_path: Path):
    """ASVS 1.2.4: ruff's rule S608 over everything that runs, and over one planted breach."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "S608", "-q"]
    found = subprocess.run([*command, *FOLDERS, "migrations"], cwd=ROOT, capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")
    (tmp_path / "bad.py").write_text(
        'def names(q):\n    return f"SELECT name FROM member WHERE name = {q}"\n'
    )
    assert "S608" in subprocess.run([*command, str(tmp_path)], capture_output=True, text=True).stdout


def test_no_secret_is_in_the_tree(tmp_path: Path):
    found = lint.secrets(ROOT, [name for name in tracked() if not name.startswith("static/vendor/")])
    # The example that WeChat publishes itself, and the one of every guide to code programs.
    published = ("plugins/wechatpay/tests/test_published_vectors.py:", "tests/journeys/test_asked_again.py:")
    assert [line for line in found if not line.startswith(published)] == []
    planted = {
        "a.pem": "-----BEGIN " + "PRIVATE KEY-----",
        "b.toml": 'secret_key = "' + "Zk3" * 12 + '"',
        "c.py": "API_TOKEN = '" + "a1B2" * 9 + "'",
        "d.env": "PORTAL_INDEX_KEY=" + "q9" * 20,
    }
    for name, text in planted.items():
        (tmp_path / name).write_text(text)
    assert len(lint.secrets(tmp_path, list(planted))) == len(planted)


def test_no_file_names_a_registry_host():
    hosts = ("pypi" + ".org", "pythonhosted" + ".org", "registry.npmjs" + ".org")
    found = []
    for name in tracked():
        path = ROOT / name
        if (
            path.suffix in {".lock", ".toml", ".txt", ".cfg", ""}
            and path.is_file()
            and path.stat().st_size < 10**6
        ):
            text = path.read_bytes()
            found += [f"{name}: {host}" for host in hosts if host.encode() in text]
    assert found == []


PLANTED = {
    "float money": ("amount_fen: float = 0.1", "a float"),
    "float of fen": ("x = float(row.amount_fen)", "as float"),
    "fen divided": ("x = due_fen / 100", "dividing fen"),
    "naive now": ("import datetime\nx = datetime.datetime.now()", "use portal.clock"),
    "own clock": ("from datetime import UTC, datetime\nx = datetime.now(UTC)", "use portal.clock"),
    "state from anywhere": ("swap(row, version=version, state='paid')", "rule K2"),
    "word without its language": ("from flask_babel import gettext", "use portal.words"),
    "conflict in English": ("raise Conflict('another version')", "why= for the log"),
    "conflict with a number": ("raise Conflict(f'{year} is published', current=row)", "why= for the log"),
    "civil today": ("from datetime import date\nx = date.today()", "use portal.clock"),
}


@pytest.mark.parametrize("fault", PLANTED, ids=str)
def test_a_planted_line_is_found(fault: str, tmp_path: Path):
    text, words = PLANTED[fault]
    (tmp_path / "portal").mkdir()
    (tmp_path / "portal" / "x.py").write_text(text)
    found = lint.python_problems(tmp_path, ("portal",))
    assert len(found) == 1 and words in found[0]


def test_a_planted_select_without_scope_is_found(tmp_path: Path):
    (tmp_path / "portal").mkdir()
    (tmp_path / "portal" / "x.py").write_text(
        "TABLE = Member.__table__\n"
        "def names():\n    return session.execute(select(TABLE.c.name)).all()\n"
        "def mine():\n    return session.execute(rows(Member, TABLE.c.name)).all()\n"
    )
    found = lint.unscoped_selects(tmp_path, ("portal",), frozenset({"Member"}))
    assert found == ["portal/x.py:2 names selects columns without scope"]


@pytest.mark.parametrize(
    "line",
    [
        "<script>go()</script>",
        '<p style="color:red">',
        '<a onclick="go()">',
        '<a href="javascript:go()">',
        '<b hx-on:click="go()">',
        "{{ name|safe }}",
        "<style>p{}</style>",
    ],
)
def test_a_planted_inline_script_is_found(line: str, tmp_path: Path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "x.html").write_text(f"<p>fine</p>\n{line}\n")
    assert len(lint.template_problems(tmp_path)) == 1


def test_a_planted_path_is_found(tmp_path: Path):
    (tmp_path / "x.md").write_text("run /" + "home/somebody/portal\nor ./var/demo, /d/340722/dues/\n")
    assert lint.machine_paths(tmp_path, ["x.md"]) == ["x.md:1 /" + "home/somebody"]
