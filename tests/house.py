"""A small house for tests of single rooms: database, keys and jobs, without pages."""

from __future__ import annotations

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
    """Return an application over the SQLite file of ``data_dir``; ``wiring`` goes to ``jobs.configure``."""
    app = Flask("house")
    urls = postgresql.urls(data_dir)
    url = urls.get("database_url", f"sqlite:///{data_dir}/house.db")
    owner = urls.get("database_owner_url", "")
    app.config.update(DATA_DIR=data_dir, SQLALCHEMY_DATABASE_URI=url, DATABASE_OWNER_URL=owner, **config)
    database.configure(app)
    crypto.configure(app)
    jobs.configure(app, **(wiring or {}))
    return app


def leave() -> None:
    """Give the connections back; call within the application context, when the test is over."""
    session.remove()
    database.db.engine.dispose()


def furnish(*, districts: int = 2) -> None:
    """Create the tables and some districts with the ids 1, 2, ...; call within an application context."""
    database.create_all()
    with transaction():
        for number in range(1, districts + 1):
            row = {"id": number, "code": f"99999{number}", "kind": "county", "name": f"试验区{number}"}
            session.execute(insert(District).values(**row, path=f"/{number}/"))
