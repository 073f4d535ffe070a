"""A person's own open sessions: which there are, and ending them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from portal import audit, clock
from portal.database import session, transaction
from portal.identity import people, sessions, whereabouts
from portal.identity.models import LoginSession


@dataclass(frozen=True, slots=True)
class Open:
    """One open session as its owner reads it."""

    id: int
    device: str
    place: str
    began_at: datetime
    seen_at: datetime
    is_this: bool


def of(account_id: int, *, this: int | None) -> list[Open]:
    """Return the sessions that would still be let in, this one first, then the last used."""
    idle = sessions.IDLE_STAFF if people.is_staff(account_id) else sessions.IDLE_MEMBER
    alive = select(LoginSession).where(
        LoginSession.account_id == account_id,
        LoginSession.ended_at.is_(None),
        LoginSession.last_seen_at > clock.now() - idle,
        LoginSession.last_seen_at < clock.now() + clock.ASTRAY,
    )
    found = [
        Open(
            row.id,
            whereabouts.device_words(row.device),
            whereabouts.place_words(row.place),
            row.created_at,
            row.last_seen_at,
            row.id == this,
        )
        for row in session.scalars(alive.order_by(LoginSession.last_seen_at.desc(), LoginSession.id))
    ]
    return sorted(found, key=lambda one: not one.is_this)


def end(session_id: int, *, account_id: int) -> bool:
    """End one session of this account; False when it is nobody's, somebody else's or over already."""
    mine = update(LoginSession).where(
        LoginSession.id == session_id,
        LoginSession.account_id == account_id,
        LoginSession.ended_at.is_(None),
    )
    with transaction():
        done = session.execute(mine.values(ended_at=clock.now(), ended_why="owner"))
        ended = bool(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE counts its rows
        if ended:
            _tell(account_id, 1)
    return ended


def end_others(account_id: int, *, keep: int | None) -> int:
    """End every session of this account but ``keep``; return how many."""
    with transaction():
        count = sessions.end_all(account_id, why="owner", keep=keep)
        if count:
            _tell(account_id, count)
    return count


def _tell(account_id: int, count: int) -> None:
    subject = ("account", account_id)
    audit.record("account.sessions.end", subject, actor=account_id, district=None, detail={"count": count})
