"""What a branch agreed to beyond the ordinary limits, on record."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Model, UtcDateTime, Versioned
from portal.api import lazy_gettext as _l


class DuesConsent(Versioned, DistrictScoped, Model):
    """The branch's consent (经党支部同意) that a member pays back more than the usual months.

    ``from_month`` is the earliest month the branch has checked with the member; the consent ends on
    ``valid_to`` (last day).
    """

    __tablename__ = "dues_consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    from_month: Mapped[str] = mapped_column(String(7), info={"class": 2})
    valid_to: Mapped[date] = mapped_column(info={"class": 2})
    note: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})
    given_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("kind in ('back_payment')", name="kind"),
        Index("ix_dues_consent_by_member", "district_id", "member_id"),
        {"info": {"label": _l("同意补交")}},
    )
