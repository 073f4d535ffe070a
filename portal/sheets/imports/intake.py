"""Take a file in: read it, keep its rows sealed, and have them judged."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal import audit, clock, crypto
from portal.database import Conflict, session, transaction
from portal.plugin import DistrictRef
from portal.sheets import guard
from portal.sheets.dryrun import notices_of
from portal.sheets.errors import Cell, SheetError
from portal.sheets.imports import store
from portal.sheets.imports.batches import IN_REQUEST, importer_of, judge, judge_soon
from portal.sheets.imports.importer import Importer
from portal.sheets.imports.models import ImportBatch
from portal.sheets.limits import DEFAULT
from portal.sheets.profiles import ColumnMap, MissingColumns, best_table, find_header, recognise
from portal.sheets.reading import Table, read_tables
from portal.sheets.rows import data_rows
from portal.sheets.values.text import as_text
from portal.words import lazy_gettext as _


def upload(
    kind: str,
    data: bytes,
    filename: str,
    *,
    form_key: str,
    district: DistrictRef,
    actor: Any,
    in_jobs: bool = True,
    with_hidden: bool = False,
) -> ImportBatch:
    """Keep the rows of an uploaded sheet and judge them; the same form sent twice is one batch (K4).

    A large sheet is judged by a job, unless ``in_jobs`` is False (commands, which may take their time).
    Rows nobody sees in the sheet are left out unless ``with_hidden`` (see ``batches.choose_hidden``).

    Raises:
        SheetError: the file is refused, with a sentence for the person.
        Conflict: the same form key came with another file.
    """
    digest = hashlib.sha256(data).hexdigest()
    known = _known(kind, digest, form_key, district)
    if known is not None:
        return known
    session.rollback()  # reading the file takes seconds, in which others want to write
    found = _read(kind, data, filename, district, actor)
    try:
        batch = _keep(
            found,
            digest=digest,
            form_key=form_key,
            district=district,
            actor=actor,
            in_jobs=in_jobs,
            with_hidden=with_hidden,
        )
    except IntegrityError:
        # the second of two clicks: the first one's batch is there by now
        session.rollback()
        known = _known(kind, digest, form_key, district)
        if known is None:
            raise
        return known
    if batch.state == "checking" and (batch.total <= IN_REQUEST or not in_jobs):
        judge(batch, district=district, actor=actor)
    return batch


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """What was read of a file before anything is kept."""

    kind: str
    filename: str
    table: Table
    mapping: ColumnMap
    state: str
    rows: list[tuple[int, list[Cell]]]
    notices: list[str]


def _read(kind: str, data: bytes, filename: str, district: DistrictRef, actor: Any) -> _Sheet:
    importer = importer_of(kind, district, actor)
    table, others = best_table(read_tables(data, filename), importer.profile)
    mapping, state = _columns(table, importer)
    rows = [(number, cells) for number, cells in data_rows(table, mapping) if cells is not None]
    if not rows:
        raise SheetError(_("表头下面没有数据，没有导入。"))
    if len(rows) > DEFAULT.rows:
        raise guard.too_long(DEFAULT)
    notices = [str(notice) for notice in notices_of(table, mapping)] if state == "checking" else []
    if others:
        words = _("只读了“%(name)s”这张表，没有读：%(others)s。", name=table.name, others="、".join(others))
        notices.append(str(words))
    name = filename.replace("\\", "/").rsplit("/", 1)[-1][:120]
    return _Sheet(
        kind=kind, filename=name, table=table, mapping=mapping, state=state, rows=rows, notices=notices
    )


def _keep(
    found: _Sheet,
    *,
    digest: str,
    form_key: str,
    district: DistrictRef,
    actor: Any,
    in_jobs: bool,
    with_hidden: bool,
) -> ImportBatch:
    hidden = found.table.hidden.rows & {number for number, _cells in found.rows}
    with transaction():
        batch = ImportBatch(
            uid=crypto.new_uid(),
            district_id=district.id,
            kind=found.kind,
            state=found.state,
            filename=found.filename,
            sheet=found.table.name[:60],
            form_key=form_key,
            digest=digest,
            header_row=found.mapping.header_row,
            headers=list(found.mapping.headers),
            positions=dict(found.mapping.positions) if found.state == "checking" else {},
            date1904=found.table.date1904,
            notices=found.notices,
            hidden=len(hidden),
            with_hidden=with_hidden,
            total=len(found.rows),
            created_by=getattr(actor, "account_id", actor),
            created_at=clock.now(),
        )
        session.add(batch)
        session.flush()
        store.write_rows(batch, found.rows, hidden)
        detail = {"kind": found.kind, "rows": len(found.rows)}
        audit.record("import.upload", batch, actor=actor, district=district, detail=detail)
        if found.state == "checking" and in_jobs:
            judge_soon(batch)
    return batch


def _known(kind: str, digest: str, form_key: str, district: DistrictRef) -> ImportBatch | None:
    """Return the batch this form has made already; another file under the same key is a conflict."""
    found = session.scalars(
        select(ImportBatch).where(ImportBatch.district_id == district.id, ImportBatch.form_key == form_key)
    ).first()
    if found is not None and (found.digest, found.kind) != (digest, kind):
        raise Conflict(str(_("这一页已经用过了，请重新打开导入页再传。")))
    return found


def _columns(table: Table, importer: Importer) -> tuple[ColumnMap, str]:
    try:
        return recognise(table, importer.profile), "checking"
    except MissingColumns:
        # a person may say which column it is; until then every column counts
        header_row, _score = find_header(table, importer.profile)
        headers = tuple(as_text(cell) for cell in table.rows[header_row])
        every = {str(position): position for position in range(len(headers))}
        return ColumnMap(header_row=header_row, positions=every, headers=headers), "mapping"
