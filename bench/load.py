"""How long people wait at the expected load, and whether anybody is turned away (docs/security.md, 16).

The load: twenty pages a second, which is a town of a hundred thousand members on a dues day (each of them
six pages within a working day, most of it in four hours), sent by the clock and not when the one before is
answered, so that a page that holds up the next ones is counted with what it holds up. Served as ``portal
serve`` does on two cores.
"""

from __future__ import annotations

import http.client
import itertools
import math
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.pages import PAGES, Page

#: Pages a second, for how many seconds, and by how many connections at most.
RATE = 20.0
SECONDS = float(os.environ.get("BENCH_LOAD_SECONDS", "30"))
SENDERS = 24
#: What is promised: of a hundred pages ninety-five come within this time (seconds), and none fails.
P95 = 0.8
#: How often each page is asked for, in the order of ``PAGES``: most people search, or see what they owe.
MIX = (6, 2, 5, 5, 2)


@dataclass(frozen=True)
class Load:
    """What came back: seconds from when each page was due until it was there, and what failed."""

    times: tuple[float, ...]
    errors: tuple[str, ...]

    @property
    def p95(self) -> float:
        """Return the time within which ninety-five of a hundred pages came (seconds)."""
        return sorted(self.times)[math.ceil(0.95 * len(self.times)) - 1] if self.times else math.inf


def faults(load: Load) -> list[str]:
    """Return in words what breaks the promise; empty where it is kept."""
    found = []
    if not load.times:
        found.append("no page came at all")
    elif load.p95 >= P95:
        found.append(f"95 of 100 pages came within {load.p95 * 1000:.0f} ms, promised are {P95 * 1000:.0f}")
    if load.errors:
        found.append(f"{len(load.errors)} pages failed, the first: {load.errors[0]}")
    return found


def report(load: Load) -> int:
    """Print what was measured and what breaks the promise; return what the bench ends with."""
    print(
        f"\nat {RATE:.0f} pages a second for {SECONDS:.0f} s: 95 of 100 within {load.p95 * 1000:.0f} ms "
        f"(at most {P95 * 1000:.0f}), {len(load.errors)} of {len(load.times)} failed"
    )
    broken = faults(load)
    for fault in broken:
        print(f"REFUSED: {fault}")
    return 1 if broken else 0


def plan(pages: Sequence[Page] = PAGES, mix: Sequence[int] = MIX) -> list[Page]:
    """Return the pages in the order they are asked for, over and over."""
    return [page for page, times in zip(pages, mix, strict=True) for _again in range(times)]


def measure(
    port: int, cookies: Mapping[str, str], *, pages: Sequence[Page], rate: float, seconds: float
) -> Load:
    """Ask for the pages in turn, ``rate`` a second, and return what came back."""
    numbers, lock = itertools.count(), threading.Lock()
    times: list[float] = []
    errors: list[str] = []
    start, count = time.monotonic() + 0.2, int(rate * seconds)

    def send() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while True:
            with lock:
                number = next(numbers)
            if number >= count:
                break
            # A stride that shares no factor with the plan, so that one kind of page does not come in a row.
            page, due = pages[number * 7 % len(pages)], start + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            wrong = _fetched(connection, page, cookies)
            took = time.monotonic() - due
            with lock:
                times.append(took)
                errors.extend(wrong)
        connection.close()

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    return Load(tuple(times), tuple(errors))


def _fetched(connection: http.client.HTTPConnection, page: Page, cookies: Mapping[str, str]) -> list[str]:
    headers = {"HX-Request": "true"} if page.fragment else {}
    if page.who:
        headers["Cookie"] = cookies[page.who]
    try:
        connection.request("GET", page.path, headers=headers)
        answer = connection.getresponse()
        answer.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return [f"{page.path}: {type(error).__name__}"]
    return [] if answer.status == 200 else [f"{page.path}: {answer.status}"]
