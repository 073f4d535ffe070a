"""A small house for tests of single rooms: database, keys and jobs, without pages."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert

import portal.districts.models
import portal.identity.models
import portal.members.models
import portal.organizations.models  # noqa: F401  every table, so that foreign keys find their targets
from portal import crypto, database, jobs
from portal.database import session, transaction
from portal.districts.models import District
from portal.testing import postgresql


def build(data_dir: Path, *, wiring: dict[str, Any] | None = None, **config: Any) -> Flask:
    """Return an application over the SQLite file of ``data_dir``; ``wiring`` goes to ``jobs.configure``.

    A folder without a database gets one with every table and no row.
    """
    app = Flask("house")
    app.config.update(DATA_DIR=data_dir, **with_tables(data_dir), **config)
    database.configure(app)
    crypto.configure(app)
    jobs.configure(app, **(wiring or {}))
    return app


#: Folders with every table and no row, by the names of the tables; made once a process, then copied.
_EMPTY: dict[frozenset[str], Path] = {}


def with_tables(folder: Path) -> dict[str, str]:
    """Return the settings that lead to the database of a folder; it has every table from the beginning."""
    if not {"house.db", "database.name"} & {one.name for one in folder.iterdir()}:
        tables = frozenset(database.Model.metadata.tables)
        if tables not in _EMPTY:
            _EMPTY[tables] = _create()
        shutil.copytree(_EMPTY[tables], folder, dirs_exist_ok=True)
    return _settings(folder)


def _settings(folder: Path) -> dict[str, str]:
    urls = postgresql.urls(folder)
    return {
        "SQLALCHEMY_DATABASE_URI": urls.get("database_url", f"sqlite:///{folder}/house.db"),
        "DATABASE_OWNER_URL": urls.get("database_owner_url", ""),
    }


def _create() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="house-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    app = Flask("empty house")
    app.config.update(_settings(folder))
    database.configure(app)
    with app.app_context():
        database.create_all()
        leave()
    postgresql.keep(folder)
    return folder


def leave() -> None:
    """Give the connections back; call within the application context, when the test is over."""
    session.remove()
    database.db.engine.dispose()


def furnish(*, districts: int = 2) -> None:
    """Make some districts with the ids 1, 2, ...; call within an application context."""
    with transaction():
        for number in range(1, districts + 1):
            row = {"id": number, "code": f"99999{number}", "kind": "county", "name": f"试验区{number}"}
            session.execute(insert(District).values(**row, path=f"/{number}/"))
