"""What the desk was asked to do to an account, and who decided: a new number, or a second factor set anew."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Model, UtcDateTime, Versioned


class Rebinding(Versioned, Model):
    """One act at the desk after the identity card was looked at; nothing of the card is kept but that.

    For an account with roles a second person decides: ``waiting`` until then, for a day.
    """

    __tablename__ = "rebinding"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(8), info={"class": 1})
    #: Only while it waits.
    phone_sealed: Mapped[bytes | None] = mapped_column(info={"class": 2})
    #: waiting, done, refused, replaced by a newer one.
    state: Mapped[str] = mapped_column(String(8))
    asked_in_id: Mapped[int] = mapped_column(ForeignKey("district.id"), index=True)
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(120), default="", server_default="", info={"class": 2})
