"""The waiting list: a wish for a time that is taken, and the offer that is held for one person at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Model, UtcDateTime, Versioned
from portal.api import lazy_gettext as _l

from .said import OneLine

WISH_MOVES: dict[str, tuple[str, ...]] = {
    "waiting": ("offered", "withdrawn", "past"),
    "offered": ("taken", "declined", "timed_out", "withdrawn", "past"),
    "taken": (),
    "declined": (),
    "timed_out": (),
    "withdrawn": (),
    "past": (),
}


class BookingsWish(Versioned, DistrictScoped, Model):
    """Somebody waits for a room at a time. ``ahead`` puts those displaced by a closure first.

    The order is (ahead, joined_at, id). While an offer stands, its slots are held by this row.
    """

    __tablename__ = "bookings_wish"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("bookings_room.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    title: Mapped[str] = mapped_column(OneLine(80), info={"class": 2})
    headcount: Mapped[int]
    contact_name: Mapped[str] = mapped_column(OneLine(40), info={"class": 2})
    phone_sealed: Mapped[bytes | None] = mapped_column(info={"class": 2})
    phone_index: Mapped[str | None] = mapped_column(String(64), info={"class": 2})
    phone_tail: Mapped[str] = mapped_column(String(4), default="", server_default="", info={"class": 2})
    #: The occurrence that was displaced or outbid, whose place this is.
    occurrence_id: Mapped[int | None] = mapped_column(ForeignKey("bookings_occurrence.id"), index=True)
    ahead: Mapped[bool] = mapped_column(default=False, server_default="0")
    state: Mapped[str] = mapped_column(String(10), default="waiting", server_default="waiting")
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    offered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})
    hold_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    buffer_before: Mapped[int] = mapped_column(default=0, server_default="0")
    buffer_after: Mapped[int] = mapped_column(default=0, server_default="0")
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings_booking.id"), index=True)

    __table_args__ = (
        CheckConstraint("state in (" + ",".join(f"'{state}'" for state in WISH_MOVES) + ")", name="state"),
        CheckConstraint("ends_at > starts_at", name="times"),
        CheckConstraint("headcount > 0", name="headcount"),
        CheckConstraint("(state = 'offered') = (hold_until is not null)", name="hold"),
        CheckConstraint("(state = 'taken') = (booking_id is not null)", name="taken"),
        Index("ix_bookings_wish_room", "district_id", "room_id", "state", "starts_at"),
        # What time does to it: asked every few seconds.
        Index("ix_bookings_wish_state", "district_id", "state", "starts_at"),
        Index("ix_bookings_wish_account", "district_id", "account_id", "id"),
        # Nobody stands in one queue twice.
        Index(
            "uq_bookings_wish_open",
            "account_id",
            "room_id",
            "starts_at",
            "ends_at",
            unique=True,
            sqlite_where=text("state in ('waiting','offered')"),
            postgresql_where=text("state in ('waiting','offered')"),
        ),
        {"info": {"label": _l("候补")}},
    )
