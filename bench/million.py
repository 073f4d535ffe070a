"""``python -m bench.million``: what a hundred times as many members cost, on both databases.

Four installations in one run: 10,000 members and 1,000 organizations, and a hundred times that, each on
SQLite and on a private PostgreSQL. The two sizes of a database are served at the same time and asked in
turns, so that a machine that is slower for a while is slower for both, and the cheapest turn of each counts:
neighbours on the machine only add. (The column ``middle`` compares the turns in the middle instead.) All
times are the processor's; what PostgreSQL's own processes spend is counted too.

It ends with exit code 1 where something costs more than its aim. ``BENCH_MEMBERS`` and
``BENCH_ORGANIZATIONS`` make the large ones smaller, to try the bench itself. ``BENCH_HOUSES`` names a folder
in which the houses are kept: a second run measures what the first has filled. ``--build`` only fills them,
and ``sqlite`` or ``postgresql`` keeps it to one database.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

from bench.house import free_port, processor_time, running
from bench.pages import SECONDS, Tally, get
from portal.config import ROOT
from portal.testing import postgresql
from portal.testing.server import APPLICATION

#: A page may cost this much more, and a year's assessment this much more than a plain INSERT ... SELECT.
AIM, AIM_YEAR = 1.3, 3.0
SMALL = (10_000, 1_000)
LARGE = (
    int(os.environ.get("BENCH_MEMBERS", "1000000")),
    int(os.environ.get("BENCH_ORGANIZATIONS", "100000")),
)
KEPT = os.environ.get("BENCH_HOUSES", "")
#: The first district of a large demo, and its city with four such districts.
HERE, CITY = "/d/990001", "/d/9900"


@dataclass(frozen=True)
class Page:
    """A page and who opens it; ``{branch}`` and ``{brand}`` are those of the sample."""

    name: str
    path: str
    who: str = ""
    fragment: bool = False


PAGES = (
    Page("start page", f"{HERE}/", "member"),
    Page("find, two characters, many", f"/find?q={quote('纺织')}", fragment=True),
    Page("find, pinyin, many", "/find?q=fangzhi", fragment=True),
    Page("find, a name there is once", "/find?q={brand}", fragment=True),
    Page("find in one district", f"{HERE}/find?q=fangzhi", fragment=True),
    Page("statement", f"{HERE}/dues/", "member"),
    Page("branch month", f"{HERE}/dues/branch", "secretary"),
    Page("member list", f"{HERE}/desk/members", "desk"),
    Page("member list, by stage", f"{HERE}/desk/members?stage=probationary", "desk"),
    Page("member list, by joining", f"{HERE}/desk/members?sort=-joined", "desk"),
    Page("member list, one branch", f"{HERE}/desk/members?branch={{branch}}", "desk"),
    Page("member list, a character", f"{HERE}/desk/members?q={quote('李')}", "desk"),
    Page("member list, pinyin", f"{HERE}/desk/members?q=li", "desk"),
    Page("switchboard", f"{CITY}/admin/plugins", "deployer"),
    Page("switchboard, filtered", f"{CITY}/admin/plugins?state=on&under=1", "deployer"),
)


class House:
    """One installation in a folder of its own, worked on by processes of its own."""

    def __init__(self, folder: Path, size: tuple[int, int], *, on_postgresql: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.size, self.port = size, free_port()
        self.environment = {
            **os.environ,
            "PORTAL_DATA": str(folder),
            "PORTAL_CONFIG": str(folder / "portal.toml"),
            "PORTAL_FINDS_A_MINUTE": "0",
            "PORTAL_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "PYTHONPATH": str(ROOT),
        }
        self.database = ""
        if on_postgresql:
            self.environment |= postgresql.environment(folder)
            # Helpers of a query end with it: what they spend would be counted nowhere.
            self.environment["PGOPTIONS"] = "-c max_parallel_workers_per_gather=0"
            self.database = self.environment["PORTAL_DATABASE_URL"].rpartition("/")[2]
        self.worker = 0
        self.backends: list[int] = []

    def ask(self, verb: str, *arguments: object) -> Any:
        """Let ``bench.million_house`` do something in this installation; return what it says in the end."""
        argv = [sys.executable, "-m", "bench.million_house", verb, *map(str, arguments)]
        done = subprocess.run(argv, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout.splitlines()[-1])

    def spent(self) -> float:
        """Return the processor time of the portal's process and of the server's processes behind it."""
        return sum(processor_time(one) for one in (self.worker, *self.backends))

    def settle(self) -> None:
        """Learn which of PostgreSQL's processes work for this installation; they stay with it."""
        if self.database:
            self.backends = _backends(self.database)


def _backends(database: str) -> list[int]:
    with psycopg.connect(os.environ[postgresql.SERVER], autocommit=True) as admin:
        # Not the server's own housekeeping, nor somebody who looks at it: their processes come and go.
        found = admin.execute(
            "SELECT pid FROM pg_stat_activity "
            "WHERE datname = %s AND usename = %s AND backend_type = 'client backend'",
            (database, APPLICATION),
        )
        return [int(pid) for (pid,) in found]


