"""Calendars: the secret link by which a phone reads one person's bookings, and what came in from files."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Model, UtcDateTime


class BookingsFeed(DistrictScoped, Model):
    """A calendar link to an account's own bookings or a room's busy times; only a hash of it is kept.

    Whoever made it may read it again: it is worked out of ``uid`` by a key of this installation. When it was
    last read is not kept: reading is a GET, and a GET writes nothing (rule K1).
    """

    __tablename__ = "bookings_feed"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True, info={"class": 4})
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("bookings_room.id"), index=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_bookings_feed_account", "district_id", "account_id", "id"),
        Index(
            "uq_bookings_feed_own",
            "account_id",
            "district_id",
            unique=True,
            sqlite_where=text("room_id is null and revoked_at is null"),
            postgresql_where=text("room_id is null and revoked_at is null"),
        ),
    )


class BookingsTakenIn(DistrictScoped, Model):
    """An event of somebody's calendar file: which booking it became, and how new it was."""

    __tablename__ = "bookings_taken_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("bookings_room.id"))
    event_uid: Mapped[str] = mapped_column(String(255))
    sequence: Mapped[int]
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings_booking.id"), index=True)

    __table_args__ = (UniqueConstraint("room_id", "event_uid"),)
