"""Groups that come to see the center (参观接待): a booking with a guide, who shows one group at a time."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Model, Versioned
from portal.api import lazy_gettext as _l

from .said import OneLine


class BookingsGuide(Versioned, DistrictScoped, Model):
    """Somebody who shows groups round; the unit is what a visit claims of the guide's time.

    Whose name it is, the number says, where one was left: only its index, for it is never called from here.
    """

    __tablename__ = "bookings_guide"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("claim_unit.id"), unique=True)
    name: Mapped[str] = mapped_column(String(40), info={"class": 1})
    phone_index: Mapped[str | None] = mapped_column(
        String(64),
        info={"class": 2, "lost": "the number is not kept; a guide is known by name until added anew"},
    )
    phone_tail: Mapped[str] = mapped_column(String(4), default="", server_default="", info={"class": 2})
    active: Mapped[bool] = mapped_column(default=True, server_default="1")

    __table_args__ = (UniqueConstraint("district_id", "name"), {"info": {"label": _l("讲解员")}})


class BookingsVisit(DistrictScoped, Model):
    """Who comes, from where, what they want to see, and who shows them round.

    The guide's slots carry the name of the visit's occurrence: whatever ends that lets go of the guide too.
    """

    __tablename__ = "bookings_visit"

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings_booking.id"), unique=True)
    group_name: Mapped[str] = mapped_column(OneLine(80), info={"class": 1})
    wants: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})
    with_guide: Mapped[bool] = mapped_column(default=True, server_default="1")
    guide_id: Mapped[int | None] = mapped_column(ForeignKey("bookings_guide.id"))

    __table_args__ = (
        Index("ix_bookings_visit_guide", "district_id", "guide_id"),
        {"info": {"label": _l("参观接待")}},
    )
