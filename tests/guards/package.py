"""The portal with another folder of plugins than its own: broken or planted ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask

from portal import database
from portal.app import create_app
from portal.database import session
from portal.testing import Browser, settings


@contextmanager
def portal_with(package: str, data_dir: Path, **given: Any) -> Iterator[Flask]:
    """Start the portal on a data folder with the plugins of a package, and no other; close it after."""
    made = create_app(settings(data_dir, **given), package=package)
    made.test_client_class = Browser
    with made.app_context():
        yield made
        session.remove()
        database.db.engine.dispose()
