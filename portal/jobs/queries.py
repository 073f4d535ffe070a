"""What the health page and the administrators see of the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from portal import clock
from portal.database import session
from portal.jobs.models import DEAD, DONE, READY, JobRow

TABLE: Any = JobRow.__table__


@dataclass(frozen=True, kw_only=True)
class Overview:
    """How many jobs wait, run and are dead."""

    ready: int
    running: int
    dead: int


def queue_age() -> timedelta:
    """Return how long the oldest due job has been waiting; zero when none is overdue."""
    oldest = session.execute(
        select(func.min(TABLE.c.not_before)).where(TABLE.c.state == READY, TABLE.c.not_before <= clock.now())
    ).scalar()
    return clock.now() - oldest if oldest else timedelta()


def overview() -> Overview:
    """Count the open jobs by state."""
    counted = select(TABLE.c.state, func.count()).where(TABLE.c.state != DONE).group_by(TABLE.c.state)
    by_state: dict[str, int] = {state: number for state, number in session.execute(counted)}
    return Overview(**{state: by_state.get(state, 0) for state in ("ready", "running", "dead")})


def dead(
    *, district_ids: Sequence[int] | None = None, unbound: bool = True, limit: int = 50
) -> Sequence[Any]:
    """Return the newest dead letters: id, name, district_id, attempts, last_error, finished_at.

    Of some districts only, if named; ``unbound`` adds those that belong to none.
    """
    columns = ("id", "name", "district_id", "attempts", "last_error", "finished_at")
    found = select(*(TABLE.c[name] for name in columns)).where(TABLE.c.state == DEAD)
    if district_ids is not None:
        here = TABLE.c.district_id.in_(district_ids)
        found = found.where(here | TABLE.c.district_id.is_(None) if unbound else here)
    return session.execute(found.order_by(TABLE.c.id.desc()).limit(limit)).all()
