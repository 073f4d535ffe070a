"""Passkeys (WebAuthn): the public half of what a device keeps, and the questions such a device answers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Model, UtcDateTime


class Passkey(Model):
    """One passkey of an account. Nothing here opens a login: the private key never leaves the device."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    #: As the browser names it: base64url without padding, at most 1023 bytes.
    credential_id: Mapped[str] = mapped_column(String(1364), unique=True, info={"class": 2})
    #: COSE key, CBOR.
    public_key: Mapped[bytes] = mapped_column(LargeBinary, info={"class": 1})
    #: Four bytes without a sign; 0 for ever where the device does not count.
    sign_count: Mapped[int] = mapped_column(BigInteger, info={"class": 1})
    #: What its owner calls it.
    name: Mapped[str] = mapped_column(String(40), info={"class": 2})
    #: How the browser reaches it (internal, hybrid, usb ...), space between.
    transports: Mapped[str] = mapped_column(String(80), default="", server_default="", info={"class": 1})
    #: Kept on other devices of its owner too (synchronised), as it said when it was last used.
    backed_up: Mapped[bool] = mapped_column(default=False, server_default="0", info={"class": 1})
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})


class PasskeyAsk(Model):
    """A challenge handed to one browser for one purpose; answered once, within five minutes."""

    __tablename__ = "passkey_ask"

    id: Mapped[int] = mapped_column(primary_key=True)
    challenge_hash: Mapped[str] = mapped_column(String(64), unique=True, info={"class": 4})
    #: What only the asking browser can show: its session, its half-done login, or a mark of its own.
    bind_hash: Mapped[str] = mapped_column(String(64), info={"class": 4})
    #: add, step, again, login.
    purpose: Mapped[str] = mapped_column(String(8), info={"class": 1})
    #: Nobody's while it is open who logs in.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True, info={"class": 1})
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})
