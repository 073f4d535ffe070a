"""What a person's rights ask of this plugin, because a wish tells something about a member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete

from portal.api import Erasure, Journal, MemberRef, rows, session, transaction

from .models import WallWish

TABLE = WallWish.__table__.c


def export(member: MemberRef) -> Mapping[str, Any]:
    """Return everything kept about a member, ready for JSON."""
    found = rows(WallWish, TABLE.text, TABLE.state, TABLE.answer, TABLE.written_at)
    kept = session.execute(found.where(TABLE.member_id == member.id).order_by(TABLE.id))
    return {"wishes": [{**row._asdict(), "written_at": row.written_at.isoformat()} for row in kept]}


def erase(member: MemberRef) -> Erasure:
    """Take all of a member's wishes away: no law asks us to keep one."""
    with transaction() as current:
        own = delete(WallWish).where(WallWish.member_id == member.id)
        gone = current.execute(own.returning(WallWish.id)).all()
    return Erasure(erased=len(gone))


def merged(*, kept: MemberRef, absorbed: MemberRef, journal: Journal) -> None:
    """Let the wishes of a record follow into the one it is merged with."""
    journal.change(WallWish, TABLE.member_id == absorbed.id, member_id=kept.id)
