"""Reads of the trail, within the district scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from portal.audit.models import AuditRow
from portal.database import session
from portal.database.scope import within_scope

TABLE: Any = AuditRow.__table__


def history(
    *, subject: tuple[str, Any] | None = None, before: int | None = None, limit: int = 50
) -> Sequence[Any]:
    """Return the newest rows in scope, of one subject if named; ``before`` is the last id shown so far."""
    found = within_scope(select(TABLE), TABLE.c.district_id)
    if subject is not None:
        found = found.where(TABLE.c.subject_type == subject[0], TABLE.c.subject_id == str(subject[1]))
    if before is not None:
        found = found.where(TABLE.c.id < before)
    return session.execute(found.order_by(TABLE.c.id.desc()).limit(limit)).all()


def newest(*, district_id: int) -> int:
    """Return the number of a district's newest act, 0 before the first."""
    return int(session.scalar(select(func.max(TABLE.c.id)).where(TABLE.c.district_id == district_id)) or 0)
