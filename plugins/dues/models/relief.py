"""Reductions and waivers (少交免交): the branch meeting proposes, the level above approves."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Fen, Json, Model, UtcDateTime, Versioned
from portal.api import lazy_gettext as _l

STATES = ("proposed", "branch_approved", "approved", "refused", "withdrawn")


class DuesRelief(Versioned, DistrictScoped, Model):
    """A decision that a member pays less (``monthly_fen``) or nothing (0) from one month to another.

    ``chain`` is the order of stages when it was proposed: branch and committee, or the branch alone for a
    retired member. Until the last stage has approved, the months stay open.
    """

    __tablename__ = "dues_relief"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"))
    state: Mapped[str] = mapped_column(String(16), default="proposed", server_default="proposed")
    chain: Mapped[list[str]] = mapped_column(Json, info={"class": 1})
    from_month: Mapped[str] = mapped_column(String(7), info={"class": 3})
    to_month: Mapped[str] = mapped_column(String(7), info={"class": 3})
    monthly_fen: Mapped[int] = mapped_column(Fen, info={"class": 3})
    reason: Mapped[str] = mapped_column(String(200), info={"class": 3})
    meeting_on: Mapped[date] = mapped_column(info={"class": 2})
    document: Mapped[str] = mapped_column(String(120), info={"class": 2})
    proposed_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Taken back: from this month on it no longer holds. Who said so last, when and why; kept when it is
    # put in force again (None), and for a proposal that was withdrawn.
    ended_from: Mapped[str | None] = mapped_column(String(7), info={"class": 3})
    end_reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 3})
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("state in (" + ",".join(f"'{s}'" for s in STATES) + ")", name="state"),
        CheckConstraint("monthly_fen >= 0 and to_month >= from_month", name="sense"),
        Index("ix_dues_relief_branch", "district_id", "organization_id", "state"),
        Index("ix_dues_relief_by_member", "district_id", "member_id"),
        {"info": {"label": _l("少交免交")}},
    )

    def holds_in(self, month: str) -> bool:
        """Tell whether an approved decision covers a month and was not taken back for it."""
        inside = self.from_month <= month <= self.to_month
        return inside and (self.ended_from is None or month < self.ended_from)


class DuesReliefStep(DistrictScoped, Model):
    """Who did what in an approval chain. The proposer's own step makes that person count once (rule K12)."""

    __tablename__ = "dues_relief_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    relief_id: Mapped[int] = mapped_column(ForeignKey("dues_relief.id"))
    stage: Mapped[str] = mapped_column(String(12))
    accepted: Mapped[bool]
    note: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 3})
    actor_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("relief_id", "stage"),
        UniqueConstraint("relief_id", "actor_id"),
        CheckConstraint("stage in ('propose','branch','committee')", name="stage"),
        Index("ix_dues_relief_step_by_relief", "district_id", "relief_id"),
    )
