"""What happens to the database, and how the portal stands it, never started anew.

Each time: ``/readyz`` says what it is, ``/healthz`` lives on, a person reads words, a form that was refused
can be sent again and counts once, and within ten seconds after the fault has gone all is as before.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.machines.places import until
from tests.machines.single import Single, hidden

pytestmark = [pytest.mark.hard, pytest.mark.machines, pytest.mark.xdist_group("machines")]

HEALS = 10.0
#: How soon /readyz says it; a server that keeps silent is knocked at first, for everybody who waits in turn.
NOTICED = {"hang": 25.0}


@contextmanager
def stopped(single: Single, *, crash: bool) -> Iterator[None]:
    """Stop the database, or let it crash, and start it again."""
    single.database.stop(kill=crash)
    yield
    single.database.start()


@contextmanager
def hanging(single: Single) -> Iterator[None]:
    """Let the database take every word and answer none, while more people look than there are threads."""
    single.database.freeze()
    try:
        askers = [threading.Thread(target=single.status, args=("me/", who)) for who in range(12, 18)]
        for asker in askers:
            asker.start()
        yield
    finally:
        single.database.freeze(signal.SIGCONT)
    for asker in askers:
        asker.join(60)


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
    "hang": (hanging, "not ready: database away"),
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
        began = time.monotonic()
        until(lambda: single.readyz() == said, seconds=NOTICED.get(name, HEALS), what=f"/readyz says: {said}")
        noticed = time.monotonic() - began
        assert single.web.status("/healthz", seconds=15) == 200
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
    worked = time.time() - begun
    print(f"\n{name}: said after {noticed:.1f} s, healed after {healed:.1f} s, worker {worked:.1f} s later")
