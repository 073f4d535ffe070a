"""Where the portal's books begin: the branch's first month, and how far a member had paid by then."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Model, UtcDateTime, Versioned
from portal.api import lazy_gettext as _l


class DuesBranchOpening(Versioned, DistrictScoped, Model):
    """The first month a branch keeps its dues here. Nobody owes anything before it."""

    __tablename__ = "dues_branch_opening"

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    start_month: Mapped[str] = mapped_column(String(7))
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("organization_id"), Index(None, "district_id"))


class DuesMemberOpening(Versioned, DistrictScoped, Model):
    """The last month a member had paid for when the books began (党费缴至), or on the transfer letter."""

    __tablename__ = "dues_member_opening"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    paid_through: Mapped[str] = mapped_column(String(7), info={"class": 2})
    # "import", "desk" or "letter": what somebody can look up when the member disagrees.
    source: Mapped[str] = mapped_column(String(16), info={"class": 1})
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("member_id"), {"info": {"label": _l("党费缴至")}})
