"""The life of a batch: columns, dry run, discard. ``intake`` makes it; commit and undo are in ``commit``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update

from portal import audit, clock, jobs
from portal.database import session, swap, transaction
from portal.database.core import reading
from portal.plugin import DistrictRef
from portal.sheets.dryrun import judge_rows
from portal.sheets.imports import store
from portal.sheets.imports.importer import Importer
from portal.sheets.imports.members import Members
from portal.sheets.imports.models import ImportBatch
from portal.sheets.imports.organizations import Organizations
from portal.sheets.imports.units import Units
from portal.sheets.profiles import recognise
from portal.sheets.reading import Table
from portal.sheets.rows import Row, Verdict, parse_row
from portal.words import lazy_gettext as _

IMPORTERS: dict[str, type[Importer]] = {"organizations": Organizations, "units": Units, "members": Members}
#: Above this many rows the dry run and the commit are jobs with progress.
IN_REQUEST = 2000
_PIECE = 500


def importer_of(kind: str, district: DistrictRef, actor: Any) -> Importer:
    """Return the importer of a kind; KeyError for an unknown one."""
    return IMPORTERS[kind](district, actor)


def choose_columns(
    batch: ImportBatch, chosen: Mapping[int, str], *, version: int, district: DistrictRef, actor: Any
) -> None:
    """Take a person's word for which column is what (``position: name``, "" for none), then judge.

    Raises:
        SheetError: a required column is still missing, or two columns are the same.
    """
    importer = importer_of(batch.kind, district, actor)
    table = Table(name=batch.sheet, rows=[list(batch.headers)])
    mapping = recognise(table, importer.profile, chosen)
    with transaction():
        swap(
            batch,
            version=version,
            states=("mapping", "ready"),
            state="checking",
            positions=dict(mapping.positions),
            done=0,
        )
        audit.record("import.columns", batch, actor=actor, district=district)
        judge_soon(batch)
    if batch.total <= IN_REQUEST:
        judge(batch, district=district, actor=actor)


def choose_hidden(
    batch: ImportBatch, wanted: bool, *, version: int, district: DistrictRef, actor: Any
) -> None:
    """Take the rows nobody sees in the sheet in as well, or leave them out; then judge again.

    They are left out to begin with: whoever filtered a list and saved it means what is left to be seen. A row
    left out by mistake is said and comes in with one button; one taken in by mistake is a record too many.
    """
    with transaction():
        swap(
            batch, version=version, states=("ready", "checking"), state="checking", with_hidden=wanted, done=0
        )
        audit.record("import.hidden", batch, actor=actor, district=district, detail={"wanted": wanted})
        judge_soon(batch)
    if batch.total <= IN_REQUEST:
        judge(batch, district=district, actor=actor)


def recheck(batch: ImportBatch, *, version: int, district: DistrictRef, actor: Any) -> None:
    """Judge a batch again: the register changed, or the first run was cut off."""
    with transaction():
        swap(batch, version=version, states=("ready", "checking"), state="checking", done=0)
        judge_soon(batch)
    if batch.total <= IN_REQUEST:
        judge(batch, district=district, actor=actor)


def judge_soon(batch: ImportBatch) -> None:
    """Queue the dry run of a large batch, in the caller's transaction."""
    if batch.total > IN_REQUEST:
        jobs.enqueue(
            "sheets.judge",
            {"batch": batch.id, "version": batch.version},
            district_id=batch.district_id,
            dedupe_key=f"{batch.uid}:{batch.version}",
        )


def judge(batch: ImportBatch, *, district: DistrictRef, actor: Any) -> None:
    """Judge every row and keep the verdicts; nothing of the register changes.

    Reads first, without a write lock; then keeps the verdicts piece by piece, so that others can write.
    """
    importer = importer_of(batch.kind, district, actor)
    rows = _read_and_judge(batch, importer)
    for start in range(0, len(rows), _PIECE):
        piece = rows[start : start + _PIECE]
        with transaction():
            store.write_outcomes(batch, importer, piece)
            session.execute(
                update(ImportBatch)
                .where(ImportBatch.id == batch.id, ImportBatch.state == "checking")
                .values(done=start + len(piece))
            )
        jobs.progress(start + len(piece), len(rows))
    counts = {name: sum(row.verdict == name for row in rows) for name in batch.counts}
    with transaction():
        session.refresh(batch)
        swap(batch, version=batch.version, states=("checking",), state="ready", done=batch.total, **counts)


def _read_and_judge(batch: ImportBatch, importer: Importer) -> list[Row]:
    session.rollback()
    token = reading.set(True)
    try:
        rows = judge_rows(
            store.read_cells(batch, hidden=None if batch.with_hidden else False),
            importer.profile,
            store.positions(batch),
            importer.check,
            date1904=batch.date1904,
            prepare=importer.prepare,
            also=importer.also,
        )
        hidden = store.hidden_rows(batch) if batch.hidden else frozenset()
        for row in rows:
            if row.number in hidden:
                row.warnings.append(_("这一行在表里是隐藏的。"))
        return rows + ([] if batch.with_hidden else _left_out(batch, importer))
    finally:
        session.rollback()
        reading.reset(token)


def _left_out(batch: ImportBatch, importer: Importer) -> list[Row]:
    """Return the rows nobody sees in the sheet, unjudged: they name themselves, and nothing more."""
    mapping, found = store.positions(batch), []
    for number, cells in store.read_cells(batch, hidden=True) if batch.hidden else ():
        row = parse_row(number, cells, importer.profile, mapping, date1904=batch.date1904)
        row.reasons, row.verdict = [], Verdict.HIDDEN
        row.warnings = [_("这一行在表里是隐藏的。")]
        found.append(row)
    return found


def discard(batch: ImportBatch, *, version: int, district: DistrictRef, actor: Any) -> None:
    """Throw an uncommitted batch away, with what it kept of the sheet."""
    with transaction():
        swap(
            batch,
            version=version,
            states=("mapping", "checking", "ready"),
            state="discarded",
            ended_at=clock.now(),
        )
        store.forget_rows(batch)
        audit.record("import.discard", batch, actor=actor, district=district)
