"""The verbs of the queue: enqueue, claim, renew, finish, fail, postpone, retry.

Every step after the claim names the token of the lease, so a worker that lost its lease changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import DateTime, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock, crypto
from portal.database import in_verb, is_postgresql, run_ready, session, transaction
from portal.jobs.declare import declared, settings
from portal.jobs.models import DEAD, DONE, READY, RUNNING, JobRow

TABLE: Any = JobRow.__table__

KEEP_PERIODIC = timedelta(days=2)
KEEP_DONE = timedelta(days=400)  # as long as logs: a dedupe key must outlive every honest repetition


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A job that is ours until the lease ends."""

    id: int
    name: str
    payload: dict[str, Any]
    district_id: int | None
    attempts: int
    token: str


def enqueue(
    name: str,
    payload: dict[str, Any] | None = None,
    *,
    district_id: int | None = None,
    dedupe_key: str | None = None,
    not_before: datetime | None = None,
    priority: int = 5,
) -> int | None:
    """Write a job in the caller's transaction; return its id, or None when the same work is known already.

    ``payload`` holds ids. A lower ``priority`` runs earlier (one-time codes 1, mass notices 9).
    Raises LookupError for an undeclared job and RuntimeError outside a transaction.
    """
    if name not in declared():
        raise LookupError(f"no job is called {name}")
    return _insert(name, payload or {}, district_id, dedupe_key, not_before, priority, periodic=False)


def enqueue_slot(name: str, slot: str, *, district_id: int | None = None) -> int | None:
    """Write a periodic job for one period; None when it was written before, by whichever worker."""
    key = f"slot:{slot}" if district_id is None else f"slot:{slot}:{district_id}"
    return _insert(name, {}, district_id, key, None, 5, periodic=True)


def _insert(
    name: str,
    payload: dict[str, Any],
    district_id: int | None,
    dedupe_key: str | None,
    not_before: datetime | None,
    priority: int,
    *,
    periodic: bool,
) -> int | None:
    if not in_verb():
        raise RuntimeError("a job is written inside portal.database.transaction()")
    now = clock.now()
    values = {
        "name": name,
        "payload": payload,
        "district_id": district_id,
        "dedupe_key": dedupe_key,
        "not_before": not_before or now,
        "priority": priority,
        "periodic": periodic,
        "state": READY,
        "created_at": now,
    }
    found: int | None = run_ready(_new(is_postgresql()), values).value()
    return found


@cache
def _new(on_postgresql: bool) -> Any:
    # Without a key nothing is the same work: NULL is unlike NULL.
    dialect = postgresql if on_postgresql else sqlite
    statement = dialect.insert(TABLE).on_conflict_do_nothing(index_elements=["name", "dedupe_key"])
    return statement.returning(TABLE.c.id)


def _queue_clock() -> Any:
    """Return the time by which leases are given and jobs are due: one for all workers.

    On PostgreSQL the server's. A worker whose own clock is ahead would take what another one is at, and run
    early what is to be done later.
    """
    if is_postgresql() and not clock.is_moved():
        return func.statement_timestamp(type_=DateTime(timezone=True))
    return clock.now()


def _is_due(now: Any) -> Any:
    return or_(
        and_(TABLE.c.state == READY, TABLE.c.not_before <= now),
        # Its worker died or hangs: the lease has run out.
        and_(TABLE.c.state == RUNNING, TABLE.c.lease_until <= now),
    )


def anything_due() -> bool:
    """Tell whether a claim would find something; reads only, so idle workers never take the write lock."""
    return session.execute(select(TABLE.c.id).where(_is_due(_queue_clock())).limit(1)).first() is not None


def claim() -> Claimed | None:
    """Take the most urgent due job for the length of one lease, or return None."""
    now, token = _queue_clock(), crypto.new_uid()
    # FOR UPDATE SKIP LOCKED is written on PostgreSQL only; SQLite holds its one write lock here.
    first = (
        select(TABLE.c.id)
        .where(_is_due(now))
        .order_by(TABLE.c.priority, TABLE.c.not_before, TABLE.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    statement = (
        update(TABLE)
        .where(TABLE.c.id == first)
        .values(
            state=RUNNING,
            token=token,
            lease_until=now + timedelta(seconds=settings().lease),
            attempts=TABLE.c.attempts + 1,
        )
        .returning(*(TABLE.c[name] for name in Claimed.__dataclass_fields__))
    )
    with transaction() as current:
        found = current.execute(statement).mappings().first()
    return Claimed(**found) if found else None


def _step(taken: Claimed, **values: Any) -> bool:
    mine = (TABLE.c.id == taken.id) & (TABLE.c.token == taken.token) & (TABLE.c.state == RUNNING)
    with transaction() as current:
        done: Any = current.execute(update(TABLE).where(mine).values(**values))
    return bool(done.rowcount)


def renew(taken: Claimed) -> bool:
    """Lengthen the lease; False when it is no longer ours."""
    return _step(taken, lease_until=_queue_clock() + timedelta(seconds=settings().lease))


def finish(taken: Claimed) -> bool:
    """Mark a job done; False when another worker has it by now."""
    return _step(taken, state=DONE, token=None, lease_until=None, last_error=None, finished_at=clock.now())


def fail(taken: Claimed, reason: str, *, for_good: bool = False) -> bool:
    """Put a failed job back with its back-off, or among the dead letters after the last try."""
    one = declared().get(taken.name)
    backoff = (one.backoff if one else None) or settings().backoff
    now = clock.now()
    if for_good or taken.attempts > len(backoff):
        return _step(taken, state=DEAD, token=None, lease_until=None, last_error=reason, finished_at=now)
    wait = timedelta(seconds=backoff[taken.attempts - 1])
    return _step(
        taken, state=READY, token=None, lease_until=None, last_error=reason, not_before=_queue_clock() + wait
    )


def postpone(taken: Claimed, until: datetime, reason: str | None = None) -> bool:
    """Put a job back until later without using up a try."""
    return _step(
        taken,
        state=READY,
        token=None,
        lease_until=None,
        not_before=until,
        last_error=reason,
        attempts=TABLE.c.attempts - 1,
    )


def note_progress(taken: Claimed, done: int, total: int) -> bool:
    """Record how far a long job has come."""
    return _step(taken, progress_done=done, progress_total=total)


def retry(job_id: int) -> bool:
    """Give a dead letter another round of tries; False when it is not dead."""
    again = update(TABLE).where(TABLE.c.id == job_id, TABLE.c.state == DEAD)
    with transaction() as current:
        done: Any = current.execute(
            again.values(state=READY, attempts=0, not_before=clock.now(), finished_at=None)
        )
    return bool(done.rowcount)


def sweep() -> int:
    """Forget jobs done long ago; dead letters stay until somebody decides."""
    now = clock.now()
    old = or_(
        and_(TABLE.c.periodic, TABLE.c.finished_at < now - KEEP_PERIODIC),
        TABLE.c.finished_at < now - KEEP_DONE,
    )
    with transaction() as current:
        gone: Any = current.execute(delete(TABLE).where(TABLE.c.state == DONE, old))
    return int(gone.rowcount)


def describe(error: BaseException) -> str:
    """Return an error in one line without long numbers, which could be somebody's phone or identity."""
    first = (str(error).splitlines() or [""])[0]
    return re.sub(r"\d{5,}[\dXx]*", "#", f"{type(error).__name__}: {first}")[:300]
