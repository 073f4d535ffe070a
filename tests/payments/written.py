"""What a test asks of the trail."""

from __future__ import annotations

from sqlalchemy import select

from portal.audit.models import AuditRow
from portal.database import everything, session


def trail(prefix: str) -> list[AuditRow]:
    """Return the rows of the trail whose action begins so, the oldest first."""
    with everything():
        return list(
            session.scalars(select(AuditRow).where(AuditRow.action.startswith(prefix)).order_by(AuditRow.id))
        )
