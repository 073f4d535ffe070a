"""How many there are of something."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from portal.api import session


def count(model: Any, *where: Any) -> int:
    """Return how many rows within reach meet all of the conditions."""
    return int(session.scalar(select(func.count()).select_from(model).where(*where)) or 0)
