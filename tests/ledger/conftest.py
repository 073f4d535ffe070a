"""A bare application with the books, two districts, and nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from flask import Flask

import portal.identity.models
import portal.ledger.models
import portal.members.models
import portal.organizations.models  # noqa: F401
from portal.database import configure, db, everything, session, transaction
from portal.districts.models import District
from portal.ledger import Account, Kind, open_book
from tests import house

DAY = date(2026, 11, 21)


def bare_app(folder: Path) -> Flask:
    app = Flask("books")
    app.config.update(house.with_tables(folder))
    configure(app)
    return app


def fresh_books() -> None:
    with transaction():
        session.add_all(
            [
                District(id=1, code="999901", kind="county", name="甲区", path="/1/"),
                District(id=2, code="999902", kind="county", name="乙区", path="/2/"),
            ]
        )


@pytest.fixture
def books_app(tmp_path):
    app = bare_app(tmp_path)
    with app.app_context(), everything():
        fresh_books()
        yield app
        session.remove()
        db.engine.dispose()


@pytest.fixture
def book(books_app):
    return open_book(district_id=1, purpose="dues")


@pytest.fixture
def accounts():
    return [Account(code=f"10{n}:x", kind=Kind.CASH) for n in range(4)]
