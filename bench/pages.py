"""Processor time of each page, as a ratio to a bare reply measured in turns with it."""

from __future__ import annotations

import gzip
import http.client
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from statistics import median

from bench.house import House, processor_time

HERE = "/d/340722-kfq"
SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))


@dataclass(frozen=True)
class Page:
    """A page, who opens it, and the ratio it should reach (bare cost / its cost)."""

    name: str
    path: str
    who: str = ""
    fragment: bool = False
    aim: float = 0.15


PAGES = (
    Page("find, fragment", "/find?q=%E8%8E%B2%E6%B9%96", fragment=True, aim=0.25),
    Page("find in one district, fragment", f"{HERE}/find?q=lianhu", fragment=True, aim=0.25),
    Page("start page", f"{HERE}/", who="member"),
    Page("statement", f"{HERE}/dues/", who="member"),
    Page("branch month", f"{HERE}/dues/branch", who="secretary"),
)


@dataclass(frozen=True)
class Result:
    """One line of the table: microseconds of processor time, bytes, and the ratio."""

    page: Page
    micros: float
    bare: float
    size: int
    packed: int
    yardstick: float

    @property
    def ratio(self) -> float:
        """Return bare cost by page cost: 0.15 means that the page costs seven bare replies."""
        return self.bare / self.micros

    @property
    def against(self) -> float:
        """Return how many times the yardstick's cost the page costs."""
        return self.micros / self.yardstick


def measure(house: House) -> list[Result]:
    """Measure every page."""
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    cookie = {"Cookie": _logged_in(connection)}
    found = []
    for page in PAGES:
        headers = {"HX-Request": "true"} if page.fragment else {}
        if page.who:
            headers["Cookie"] = house.cookies[page.who]
        body = get(connection, page.path, headers)
        bare = Tally("/__bare", {}, at_once=40)
        least = Tally("/__page", cookie, at_once=8)
        shown = Tally(page.path, headers, at_once=4)
        compared(connection, partial(processor_time, house.worker), bare, least, shown)
        size, packed = len(body), len(gzip.compress(body))
        found.append(Result(page, shown.micros, bare.micros, size, packed, least.micros))
    connection.close()
    return found


def first_load(house: House) -> int:
    """Return the bytes, packed, that a new visitor loads: the page and what it names of our own."""
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=30)
    body = get(connection, "/", {})
    named = re.findall(r'<(?:script|link)[^>]*(?:src|href)="(/[^"#]+)"', body.decode())
    parts = [body, *(get(connection, path, {}) for path in dict.fromkeys(named))]
    connection.close()
    return sum(len(gzip.compress(part)) for part in parts)


def _logged_in(connection: http.client.HTTPConnection) -> str:
    connection.request("GET", "/__login")
    answer = connection.getresponse()
    answer.read()
    return str(answer.headers["Set-Cookie"]).split(";")[0]


def get(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> bytes:
    """Fetch a page over a kept connection; anything but 200 ends the bench."""
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status}")
    return body


@dataclass
class Tally:
    """What the requests to one address cost altogether."""

    path: str
    headers: dict[str, str]
    at_once: int
    seconds: float = 0.0
    count: int = 0
    turns: list[float] = field(default_factory=list)

    def go(self, connection: http.client.HTTPConnection, spent: Callable[[], float]) -> None:
        """Send a few requests more; ``spent`` tells the processor time of whoever answers (seconds)."""
        began = spent()
        for _ in range(self.at_once):
            get(connection, self.path, self.headers)
        taken = spent() - began
        self.seconds += taken
        self.count += self.at_once
        self.turns.append(taken * 1_000_000 / self.at_once)

    @property
    def micros(self) -> float:
        """Return microseconds of processor time a request."""
        return self.seconds * 1_000_000 / self.count

    @property
    def least(self) -> float:
        """Return microseconds a request of the cheapest turn: without what neighbours on the machine add."""
        return min(self.turns)

    @property
    def middle(self) -> float:
        """Return the microseconds a request of the turn in the middle."""
        return median(self.turns)


def compared(connection: http.client.HTTPConnection, spent: Callable[[], float], *tallies: Tally) -> None:
    """Take turns in short spells: a machine that is slower for a while is slower for all of them."""
    for one in tallies:
        for _ in range(5):
            get(connection, one.path, one.headers)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        for one in tallies:
            one.go(connection, spent)
