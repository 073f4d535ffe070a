"""Bookings, each of one or many times, and every step of their lives."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Json, Model, UtcDateTime, Versioned
from portal.api import lazy_gettext as _l

from .said import OneLine

#: What each state may become; the one table of legal moves. ``skipped`` is a day of a series left out.
MOVES: dict[str, tuple[str, ...]] = {
    "requested": ("approved", "refused", "lapsed", "cancelled", "displaced"),
    # Where nobody asks whether people come, what is over was used; a wrong check-in is taken back.
    "approved": ("requested", "checked_in", "completed", "no_show", "cancelled", "displaced"),
    "checked_in": ("approved", "completed"),
    "skipped": ("requested", "approved"),
    "refused": (),
    "lapsed": (),
    "cancelled": (),
    "displaced": ("requested", "approved"),  # given back, while it is still free
    "no_show": (),
    "completed": (),
}
STATES = tuple(MOVES)
#: These have their slots; in these somebody still means to come.
LIVE = ("requested", "approved", "checked_in")
#: Whoever ends somebody's booking in one of these says why (rule K10).
REASONED = ("refused", "cancelled", "displaced", "skipped")
#: What a quota counts: what is meant, what was, and what was held and not used.
COUNTED = ("requested", "approved", "checked_in", "completed", "no_show")


class BookingsBooking(Versioned, DistrictScoped, Model):
    """What somebody wants a room for. Its times are occurrences; its state is what theirs say.

    ``account_id`` is whose booking it is: nobody's where the desk wrote it down for somebody who came in.
    ``rule`` is how its days follow each other (RFC 5545 RRULE), as text for people and for changes ahead.
    """

    __tablename__ = "bookings_booking"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("bookings_room.id"))
    title: Mapped[str] = mapped_column(OneLine(80), info={"class": 2})
    headcount: Mapped[int]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    contact_name: Mapped[str] = mapped_column(OneLine(40), info={"class": 2})
    phone_sealed: Mapped[bytes | None] = mapped_column(info={"class": 2})
    phone_index: Mapped[str | None] = mapped_column(String(64), info={"class": 2})
    phone_tail: Mapped[str] = mapped_column(String(4), default="", server_default="", info={"class": 2})
    #: Equipment wanted: {"<equipment id>": pieces}.
    needs: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    note: Mapped[str] = mapped_column(String(300), default="", server_default="", info={"class": 2})
    rule: Mapped[str] = mapped_column(String(200), default="", server_default="")
    way: Mapped[str] = mapped_column(String(8), default="page", server_default="page")
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    #: Why more may come than there are seats; never more than the fire limit.
    over_reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})

    __table_args__ = (
        CheckConstraint("headcount > 0", name="headcount"),
        CheckConstraint("way in ('page','desk','visit','sheet')", name="way"),
        Index("ix_bookings_booking_account", "district_id", "account_id", "id"),
        Index("ix_bookings_booking_phone", "district_id", "phone_index"),
        Index("ix_bookings_booking_room", "district_id", "room_id", "id"),
        {"info": {"label": _l("预约")}},
    )


class BookingsOccurrence(Versioned, DistrictScoped, Model):
    """One time of a booking. While it lives it owns exactly its slots, buffers and pieces of equipment.

    ``first_start`` is when it was first to begin, whatever it was moved to since.
    """

    __tablename__ = "bookings_occurrence"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings_booking.id"))
    room_id: Mapped[int] = mapped_column(ForeignKey("bookings_room.id"))
    number: Mapped[int]
    first_start: Mapped[datetime] = mapped_column(UtcDateTime)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    buffer_before: Mapped[int] = mapped_column(default=0, server_default="0")
    buffer_after: Mapped[int] = mapped_column(default=0, server_default="0")
    state: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})
    #: It waits for an answer until then and holds its slots; with ``competes`` it holds none.
    answer_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    competes: Mapped[bool] = mapped_column(default=False, server_default="0")
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})
    #: Rises with each change that a calendar must hear of (RFC 5545 SEQUENCE).
    sequence: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (
        CheckConstraint("state in (" + ",".join(f"'{state}'" for state in STATES) + ")", name="state"),
        CheckConstraint("ends_at > starts_at", name="times"),
        CheckConstraint("buffer_before >= 0 and buffer_after >= 0", name="buffers"),
        CheckConstraint(
            "state not in (" + ",".join(f"'{state}'" for state in REASONED) + ") or reason <> ''",
            name="reason",
        ),
        CheckConstraint("state <> 'requested' or answer_by is not null", name="answer_by"),
        UniqueConstraint("booking_id", "number"),
        # SQLite has no statistics: the district and the state alone would look better to it than the key.
        Index("ix_bookings_occurrence_booking", "district_id", "booking_id", "starts_at"),
        Index("ix_bookings_occurrence_room", "district_id", "room_id", "starts_at"),
        Index("ix_bookings_occurrence_state", "district_id", "state", "starts_at"),
        # The desk's list of all rooms is read along it, page by page.
        Index("ix_bookings_occurrence_time", "district_id", "starts_at", "id"),
        {"info": {"label": _l("预约的时间")}},
    )


class BookingsStep(DistrictScoped, Model):
    """One step in the life of a booking: what its timeline shows."""

    __tablename__ = "bookings_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings_booking.id"))
    occurrence_id: Mapped[int | None] = mapped_column(ForeignKey("bookings_occurrence.id"))
    action: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(String(300), default="", server_default="", info={"class": 2})
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})

    __table_args__ = (Index("ix_bookings_step_booking", "district_id", "booking_id", "id"),)
