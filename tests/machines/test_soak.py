"""Many requests on the same processes: what they hold in memory stays as it was after they had warmed up.

Once on each database: what speaks to it is other code, which keeps other things.
``make soak`` sends the 20,000 the project promises; ``make check-hard`` fewer (``PORTAL_SOAK``).
"""

from __future__ import annotations

import http.client
import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.machines.installation import Installation, Web, people
from tests.machines.places import family
from tests.machines.single import Single, hidden

pytestmark = [pytest.mark.hard, pytest.mark.machines, pytest.mark.xdist_group("machines")]

REQUESTS = int(os.environ.get("PORTAL_SOAK", "2000"))
#: Caches of statements, templates and addresses fill by then.
WARM = 1500
#: The kernel deals connections out; new ones at each turn, so that no process misses the warming up.
TURNS = 5
GROWTH = 0.10
CLIENTS = 6
#: What people open, as often as it stands here; every twentieth is a form.
IN_DISTRICT = ("", "dues/", "me/", "me/privacy")
PAGES = ("/", "/find?q=%E6%B5%8B%E8%AF%95", "/readyz", *(f"/d/{{code}}/{one}" for one in IN_DISTRICT))


def memory(pid: int) -> dict[int, int]:
    """Return what each descendant of a process holds for itself, in KB."""
    found = {}
    for one in family(pid):
        lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        found[one] = sum(
            int(line.split()[1]) for line in lines if line.startswith(("Private_Dirty:", "Swap:"))
        )
    return found


class Visitors:
    """Some people with keep-alive connections; each knows its page of questions and fills it in anew."""

    def __init__(self, base: str, code: str, cookies: list[str]) -> None:
        self.where, self.code, self.cookies = urlsplit(base), code, cookies
        self.statuses: Counter[int] = Counter()
        self._numbers = itertools.count()
        self._problems: list[str] = []

    def send(self, count: int) -> float:
        """Send ``count`` requests; return the seconds."""
        began, last = time.monotonic(), next(self._numbers) + count
        threads = [
            threading.Thread(target=self._visit, args=(cookie, last)) for cookie in self.cookies[:CLIENTS]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not self._problems, self._problems[:3]
        return time.monotonic() - began

    def _visit(self, cookie: str, last: int) -> None:
        line = http.client.HTTPConnection(str(self.where.hostname), self.where.port, timeout=60)
        try:
            ask = f"/d/{self.code}/me/privacy"
            status, page = self._one(line, "GET", ask, cookie)
            token = hidden(page)["csrf_token"]
            while (number := next(self._numbers)) < last:
                if number % 20 == 0:
                    form = {"csrf_token": token, "_once": f"soak-{number:012d}", "text": f"第{number}次"}
                    status, _ = self._one(line, "POST", f"{ask}/ask/correction", cookie, form)
                    wanted: tuple[int, ...] = (303,)
                else:
                    path = PAGES[number % len(PAGES)].format(code=self.code)
                    status, _ = self._one(line, "GET", path, cookie)
                    wanted = (200,)
                self.statuses[status] += 1
                if status not in wanted:
                    self._problems.append(f"{number}: {status}")
        except Exception as error:
            self._problems.append(repr(error))
        finally:
            line.close()

    def _one(
        self, line: Any, method: str, path: str, cookie: str, form: dict[str, str] | None = None
    ) -> tuple[int, str]:
        headers = {"Cookie": f"portal={cookie}", "Content-Type": "application/x-www-form-urlencoded"}
        line.request(method, path, urlencode(form or {}), headers)
        answer = line.getresponse()
        return answer.status, answer.read().decode(errors="replace")


@pytest.fixture(params=["postgresql", "sqlite"])
def visited(request: pytest.FixtureRequest, single: Single, tmp_path: Path) -> Iterator[tuple[Web, Visitors]]:
    """Two web processes of an installation on one of the databases, and people who visit it."""
    place = single.lan.place(f"soak-{request.param[:2]}")
    house, code, cookies = single.house, single.code, single.cookies
    if request.param == "sqlite":
        house = Installation(tmp_path, public_url=single.house.public_url)
        code, cookies = people(house, single.channel, count=CLIENTS)
    web = house.web(place, processes=2, PORTAL_FINDS_A_MINUTE="0")
    try:
        web.wait()
        yield web, Visitors(web.url, code, cookies[-CLIENTS:])
    finally:
        place.kill()


def test_memory_stays_within_ten_percent(visited: tuple[Web, Visitors]):
    web, visitors = visited
    for _ in range(TURNS):
        visitors.send(WARM // TURNS)
    before = memory(web.process.pid)
    seconds = visitors.send(REQUESTS)
    after = memory(web.process.pid)
    grown = sum(after.values()) / sum(before.values()) - 1
    print(f"\n{REQUESTS} requests in {seconds:.0f} s ({REQUESTS / seconds:.0f}/s): {dict(visitors.statuses)}")
    print(f"memory {sum(before.values()) // 1024} MB -> {sum(after.values()) // 1024} MB, {grown:+.1%}")
    print(f"each process, in KB: {before} -> {after}")
    assert set(before) == set(after), "the same processes all the time"
    assert grown <= GROWTH
    assert sum(visitors.statuses.values()) >= WARM + REQUESTS - 2 * CLIENTS
