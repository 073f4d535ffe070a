"""A loaded demo, made once for all tests that look at it: they are of one xdist group, `demo`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal import database
from portal.app import create_app
from portal.cli.db import upgrade_schema
from portal.demo.load import load
from portal.demo.place import Place
from portal.testing import Browser, settings

from .seeded import seeded


@pytest.fixture(scope="session")
def demo_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("demo"))
    app = create_app(settings(place.folder))
    with app.app_context():
        upgrade_schema()
        load(place)
        database.session.remove()
        database.db.engine.dispose()
    return place


@pytest.fixture
def demo_app(demo_place: Place) -> Iterator[Flask]:
    """Return the application over the loaded demo; tests only read it."""
    app = create_app(settings(demo_place.folder))
    app.test_client_class = Browser
    with app.app_context():
        yield app
        database.session.remove()
        database.db.engine.dispose()


@pytest.fixture
def full(app: Flask, tmp_path: Path) -> Iterator[Flask]:
    """Return the application over a seeded installation, across all districts."""
    seeded(tmp_path / "here")
    with database.everything():
        yield app
        database.session.remove()
