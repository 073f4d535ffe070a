"""The first way in of somebody the deployer let in: a code printed once, for one hour (ASVS 6.4.1).

A new installation has no way yet to reach a phone, so its first administrator logs in with this. The code is
typed with the name where paper codes are typed; the table keeps a keyed hash of it.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update

from portal import audit, clock, crypto
from portal.database import session, transaction
from portal.identity import people
from portal.identity.login_models import LoginCode
from portal.identity.models import Account

PURPOSE = "first"
LIFE = timedelta(hours=1)
TRIES = 5
#: No letters or digits that look alike (Crockford without 0, 1, O and the like).
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def issue(account: Account, *, by: int | None) -> str:
    """Return a new code of 12 characters for ``account``; earlier ones stop working. It is not kept.

    Raises ValueError for a disabled account or one without a number.
    """
    if account.disabled_at is not None or account.phone_sealed is None or account.phone_index is None:
        raise ValueError("a first log-in needs an open account with a number")
    code = "".join(secrets.choice(ALPHABET) for _ in range(12))
    uid, now = crypto.new_uid(), clock.now()
    phone = crypto.decrypt("account.phone_sealed", account.uid, account.phone_sealed)
    with transaction():
        earlier = update(LoginCode).where(
            LoginCode.account_id == account.id, LoginCode.purpose == PURPOSE, LoginCode.used_at.is_(None)
        )
        session.execute(earlier.values(expires_at=now))
        session.execute(
            insert(LoginCode).values(
                uid=uid,
                # No browser holds the other half: this row opens by its code alone.
                bind_hash=crypto.token_hash(crypto.new_token()),
                purpose=PURPOSE,
                account_id=account.id,
                phone_index=account.phone_index,
                phone_sealed=crypto.encrypt("login_code.phone_sealed", uid, phone),
                code_hash=_hash(code),
                code_sealed=None,
                created_at=now,
                expires_at=now + LIFE,
                tries=0,
                claims=0,
            )
        )
        audit.record("account.first_code", ("account", account.id), actor=by, district=None)
    return "-".join((code[:4], code[4:8], code[8:]))


def redeem(typed: str, *, name: str) -> int | None:
    """Spend a code; return the account it opens, or None: wrong, spent, too old, or another name."""
    code = people.tidy(typed).upper().replace("-", "")
    # The try is counted before the name is looked at.
    with transaction():
        alive = update(LoginCode).where(
            LoginCode.code_hash == _hash(code),
            LoginCode.purpose == PURPOSE,
            LoginCode.used_at.is_(None),
            LoginCode.expires_at > clock.now(),
            LoginCode.tries < TRIES,
        )
        row = session.execute(
            alive.values(tries=LoginCode.tries + 1).returning(LoginCode.id, LoginCode.account_id)
        ).first()
    if row is None:
        return None
    account = session.execute(select(Account).where(Account.id == row.account_id)).scalar_one()
    if not people.same_name(account.display_name, name):
        return None
    with transaction():
        once = update(LoginCode).where(LoginCode.id == row.id, LoginCode.used_at.is_(None))
        done: Any = session.execute(once.values(used_at=clock.now()))
    return account.id if done.rowcount else None


def _hash(code: str) -> str:
    return crypto.mac("login.first", code.encode())
