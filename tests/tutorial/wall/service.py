"""The verbs. Each is one transaction, names who acts, and leaves a line in the audit trail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from werkzeug.exceptions import Forbidden

from portal.api import Account, Actor, DistrictRef, Member, audit, clock, notices, session, swap, transaction

from .messages import GRANTED
from .models import WallWish


def wish(*, district: DistrictRef, text: str, by: Actor) -> WallWish:
    """Hang up a wish of the member who acts. Raises: Forbidden."""
    if by.member_id is None or not by.can("wall.write"):
        raise Forbidden("wall.write")
    with transaction() as current:
        row = WallWish(
            district_id=district.id,
            member_id=by.member_id,
            text=text,
            written_at=clock.now(),
        )
        current.add(row)
        current.flush()
        audit.record("wall.wish", row, actor=by, district=district)
    return row


def grant(row: WallWish, *, version: int, answer: str, district: DistrictRef, by: Actor) -> None:
    """Say that a wish came true, and how; its writer hears of it. Raises: Forbidden, Conflict."""
    if not by.can("wall.grant"):
        raise Forbidden("wall.grant")
    with transaction():
        now = clock.now()
        swap(row, version=version, states=("open",), state="granted", answer=answer, ended_at=now)
        audit.record("wall.grant", row, actor=by, district=district)
        reader = account_of(row.member_id)
        if reader is not None:
            notices.notify(
                GRANTED.key,
                account_id=reader,
                district_id=district.id,
                url=f"/d/{district.code}/wall/",
                dedupe_key=f"wall.granted:{row.id}",
            )


def close(*, district: DistrictRef, before: datetime) -> int:
    """Take down open wishes written before an instant; return how many. For the job, so again is harmless."""
    with transaction():
        old = select(WallWish).where(WallWish.state == "open", WallWish.written_at < before)
        rows = session.scalars(old).all()
        for row in rows:
            swap(row, version=row.version, states=("open",), state="closed", ended_at=clock.now())
            audit.record("wall.close", row, actor=None, district=district)
    return len(rows)


def account_of(member_id: int) -> int | None:
    """Return the account that reads for a member, or None while there is none."""
    found = select(Account.id).join(Member, Member.person_id == Account.person_id)
    return session.scalar(found.where(Member.id == member_id))
