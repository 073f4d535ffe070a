"""The reads. ``rows()`` keeps them to the district at hand; nobody has to think of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from portal.api import Member, rows, session

from .models import WallWish


def wishes(*, state: str, before: int | None = None, limit: int) -> list[Any]:
    """Return wishes of one state with their writer, newest first, below the id ``before``."""
    table = WallWish.__table__.c
    columns = (table.id, table.text, table.answer, table.written_at, table.version)
    found = rows(WallWish, *columns, Member.name).join(Member, Member.id == table.member_id)
    found = found.where(table.state == state)
    if before is not None:
        found = found.where(table.id < before)
    return list(session.execute(found.order_by(table.id.desc()).limit(limit)))


def wish(wish_id: int) -> WallWish | None:
    """Return one wish of this district, or None."""
    return session.scalar(select(WallWish).where(WallWish.id == wish_id))


def count() -> int:
    """Count the open wishes."""
    table = WallWish.__table__.c
    found = rows(WallWish, func.count(table.id)).where(table.state == "open")
    return int(session.execute(found).scalar_one())
