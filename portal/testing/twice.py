"""Which tests need not run twice: ``pytest --postgresql --after-sqlite``.

A test learns where its database is from ``postgresql.urls`` alone. One that passed on SQLite without
asking, neither itself nor what it stands on, does word for word the same on PostgreSQL: the run after leaves
it out. Nobody keeps a list; a test the run before does not know is run.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

_KEPT = "portal/asked_for_no_database"
_ran: dict[str, bool] = {}
_asked = 0


def asked() -> None:
    """Note that somebody wants to know where the database is."""
    global _asked
    _asked += 1


def left_out(config: Any) -> set[str]:
    """Return the tests that passed in the run before and asked for no database."""
    asked = config.getoption("--after-sqlite") and hasattr(config, "cache")
    return set(config.cache.get(_KEPT, [])) if asked else set()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: Any) -> Generator[None, Any, Any]:
    """Remember of a fixture that it asked: whoever stands on it later does without asking."""
    before = _asked
    try:
        return (yield)
    finally:
        fixturedef.asked_for_database = _asked > before


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: Any) -> Generator[None, Any, Any]:
    """Note what was asked before the first fixture of the test."""
    item.asked_before = _asked
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any) -> Generator[None, Any, Any]:
    """Write into the report, which travels to the main process, whether the test asked."""
    report = yield
    definitions = item._fixtureinfo.name2fixturedefs
    stands_on = (one for name in item.fixturenames for one in definitions.get(name, ()))
    report.asked_for_database = _asked > item.asked_before or any(
        getattr(one, "asked_for_database", False) for one in stands_on
    )
    return report


def pytest_runtest_logreport(report: Any) -> None:
    """Count what passed."""
    if report.when == "call" and report.passed:
        _ran[report.nodeid] = report.asked_for_database


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: Any) -> Generator[None, Any, Any]:
    """Keep who asked for nothing; a run on PostgreSQL that shrank is an error."""
    result = yield
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly:
        return result
    if not config.getoption("--postgresql"):
        if hasattr(config, "cache"):  # not with -p no:cacheprovider
            config.cache.set(_KEPT, sorted(name for name, asked in _ran.items() if not asked))
    elif len(_ran) < config.getoption("--at-least"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return result


def pytest_terminal_summary(terminalreporter: Any, config: Any) -> None:
    """Say how many tests ran on PostgreSQL."""
    if not config.getoption("--postgresql") or config.option.collectonly:
        return
    said = f"PostgreSQL: {len(_ran)} tests passed; {len(left_out(config))} asked for no database on SQLite"
    least = config.getoption("--at-least")
    if len(_ran) < least:
        terminalreporter.write_line(f"{said}. THERE MUST BE AT LEAST {least}", red=True)
    else:
        terminalreporter.write_line(said)
