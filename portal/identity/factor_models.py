"""What the second factor needs: the shared secret, the printed codes, and a login that is half done."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Model, UtcDateTime


class Totp(Model):
    """The secret an account shares with a phone's code program (RFC 6238), and the one being set up.

    ``last_step`` is the newest 30-second step a code was taken for: none before it counts again.
    """

    __tablename__ = "account_totp"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), unique=True)
    secret_sealed: Mapped[bytes | None] = mapped_column(info={"class": 4})
    last_step: Mapped[int | None] = mapped_column(info={"class": 1})
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})
    pending_sealed: Mapped[bytes | None] = mapped_column(info={"class": 4})
    pending_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})


class RecoveryCode(Model):
    """A printed code that stands in for the second factor once."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True, info={"class": 4})
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})


class LoginStep(Model):
    """A login whose first proof was right and whose second is due; bound to the browser that began it."""

    __tablename__ = "login_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    bind_hash: Mapped[str] = mapped_column(String(64), info={"class": 4})
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    way: Mapped[str] = mapped_column(String(8), info={"class": 1})
    tries: Mapped[int] = mapped_column(default=0, info={"class": 1})
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True, info={"class": 1})
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})
