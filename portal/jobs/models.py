"""The queue's one table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Json, Model, UtcDateTime

READY, RUNNING, DONE, DEAD = "ready", "running", "done", "dead"


class JobRow(Model):
    """One piece of work. Not district-scoped: workers serve every district and set the scope per job."""

    __tablename__ = "job"
    __table_args__ = (
        # The same key twice is the same work; a periodic job's key is its slot.
        UniqueConstraint("name", "dedupe_key"),
        CheckConstraint("state IN ('ready', 'running', 'done', 'dead')", name="state"),
        Index("ix_job_due", "state", "priority", "not_before"),
        {"info": {"open": "workers serve every district; a row holds ids only"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    district_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"))
    dedupe_key: Mapped[str | None] = mapped_column(String(200))
    periodic: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[int] = mapped_column(default=5)
    state: Mapped[str] = mapped_column(String(10), default=READY)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    token: Mapped[str | None] = mapped_column(String(26))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(300))
    progress_done: Mapped[int] = mapped_column(default=0)
    progress_total: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
