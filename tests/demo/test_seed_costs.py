"""A page costs the database the same with ten times as many members, organizations and districts around it.

What is counted is the database's own work, the same on every machine: the steps of SQLite's virtual machine,
the rows that PostgreSQL reads of tables and indexes. ``make bench-million`` measures time, with a million.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import NullPool, create_engine, event, func, select, text

from bench.million import PAGES, Page
from bench.million_house import sample
from plugins.dues.service import obligations
from portal import clock
from portal.app import create_app
from portal.cli.db import upgrade_schema
from portal.database import db, everything, in_scope, is_postgresql, session
from portal.database.engine import analyze
from portal.demo import large
from portal.districts.models import District
from portal.identity.models import Account
from portal.members.models import Member
from portal.testing import Browser, World, settings
from portal.testing.postgresql import before_the_wall, underneath

from .seeded import seeded

pytestmark = pytest.mark.hard

#: Four districts, which is one city of the switchboard, and forty.
SMALL, LARGE = (
    large.Size(members=2_000, organizations=1_000),
    large.Size(members=20_000, organizations=10_000),
)
AT_MOST = 1.3
#: What may be read whole: the districts, of which a country has some thousands; of a word that one name in
#: ten carries, as many names as it takes to find some. Members and organizations are ten times that and more.
A_FEW = 1_000
TIMES = 3
_ROWS = """
SELECT (SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables)
    + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)
"""
_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@dataclass
class House:
    """One seeded installation, the month of everybody on its books."""

    app: Flask
    known: dict[str, Any]
    steps: int = 0

    def cost(self, page: Page) -> float:
        """Return what a request of ``page`` costs the database."""
        with self.app.app_context():
            visitor = self._visitor(page.who)
            path = page.path.format(branch=self.known["branch"], brand=quote(self.known["brand"]))
            headers = {"HX-Request": "true"} if page.fragment else {}

            def ask() -> None:
                answer = before_the_wall(visitor.get, path, headers=headers)
                assert answer.status_code == 200, (path, answer.status_code)

            return self.work(ask)

    def work(self, ask: Callable[[], object]) -> float:
        """Return what ``ask`` costs the database once its caches are warm."""
        ask()
        began = self._counted()
        for _ in range(TIMES):
            ask()
        return (self._counted() - began) / TIMES

    def _visitor(self, key: str) -> Any:
        if not key:
            return self.app.test_client()
        with everything():
            account = session.execute(select(Account).where(Account.username == key)).scalar_one()
            session.remove()
        return World(self.app).browser(account)

    def _counted(self) -> int:
        if not is_postgresql():
            return self.steps
        session.remove()
        db.engine.dispose()  # whoever goes tells the statistics what it has done
        engine = create_engine(db.engine.url.set(username="postgres"), poolclass=NullPool)
        for _ in range(200):
            with engine.connect() as at:
                if at.execute(text(_OTHERS)).scalar_one() == 0:
                    return int(at.execute(text(_ROWS)).scalar_one())
            time.sleep(0.05)
        raise AssertionError("somebody stays connected")


def house(folder: Path, size: large.Size) -> House:
    """Seed an installation in ``folder``; PostgreSQL's housekeeping, which reads rows too, is kept off."""
    app = create_app(settings(folder))
    app.test_client_class = Browser
    app.config["FINDS_A_MINUTE"] = 0
    with app.app_context():
        upgrade_schema()
        seeded(folder, size)
        with everything():
            places = session.scalars(select(District.id).where(District.kind == "county")).all()
            session.remove()
        for place in places:
            with in_scope({place}, write=place):
                assert obligations.create_month(district_id=place, month=clock.month()) > 100
                session.remove()
        analyze()
        made = House(app, sample())
        if is_postgresql():
            with underneath() as superuser:
                if size == SMALL:
                    # Small tables are read whole for good reason; here the price of an index is wanted.
                    superuser.execute(
                        text(f"ALTER DATABASE {db.engine.url.database} SET enable_seqscan = off")
                    )
                for (name,) in superuser.execute(text("SELECT relname FROM pg_stat_user_tables")).all():
                    superuser.execute(text(f'ALTER TABLE "{name}" SET (autovacuum_enabled = false)'))
        else:
            _listen(made)
        db.engine.dispose()
    return made


def _listen(made: House) -> None:
    def tick() -> int:
        made.steps += 1
        return 0

    @event.listens_for(db.engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.set_progress_handler(tick, 1)


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[House]]:
    """Return the small one and the large one."""
    made = [house(tmp_path_factory.mktemp(name), size) for name, size in (("small", SMALL), ("large", LARGE))]
    yield made
    for one in made:
        with one.app.app_context():
            db.engine.dispose()


@pytest.mark.parametrize("opened", PAGES, ids=[page.name for page in PAGES])
def test_ten_times_as_many_others_cost_a_page_nothing(houses: list[House], opened: Page):
    small, many = (one.cost(opened) for one in houses)
    print(f"{opened.name}: {small:.0f}, {many:.0f}, {many / small:.2f}")
    assert small > 0
    assert many <= small * AT_MOST + A_FEW, f"{small:.0f}, {many:.0f}"


def test_reading_a_table_whole_is_noticed(houses: list[House]):
    def whole() -> None:
        with everything():
            session.scalar(select(func.count()).select_from(Member).where(Member.name.contains("李")))
            session.remove()

    costs = []
    for one in houses:
        with one.app.app_context():
            costs.append(one.work(whole))
    assert costs[1] > 5 * costs[0] > 0
