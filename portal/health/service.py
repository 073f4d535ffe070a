"""The checks behind ``/readyz`` and ``portal health``."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flask import current_app
from sqlalchemy import func, insert, select, text, update

from portal import clock, jobs, pace
from portal.current import registry
from portal.database import history, is_postgresql, session, trouble, writing
from portal.districts.models import District
from portal.health import backups
from portal.health.models import Heartbeat

#: Less free space than this and the next write may fail.
DISK_NEEDED = 100 * 1024 * 1024
#: A job waiting longer than this means that no worker runs, or too few.
QUEUE_LATE = timedelta(minutes=5)
#: How far this machine's clock may be from the database's.
SKEW = timedelta(seconds=5)

_NEEDS_ROOM = "SELECT count(*) FROM (SELECT md5(n::text) FROM generate_series(1, 8000) n ORDER BY 1) sorted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing examined. ``needed``: without it no page works; else a warning for the deployer.

    ``why`` is the class of what is wrong, a word that anybody may read.
    """

    name: str
    ok: bool
    detail: str = ""
    needed: bool = True
    why: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """All checks."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Tell whether pages can be served."""
        return all(check.ok for check in self.checks if check.needed)

    @property
    def why(self) -> str:
        """Return what keeps pages from being served, in a word; "" when nothing does."""
        return next((check.why for check in self.checks if check.needed and not check.ok), "")


def examine() -> Report:
    """Examine everything; a check that raises has failed, the others still run.

    But a database that does not answer is asked once: each question would wait for its own time-out, and
    whoever asked for the answer would be gone.
    """
    reads = _tried("database reads", _reads)
    checks = [reads]
    if reads.ok:
        checks += [
            _tried("database writes", _writes),
            _tried("schema", _schema, why="schema waits"),
            _tried("queue", _queue, needed=False),
            _tried("backup", _backup, needed=False),
            _tried("clock", _clock, needed=False),
        ]
    return Report((*checks, _tried("disk", _disk, why="disk full"), _plugins()))


def _tried(name: str, check: Callable[[], tuple[bool, str]], *, needed: bool = True, why: str = "") -> Check:
    try:
        ok, detail = check()
    except Exception as error:
        session.rollback()
        kind = trouble(error)
        if kind is None:
            current_app.logger.error("health: %s", name, exc_info=error)
        else:
            # Asked every few seconds while it lasts: a line, not a page.
            current_app.logger.error("health: %s: database %s", name, kind)
        detail = type(error).__name__
        return Check(name=name, ok=False, detail=detail, needed=needed, why=f"database {kind or 'fails'}")
    return Check(name=name, ok=ok, detail=detail, needed=needed, why="" if ok else why)


def _reads() -> tuple[bool, str]:
    session.execute(select(District.id).limit(1)).all()
    session.rollback()
    return True, ""


def _writes() -> tuple[bool, str]:
    with writing() as own:
        moved = own.execute(update(Heartbeat).where(Heartbeat.name == "readyz").values(at=clock.now()))
        if moved.rowcount == 0:  # type: ignore[attr-defined]
            own.execute(insert(Heartbeat).values(name="readyz", at=clock.now()))
        if is_postgresql():
            # That row finds room in its own page on a full disk as well, the next payment would not: sort
            # more than memory may hold, so that the server has to write half a megabyte and lets it go.
            own.execute(text("SET LOCAL work_mem = '64kB'"))
            own.execute(text(_NEEDS_ROOM))
    return True, ""


def _clock() -> tuple[bool, str]:
    skew = abs(database_clock() - clock.now()).total_seconds() if is_postgresql() else 0.0
    session.rollback()
    return skew <= SKEW.total_seconds(), f"{skew:.0f} s from the database's"


def database_clock() -> datetime:
    """Return the time on the database's machine (PostgreSQL), by which several machines agree."""
    found: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return found


def _schema() -> tuple[bool, str]:
    waiting = history.pending(registry().folders())
    return not waiting, "run: portal db upgrade" if waiting else ""


def _free() -> int:
    folder = Path(current_app.config["DATA_DIR"])
    return shutil.disk_usage(folder if folder.exists() else folder.parent).free


def free_mb() -> int:
    """Return how many MB the data folder's disk has left."""
    return _free() // 1024 // 1024


def has_room() -> bool:
    """Tell whether the next writes fit."""
    return _free() >= DISK_NEEDED


def _disk() -> tuple[bool, str]:
    return has_room(), f"{free_mb()} MB free"


def _queue() -> tuple[bool, str]:
    # A late queue is the worker's trouble: the pages, and the payment callbacks, must stay reachable.
    age = jobs.queue_age()
    session.rollback()
    return age <= QUEUE_LATE, f"oldest due job waits {int(age.total_seconds())} s"


def _backup() -> tuple[bool, str]:
    age = backups.age()
    session.rollback()
    if age is None:
        return False, "never made; run: portal backup"
    hours = int(age.total_seconds() // 3600)
    return age <= backups.too_old(), f"last good one {hours} h ago"


def _plugins() -> Check:
    said = [f"{slug} broken" for slug in sorted(registry().broken)]
    said += [f"{one.slug} slow ({one.hook})" for one in pace.resting(current_app.config["DATA_DIR"])]
    return Check(name="plugins", ok=not said, detail=", ".join(said), needed=False)
