"""Fixtures for tests of the core and of plugins, shipped as a pytest plugin.

``pytest_plugins = ["portal.testing"]``. Real application, real database file, one copy per test.
"""

from portal.payments.conformance import ProviderConformance, Till
from portal.testing.browser import Browser, client, token
from portal.testing.compiled import pytest_collection_finish
from portal.testing.counting import plan_of, queries, reads
from portal.testing.installation import (
    _look,
    _own_databases,
    app,
    at_revision,
    data_dir,
    settings,
    template_data,
)
from portal.testing.postgresql import (
    pytest_addoption,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_unconfigure,
)
from portal.testing.twice import (
    pytest_fixture_setup,
    pytest_runtest_logreport,
    pytest_runtest_makereport,
    pytest_runtest_protocol,
    pytest_sessionfinish,
    pytest_terminal_summary,
)
from portal.testing.world import World, invented_ric, world

__all__ = [
    "_look",
    "_own_databases",
    "Browser",
    "ProviderConformance",
    "Till",
    "World",
    "app",
    "at_revision",
    "client",
    "data_dir",
    "invented_ric",
    "plan_of",
    "pytest_addoption",
    "pytest_collection_finish",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_fixture_setup",
    "pytest_runtest_logreport",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_unconfigure",
    "queries",
    "reads",
    "settings",
    "template_data",
    "token",
    "world",
]
