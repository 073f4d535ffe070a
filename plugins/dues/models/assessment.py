"""The yearly fixing of what a member pays (核定): category, base, amount, and who answered for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Fen, Model, UtcDateTime, Versioned
from portal.api import lazy_gettext as _l

#: ``opening`` was fixed on paper before the books began; the others were fixed here.
ORIGINS = ("opening", "sheet", "declared", "branch")
STATES = ("draft", "confirmed", "approved", "superseded", "withdrawn")


class DuesAssessment(Versioned, DistrictScoped, Model):
    """What a member pays a month from ``from_month`` on, until a later approved assessment begins.

    draft -> confirmed (by the member, or on paper) -> approved (by somebody who neither drafted it nor is the
    member, rule K12) -> superseded. ``rate_version``, ``rounding`` and ``amount_fen`` are kept as they were
    when it was drafted, so that a new rate table never changes an approved year.
    """

    __tablename__ = "dues_assessment"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    from_month: Mapped[str] = mapped_column(String(7), info={"class": 2})
    state: Mapped[str] = mapped_column(String(16), default="draft", server_default="draft")
    origin: Mapped[str] = mapped_column(String(16), info={"class": 1})
    category: Mapped[str] = mapped_column(String(24), info={"class": 3})
    base_fen: Mapped[int | None] = mapped_column(Fen, info={"class": 3})
    # Which formula the items of a monthly wage follow (rates/, by kind of unit); "" where there is none.
    formula: Mapped[str] = mapped_column(String(24), default="", server_default="", info={"class": 2})
    apply_norm: Mapped[bool] = mapped_column(default=True, server_default="1", info={"class": 2})
    rounding: Mapped[str] = mapped_column(String(8), info={"class": 1})
    rate_version: Mapped[str] = mapped_column(String(24), info={"class": 1})
    amount_fen: Mapped[int] = mapped_column(Fen, info={"class": 3})
    reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 3})
    drafted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    drafted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # "member" in the portal, "paper" for a signature somebody else typed in.
    confirmed_how: Mapped[str] = mapped_column(String(8), default="", server_default="", info={"class": 1})
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("state in (" + ",".join(f"'{s}'" for s in STATES) + ")", name="state"),
        CheckConstraint("origin in (" + ",".join(f"'{o}'" for o in ORIGINS) + ")", name="origin"),
        CheckConstraint("amount_fen >= 0", name="amount"),
        CheckConstraint(
            "state <> 'approved' or origin = 'opening' or (approved_by is not null "
            "and approved_by <> drafted_by)",
            name="four_eyes",
        ),
        # One approved beginning in a month, and one that waits, per member.
        Index(
            "uq_dues_assessment_approved",
            "member_id",
            "from_month",
            unique=True,
            sqlite_where=text("state = 'approved'"),
            postgresql_where=text("state = 'approved'"),
        ),
        Index(
            "uq_dues_assessment_waiting",
            "member_id",
            unique=True,
            sqlite_where=text("state in ('draft','confirmed')"),
            postgresql_where=text("state in ('draft','confirmed')"),
        ),
        Index("ix_dues_assessment_branch", "district_id", "organization_id", "state", "member_id"),
        Index("ix_dues_assessment_by_member", "district_id", "member_id", "from_month"),
        {"info": {"label": _l("党费核定")}},
    )
