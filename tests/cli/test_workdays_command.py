"""``portal workdays``: a year from a file, said before it is done, and no deadline moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select

from portal import workdays
from portal.audit.models import AuditRow
from portal.cli import group
from portal.database import everything, session
from portal.testing import World
from tests.workdays.test_files import HEAD, NEW_YEAR

GOOD = HEAD + NEW_YEAR


def run(*words: str, typed: str | bytes | None = None) -> Result:
    session.remove()
    done = CliRunner().invoke(group.portal, ["workdays", *words], input=typed)
    session.remove()
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture(autouse=True)
def _here(app: Flask) -> None:
    """Work on a database with the shipped years."""


def test_a_year_is_said_imported_once_and_corrected() -> None:
    dry = run("import", "-", "--dry-run", typed=GOOD)
    assert dry.stdout.splitlines() == [
        "2027-01-01 Fri off 元旦",
        "2027-01-02 Sat off 元旦",
        "2027-01-03 Sun off 元旦",
        "2027: version 1 would be in force; this was a dry run",
        "deadlines computed before stay as they are stored",
    ]
    done = run("import", "-", typed=GOOD)
    assert done.stdout.splitlines()[-2:] == [
        "2027: version 1 is in force",
        "deadlines computed before stay as they are stored",
    ]
    again = run("import", "-", typed=GOOD)
    assert (again.exit_code, again.stdout) == (0, "2027: nothing to change, version 1 stays in force\n")
    other = run(
        "import", "-", typed=GOOD.replace("last = 2027-01-03", "last = 2027-01-02\nwork = [2027-01-09]")
    )
    assert other.stdout.splitlines() == [
        "2027-01-03 Sun an ordinary weekend, was off 元旦",
        "2027-01-09 Sat work 元旦, was an ordinary weekend",
        "2027: version 2 is in force",
        "deadlines computed before stay as they are stored",
    ]


def test_a_bad_file_changes_nothing_and_every_line_is_said() -> None:
    done = run("import", "-", typed=GOOD + "work = [2027-01-02, 2027-01-06]\n")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "line 10: 2027-01-02 is a holiday and a working day at once (元旦, 元旦)",
        "line 10: 2027-01-06 is a Wednesday, a working day anyhow; a make-up day is a weekend's",
        "Error: 2 to mend, nothing was changed",
    ]
    assert run("list").stdout.count("version") == 2


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "2027.toml"
    file.write_bytes(GOOD.encode("gb18030"))
    done = run("import", str(file))
    assert (done.exit_code, done.stderr) == (1, f"Error: {file}: not UTF-8\n")


def test_who_ordered_it_stands_in_the_trail(world: World) -> None:
    account = world.account(role="deployer", district=world.district("990001"))
    assert run("import", "-", "--by", account.uid, typed=GOOD).exit_code == 0
    with everything():
        newest = session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()
    assert newest is not None and newest.actor_id == account.id
    assert (newest.action, newest.subject_id, newest.district_id) == ("workdays.publish", "2027", None)


def test_the_list_names_the_source_and_what_is_from_memory() -> None:
    assert run("list").stdout.splitlines() == [
        "2026 version 1 (shipped): 33 days off, 6 made up; 国办发明电〔2025〕7号 of 2025-11-04",
        "2025 version 1 (shipped): 28 days off, 5 made up; 国办发明电〔2024〕12号 of 2024-11-12",
    ]
    memory = run("import", "-", typed=GOOD.replace("[[holiday]]", "from_memory = true\n[[holiday]]"))
    assert memory.stderr.startswith("warning: written from memory")
    run("import", "-", typed=GOOD)
    assert run("list", "--year", "2027").stdout.splitlines() == [
        "2027 version 2 (own): 3 days off, 0 made up; 国办发明电〔2026〕1号 of 2026-11-05",
        "2027 version 1 (own): 3 days off, 0 made up; 国办发明电〔2026〕1号 of 2026-11-05 FROM MEMORY",
        "  2027-01-01 Fri off 元旦",
        "  2027-01-02 Sat off 元旦",
        "  2027-01-03 Sun off 元旦",
    ]
    assert run("list", "--year", "2031").exit_code == 1


def test_an_upgrade_brings_the_years_that_come_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.workdays.files.shipped", lambda: [workdays.read(GOOD)])
    for _again in range(2):
        session.remove()
        done = CliRunner().invoke(group.portal, ["db", "upgrade"])
        assert (done.exit_code, done.stdout) == (0, "schema up to date\n")
    assert run("list", "--year", "2027").stdout.splitlines()[0] == (
        "2027 version 1 (shipped): 3 days off, 0 made up; 国办发明电〔2026〕1号 of 2026-11-05"
    )
