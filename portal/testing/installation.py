"""The real application over this test's own copy of a migrated database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from jinja2.bccache import Bucket, BytecodeCache

from portal import config, database, workdays
from portal.app import create_app
from portal.database import everything, history, session
from portal.testing import postgresql
from portal.testing.browser import Browser


def settings(data_dir: Path, **overrides: Any) -> config.Config:
    """Return the settings of a test installation in ``data_dir``."""
    values = {
        "env": "testing",
        "tls": False,
        "demo": True,
        "data_dir": data_dir,
        "public_url": "http://localhost",
        **postgresql.urls(data_dir),
    }
    return config.load(**{**values, **overrides})


@pytest.fixture(scope="session", autouse=True)
def _look() -> Iterator[None]:
    """Let tests, and what they stand on, look at their database without a wall."""
    with postgresql.looking():
        yield


@pytest.fixture(autouse=True)
def _own_databases() -> Iterator[None]:
    """Drop the databases that a test made on PostgreSQL."""
    before = postgresql.known()
    yield
    postgresql.drop_since(before)


@pytest.fixture(scope="session")
def template_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an installation with an empty, migrated database once; each test copies it."""
    data = tmp_path_factory.mktemp("template")
    app = create_app(settings(data))
    with app.app_context():
        history.upgrade(app.extensions["portal.registry"].folders())
        with everything():
            workdays.ship()
        session.remove()
        database.db.engine.dispose()
    return data


@pytest.fixture
def data_dir(template_data: Path, tmp_path: Path) -> Path:
    """Return this test's own copy of the installation's data."""
    own = tmp_path / "data"
    shutil.copytree(template_data, own)
    return own


@pytest.fixture
def app(data_dir: Path) -> Iterator[Flask]:
    """Return the real application over this test's database; an app context is open."""
    made = create_app(settings(data_dir))
    made.test_client_class = Browser
    made.jinja_env.bytecode_cache = _TEMPLATES
    with made.app_context():
        yield made
        session.remove()
        database.db.engine.dispose()


class _Compiled(BytecodeCache):
    """Templates compiled once a process: every test has its own application, not its own templates."""

    def __init__(self) -> None:
        self.known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key] = bucket.bytecode_to_string()


_TEMPLATES = _Compiled()


@contextmanager
def at_revision(slug: str, revision: str) -> Iterator[None]:
    """Work with a plugin's tables as an earlier revision left them, then bring them up to date again."""
    folders = current_app.extensions["portal.registry"].folders()
    session.rollback()
    history.downgrade(folders, slug=slug, revision=revision)
    yield
    session.rollback()
    history.upgrade(folders, slug=slug)
