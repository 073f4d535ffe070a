"""Codes of a phone's code program (RFC 6238): six digits, 30 seconds, one step of drift, each once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyotp
from sqlalchemy import or_, select, update

from portal import audit, clock, crypto
from portal.database import session, transaction
from portal.identity import people
from portal.identity.factor_models import Totp

STEP = 30
#: A phone's clock may be one step behind or ahead.
DRIFT = (0, -1, 1)
#: How long the picture on the screen may be scanned.
SETUP = timedelta(minutes=15)


def begin(account_id: int) -> None:
    """Make a new secret for a code program; the present one counts until this one is confirmed."""
    with transaction():
        row = _row(account_id)
        if row is None:
            row = Totp(uid=crypto.new_uid(), account_id=account_id)
            session.add(row)
        row.pending_sealed = crypto.encrypt("account_totp.pending_sealed", row.uid, pyotp.random_base32())
        row.pending_at = clock.now()
        audit.record("account.totp.begin", ("account", account_id), actor=account_id, district=None)


def _row(account_id: int) -> Totp | None:
    return session.scalars(select(Totp).where(Totp.account_id == account_id)).one_or_none()


def pending(account_id: int) -> str | None:
    """Return the secret that waits to be confirmed, or None when there is none or it waited too long."""
    row = _row(account_id)
    if row is None or row.pending_sealed is None or row.pending_at is None:
        return None
    if not timedelta(0) <= clock.now() - row.pending_at <= SETUP:
        return None
    return crypto.decrypt("account_totp.pending_sealed", row.uid, row.pending_sealed)


def address(secret: str, *, name: str, issuer: str) -> str:
    """Return what the picture says to the code program."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def confirm(account_id: int, typed: str) -> bool:
    """Take the waiting secret into use after a code of it was typed right; that code counts no more."""
    secret = pending(account_id)
    step = None if secret is None else _step_of(secret, typed)
    if secret is None or step is None:
        return False
    with transaction():
        row = _row(account_id)
        assert row is not None
        waiting = update(Totp).where(Totp.id == row.id, Totp.pending_sealed == row.pending_sealed)
        done: Any = session.execute(
            waiting.values(
                secret_sealed=crypto.encrypt("account_totp.secret_sealed", row.uid, secret),
                last_step=step,
                confirmed_at=clock.now(),
                pending_sealed=None,
                pending_at=None,
            )
        )
        if done.rowcount:
            audit.record("account.totp.set", ("account", account_id), actor=account_id, district=None)
    return bool(done.rowcount)


def check(account_id: int, typed: str) -> bool:
    """Tell whether a code is right now; it, and every older one, is used up by that."""
    secret = _secret(account_id)
    step = None if secret is None else _step_of(secret, typed)
    if step is None:
        return False
    newer = update(Totp).where(
        Totp.account_id == account_id, or_(Totp.last_step.is_(None), Totp.last_step < step)
    )
    with transaction():
        done: Any = session.execute(newer.values(last_step=step))
    return bool(done.rowcount)


def _secret(account_id: int) -> str | None:
    row = _row(account_id)
    if row is None or row.secret_sealed is None:
        return None
    return crypto.decrypt("account_totp.secret_sealed", row.uid, row.secret_sealed)


def _step_of(secret: str, typed: str) -> int | None:
    """Return the step a typed code belongs to; all are compared, so that time says nothing."""
    now, plain, found = int(clock.now().timestamp()) // STEP, people.tidy(typed), None
    for drift in DRIFT:
        if crypto.same(pyotp.TOTP(secret).generate_otp(now + drift), plain):
            found = now + drift
    return found


def is_set(account_id: int) -> bool:
    """Tell whether a confirmed secret is there."""
    confirmed = select(Totp.id).where(Totp.account_id == account_id, Totp.secret_sealed.is_not(None))
    return session.execute(confirmed).first() is not None


def code_now(account_id: int) -> str | None:
    """Return the present code; for the demo, where nobody has the phone, and for tests."""
    secret = _secret(account_id)
    return None if secret is None else pyotp.TOTP(secret).generate_otp(int(clock.now().timestamp()) // STEP)


def give(account_id: int, secret: str) -> None:
    """Set a known secret, confirmed; for the demo and for tests."""
    with transaction():
        uid = crypto.new_uid()
        session.add(
            Totp(
                uid=uid,
                account_id=account_id,
                secret_sealed=crypto.encrypt("account_totp.secret_sealed", uid, secret),
                confirmed_at=clock.now(),
            )
        )
