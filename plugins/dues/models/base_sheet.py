"""A 党费核算表 as it was brought in: kept sealed until it is committed or thrown away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Model, UtcDateTime, Versioned

STATES = ("ready", "committed", "discarded")


class DuesBaseSheet(Versioned, DistrictScoped, Model):
    """One branch's yearly bases as uploaded. ``rows_sealed`` holds its cells: names and pay, class 3.

    The verdicts are not kept: they are judged anew whenever they are shown, against what is known then.
    After the commit only the refused rows stay, to be handed back; after ``KEPT`` nothing does.
    """

    __tablename__ = "dues_base_sheet"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    from_month: Mapped[str] = mapped_column(String(7))
    state: Mapped[str] = mapped_column(String(12), default="ready", server_default="ready")
    filename: Mapped[str] = mapped_column(String(120))
    rows_sealed: Mapped[bytes | None] = mapped_column(info={"class": 3})
    # Counts of the commit: new drafts, rows that changed nothing, rows refused.
    drafted: Mapped[int] = mapped_column(default=0, server_default="0")
    same: Mapped[int] = mapped_column(default=0, server_default="0")
    refused: Mapped[int] = mapped_column(default=0, server_default="0")
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("state in (" + ",".join(f"'{s}'" for s in STATES) + ")", name="state"),
        Index("ix_dues_base_sheet_branch", "district_id", "organization_id", "id"),
    )