def main() -> None:
    """Measure both databases, print the ratios, and refuse what is above its aim."""
    parser = argparse.ArgumentParser(prog="python -m bench.million")
    parser.add_argument("databases", nargs="*", metavar="sqlite|postgresql")
    parser.add_argument("--build", action="store_true", help="fill the houses of BENCH_HOUSES, no more")
    asked = parser.parse_args()
    wanted = asked.databases or ["sqlite", "postgresql"]
    if not set(wanted) <= {"sqlite", "postgresql"} or asked.build and not KEPT:
        parser.error("unknown database" if not asked.build else "--build needs BENCH_HOUSES")
    missed: list[str] = []
    with _folder() as folder:
        if "sqlite" in wanted:
            missed += _run("SQLite", folder / "sqlite", on_postgresql=False, build=asked.build)
        if "postgresql" in wanted:
            with _server(folder / "server" if KEPT else None):
                missed += _run("PostgreSQL", folder / "postgresql", on_postgresql=True, build=asked.build)
    if missed:
        raise SystemExit("\nabove the aim:\n" + "\n".join(missed))
    if not asked.build:
        print("\nnothing is above its aim")


@contextmanager
def _folder() -> Iterator[Path]:
    if KEPT:
        yield Path(KEPT).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="bench-million-") as folder:
        yield Path(folder)


@contextmanager
def _server(kept_in: Path | None) -> Iterator[None]:
    server = postgresql.Server(kept_in=kept_in)
    server.create()
    os.environ[postgresql.SERVER] = server.url
    try:
        yield
    finally:
        del os.environ[postgresql.SERVER]
        server.remove()


def _tidied(database: str) -> None:
    """Throw away what was taken back, as PostgreSQL would by itself within minutes."""
    server = os.environ[postgresql.SERVER].rpartition("/")[0]
    with psycopg.connect(f"{server}/{database}", autocommit=True) as admin:
        admin.execute("VACUUM (ANALYZE)")


def _run(name: str, folder: Path, *, on_postgresql: bool, build: bool) -> list[str]:
    """Fill what is not filled and measure it; return what is above its aim."""
    houses = [
        House(folder / "-".join(map(str, size)), size, on_postgresql=on_postgresql) for size in (SMALL, LARGE)
    ]
    filled = [house.ask("fill", *house.size) for house in houses]
    if build:
        return []
    missed = [line for house, one in zip(houses, filled, strict=True) for line in _assessed(name, house, one)]
    with ExitStack() as stack:
        known = []
        for house in houses:
            house.worker = stack.enter_context(running(house.port, house.environment))
            known.append(house.ask("login"))
        print(f"\n{name:<32}{'small us':>10}{'large us':>10}{'ratio':>8}{'middle':>8}  (at most {AIM})")
        for page in PAGES:
            small, large = _compared(page, houses, known)
            ratio, middle = large.least / small.least, large.middle / small.middle
            mark = "" if ratio <= AIM else "  above the aim"
            print(
                f"{page.name:<32}{small.least:>10.0f}{large.least:>10.0f}{ratio:>8.2f}{middle:>8.2f}{mark}",
                flush=True,
            )
            if mark:
                missed.append(f"{name}, {page.name}: {ratio:.2f} (at most {AIM})")
    return missed


def _assessed(name: str, house: House, filled: dict[str, Any]) -> list[str]:
    """Say what filling a house took, and measure a year's assessment in it."""
    done = house.ask("assess")
    year, plain, rows = done["year"], done["plain"], done["rows"]
    if house.database:
        _tidied(house.database)
    print(
        f"\n{name}, {house.size[0]:,} members, {house.size[1]:,} organizations: seeded in "
        f"{filled['seeded']:.0f} s; a month of everybody on the books, {filled['entries']:,} entries, "
        f"{filled['month'] * 1_000_000 / filled['obligations']:.0f} us a member; "
        f"{filled['megabytes']:.0f} MB; a year's assessment {year:.2f} s of the processor, plain INSERT ... "
        f"SELECT of its {rows:,} rows {plain:.2f} s: {year / plain:.2f} times (at most {AIM_YEAR})",
        flush=True,
    )
    if year / plain <= AIM_YEAR:
        return []
    return [f"{name}, a year's assessment of {house.size[0]:,}: {year / plain:.2f} (at most {AIM_YEAR})"]


def _compared(page: Page, houses: list[House], known: list[Any]) -> tuple[Tally, Tally]:
    turns: list[tuple[http.client.HTTPConnection, Callable[[], float], Tally]] = []
    for house, facts in zip(houses, known, strict=True):
        headers = {"HX-Request": "true"} if page.fragment else {}
        if page.who:
            headers["Cookie"] = facts["cookies"][page.who]
        path = page.path.format(branch=facts["branch"], brand=quote(facts["brand"]))
        connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=120)
        for _ in range(8):
            get(connection, path, headers)
        house.settle()
        turns.append((connection, house.spent, Tally(path, headers, at_once=4)))
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for connection, spent, tally in turns:
            tally.go(connection, spent)
    for connection, _spent, _tally in turns:
        connection.close()
    small, large = (tally for _connection, _spent, tally in turns)
    return small, large


if __name__ == "__main__":
    main()
