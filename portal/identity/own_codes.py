"""Codes by phone for somebody who is logged in: bound to the very session that asked."""

from __future__ import annotations

from sqlalchemy import select

from portal import clock, crypto
from portal.database import session, transaction
from portal.identity import codes, devices, limits
from portal.identity.codes import Asked
from portal.identity.login_models import LoginCode


def send(account_id: int, *, purpose: str, phone: str, token: str, address: str) -> None:
    """Send a code to ``phone``; ``token`` is the session's own. Raises TooOften."""
    index = crypto.blind_index("phone", phone)
    waiting = waits(account_id, purpose=purpose, token=token)
    if waiting and waiting.phone_index == index and clock.now() - waiting.created_at < codes.SAME_WISH:
        return  # a second tap on the button is the same wish
    with transaction():
        limits.take(*limits.asking(index, address, devices.known(index)))
        codes.ask(phone, purpose=purpose, account_id=account_id, bind=_bind(token))


def _bind(token: str) -> str:
    return f"own:{token}"


def waits(account_id: int, *, purpose: str, token: str) -> LoginCode | None:
    """Return the newest code of this session that may still be typed."""
    mine = select(LoginCode).where(
        LoginCode.account_id == account_id,
        LoginCode.purpose == purpose,
        LoginCode.bind_hash == crypto.token_hash(_bind(token)),
        LoginCode.verified_at.is_(None),
        LoginCode.used_at.is_(None),
        LoginCode.expires_at > clock.now(),
        LoginCode.tries < codes.TRIES,
    )
    return session.scalars(mine.order_by(LoginCode.id.desc()).limit(1)).first()


def take(account_id: int, typed: str, *, purpose: str, token: str) -> LoginCode | None:
    """Use up one try; return the row when the code was right, spent by that."""
    row = waits(account_id, purpose=purpose, token=token)
    if row is None:
        return None
    asked = Asked(row.uid, _bind(token))
    if codes.check(asked, typed) != codes.OK or not codes.use(row):
        return None
    return row
