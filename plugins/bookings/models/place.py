"""Venues, their rooms, when they are open, and what a venue or a room decides for itself."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Json, Model, Versioned
from portal.api import lazy_gettext as _l

#: domain.md: the five rooms of a center, and what shared venues have besides.
ROOM_KINDS = ("consulting", "training", "reading", "culture", "party", "hall", "other")
#: A day of the week (1 is Monday), each working day or day off of the year's calendar, or one date.
WEEKDAYS = ("1", "2", "3", "4", "5", "6", "7")
HOURS_KINDS = (*WEEKDAYS, "work", "off", "date")
DAY_MINUTES = 24 * 60


class BookingsVenue(Versioned, DistrictScoped, Model):
    """A house with rooms: the center itself, or one that another organization shares."""

    __tablename__ = "bookings_venue"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(80))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    address: Mapped[str] = mapped_column(String(200), default="", server_default="")
    lat: Mapped[float | None]
    lng: Mapped[float | None]
    contact_phone: Mapped[str] = mapped_column(String(40), default="", server_default="", info={"class": 0})
    #: How one gets in: who has the key, from when; said to those who have a booking.
    key_how: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 1})
    about: Mapped[str] = mapped_column(String(300), default="", server_default="")
    active: Mapped[bool] = mapped_column(default=True, server_default="1")

    __table_args__ = (
        CheckConstraint("kind in ('center','shared')", name="kind"),
        CheckConstraint("kind = 'center' or owner_id is not null", name="owner"),
        CheckConstraint("(lat is null) = (lng is null)", name="point"),
        UniqueConstraint("district_id", "name"),
        {"info": {"label": _l("场馆")}},
    )


class BookingsRoom(Versioned, DistrictScoped, Model):
    """A room of a venue. What it claims are its units: a hall made of two rooms has both of theirs.

    ``capacity`` are seats as the room is furnished; ``fire_limit`` is what nobody may go beyond.
    """

    __tablename__ = "bookings_room"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("bookings_venue.id"))
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(60))
    floor: Mapped[str] = mapped_column(String(20), default="", server_default="")
    capacity: Mapped[int]
    fire_limit: Mapped[int]
    grid_minutes: Mapped[int]
    #: What the room itself has; keys of ``words.FEATURES``.
    features: Mapped[list[str]] = mapped_column(Json, default=list)
    step_free: Mapped[bool] = mapped_column(default=False, server_default="0")
    about: Mapped[str] = mapped_column(String(300), default="", server_default="")
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    active: Mapped[bool] = mapped_column(default=True, server_default="1")

    __table_args__ = (
        CheckConstraint("kind in (" + ",".join(f"'{kind}'" for kind in ROOM_KINDS) + ")", name="kind"),
        CheckConstraint("capacity > 0 and fire_limit >= capacity", name="seats"),
        UniqueConstraint("venue_id", "name"),
        Index("ix_bookings_room_venue", "district_id", "venue_id", "position"),
        {"info": {"label": _l("房间")}},
    )


class BookingsRoomUnit(DistrictScoped, Model):
    """A part of a room that can be had: its own, or for a hall those of the rooms it is made of."""

    __tablename__ = "bookings_room_unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    room_id: Mapped[int] = mapped_column(ForeignKey("bookings_room.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("claim_unit.id"), index=True)

    __table_args__ = (UniqueConstraint("room_id", "unit_id"),)


class BookingsHours(DistrictScoped, Model):
    """When a venue, or one room of it, is open: minutes of the day, half-open, on days of one kind.

    ``date`` rows say all there is for that date (an evening opened once, a holiday opened). A row without
    times on a date says: closed. A room with a week of its own follows that and not its venue's.
    """

    __tablename__ = "bookings_hours"

    id: Mapped[int] = mapped_column(primary_key=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("bookings_venue.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("bookings_room.id"), index=True)
    kind: Mapped[str] = mapped_column(String(4))
    on_day: Mapped[date | None]
    opens: Mapped[int]
    closes: Mapped[int]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    __table_args__ = (
        CheckConstraint("kind in (" + ",".join(f"'{kind}'" for kind in HOURS_KINDS) + ")", name="kind"),
        CheckConstraint("(kind = 'date') = (on_day is not null)", name="on_day"),
        CheckConstraint(
            f"opens >= 0 and closes <= {DAY_MINUTES} "
            "and (opens < closes or kind = 'date' and opens = closes)",
            name="times",
        ),
        CheckConstraint("valid_to is null or valid_to > valid_from", name="dates"),
        Index("ix_bookings_hours_venue", "district_id", "venue_id"),
    )


class BookingsPolicy(Versioned, DistrictScoped, Model):
    """What a venue, or one room of it, decides otherwise than the district; null means: as above.

    The district's own values are settings and come down the tree (``settings.py``); ``limits/policy.py``
    puts the three together and says where each comes from.
    """

    __tablename__ = "bookings_policy"

    id: Mapped[int] = mapped_column(primary_key=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("bookings_venue.id"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("bookings_room.id"))
    values: Mapped[dict[str, int | str | bool]] = mapped_column(Json, default=dict)

    __table_args__ = (
        Index("ix_bookings_policy_venue", "district_id", "venue_id"),
        # NULLs differ in a key: the venue's own row has one of its own.
        Index("uq_bookings_policy_room", "room_id", unique=True),
        Index(
            "uq_bookings_policy_of_venue",
            "venue_id",
            unique=True,
            sqlite_where=text("room_id is null"),
            postgresql_where=text("room_id is null"),
        ),
    )
