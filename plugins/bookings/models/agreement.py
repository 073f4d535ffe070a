"""What two parties agreed about sharing a venue: until when, at which hours, for whom."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Json, Model, UtcDateTime, Versioned
from portal.api import lazy_gettext as _l

AGREEMENT_MOVES: dict[str, tuple[str, ...]] = {
    "draft": ("signed_a", "ended"),
    "signed_a": ("active", "draft", "ended"),
    "active": ("suspended", "ended"),
    "suspended": ("active", "ended"),
    "ended": (),
}
#: Who may use a shared venue: any organization of the district, named ones, members, residents.
GROUPS = ("organizations", "named", "members", "residents")


class BookingsAgreement(Versioned, DistrictScoped, Model):
    """An agreement on a shared venue. Party A owns it, party B is the center or another organization.

    ``hours`` are windows like ``{"kind": "6", "opens": 540, "closes": 720}``; none means: whenever it is
    open. ``valid_to`` is the first day on which it holds no more. Bookings beyond it are refused at once.
    """

    __tablename__ = "bookings_agreement"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("bookings_venue.id"))
    party_a_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    party_b_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    party_b_name: Mapped[str] = mapped_column(String(120))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    hours: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    groups: Mapped[list[str]] = mapped_column(Json, default=list)
    named_ids: Mapped[list[int]] = mapped_column(Json, default=list)
    cost: Mapped[str] = mapped_column(String(200), default="", server_default="")
    insurance: Mapped[str] = mapped_column(String(200), default="", server_default="")
    clauses: Mapped[str] = mapped_column(String(2000), default="", server_default="")
    state: Mapped[str] = mapped_column(String(10), default="draft", server_default="draft")
    reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 1})
    #: The agreement it takes the place of, on its own first day.
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("bookings_agreement.id"), index=True)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    signed_a_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    signed_a_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    signed_b_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    signed_b_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("state in (" + ",".join(f"'{s}'" for s in AGREEMENT_MOVES) + ")", name="state"),
        CheckConstraint("valid_to is null or valid_to > valid_from", name="dates"),
        CheckConstraint(
            "state not in ('active','suspended') or signed_a_by is not null and signed_b_by is not null",
            name="signed",
        ),
        CheckConstraint("signed_b_by is null or signed_b_by <> signed_a_by", name="two_persons"),
        Index("ix_bookings_agreement_venue", "district_id", "venue_id", "valid_from"),
        {"info": {"label": _l("共享协议")}},
    )
