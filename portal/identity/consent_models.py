"""What people were told and agreed to: one row an answer, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Model, UtcDateTime


class Consent(Model):
    """An answer (given, refused, withdrawn) to the ``notice`` or to the separate consent, ``sensitive``."""

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_account_id_id", "account_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(16), info={"class": 1})
    #: The notice's name: its day, and a mark of a district's own words.
    notice: Mapped[str] = mapped_column(String(24), info={"class": 0})
    answer: Mapped[str] = mapped_column(String(12), info={"class": 2})
    #: Where it was asked; the account itself belongs to no district.
    asked_in_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"))
    how: Mapped[str] = mapped_column(String(12), info={"class": 1})
    at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
