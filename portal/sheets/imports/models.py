"""What an import keeps: the batch, and its rows with sealed cells for a month."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import DistrictScoped, Json, Model, UtcDateTime, Versioned, session

KINDS = ("organizations", "units", "members")
#: mapping: a person must say which column is what; checking: the dry run is under way; committing: a job
#: writes it; the other words say themselves.
STATES = ("mapping", "checking", "ready", "committing", "committed", "undone", "discarded")


class ImportBatch(Versioned, DistrictScoped, Model):
    """One uploaded sheet and how far it has come. Holds headers and counts, nothing of a person."""

    __tablename__ = "import_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(12))
    filename: Mapped[str] = mapped_column(String(120))
    sheet: Mapped[str] = mapped_column(String(60), default="")
    # The form's own key: the same upload sent twice is one batch (rule K4).
    form_key: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    header_row: Mapped[int] = mapped_column(default=0)
    headers: Mapped[list[str]] = mapped_column(Json, default=list)
    positions: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    date1904: Mapped[bool] = mapped_column(default=False)
    notices: Mapped[list[str]] = mapped_column(Json, default=list)
    # Rows nobody sees in the sheet (filtered away, folded), and whether somebody wants them all the same.
    hidden: Mapped[int] = mapped_column(default=0, server_default="0")
    with_hidden: Mapped[bool] = mapped_column(default=False, server_default="0")
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    same: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    committed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    committed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("kind in (" + ",".join(f"'{kind}'" for kind in KINDS) + ")", name="kind"),
        CheckConstraint("state in (" + ",".join(f"'{state}'" for state in STATES) + ")", name="state"),
        UniqueConstraint("district_id", "form_key"),
        Index("ix_import_batch_district_id_id", "district_id", "id"),
    )

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of rows per verdict."""
        return {"new": self.new, "changed": self.changed, "same": self.same, "refused": self.refused}

    @property
    def left_out(self) -> int:
        """Return how many rows are left out because nobody sees them in the sheet."""
        return 0 if self.with_hidden else self.hidden


def _sealed_by(row: Mapping[str, Any]) -> str:
    """Return what a row's values are bound to, for whoever seals them anew."""
    uid = session.scalar(select(ImportBatch.uid).where(ImportBatch.id == row["batch_id"]))
    return f"{uid}:{row['number']}"


class ImportRow(DistrictScoped, Model):
    """One row of a sheet. Its cells, verdict and former values are sealed: a member sheet holds full ids."""

    __tablename__ = "import_row"

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"))
    number: Mapped[int]
    hidden: Mapped[bool] = mapped_column(default=False, server_default="0")
    verdict: Mapped[str] = mapped_column(String(8), default="")
    cells_sealed: Mapped[bytes | None] = mapped_column(info={"class": 3, "sealed_by": _sealed_by})
    # name of the row, reasons, warnings, changes: what the verdict page shows
    outcome_sealed: Mapped[bytes | None] = mapped_column(info={"class": 3, "sealed_by": _sealed_by})
    before_sealed: Mapped[bytes | None] = mapped_column(info={"class": 3, "sealed_by": _sealed_by})
    target_id: Mapped[int | None]
    target_version: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("verdict in ('','new','changed','same','refused','hidden')", name="verdict"),
        UniqueConstraint("batch_id", "number"),
        Index("ix_import_row_batch_id_verdict", "batch_id", "verdict", "number"),
        Index("ix_import_row_by_batch", "district_id", "batch_id", "number"),
    )


def sealing_uid(batch: ImportBatch, number: int) -> str:
    """Name a row for sealing: its cells cannot be moved to another row or batch."""
    return f"{batch.uid}:{number}"
