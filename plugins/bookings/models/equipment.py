"""What can be had besides a room: projectors, microphones, folding chairs by the ten."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Model, Versioned
from portal.api import lazy_gettext as _l


class BookingsEquipment(Versioned, DistrictScoped, Model):
    """A kind of thing a venue lends with its rooms; each piece is a unit of its own that can be claimed."""

    __tablename__ = "bookings_equipment"

    id: Mapped[int] = mapped_column(primary_key=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("bookings_venue.id"))
    name: Mapped[str] = mapped_column(String(40))
    active: Mapped[bool] = mapped_column(default=True, server_default="1")

    __table_args__ = (
        UniqueConstraint("venue_id", "name"),
        Index("ix_bookings_equipment_venue", "district_id", "venue_id"),
        {"info": {"label": _l("设备")}},
    )


class BookingsEquipmentUnit(Versioned, DistrictScoped, Model):
    """One piece; ``fault`` says what is wrong with it, and it is not lent until somebody says it works."""

    __tablename__ = "bookings_equipment_unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    equipment_id: Mapped[int] = mapped_column(ForeignKey("bookings_equipment.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("claim_unit.id"), unique=True)
    label: Mapped[str] = mapped_column(String(40))
    fault: Mapped[str] = mapped_column(String(120), default="", server_default="")

    __table_args__ = (UniqueConstraint("equipment_id", "label"),)
