"""Where an account can be reached; the only place that opens its phone number for sending."""

from __future__ import annotations

from sqlalchemy import select

from portal import crypto
from portal.database import session
from portal.identity.models import Account
from portal.notices import Address


def of(account_id: int) -> Address | None:
    """Return the addresses of an account, or None when it is disabled or has none."""
    columns = (Account.uid, Account.phone_sealed, Account.openid, Account.language, Account.disabled_at)
    row = session.execute(select(*columns).where(Account.id == account_id)).first()
    if row is None or row.disabled_at is not None:
        return None
    phone = phone_of(row.uid, row.phone_sealed)
    if not phone and not row.openid:
        return None
    return Address(phone=phone, openid=row.openid or {}, language=row.language)


def phone_of(uid: str, sealed: bytes | None) -> str:
    """Return an account's phone number, or an empty text; one whose key is lost is like none."""
    try:
        return "" if sealed is None else crypto.decrypt("account.phone_sealed", uid, sealed)
    except crypto.KeyLost:
        return ""
