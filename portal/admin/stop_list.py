"""The disabled accounts of one district."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from portal import clock
from portal.current import district
from portal.database import session
from portal.identity.models import Account, LoginSession
from portal.identity.stop_models import AccountStop

#: How long a page shows those who are back; all of them stay in the trail.
SHOWN = timedelta(days=90)
MOST = 200
_A: Any = Account.__table__
_S: Any = AccountStop.__table__


def listed(*, back: bool) -> list[Any]:
    """Return the accounts disabled here, or those that came back lately; the newest first."""
    found = (
        select(_S.c.uid, _S.c.state, _S.c.stopped_at, _S.c.lifted_at, _S.c.reason, _A.c.display_name)
        .join(_A, _A.c.id == _S.c.account_id)
        .where(_S.c.stopped_in_id == district().id)
    )
    if back:
        found = found.where(_S.c.state == "lifted", _S.c.lifted_at > clock.now() - SHOWN)
    else:
        found = found.where(_S.c.state != "lifted")
    return list(session.execute(found.order_by(_S.c.id.desc()).limit(MOST)))


def one(uid: str) -> AccountStop | None:
    """Return one of them, if it was done in this district."""
    found = select(AccountStop).where(AccountStop.uid == uid, AccountStop.stopped_in_id == district().id)
    return session.scalars(found).one_or_none()


def devices(account_id: int) -> int:
    """Return on how many devices an account is logged in."""
    open_ = select(func.count()).where(LoginSession.account_id == account_id, LoginSession.ended_at.is_(None))
    return int(session.scalar(open_) or 0)
