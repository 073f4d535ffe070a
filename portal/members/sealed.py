"""The encrypted fields of a member: how they are written, read and found again."""

from __future__ import annotations

from typing import Any

from portal import crypto
from portal.members.models import Member
from portal.words import gettext


def ric_index(ric: str) -> str:
    """Return the blind index of a national id (18 characters, X upper)."""
    return crypto.blind_index("ric", ric)


def phone_index(phone: str) -> str:
    """Return the blind index of a phone number (11 digits)."""
    return crypto.blind_index("phone", phone)


def seal(uid: str, column: str, text: str | None) -> bytes | None:
    """Encrypt ``text`` for ``column`` (phone, landline, address, ric) of the member ``uid``."""
    return crypto.encrypt(f"member.{column}_sealed", uid, text) if text else None


def unseal(member: Member, column: str) -> str:
    """Return an encrypted field in clear; empty when there is none. The caller checks the viewer's rights.

    One whose key is lost reads "cannot be read".
    """
    blob = getattr(member, f"{column}_sealed")
    try:
        return crypto.decrypt(f"member.{column}_sealed", member.uid, blob) if blob else ""
    except crypto.KeyLost:
        return gettext("（无法读取）")


def sealed_columns(uid: str, values: dict[str, Any], *, keep_ric: bool) -> dict[str, Any]:
    """Turn phone, landline, address and ric of ``values`` into the columns they are kept in."""
    found = dict(values)
    if "phone" in found:
        phone = found.pop("phone")
        found["phone_sealed"] = seal(uid, "phone", phone)
        found["phone_index"] = phone_index(phone) if phone else None
        found["phone_tail"] = phone[-4:] if phone else ""
    for column in ("landline", "address"):
        if column in found:
            found[f"{column}_sealed"] = seal(uid, column, found.pop(column))
    if "ric" in found:
        ric = found.pop("ric")
        found["ric_tail"] = ric[-4:]
        # Little is kept: the whole number only where the district has switched that on.
        found["ric_sealed"] = seal(uid, "ric", ric) if keep_ric else None
    return found
