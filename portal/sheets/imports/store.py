"""The rows of a batch: written sealed, read back, judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update

from portal.database import session
from portal.sheets.errors import Cell
from portal.sheets.imports.importer import Importer
from portal.sheets.imports.models import ImportBatch, ImportRow, sealing_uid
from portal.sheets.imports.pack import seal, unseal
from portal.sheets.profiles import ColumnMap
from portal.sheets.rows import Row

_PIECE = 500


def positions(batch: ImportBatch) -> ColumnMap:
    """Return which column is what in a stored batch."""
    return ColumnMap(header_row=0, positions=batch.positions, headers=tuple(batch.headers))


def write_rows(batch: ImportBatch, rows: Iterable[tuple[int, Sequence[Cell]]]) -> int:
    """Write the raw rows of a batch and return how many."""
    waiting: list[dict[str, Any]] = []
    count = 0
    for number, cells in rows:
        waiting.append(
            {
                "district_id": batch.district_id,
                "batch_id": batch.id,
                "number": number,
                "verdict": "",
                "cells_sealed": seal("cells", sealing_uid(batch, number), list(cells)),
            }
        )
        count += 1
        if len(waiting) == _PIECE:
            session.execute(insert(ImportRow), waiting)
            waiting = []
    if waiting:
        session.execute(insert(ImportRow), waiting)
    return count


def read_cells(batch: ImportBatch, verdicts: Sequence[str] | None = None) -> Iterator[tuple[int, list[Cell]]]:
    """Yield (row number, cells) in order, piece by piece; only of ``verdicts`` when given."""
    after = 0
    while True:
        found = (
            select(ImportRow.number, ImportRow.cells_sealed)
            .where(ImportRow.batch_id == batch.id, ImportRow.number > after)
            .order_by(ImportRow.number)
            .limit(_PIECE)
        )
        if verdicts is not None:
            found = found.where(ImportRow.verdict.in_(verdicts))
        piece = session.execute(found).all()
        for number, blob in piece:
            yield number, unseal("cells", sealing_uid(batch, number), blob)
        if len(piece) < _PIECE:
            return
        after = piece[-1][0]


def outcome_of(importer: Importer, row: Row) -> dict[str, Any]:
    """Say what the verdict page shows of a row, in plain words."""
    return {
        "title": importer.title(row),
        "reasons": [str(reason) for reason in row.reasons],
        "warnings": [str(warning) for warning in row.warnings],
        "changes": [[change.label, change.old, change.new] for change in row.changes],
    }


def write_outcomes(batch: ImportBatch, importer: Importer, rows: Sequence[Row]) -> None:
    """Keep the verdicts of judged rows."""
    session.execute(
        update(ImportRow),
        [
            {
                "id": row_id,
                "verdict": row.verdict.value,
                "outcome_sealed": seal("outcome", sealing_uid(batch, row.number), outcome_of(importer, row)),
            }
            for row_id, row in zip(_ids(batch, rows), rows, strict=True)
        ],
    )


def _ids(batch: ImportBatch, rows: Sequence[Row]) -> list[int]:
    """Return the stored rows' ids in the order of ``rows`` (which go by number)."""
    numbers = [row.number for row in rows]
    found = session.execute(
        select(ImportRow.number, ImportRow.id).where(
            ImportRow.batch_id == batch.id, ImportRow.number.between(min(numbers), max(numbers))
        )
    )
    by_number = {number: row_id for number, row_id in found}
    return [by_number[number] for number in numbers]


def forget_rows(batch: ImportBatch) -> None:
    """Delete what a batch kept of its sheet."""
    session.execute(delete(ImportRow).where(ImportRow.batch_id == batch.id))
