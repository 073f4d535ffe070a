"""A login half done: the first proof was right, the second is due within ten minutes and five tries."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from portal import clock, crypto
from portal.database import session, transaction
from portal.identity.codes import Asked
from portal.identity.factor_models import LoginStep
from portal.jobs import job

LIFE = timedelta(minutes=10)
TRIES = 5
KEPT = timedelta(days=1)


def begin(account_id: int, *, way: str) -> Asked:
    """Open a step for the browser that gave the first proof."""
    uid, bind, now = crypto.new_uid(), crypto.new_token(), clock.now()
    with transaction():
        session.execute(
            insert(LoginStep).values(
                uid=uid,
                bind_hash=crypto.token_hash(bind),
                account_id=account_id,
                way=way,
                tries=0,
                created_at=now,
                expires_at=now + LIFE,
            )
        )
    return Asked(uid, bind)


def alive(asked: Asked) -> LoginStep | None:
    """Return this browser's step while it may still be answered."""
    return session.scalars(select(LoginStep).where(_open(asked))).one_or_none()


def _open(asked: Asked) -> Any:
    return (
        (LoginStep.uid == asked.uid)
        & (LoginStep.bind_hash == crypto.token_hash(asked.bind))
        & LoginStep.used_at.is_(None)
        & LoginStep.expires_at.between(clock.now(), clock.now() + LIFE + clock.ASTRAY)
        & (LoginStep.tries < TRIES)
    )


def take_try(asked: Asked) -> bool:
    """Use up one try, committed before anything is compared; False when none is left."""
    with transaction():
        done: Any = session.execute(update(LoginStep).where(_open(asked)).values(tries=LoginStep.tries + 1))
    return bool(done.rowcount)


def use(row: LoginStep) -> bool:
    """Spend the step on one login, in the caller's transaction; False when it is spent."""
    once = update(LoginStep).where(LoginStep.id == row.id, LoginStep.used_at.is_(None))
    with transaction():
        done: Any = session.execute(once.values(used_at=clock.now()))
    return bool(done.rowcount)


@job("identity.forget_steps", daily=time(3, 35))
def _forget(payload: Mapping[str, Any]) -> None:
    with transaction():
        session.execute(delete(LoginStep).where(LoginStep.created_at < clock.now() - KEPT))
