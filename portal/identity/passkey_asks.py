"""Challenges for passkeys: made for one browser and one purpose, answered once, within five minutes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from sqlalchemy import delete, insert, update

from portal import clock, crypto
from portal.database import session, transaction
from portal.identity.passkey_models import PasskeyAsk
from portal.jobs import job

LIFE = timedelta(minutes=5)
KEPT = timedelta(days=1)
ADD, STEP, AGAIN, LOGIN = "add", "step", "again", "login"


def begin(purpose: str, *, bind: str, account_id: int | None) -> bytes:
    """Make a challenge for the browser that can show ``bind``; what is kept are hashes."""
    challenge, now = secrets.token_bytes(32), clock.now()
    with transaction():
        session.execute(
            insert(PasskeyAsk).values(
                challenge_hash=_hash(challenge),
                bind_hash=_bound(purpose, bind),
                purpose=purpose,
                account_id=account_id,
                created_at=now,
                expires_at=now + LIFE,
            )
        )
    return challenge


def _hash(challenge: bytes) -> str:
    return crypto.token_hash(challenge.hex())


def _bound(purpose: str, bind: str) -> str:
    return crypto.token_hash(f"passkey:{purpose}:{bind}")


def spend(challenge: bytes, purpose: str, *, bind: str, account_id: int | None) -> bool:
    """Use a challenge up, whatever its answer is worth; False when it is not this browser's, old or spent."""
    open_ = update(PasskeyAsk).where(
        PasskeyAsk.challenge_hash == _hash(challenge),
        PasskeyAsk.bind_hash == _bound(purpose, bind),
        PasskeyAsk.purpose == purpose,
        PasskeyAsk.account_id.is_(None) if account_id is None else PasskeyAsk.account_id == account_id,
        PasskeyAsk.used_at.is_(None),
        PasskeyAsk.created_at <= clock.now(),
        PasskeyAsk.expires_at > clock.now(),
    )
    with transaction():
        done: Any = session.execute(open_.values(used_at=clock.now()))
    return bool(done.rowcount)


@job("identity.forget_passkey_asks", daily=time(3, 38))
def _forget(payload: Mapping[str, Any]) -> None:
    with transaction():
        session.execute(delete(PasskeyAsk).where(PasskeyAsk.created_at < clock.now() - KEPT))
