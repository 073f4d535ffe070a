"""The rows of a batch: written sealed, read back, judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from portal.database import session
from portal.sheets.errors import Cell
from portal.sheets.imports.importer import Importer, Written
from portal.sheets.imports.models import ImportBatch, ImportRow, sealing_uid
from portal.sheets.imports.pack import seal, unseal
from portal.sheets.profiles import ColumnMap
from portal.sheets.rows import Row

_PIECE = 500
_TABLE: Any = ImportRow.__table__


def positions(batch: ImportBatch) -> ColumnMap:
    """Return which column is what in a stored batch."""
    return ColumnMap(header_row=0, positions=batch.positions, headers=tuple(batch.headers))


def write_rows(
    batch: ImportBatch, rows: Iterable[tuple[int, Sequence[Cell]]], hidden: frozenset[int] = frozenset()
) -> int:
    """Write the raw rows of a batch and return how many; ``hidden`` numbers those nobody sees."""
    waiting: list[dict[str, Any]] = []
    count = 0
    for number, cells in rows:
        waiting.append(
            {
                "district_id": batch.district_id,
                "batch_id": batch.id,
                "number": number,
                "hidden": number in hidden,
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


def hidden_rows(batch: ImportBatch) -> frozenset[int]:
    """Return the numbers of the rows nobody sees in the sheet."""
    found = select(ImportRow.number).where(ImportRow.batch_id == batch.id, ImportRow.hidden)
    return frozenset(session.scalars(found))


def read_cells(
    batch: ImportBatch, verdicts: Sequence[str] | None = None, *, hidden: bool | None = None
) -> Iterator[tuple[int, list[Cell]]]:
    """Yield (row number, cells) in order; only of ``verdicts``, only hidden (or seen) ones when given."""
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
        if hidden is not None:
            found = found.where(ImportRow.hidden.is_(hidden))
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
    _set(
        batch,
        [
            {
                "of_row": row.number,
                "verdict": row.verdict.value,
                "outcome_sealed": seal("outcome", sealing_uid(batch, row.number), outcome_of(importer, row)),
            }
            for row in rows
        ],
    )


def remember(batch: ImportBatch, written: Sequence[Written]) -> None:
    """Keep what each row became and what was there before, for the undo."""
    _set(
        batch,
        [
            {
                "of_row": one.row.number,
                "target_id": one.target_id,
                "target_version": one.version,
                "before_sealed": None
                if one.before is None
                else seal("before", sealing_uid(batch, one.row.number), one.before),
            }
            for one in written
        ],
    )


def _set(batch: ImportBatch, values: list[dict[str, Any]]) -> None:
    """Write the same columns of many rows of one batch in one statement, named by row number."""
    if not values:
        return
    mine = (_TABLE.c.batch_id == batch.id) & (_TABLE.c.number == bindparam("of_row"))
    columns: dict[str, Any] = {name: bindparam(name) for name in values[0] if name != "of_row"}
    session.execute(update(_TABLE).where(mine).values(**columns), values)


def forget_rows(batch: ImportBatch) -> None:
    """Delete what a batch kept of its sheet."""
    session.execute(delete(ImportRow).where(ImportRow.batch_id == batch.id))
