"""What the pages of an import show: batches, rows with their outcome, the refused ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.crypto import KeyLost
from portal.database import session
from portal.sheets.imports import store
from portal.sheets.imports.models import ImportBatch, ImportRow, sealing_uid
from portal.sheets.imports.pack import unseal
from portal.sheets.values.text import as_text
from portal.words import gettext

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Line:
    """One row as the verdict page shows it; ``changes`` are (label, old, new)."""

    number: int
    verdict: str
    title: str
    reasons: Sequence[str]
    warnings: Sequence[str]
    changes: Sequence[tuple[str, str, str]]


def batch_by_uid(uid: str) -> ImportBatch | None:
    """Return a batch of the district in scope."""
    return session.scalars(select(ImportBatch).where(ImportBatch.uid == uid)).first()


def recent(*, kinds: Sequence[str], before: int | None = None) -> list[ImportBatch]:
    """Return the newest batches of some kinds, one more than a page."""
    found = select(ImportBatch).where(ImportBatch.kind.in_(kinds))
    if before is not None:
        found = found.where(ImportBatch.id < before)
    return list(session.scalars(found.order_by(ImportBatch.id.desc()).limit(21)))


def lines(batch: ImportBatch, *, verdict: str = "", after: int = 0, before: int = 0) -> list[Line]:
    """Return one page of rows after (or before) a row number, one more than a page where there is more."""
    found = select(ImportRow).where(ImportRow.batch_id == batch.id, ImportRow.verdict != "")
    if verdict:
        found = found.where(ImportRow.verdict == verdict)
    if before:
        found = found.where(ImportRow.number < before).order_by(ImportRow.number.desc())
    else:
        found = found.where(ImportRow.number > after).order_by(ImportRow.number)
    rows = list(session.scalars(found.limit(PAGE + 1)))
    return [_line(batch, row) for row in (reversed(rows) if before else rows)]


def _line(batch: ImportBatch, row: ImportRow) -> Line:
    try:
        told = unseal("outcome", sealing_uid(batch, row.number), row.outcome_sealed) or {}
    except KeyLost:
        told = {"title": gettext("（无法读取）")}
    return Line(
        number=row.number,
        verdict=row.verdict,
        title=told.get("title", ""),
        reasons=told.get("reasons", ()),
        warnings=told.get("warnings", ()),
        changes=[(label, old, new) for label, old, new in told.get("changes", ())],
    )


def refused(batch: ImportBatch) -> Iterator[tuple[list[str], int, str]]:
    """Yield the refused rows as (cells, row number, reasons) for the sheet that goes back."""
    reasons = {
        row.number: "".join(_line(batch, row).reasons)
        for row in session.scalars(
            select(ImportRow)
            .where(ImportRow.batch_id == batch.id, ImportRow.verdict == "refused")
            .order_by(ImportRow.number)
        )
    }
    for number, cells in store.read_cells(batch, ("refused",)):
        yield [as_text(cell) for cell in cells], number, reasons[number]
