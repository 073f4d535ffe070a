"""That somebody was reminded of open months, and how: what the branch can show when it is asked."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Model, UtcDateTime
from portal.api import lazy_gettext as _l

WAYS = ("notice", "word")


class DuesReminder(DistrictScoped, Model):
    """A reminder in a civil month: a notice of the portal, or a word in person or by phone. Once each."""

    __tablename__ = "dues_reminder"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    month: Mapped[str] = mapped_column(String(7), info={"class": 2})
    way: Mapped[str] = mapped_column(String(8), info={"class": 2})
    reminded_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 2})

    __table_args__ = (
        UniqueConstraint("member_id", "month", "way"),
        CheckConstraint("way in (" + ",".join(f"'{way}'" for way in WAYS) + ")", name="way"),
        Index("ix_dues_reminder_by_member", "district_id", "member_id", "month"),
        {"info": {"label": _l("党费提醒")}},
    )
