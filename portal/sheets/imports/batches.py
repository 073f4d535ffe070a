"""The life of an import: upload, columns, dry run, discard. Commit and undo are in ``commit``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import select, update

from portal import audit, clock, crypto, jobs
from portal.database import Conflict, session, swap, transaction
from portal.database.core import reading
from portal.plugin import DistrictRef
from portal.sheets import guard
from portal.sheets.dryrun import judge_rows, notices_of
from portal.sheets.errors import SheetError
from portal.sheets.imports import store
from portal.sheets.imports.importer import Importer
from portal.sheets.imports.members import Members
from portal.sheets.imports.models import ImportBatch
from portal.sheets.imports.organizations import Organizations
from portal.sheets.imports.units import Units
from portal.sheets.limits import DEFAULT
from portal.sheets.profiles import ColumnMap, MissingColumns, best_table, find_header, recognise
from portal.sheets.reading import Table, read_tables
from portal.sheets.rows import Row, Verdict, data_rows
from portal.sheets.values.text import as_text

IMPORTERS: dict[str, type[Importer]] = {"organizations": Organizations, "units": Units, "members": Members}
#: Above this many rows the dry run and the commit are jobs with progress.
IN_REQUEST = 2000
_PIECE = 500


def importer_of(kind: str, district: DistrictRef, actor: Any) -> Importer:
    """Return the importer of a kind; KeyError for an unknown one."""
    return IMPORTERS[kind](district, actor)


def upload(
    kind: str,
    data: bytes,
    filename: str,
    *,
    form_key: str,
    district: DistrictRef,
    actor: Any,
    in_jobs: bool = True,
) -> ImportBatch:
    """Keep the rows of an uploaded sheet and judge them; the same form sent twice is one batch (K4).

    A large sheet is judged by a job, unless ``in_jobs`` is False (commands, which may take their time).

    Raises:
        SheetError: the file is refused, with a sentence for the person.
        Conflict: the same form key came with another file.
    """
    digest = hashlib.sha256(data).hexdigest()
    known = session.scalars(
        select(ImportBatch).where(ImportBatch.district_id == district.id, ImportBatch.form_key == form_key)
    ).first()
    if known is not None:
        if (known.digest, known.kind) != (digest, kind):
            raise Conflict(str(_("这一页已经用过了，请重新打开导入页再传。")))
        return known
    importer = importer_of(kind, district, actor)
    tables = read_tables(data, filename)
    table, others = best_table(tables, importer.profile)
    mapping, state = _columns(table, importer)
    rows = [(number, cells) for number, cells in data_rows(table, mapping) if cells is not None]
    if not rows:
        raise SheetError(_("表头下面没有数据，没有导入。"))
    if len(rows) > DEFAULT.rows:
        raise guard.too_long(DEFAULT)
    notices = [str(notice) for notice in notices_of(table, mapping)] if state == "checking" else []
    if others:
        notices.append(
            str(_("只读了“%(name)s”这张表，没有读：%(others)s。", name=table.name, others="、".join(others)))
        )
    with transaction():
        batch = ImportBatch(
            uid=crypto.new_uid(),
            district_id=district.id,
            kind=kind,
            state=state,
            filename=filename.replace("\\", "/").rsplit("/", 1)[-1][:120],
            sheet=table.name[:60],
            form_key=form_key,
            digest=digest,
            header_row=mapping.header_row,
            headers=list(mapping.headers),
            positions=dict(mapping.positions) if state == "checking" else {},
            date1904=table.date1904,
            notices=notices,
            total=len(rows),
            created_by=getattr(actor, "account_id", actor),
            created_at=clock.now(),
        )
        session.add(batch)
        session.flush()
        store.write_rows(batch, rows)
        audit.record(
            "import.upload", batch, actor=actor, district=district, detail={"kind": kind, "rows": len(rows)}
        )
        if state == "checking" and in_jobs:
            _judge_soon(batch)
    if batch.state == "checking" and (batch.total <= IN_REQUEST or not in_jobs):
        judge(batch, district=district, actor=actor)
    return batch


def _columns(table: Table, importer: Importer) -> tuple[ColumnMap, str]:
    try:
        return recognise(table, importer.profile), "checking"
    except MissingColumns:
        # a person may say which column it is; until then every column counts
        header_row, _score = find_header(table, importer.profile)
        headers = tuple(as_text(cell) for cell in table.rows[header_row])
        every = {str(position): position for position in range(len(headers))}
        return ColumnMap(header_row=header_row, positions=every, headers=headers), "mapping"


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
        _judge_soon(batch)
    if batch.total <= IN_REQUEST:
        judge(batch, district=district, actor=actor)


def recheck(batch: ImportBatch, *, version: int, district: DistrictRef, actor: Any) -> None:
    """Judge a batch again: the register changed, or the first run was cut off."""
    with transaction():
        swap(batch, version=version, states=("ready", "checking"), state="checking", done=0)
        _judge_soon(batch)
    if batch.total <= IN_REQUEST:
        judge(batch, district=district, actor=actor)


def _judge_soon(batch: ImportBatch) -> None:
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
    counts = {verdict.value: sum(row.verdict == verdict for row in rows) for verdict in Verdict}
    with transaction():
        session.refresh(batch)
        swap(batch, version=batch.version, states=("checking",), state="ready", done=batch.total, **counts)


def _read_and_judge(batch: ImportBatch, importer: Importer) -> list[Row]:
    session.rollback()
    token = reading.set(True)
    try:
        return judge_rows(
            store.read_cells(batch),
            importer.profile,
            store.positions(batch),
            importer.check,
            date1904=batch.date1904,
            prepare=importer.prepare,
        )
    finally:
        session.rollback()
        reading.reset(token)


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
