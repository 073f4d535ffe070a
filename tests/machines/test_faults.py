"""What happens to the database and to the neighbours, and how the portal stands it, never started anew.

Each time: ``/readyz`` says what it is, ``/healthz`` lives on, a person reads words, a form that was refused
can be sent again and counts once, and within ten seconds after the fault has gone all is as before.
"""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests

from tests.machines.places import until
from tests.machines.single import Single, hidden

pytestmark = [pytest.mark.hard, pytest.mark.machines, pytest.mark.xdist_group("machines")]

HEALS = 10.0


@contextmanager
def stopped(single: Single, *, crash: bool) -> Iterator[None]:
    """Stop the database, or let it crash, and start it again."""
    single.database.stop(kill=crash)
    yield
    single.database.start()


@contextmanager
def read_only(single: Single) -> Iterator[None]:
    """Close the server for writing, as before a move."""
    single.database.configure("default_transaction_read_only", "on")
    yield
    single.database.sql("ALTER SYSTEM RESET default_transaction_read_only")
    single.database.sql("SELECT pg_reload_conf()")


@contextmanager
def without_room(single: Single) -> Iterator[None]:
    """Fill the disk of the database's data."""
    single.room.fill()
    yield
    single.room.free()


FAULTS: dict[str, tuple[Any, str]] = {
    "restart": (lambda single: stopped(single, crash=False), "not ready: database away"),
    "crash": (lambda single: stopped(single, crash=True), "not ready: database away"),
    "read-only": (read_only, "not ready: database read-only"),
    "full": (without_room, "not ready: database full"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_database_is_in_trouble_and_comes_back(single: Single, name: str):
    if name == "full" and not single.room.real:
        pytest.skip("A FULL DISK WAS NOT TRIED: no small one can be mounted here")
    fault, said = FAULTS[name]
    assert single.readyz() == "ready"
    form, before, worker = single.form(), single.questions(), single.web.process.pid
    with fault(single):
        until(lambda: single.readyz() == said, seconds=HEALS, what=f"/readyz says: {said}")
        assert single.web.status("/healthz") == 200
        # On a full disk what still fits is taken: somebody fills the page that is left.
        for number in range(40 if name == "full" else 1):
            sent = {**form, "text": "满" * 900} if name == "full" else form
            sent["_once"] = f"{form['_once'][:12]}{number:04d}"
            refused = single.ask("me/privacy/ask/correction", **sent)
            if refused.status_code != 303:
                break
        assert refused.status_code == 503, refused.text[:500]
        assert "Traceback" not in refused.text and "再试一次" in refused.text
        assert hidden(refused.text) == sent
        taken = single.questions() if name in ("read-only", "full") else before
    gone = time.monotonic()
    until(lambda: single.readyz() == "ready", seconds=HEALS, what="/readyz says: ready")
    healed = time.monotonic() - gone
    # What is on the page that refused, sent again twice: it is done once.
    for _ in range(2):
        assert single.ask("me/privacy/ask/correction", **sent).status_code == 303
    assert single.questions() == taken + 1
    assert single.web.process.poll() is None and single.web.process.pid == worker
    begun = time.time()
    until(
        lambda: single.database.sql(
            "SELECT 1 FROM job WHERE finished_at > to_timestamp(%(begun)s)",
            {"begun": begun},
            database="portal",
        ),
        seconds=20,
        what="the worker works again",
    )
    print(f"\n{name}: healed after {healed:.1f} s, the worker {time.time() - begun:.1f} s later")


def test_a_channel_that_hangs_holds_up_nobody_else(single: Single):
    """Four people want to pay at once, and a web process has four threads."""
    forms = [hidden(single.ask("dues/pay?month=" + month(single, who), who=who).text) for who in range(4)]
    single.channel.process.send_signal(signal.SIGSTOP)
    answers: dict[int, tuple[float, requests.Response]] = {}

    def pay(who: int) -> None:
        began = time.monotonic()
        answer = single.ask("dues/pay", who=who, **forms[who])
        answers[who] = time.monotonic() - began, answer

    try:
        payers = [threading.Thread(target=pay, args=(who,)) for who in range(4)]
        for payer in payers:
            payer.start()
        time.sleep(1.5)
        waits = []
        for _ in range(10):
            began = time.monotonic()
            assert single.ask("dues/", who=5).status_code == 200
            waits.append(time.monotonic() - began)
            assert single.readyz() == "ready", "a neighbour's death is not ours"
        for payer in payers:
            payer.join(40)
        assert max(waits) < 3, waits
        for who, (seconds, answer) in answers.items():
            assert answer.status_code == 303 and seconds < 15, (seconds, answer.text[:500])
            page = single.ask(answer.headers["Location"].partition(f"/d/{single.code}/")[2], who=who)
            assert page.status_code == 200 and "正在查付款结果，请不要再付" in page.text
    finally:
        single.channel.process.send_signal(signal.SIGCONT)
    slowest = max(seconds for seconds, _ in answers.values())
    print(f"\nhanging channel: slowest payer {slowest:.1f} s, slowest other page {max(waits):.1f} s")


def month(single: Single, who: int) -> str:
    """Return the oldest month that is open."""
    found = re.search(r'name="month"[^>]*value="(\d{4}-\d\d)"', single.ask("dues/", who=who).text)
    assert found
    return found[1]
