"""``python -m bench.bookings``: a page of the week at 200 rooms, the room search and the booking POST.

Two installations in one run, 200 rooms each, with 1,000 and with 100,000 bookings of a year, on SQLite and on
a private PostgreSQL. The 1,000 lie in the week that is shown, so that both show as much and differ in what
else there is; the desk's pages hold 40 rooms each, which is looked at before anything is measured. As in
``bench.million`` both are served at the same time and asked in turns, the cheapest turn of each counts, all
times are the processor's, and a bare reply of Flask stands beside them.

It ends with exit code 1 where a hundred times the bookings cost more than ``AIM`` times as much.
``BENCH_BOOKINGS`` makes the large one smaller, to try the bench itself; ``sqlite`` or ``postgresql`` keeps it
to one database.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from bench.house import running
from bench.million import House
from bench.pages import SECONDS, get
from portal.config import ROOT
from portal.testing import postgresql

AIM = 1.3
ROOMS, SMALL = 200, 1_000
#: Rooms that one page of the desk shows of them.
SHOWN = 40
LARGE = int(os.environ.get("BENCH_BOOKINGS", "100000"))
HERE = "/d/990001/bookings"


class Booked(House):
    """An installation with rooms and bookings."""

    def ask(self, verb: str, *arguments: object) -> Any:
        """Let ``bench.bookings_house`` do something in this installation; return what it says in the end."""
        argv = [sys.executable, "-m", "bench.bookings_house", verb, *map(str, arguments)]
        done = subprocess.run(argv, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout.splitlines()[-1])


@dataclass
class Asked:
    """One house that is asked, over a kept connection: who is logged in there, and what it cost in turns."""

    house: Booked
    facts: dict[str, Any]
    connection: http.client.HTTPConnection = field(init=False)
    turns: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.house.port, timeout=120)
        self._token = ""

    def awake(self) -> None:
        """Make sure that the connection stands: the server closes one that was silent for a while."""
        try:
            get(self.connection, "/__bare", {})
        except (http.client.HTTPException, OSError):
            self.connection.close()
            get(self.connection, "/__bare", {})

    def page(self, path: str, who: str, *, fragment: bool = False, count: int = 4) -> float:
        """Fetch a page some times; return microseconds of the processor each."""
        headers = {"Cookie": self.facts["cookies"][who]} if who else {}
        if fragment:
            headers["HX-Request"] = "true"
        self.awake()
        began = self.house.spent()
        for _ in range(count):
            get(self.connection, path, headers)
        return (self.house.spent() - began) * 1_000_000 / count

    def rooms(self, path: str) -> int:
        """Return how many rooms a page of the desk shows."""
        self.awake()
        text = get(self.connection, path, {"Cookie": self.facts["cookies"]["desk"]}).decode()
        return len(set(re.findall(r'data-r="([^"]+)"', text)))

    def book(self, count: int = 2) -> float:
        """Book free times, one after the other; return microseconds of the processor for each POST."""
        spent = 0.0
        self.awake()
        for _ in range(count):
            room, day, hour = self.facts["free"].pop()
            form = urlencode(
                {
                    "csrf_token": self._form_token(room),
                    "_once": secrets.token_urlsafe(18),
                    "act": "send",
                    "day": day,
                    "from": f"{hour:02d}:00",
                    "to": f"{hour + 1:02d}:00",
                    "title": "演示活动",
                    "people": "5",
                    "contact_name": "王演示",
                    "phone": "10012345678",
                }
            )
            headers = {
                "Cookie": self.facts["cookies"]["member"],
                "Content-Type": "application/x-www-form-urlencoded",
            }
            began = self.house.spent()
            self.connection.request("POST", f"{HERE}/rooms/{room}/ask", body=form, headers=headers)
            answer = self.connection.getresponse()
            text = answer.read().decode()
            spent += self.house.spent() - began
            if answer.status != 303:
                said = re.findall(r'field-error"[^>]*>.*?<span>(.*?)</span>', text, re.S)
                raise SystemExit(f"booking {room} {day} {hour}: {answer.status} {said}")
        return spent * 1_000_000 / count

    def _form_token(self, room: str) -> str:
        if not self._token:
            headers = {"Cookie": self.facts["cookies"]["member"]}
            page = get(self.connection, f"{HERE}/rooms/{room}/ask", headers).decode()
            found = re.search(r'name="csrf_token" value="([^"]+)"', page)
            if found is None:
                raise SystemExit("the form of a booking has no token")
            self._token = found[1]
        return self._token


#: What is measured: its name, and how one house is asked for it.
def _measures(day: str) -> dict[str, Callable[[Asked], float]]:
    week, one_day = f"{HERE}/desk/week?from={day}", f"{HERE}/desk/day?on={day}"
    search = f"{HERE}/?" + urlencode({"day": day, "from": "14:00", "to": "15:00", "people": "10"})
    return {
        f"week, {SHOWN} of {ROOMS} rooms": lambda one: one.page(week, "desk"),
        f"day, {SHOWN} of {ROOMS} rooms": lambda one: one.page(one_day, "desk"),
        "list, 50 of all bookings": lambda one: one.page(f"{HERE}/desk/list?from={day}", "desk"),
        "room search, 200 rooms": lambda one: one.page(search, "member"),
        "room search, fragment": lambda one: one.page(search, "member", fragment=True),
        "start page of a member": lambda one: one.page("/d/990001/", "member"),
        "own bookings": lambda one: one.page(f"{HERE}/mine", "member"),
        "booking POST": lambda one: one.book(),
    }


def main() -> None:
    """Measure both databases, print the ratios, and refuse what is above its aim."""
    parser = argparse.ArgumentParser(prog="python -m bench.bookings")
    parser.add_argument("databases", nargs="*", metavar="sqlite|postgresql")
    wanted = parser.parse_args().databases or ["sqlite", "postgresql"]
    if not set(wanted) <= {"sqlite", "postgresql"}:
        parser.error("unknown database")
    missed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-bookings-") as folder:
        if "sqlite" in wanted:
            missed += _run("SQLite", Path(folder, "sqlite"), on_postgresql=False)
        if "postgresql" in wanted:
            with _server():
                missed += _run("PostgreSQL", Path(folder, "postgresql"), on_postgresql=True)
    if missed:
        raise SystemExit("\nabove the aim:\n" + "\n".join(missed))
    print("\nnothing is above its aim")


@contextmanager
def _server() -> Iterator[None]:
    server = postgresql.Server()
    server.create()
    os.environ[postgresql.SERVER] = server.url
    try:
        yield
    finally:
        del os.environ[postgresql.SERVER]
        server.remove()


def _run(name: str, folder: Path, *, on_postgresql: bool) -> list[str]:
    """Fill two houses and measure them in turns; return what is above its aim."""
    houses = [
        Booked(folder / str(bookings), (ROOMS, bookings), on_postgresql=on_postgresql)
        for bookings in (SMALL, LARGE)
    ]
    filled = [house.ask("fill", *house.size) for house in houses]
    missed: list[str] = []
    with ExitStack() as stack:
        asked = []
        for house in houses:
            house.worker = stack.enter_context(running(house.port, house.environment))
            asked.append(Asked(house, house.ask("login")))
        for view in ("week?from", "day?on"):
            shown = [one.rooms(f"{HERE}/desk/{view}={one.facts['day']}") for one in asked]
            if shown != [SHOWN] * len(asked):
                raise SystemExit(f"{view}: {shown} rooms are shown, not {SHOWN}")
        print(f"\n{name}: {ROOMS} rooms; {filled[0]['said']}; {filled[1]['said']}")
        print(f"{'':<28}{'bare us':>9}{'small us':>10}{'large us':>10}{'x bare':>8}{'ratio':>8}{'middle':>8}")
        for what, measure in _measures(asked[0].facts["day"]).items():
            bare, small, large = _compared(measure, asked)
            ratio, middle = min(large) / min(small), median(large) / median(small)
            mark = "" if ratio <= AIM else f"  above {AIM}"
            print(
                f"{what:<28}{min(bare):>9.0f}{min(small):>10.0f}{min(large):>10.0f}"
                f"{min(large) / min(bare):>8.1f}{ratio:>8.2f}{middle:>8.2f}{mark}",
                flush=True,
            )
            if mark:
                missed.append(f"{name}, {what}: {ratio:.2f} (at most {AIM})")
        for one in asked:
            one.connection.close()
    return missed


def _compared(
    measure: Callable[[Asked], float], asked: list[Asked]
) -> tuple[list[float], list[float], list[float]]:
    """Take turns; return what a bare reply, the small and the large house took in each."""
    for one in asked:
        for _ in range(3):
            measure(one)
        one.house.settle()
        one.turns.clear()
    bare: list[float] = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        bare.append(asked[0].page("/__bare", "", count=40))
        for one in asked:
            one.turns.append(measure(one))
    small, large = (list(one.turns) for one in asked)
    return bare, small, large


if __name__ == "__main__":
    main()
