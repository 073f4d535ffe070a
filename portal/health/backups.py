"""When the last good backup was made: written after it was proven, asked by health and doctor."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import insert, select, update

from portal import clock
from portal.database import session
from portal.health.models import Heartbeat

_NAME = "backup"


def note(made_at: datetime) -> None:
    """Remember a proven backup, in the caller's transaction."""
    moved = session.execute(update(Heartbeat).where(Heartbeat.name == _NAME).values(at=made_at))
    if moved.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE counts its rows
        session.execute(insert(Heartbeat).values(name=_NAME, at=made_at))


def age() -> timedelta | None:
    """Return how old the last good backup is; None when there has never been one."""
    at = session.execute(select(Heartbeat.at).where(Heartbeat.name == _NAME)).scalar()
    return None if at is None else clock.now() - at


def too_old() -> timedelta:
    """Return from which age on somebody should look."""
    return timedelta(hours=int(current_app.config["BACKUP_WARN_HOURS"]))
