"""Ten printed codes, each of which stands in for the second factor once; a new set voids the old one."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from portal import audit, clock, crypto
from portal.database import session, transaction
from portal.identity import people
from portal.identity.claims import ALPHABET
from portal.identity.factor_models import RecoveryCode

COUNT = 10
LENGTH = 10


def renew(account_id: int) -> list[str]:
    """Make a new set and return it, this once; what is kept are keyed hashes."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(COUNT)]
    now = clock.now()
    with transaction():
        session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
        session.execute(
            insert(RecoveryCode),
            [
                {"account_id": account_id, "code_hash": _hash(account_id, code), "created_at": now}
                for code in codes
            ],
        )
        audit.record("account.recovery.renew", ("account", account_id), actor=account_id, district=None)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _hash(account_id: int, code: str) -> str:
    return crypto.mac("account.recovery", f"{account_id}:{code}".encode())


def use(account_id: int, typed: str) -> bool:
    """Spend a code; of two at the same instant one wins."""
    code = people.tidy(typed).upper().replace("-", "")
    once = update(RecoveryCode).where(
        RecoveryCode.account_id == account_id,
        RecoveryCode.code_hash == _hash(account_id, code),
        RecoveryCode.used_at.is_(None),
    )
    with transaction():
        done: Any = session.execute(once.values(used_at=clock.now()))
        if done.rowcount:
            audit.record("account.recovery.use", ("account", account_id), actor=account_id, district=None)
    return bool(done.rowcount)


def left(account_id: int) -> int:
    """Return how many codes are still good."""
    good = select(func.count()).where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    return int(session.scalar(good) or 0)
