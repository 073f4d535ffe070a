"""docs/security.md answers for every promise and requirement once, by tests that are really run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from portal.config import ROOT
from portal.testing.promises import rows
from tests.guards import promises

DOCUMENT = ROOT / "docs" / "security.md"
TABLE = """## The promises

| # | promise | shown by |
|---|---|---|
{}
## ASVS 5.0.0

| id | level | what holds | shown by |
|---|---|---|---|
{}
## By subject

| promise | shown by |
|---|---|
| Told. | `tests/test_told.py::test_told` |
"""
FILE = """import pytest

@pytest.mark.hard
@pytest.mark.parametrize("x", [1])
def test_hard(x): assert x

@pytest.mark.skip
def test_skipped(): assert 1

def test_told(): assert 1

def helper():
    def test_within(): assert 1

class TestRoom:
    def test_inside(self): assert 1

TestMade = object
"""
TOLD = "`tests/test_told.py::test_told`"


def test_every_promise_and_requirement_names_tests_that_are_run():
    assert promises.problems(DOCUMENT.read_text(encoding="utf-8"), ROOT) == []


def test_the_document_is_read_at_all():
    """A guard that finds no row finds no fault."""
    found = list(rows(DOCUMENT.read_text(encoding="utf-8")))
    sections = {row.section for row in found}
    assert {promises.PROMISES, promises.REQUIREMENTS, "Four eyes", "Logging in"} <= sections
    assert len(found) > 38 + 43 + 40
    assert len([row for row in found if row.section == promises.REQUIREMENTS]) == 43


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "tests" / "planted").mkdir(parents=True)
    (tmp_path / "tests" / "test_told.py").write_text(FILE)
    (tmp_path / "tests" / "planted" / "test_told.py").write_text(FILE)
    (tmp_path / "tests" / "told.py").write_text(FILE)
    (tmp_path / "tests" / "test_server.py").write_text(f"pytestmark = pytest.mark.postgresql\n{FILE}")
    return tmp_path


def written(**shown: str) -> str:
    """Return a document that answers for everything, but for the cells named (``n7``, ``v1_2_1``)."""
    numbers = {one: TOLD for one in promises.NUMBERS}
    ids = {one: TOLD for one in promises.ASVS}
    for name, cell in shown.items():
        place, key = (numbers, name[1:]) if name[0] == "n" else (ids, name[1:].replace("_", "."))
        place[key] = cell
    return TABLE.format(
        "".join(f"| {one} | Held. | {cell} |\n" for one, cell in numbers.items() if cell),
        "".join(f"| {one} | 1 | Holds. | {cell} |\n" for one, cell in ids.items() if cell),
    )


@pytest.mark.parametrize(
    "cell",
    [
        TOLD,
        "*hard*: `tests/test_told.py::test_hard`",
        f"{TOLD}; every role, *hard*: `tests/test_told.py::test_hard`",
        "`tests/test_told.py::test_hard` (*hard*), and `tests/test_told.py::test_inside`",
        "`tests/test_told.py::TestMade`",
        "with `--postgresql`: `tests/test_server.py::test_told`",
        f"{TOLD}; **not yet**: the other half",
        "**not yet**: a soak",
        "promises 1, 2",
    ],
)
def test_what_holds_is_not_reported(root: Path, cell: str):
    assert promises.problems(written(n7=cell, v1_2_1=cell), root) == []


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("", "7 is missing"),
        ("soon", "names no test"),
        ("**not yet**: ", "does not say what is not there yet"),
        (f"**not yet**: a soak {TOLD}", "names a test after"),
        ("promise 7", "leans on promise 7, which names no test"),
        ("promise 39", "leans on promise 39"),
        ("`tests/test_gone.py::test_told`", "does not exist"),
        ("`tests/test_told.py::test_gone`", "does not exist"),
        ("`tests/test_told.py::test_within`", "does not exist"),
        ("`tests/test_told.py::helper`", "does not exist"),
        ("`tests/told.py::test_told`", "is not collected"),
        ("`tests/planted/test_told.py::test_told`", "is not collected"),
        ("`tests/test_told.py::test_skipped`", "is left out"),
        ("`tests/test_told.py::test_hard`", "is hard"),
        (f"*hard*: {TOLD}", "is not hard"),
        ("`tests/test_server.py::test_told`", "without --postgresql"),
    ],
)
def test_a_planted_fault_is_named(root: Path, cell: str, words: str):
    [found] = promises.problems(written(n7=cell), root)
    assert words in found


def test_a_number_or_id_that_is_missing_doubled_or_unknown_is_named(root: Path):
    whole = written()
    doubled = re.sub(r"(\| 7 \|.*\n)", r"\1\1", whole)
    assert promises.problems(doubled, root) == ["The promises: 7 stands there 2 times"]
    assert promises.problems(written(v6_8_1=""), root) == ["ASVS 5.0.0: 6.8.1 is missing"]
    unknown = whole.replace("| 6.8.1 |", "| 6.8.1, 9.9.9 |")
    assert promises.problems(unknown, root) == ["ASVS 5.0.0: nobody knows 9.9.9"]
    bare = whole.replace("| Told. | `tests/test_told.py::test_told` |", "| Told. | by heart |")
    assert promises.problems(bare, root) == ["By subject: Told.: names no test"]
