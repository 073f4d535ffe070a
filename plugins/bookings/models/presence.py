"""Who had which key when, and what follows from not turning up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Model, UtcDateTime, Versioned
from portal.api import lazy_gettext as _l


class BookingsHandover(Versioned, DistrictScoped, Model):
    """A key or a piece of equipment handed out for a booking, and taken back."""

    __tablename__ = "bookings_handover"

    id: Mapped[int] = mapped_column(primary_key=True)
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("bookings_occurrence.id"))
    what: Mapped[str] = mapped_column(String(60))
    piece_id: Mapped[int | None] = mapped_column(ForeignKey("bookings_equipment_unit.id"))
    out_at: Mapped[datetime] = mapped_column(UtcDateTime)
    out_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    taken_by: Mapped[str] = mapped_column(String(40), info={"class": 2})
    back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    back_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    damage: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})

    __table_args__ = (
        CheckConstraint("(back_at is null) = (back_by is null)", name="back"),
        Index("ix_bookings_handover_occurrence", "district_id", "occurrence_id"),
        Index("ix_bookings_handover_piece", "district_id", "piece_id", "out_at"),
        Index("ix_bookings_handover_out", "district_id", "back_at", "out_at"),
        # What is out is out: the same piece, or the same key of a booking, goes to nobody else meanwhile.
        Index(
            "uq_bookings_handover_piece",
            "piece_id",
            unique=True,
            sqlite_where=text("back_at is null"),
            postgresql_where=text("back_at is null"),
        ),
        Index(
            "uq_bookings_handover_key",
            "occurrence_id",
            "what",
            unique=True,
            sqlite_where=text("back_at is null and piece_id is null"),
            postgresql_where=text("back_at is null and piece_id is null"),
        ),
        {"info": {"label": _l("钥匙和设备交接")}},
    )


class BookingsPoint(Versioned, DistrictScoped, Model):
    """Half points for not turning up or cancelling late; each can be contested and ends by itself.

    It names the account; whose it is who left a number only, the booking says.
    """

    __tablename__ = "bookings_point"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    occurrence_id: Mapped[int] = mapped_column(ForeignKey("bookings_occurrence.id"), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    why: Mapped[str] = mapped_column(String(8))
    halves: Mapped[int]
    given_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    state: Mapped[str] = mapped_column(String(10), default="counts", server_default="counts")
    appeal: Mapped[str] = mapped_column(String(300), default="", server_default="", info={"class": 2})
    appealed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})
    answer: Mapped[str] = mapped_column(String(300), default="", server_default="", info={"class": 2})
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    __table_args__ = (
        CheckConstraint("why in ('no_show','late')", name="why"),
        CheckConstraint("halves > 0", name="halves"),
        CheckConstraint("state in ('counts','appealed','upheld','lifted')", name="state"),
        CheckConstraint("state not in ('upheld','lifted') or answer <> ''", name="answer"),
        Index("ix_bookings_point_account", "district_id", "account_id", "expires_at"),
        Index("ix_bookings_point_state", "district_id", "state", "id"),
        {"info": {"label": _l("未到场记录")}},
    )
