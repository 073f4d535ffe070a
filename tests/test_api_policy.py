"""What docs/plugins.md promises of ``portal.api``: versions, and names that go with a warning."""

from __future__ import annotations

import logging
import types
import warnings

import pytest

from portal import API_VERSION, api
from portal.registry import _compatible


@pytest.fixture
def going(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the API have a name on its way out."""
    gone = api.Deprecated(since="1.1", instead="go", value=lambda: api.go)
    monkeypatch.setattr(api, "DEPRECATED", {"leave": gone})
    monkeypatch.setattr(api, "ASKED", set())


def ask(module: str) -> types.SimpleNamespace:
    """Import the name as a plugin's module would."""
    space: dict[str, object] = {"__name__": module}
    exec("from portal.api import leave", space)
    return types.SimpleNamespace(**space)


def test_a_deprecated_name_works_on_and_says_so_once_for_each_module(
    going: None, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.WARNING, logger="portal.api"):
        with pytest.warns(DeprecationWarning, match="leave is deprecated since 1.1: use go"):
            assert ask("plugins.old.views").leave is api.go
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert ask("plugins.old.views").leave is api.go
        with pytest.warns(DeprecationWarning):
            ask("plugins.older.views")
    assert [record.message.partition("asked for by ")[2] for record in caplog.records] == [
        "plugins.old.views)",
        "plugins.older.views)",
    ]
    assert {("leave", "plugins.old.views"), ("leave", "plugins.older.views")} == api.ASKED


def test_a_name_that_never_was_is_an_import_error():
    with pytest.raises(ImportError, match="leave"):
        ask("plugins.wrong.views")
    assert not hasattr(api, "leave")


def test_the_lists_of_the_policy_name_names_of_the_api():
    assert set(api.SINCE) <= set(api.__all__) and set(api.DEPRECATED) <= set(api.__all__)
    now = tuple(int(part) for part in API_VERSION.split("."))
    since = [*api.SINCE.values(), *(one.since for one in api.DEPRECATED.values())]
    assert all((1, 0) < tuple(int(part) for part in one.split(".")) <= now for one in since)
    # A deprecated name is handed out by __getattr__; one that still stands in the module never warns.
    assert not [name for name in api.DEPRECATED if name in vars(api)]


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (">=1,<2", True),
        (">=1.0,<2", True),
        ("==1", True),
        (">=2,<3", False),
        (">=1.9,<2", False),
        ("1", False),
        ("", False),
    ],
)
def test_what_a_plugin_wants_is_held_against_what_there_is(wanted: str, fits: bool):
    assert _compatible(wanted) is fits
