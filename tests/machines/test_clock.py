"""A machine's clock jumps by an hour, forward and back, while its processes run (libfaketime).

Only the clock on the wall: the one that counts seconds since the start does not jump, in life neither.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machines.places import until
from tests.machines.single import Single, hidden

pytestmark = [pytest.mark.hard, pytest.mark.machines, pytest.mark.xdist_group("machines")]

HOUR = "+1h"


class Clock:
    """The clock of some processes: they look at a file for how far it is off."""

    def __init__(self, file: Path) -> None:
        found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not found:
            if os.environ.get("CI"):
                raise RuntimeError("libfaketime is missing: apt-get install faketime")
            pytest.skip("NO CLOCK JUMPED: install Debian's package faketime")
        self.file = file
        self.set("+0")
        self.environment = {
            "LD_PRELOAD": str(found[0]),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def set(self, off: str) -> None:
        """Let the clock jump; seen within a second."""
        self.file.write_text(off + "\n")
        time.sleep(1.5)


@pytest.fixture
def clock(tmp_path: Path) -> Iterator[Clock]:
    tmp_path.chmod(0o755)
    before = _shared()
    yield Clock(tmp_path / "clock")
    for left in _shared() - before:  # the library leaves them behind when its process is killed
        if not Path(f"/proc/{left.name.rpartition('_')[2]}").exists():
            left.unlink(missing_ok=True)


def _shared() -> set[Path]:
    """Return the pieces of memory that libfaketime shares between processes, each named by who began it."""
    return set(Path("/dev/shm").glob("*faketime_*"))


def test_a_worker_whose_clock_is_ahead_takes_nothing_from_the_one_at_work(single: Single, clock: Clock):
    """A lease runs by the database's clock: by its own, an hour ahead, every lease would be over."""
    who = 8
    single.channel.tell("plan", drop=True)  # only a worker's question finds out
    single.channel.tell("faults", on="query", mode="hang", times=1, seconds=30)
    other = single.lan.place("ahead")
    try:
        clock.set(HOUR)
        ahead = single.house.worker(other, **clock.environment)
        log = single.house.log(other, "worker")
        until(lambda: "worker: ready" in log.read_text(), seconds=60, what="the other worker")
        ahead.send_signal(signal.SIGSTOP)  # so that it is not the first to take the job
        page = order(single, who)
        held = (
            "SELECT count(*) FROM job WHERE name = 'payments.query' AND state = 'running' "
            "AND payload::text LIKE %(uid)s"
        )
        given = {"uid": f"%{page.rsplit('/', 1)[1]}%"}
        until(
            lambda: single.database.sql(held, given, database="portal") == [(1,)],
            seconds=20,
            what="the worker asks, and hangs",
        )
        ahead.send_signal(signal.SIGCONT)
        time.sleep(3)  # it looks for work every second
        taken = "SELECT max(attempts) FROM job WHERE name = 'payments.query' AND payload::text LIKE %(uid)s"
        assert single.database.sql(taken, given, database="portal") == [(1,)]
    finally:
        other.kill()
        single.channel.tell("plan")


def test_a_web_machines_clock_jumps_and_comes_back(single: Single, clock: Clock):
    who = 9
    web = single.house.web(single.lan.place("jumps"), **clock.environment)
    web.wait()
    assert single.ask("me/", who=who, web=web).status_code == 200
    page = order(single, who, paid=False)
    for off in (HOUR, "-1h"):
        clock.set(off)
        assert web.status() == 200 and web.status("/healthz") == 200
        # Ahead, everybody's half hour is over, so one logs in again; nobody is let in who should not be.
        looked = single.ask("me/", who=10 if off == HOUR else who, web=web)
        assert looked.status_code == (303 if off == HOUR else 200), (off, looked.status_code)
        said = single.house.command("health", **clock.environment).stdout
        assert re.search(r"warning: clock 3[56]\d\d s from the database's", said), said
    # News about money whose date cannot be checked is sent back, and comes again.
    clock.set(HOUR)
    asked = "SELECT out_trade_no FROM payment_attempt WHERE uid = %(uid)s"
    ((number,),) = single.database.sql(asked, {"uid": page.rsplit("/", 1)[1]}, database="portal")
    notify = f"{web.url}/hooks/wechatpay/dues/pay"
    single.channel.tell("plan", out_trade_no=number, drop=True)
    single.channel.tell("pay", out_trade_no=number)
    assert single.channel.tell("notify", out_trade_no=number, to=notify)["statuses"][0] >= 400
    clock.set("+0")
    gone = time.monotonic()
    until(lambda: single.ask("me/", who=who, web=web).status_code == 200, seconds=10, what="all as before")
    assert single.channel.tell("notify", out_trade_no=number, to=notify)["statuses"][0] in (200, 204)
    assert "已交费" in single.ask(path(page), who=who, web=web).text
    print(f"\nclock: as before {time.monotonic() - gone:.1f} s after it was right again")
    web.place.kill()


def order(single: Single, who: int, *, paid: bool = True) -> str:
    """Order the oldest month, and pay it at the channel; return the address of the payer's page."""
    statement = single.ask("dues/", who=who).text
    month = re.search(r'name="month"[^>]*value="(\d{4}-\d\d)"', statement)
    assert month
    fields = hidden(single.ask(f"dues/pay?month={month[1]}", who=who).text)
    begun = single.ask("dues/pay", who=who, **fields)
    assert begun.status_code == 303, begun.text[:500]
    if paid:
        uid = begun.headers["Location"].rsplit("/", 1)[1]
        asked = "SELECT out_trade_no FROM payment_attempt WHERE uid = %(uid)s"
        ((number,),) = single.database.sql(asked, {"uid": uid}, database="portal")
        single.channel.tell("pay", out_trade_no=number)
    return begun.headers["Location"]


def path(address: str) -> str:
    """Return an address within its district."""
    return address.split("/d/", 1)[1].split("/", 1)[1]
