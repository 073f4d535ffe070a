"""Times in which a venue or a room is closed, whatever its hours say."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Model, UtcDateTime, Versioned
from portal.api import lazy_gettext as _l


class BookingsClosure(Versioned, DistrictScoped, Model):
    """A closed time of one room, or of all rooms of a venue; it owns the slots nobody keeps in it."""

    __tablename__ = "bookings_closure"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("bookings_venue.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("bookings_room.id"), index=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(200), info={"class": 1})
    state: Mapped[str] = mapped_column(String(8), default="closed", server_default="closed")
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lifted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("state in ('closed','lifted')", name="state"),
        CheckConstraint("ends_at > starts_at", name="times"),
        CheckConstraint("reason <> ''", name="reason"),
        Index("ix_bookings_closure_venue", "district_id", "venue_id", "ends_at"),
        {"info": {"label": _l("停用")}},
    )
