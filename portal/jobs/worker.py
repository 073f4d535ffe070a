"""The worker: claims jobs, runs each in its own thread and context, and outlives whatever they do."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import Context, ContextVar
from datetime import time as civil_time
from datetime import timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from portal import clock
from portal.database import in_scope, session, transaction
from portal.database.core import reading
from portal.jobs import service
from portal.jobs.declare import Declared, Postpone, Refuse, declared, job, settings
from portal.jobs.service import Claimed, describe

log = logging.getLogger(__name__)

#: How long a job of a plugin that is off or missing waits before it is looked at again.
SWITCHED_OFF_WAIT = timedelta(minutes=10)
PLAN_EVERY = 1.0
LONGEST_SLEEP = 5.0

_current: ContextVar[Claimed | None] = ContextVar("current_job", default=None)


def progress(done: int, total: int) -> None:
    """Record how far the running job has come; outside a job do nothing."""
    taken = _current.get()
    if taken is not None:
        service.note_progress(taken, done, total)


def run_due(*, limit: int = 1000) -> int:
    """Run due jobs here and now, one after the other, and return how many; for tests, demo and commands.

    Errors are recorded as a worker would record them.
    """
    count = 0
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    while count < limit and (taken := service.claim()):
        Context().run(_run, app, taken)
        count += 1
    return count


def _run(app: Flask, taken: Claimed) -> None:
    """Run one claimed job to its end and record the outcome; never raises."""
    with app.app_context():
        try:
            _outcome(taken)
        except Exception:  # the database went away: the lease will run out and the job is run again
            log.exception("job %s %s: outcome not recorded", taken.id, taken.name)


def _outcome(taken: Claimed) -> None:
    one = declared().get(taken.name)
    obstacle = _obstacle(one, taken)
    if obstacle is not None:
        service.postpone(taken, clock.now() + SWITCHED_OFF_WAIT, obstacle)
        return
    assert one is not None
    if taken.attempts > len(one.backoff or settings().backoff) + 1:
        # Every run so far took its worker along: do not let it take another.
        service.fail(taken, "its worker died each time", for_good=True)
        return
    _current.set(taken)
    home = taken.district_id
    try:
        with nullcontext() if home is None else settings().enter(home):
            one.function(taken.payload)
    except Postpone as later:
        session.rollback()
        service.postpone(taken, later.until)
    except Exception as error:
        session.rollback()
        log.warning("job %s %s failed, try %s: %s", taken.id, taken.name, taken.attempts, describe(error))
        service.fail(taken, describe(error), for_good=isinstance(error, Refuse))
    else:
        session.rollback()  # a job commits by transaction(); what it left open is not kept
        if not service.finish(taken):
            log.warning("job %s %s ended after it had lost its lease", taken.id, taken.name)


def _obstacle(one: Declared | None, taken: Claimed) -> str | None:
    if one is None:
        return "not installed"
    if one.plugin is None or one.always or taken.district_id is None:
        return None
    return None if settings().switched_on(taken.district_id, one.plugin) else "switched off"


@contextmanager
def _only_reading() -> Iterator[None]:
    """Look without taking SQLite's write lock, so that idle workers disturb nobody."""
    token = reading.set(True)
    try:
        yield
    finally:
        session.rollback()
        reading.reset(token)


def plan(known: dict[str, str]) -> None:
    """Write the periodic jobs whose slot has come; ``known`` remembers the slots this process has seen."""
    for name, one in declared().items():
        slot = one.slot()
        if slot is None or known.get(name) == slot:
            continue
        if one.due is not None:
            with _only_reading():
                if not one.due():
                    continue
        homes = _homes(one)
        if homes:
            with transaction():
                for home in homes:
                    service.enqueue_slot(name, slot, district_id=home)
        known[name] = slot


def _homes(one: Declared) -> Sequence[int | None]:
    """Return the districts in which a periodic job has something to do; None stands for none of them."""
    if not one.per_district:
        return (None,)
    with _only_reading():
        homes: list[int | None] = list(settings().districts_of(None if one.always else one.plugin))
        if one.due_in is None or not homes:
            return homes
        try:
            with in_scope(home for home in homes if home is not None):
                due = set(one.due_in())
        except Exception as error:
            # What cannot say where it is due is run everywhere: nobody waits because of it.
            log.error("job %s: visits every district, its due_in failed: %s", one.name, describe(error))
            return homes
    return [home for home in homes if home in due]


@job("jobs.sweep", daily=civil_time(3, 10))
def _sweep(payload: Mapping[str, Any]) -> None:
    service.sweep()


class Worker:
    """Some threads that claim and run jobs until ``stop`` is called."""

    def __init__(self, app: Flask, *, threads: int = 2, grace: float = 20.0) -> None:
        self.app, self.grace = app, grace
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._loop, name=f"worker-{number}", args=(number == 0,), daemon=True)
            for number in range(threads)
        ]

    def start(self) -> None:
        """Start claiming jobs in the background."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Claim nothing more; running jobs have ``grace`` seconds, then their leases are left to run out."""
        self._stop.set()

    def wait(self) -> None:
        """Block until every thread has ended."""
        for thread in self._threads:
            while thread.is_alive():
                thread.join(0.5)

    def _loop(self, plans: bool) -> None:
        sleep, known, planned = 0.0, dict[str, str](), 0.0
        while not self._stop.wait(sleep):
            try:
                with self.app.app_context():
                    if plans and time.monotonic() - planned > PLAN_EVERY:
                        planned = time.monotonic()
                        plan(known)
                    with _only_reading():
                        due = service.anything_due()
                    taken = service.claim() if due else None
                    sleep = 0.0 if due else settings().poll
                if taken is not None:
                    self._watch(taken)
            except SQLAlchemyError as error:  # a database that restarts is back within seconds
                log.error("worker: %s", describe(error))
                sleep = min(max(sleep * 2, 0.5), LONGEST_SLEEP)
            except Exception:
                log.exception("worker")
                sleep = LONGEST_SLEEP

    def _watch(self, taken: Claimed) -> None:
        """Run a job in its own thread and renew its lease until it ends, hangs or we are told to stop."""
        runner = threading.Thread(target=_run, args=(self.app, taken), name=taken.name, daemon=True)
        runner.start()
        began = time.monotonic()
        stopped: float | None = None
        with self.app.app_context():
            one = declared().get(taken.name)
            timeout = one.timeout.total_seconds() if one else 60.0
            renew_after = settings().lease / 3
        renewed = began
        while runner.is_alive():
            runner.join(min(renew_after, 0.2))
            at = time.monotonic()
            if self._stop.is_set():
                stopped = stopped or at
                if at - stopped > self.grace:
                    return
            if at - began > timeout:
                log.error("job %s %s hangs, left alone after %s s", taken.id, taken.name, timeout)
                return
            if at - renewed > renew_after:
                renewed = at
                try:
                    with self.app.app_context():
                        service.renew(taken)
                except SQLAlchemyError as error:
                    log.error("job %s: lease not renewed: %s", taken.id, describe(error))
