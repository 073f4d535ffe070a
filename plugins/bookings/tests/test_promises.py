"""PROMISES.md answers for each promise of this plugin by tests that are really run."""

from __future__ import annotations

from pathlib import Path

from portal.testing.promises import faults, rows

FOLDER = Path(__file__).parents[1]
DOCUMENT = FOLDER / "PROMISES.md"


def test_every_promise_names_tests_that_are_run_and_is_numbered_in_order():
    found = list(rows(DOCUMENT.read_text(encoding="utf-8")))
    assert [row.first for row in found] == [str(number) for number in range(1, len(found) + 1)]
    assert [one for row in found for one in faults(row, FOLDER.parents[1])] == []
    # A guard that finds no line finds no fault.
    assert len(found) > 80 and len([row for row in found if row.missing is None]) > 70


def test_the_readme_leads_there():
    assert "(PROMISES.md)" in (FOLDER / "README.md").read_text(encoding="utf-8")
