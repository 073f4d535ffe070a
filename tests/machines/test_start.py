"""Everything starts at once on a server whose database does not exist yet."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal import config
from portal.testing.server import APPLICATION, OWNER
from tests.machines.installation import Installation
from tests.machines.places import lan, until
from tests.machines.servers import Postgres, url

pytestmark = [pytest.mark.hard, pytest.mark.machines, pytest.mark.xdist_group("machines")]


def test_two_workers_and_two_migrations_at_once_on_an_empty_database(tmp_path: Path):
    with lan() as wire:
        database = Postgres(wire.place("pg"))
        workers = [wire.place("joba"), wire.place("jobb")]
        try:
            house = Installation(
                tmp_path,
                public_url="http://127.0.0.1:8000",
                database_url=url(APPLICATION, database),
                database_owner_url=url(OWNER, database),
            )
            # Not even the server is there when they start.
            running = [house.worker(place, "--wait") for place in workers]

            def said(words: str) -> bool:
                return all(words in house.log(place, "worker").read_text() for place in workers)

            until(
                lambda: said("cannot be reached"), seconds=30, what="both say that they wait for the server"
            )
            database.create()
            until(
                lambda: said("run: portal upgrade"), seconds=15, what="both say that they wait for the schema"
            )
            migrating = [
                subprocess.Popen(
                    [sys.executable, "-m", "portal", "db", "upgrade"],
                    cwd=config.ROOT,
                    env=house.environment(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
                for _ in range(2)
            ]
            ended = [(one.communicate(timeout=120)[0], one.returncode) for one in migrating]
            migrated = time.monotonic()
            assert ended == [("schema up to date\n", 0)] * 2
            until(lambda: said("worker: ready"), seconds=10, what="both work, by themselves")
            works = time.monotonic() - migrated

            def scheduled() -> list[tuple[str, int]]:
                done = "SELECT name || dedupe_key, count(*) FROM job WHERE periodic AND state = 'done'"
                found = database.sql(f"{done} GROUP BY 1", database="portal")
                return [(str(name), int(count)) for name, count in found]

            until(lambda: len(scheduled()) >= 3, seconds=30, what="the first periodic jobs")
            assert {count for _, count in scheduled()} == {1}, "each slot is scheduled once"
            assert [one.poll() for one in running] == [None, None]
            logs = "".join(house.log(place, "worker").read_text() for place in workers)
            assert "Traceback" not in logs
            print(f"\nempty database: both workers worked {works:.1f} s after the migration")
        finally:
            for place in wire.places:
                place.kill()
            database.remove()
