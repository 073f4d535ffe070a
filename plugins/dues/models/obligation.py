"""What one member owes for one month."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Fen, Model, UtcDateTime, Versioned

STATES = ("open", "partly_paid", "reduced", "paid", "waived", "settled")
#: States in which money may still be taken for the month.
PAYABLE = ("open", "partly_paid", "reduced")


class DuesObligation(Versioned, DistrictScoped, Model):
    """A month a member owes, to exactly one branch. Made once, never deleted.

    ``due_fen`` is what the assessment says, ``relief_fen`` what a decision took off it, ``paid_fen`` what the
    ledger has allocated: a cache of the ledger's sums, rebuilt and compared by ``portal dues verify``.
    ``settled`` is a due of 0.00: nothing to pay and no entry.
    """

    __tablename__ = "dues_obligation"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    month: Mapped[str] = mapped_column(String(7), info={"class": 2})
    assessment_id: Mapped[int] = mapped_column(ForeignKey("dues_assessment.id"), index=True)
    state: Mapped[str] = mapped_column(String(12), info={"class": 2})
    due_fen: Mapped[int] = mapped_column(Fen, info={"class": 3})
    relief_fen: Mapped[int] = mapped_column(Fen, default=0, server_default="0", info={"class": 3})
    paid_fen: Mapped[int] = mapped_column(Fen, default=0, server_default="0", info={"class": 3})
    relief_id: Mapped[int | None] = mapped_column(ForeignKey("dues_relief.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When the last of it was paid, settled or waived; the day is what the branch's sheet shows.
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        # The uniqueness that matters (rule K5): no month is owed twice, whichever branch asks.
        UniqueConstraint("member_id", "month"),
        CheckConstraint("state in (" + ",".join(f"'{s}'" for s in STATES) + ")", name="state"),
        CheckConstraint(
            "due_fen >= 0 and relief_fen >= 0 and paid_fen >= 0 and relief_fen + paid_fen <= due_fen",
            name="sums",
        ),
        Index("ix_dues_obligation_branch_month", "district_id", "organization_id", "month"),
        Index("ix_dues_obligation_member_state", "member_id", "state", "month"),
        Index("ix_dues_obligation_by_member", "district_id", "member_id", "month"),
    )

    @property
    def open_fen(self) -> int:
        """Return what is still to be paid (fen)."""
        return self.due_fen - self.relief_fen - self.paid_fen
