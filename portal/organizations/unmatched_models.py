"""People whom the search could not help: what they typed and how to reach them, for the desk."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import DistrictScoped, Model, UtcDateTime, Versioned


class Unmatched(Versioned, DistrictScoped, Model):
    """A question left at the desk. No name is asked; texts and phone are sealed."""

    __tablename__ = "unmatched"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    state: Mapped[str] = mapped_column(String(8), default="open", server_default="open")
    typed_sealed: Mapped[bytes] = mapped_column(info={"class": 2})
    question_sealed: Mapped[bytes] = mapped_column(info={"class": 2})
    phone_sealed: Mapped[bytes] = mapped_column(info={"class": 2})
    phone_index: Mapped[str] = mapped_column(String(64), info={"class": 2})
    # A keyed hash of the network the form came from: for the limits only.
    sender: Mapped[str] = mapped_column(String(64), info={"class": 2})
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    note_sealed: Mapped[bytes | None] = mapped_column(info={"class": 2})

    __table_args__ = (
        CheckConstraint("state in ('open','answered')", name="state"),
        Index("ix_unmatched_queue", "district_id", "state", "id"),
        Index("ix_unmatched_sender", "sender", "asked_at"),
        Index("ix_unmatched_phone_index", "phone_index", "asked_at"),
        Index("ix_unmatched_day", "district_id", "asked_at"),
    )
