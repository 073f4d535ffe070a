"""The two steps that change the register: commit in one transaction, and undo of a whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal import audit, clock, jobs
from portal.database import Conflict, is_postgresql, session, swap, transaction
from portal.database.core import reading
from portal.failpoints import failpoint
from portal.organizations.service import NotAllowed
from portal.plugin import DistrictRef
from portal.sheets.dryrun import judge_rows
from portal.sheets.imports import store
from portal.sheets.imports.batches import IN_REQUEST, importer_of
from portal.sheets.imports.importer import Applied, Importer
from portal.sheets.imports.models import ImportBatch, ImportRow, sealing_uid
from portal.sheets.imports.pack import unseal
from portal.sheets.rows import Row
from portal.words import lazy_gettext as _

#: How long a batch keeps its rows, and so can be undone.
KEPT = timedelta(days=30)
_PIECE = 200


class Stale(Conflict):
    """The register changed since the dry run: what was shown is no longer what would happen."""


def commit(batch: ImportBatch, *, version: int, district: DistrictRef, actor: Any) -> None:
    """Write every new and changed row in one transaction; two clicks commit once.

    A large batch is handed to a job in the same way: the state says so.

    Raises:
        Conflict: the batch is not ready any more (somebody else committed or discarded it).
        Stale: the register changed meanwhile; nothing was written, the dry run must be looked at again.
    """
    if batch.total > IN_REQUEST:
        with transaction():
            swap(batch, version=version, states=("ready",), state="committing", done=0)
            jobs.enqueue(
                "sheets.commit",
                {"batch": batch.id, "actor": getattr(actor, "account_id", actor)},
                district_id=batch.district_id,
                dedupe_key=f"{batch.uid}:{batch.version}",
            )
        return
    write(batch, version=version, states=("ready",), district=district, actor=actor)


def write(
    batch: ImportBatch, *, version: int, states: Sequence[str], district: DistrictRef, actor: Any
) -> None:
    """Commit here and now: compare-and-swap of the batch and all its rows in one transaction."""
    try:
        _write(batch, version=version, states=states, district=district, actor=actor)
    except IntegrityError:
        # somebody registered the same person or name between our judging and our writing
        raise _stale() from None


def _stale() -> Stale:
    return Stale(str(_("核对以后又有人改过这些记录，没有导入。请重新核对一遍再导入。")))


def _write(
    batch: ImportBatch, *, version: int, states: Sequence[str], district: DistrictRef, actor: Any
) -> None:
    importer = importer_of(batch.kind, district, actor)
    mark, rows = _looked_ahead(batch, importer, district, version=version, states=states)
    with transaction():
        swap(
            batch,
            version=version,
            states=states,
            state="committed",
            committed_at=clock.now(),
            committed_by=getattr(actor, "account_id", actor),
        )
        if mark is None or mark != audit.newest(district_id=district.id):
            importer = importer_of(batch.kind, district, actor)
            rows = _judged_again(batch, importer)
        for start in range(0, len(rows), _PIECE):
            written = importer.write(rows[start : start + _PIECE])
            session.flush()
            store.remember(batch, written)
            failpoint("import.commit.middle")
        audit.record("import.commit", batch, actor=actor, district=district, detail=batch.counts)
        failpoint("import.commit.end")


def _looked_ahead(
    batch: ImportBatch, importer: Importer, district: DistrictRef, *, version: int, states: Sequence[str]
) -> tuple[int | None, list[Row]]:
    """Judge the rows before the write lock is taken, and say after which act; (None, []) where it is unsafe.

    On SQLite nobody else writes while we do, so reading, decrypting and parsing thousands of rows is done
    before. Whatever changes a record leaves an act on record: if there is no newer one when the lock is
    ours, the verdicts hold, otherwise they are made again. On PostgreSQL numbers of acts do not come in
    the order of their commits, and writers do not wait for each other anyway.
    """
    if is_postgresql() or not importer.ahead:
        return None, []
    session.rollback()
    token = reading.set(True)
    try:
        if batch.version != version or batch.state not in states:
            return None, []  # somebody was faster: the swap says so
        mark = audit.newest(district_id=district.id)
        return mark, _judged_again(batch, importer)
    finally:
        session.rollback()
        reading.reset(token)


def _judged_again(batch: ImportBatch, importer: Importer) -> list[Row]:
    """Judge the rows to write once more in the transaction; the verdicts must be those that were shown."""
    kept = dict(
        session.execute(
            select(ImportRow.number, ImportRow.verdict).where(
                ImportRow.batch_id == batch.id, ImportRow.verdict.in_(("new", "changed"))
            )
        ).all()
    )
    rows = judge_rows(
        store.read_cells(batch, ("new", "changed")),
        importer.profile,
        store.positions(batch),
        importer.check,
        date1904=batch.date1904,
        prepare=importer.prepare,
        also=importer.also,
    )
    if any(row.verdict.value != kept[row.number] for row in rows):
        raise _stale()
    return rows


def undo(batch: ImportBatch, *, version: int, district: DistrictRef, actor: Any) -> None:
    """Take a committed batch back, whole, where nothing later leans on it.

    Raises:
        NotAllowed: something leans on it; nothing was taken back.
        Conflict: the batch is not committed any more.
    """
    importer = importer_of(batch.kind, district, actor)
    with transaction():
        swap(batch, version=version, states=("committed",), state="undone", ended_at=clock.now())
        applied = [
            Applied(
                number=number,
                target_id=target_id or 0,
                version=target_version or 0,
                before=unseal("before", sealing_uid(batch, number), before),
            )
            for number, target_id, target_version, before in session.execute(
                select(
                    ImportRow.number, ImportRow.target_id, ImportRow.target_version, ImportRow.before_sealed
                )
                .where(ImportRow.batch_id == batch.id, ImportRow.target_id.is_not(None))
                .order_by(ImportRow.number.desc())
            )
        ]
        if not applied and batch.new + batch.changed:
            raise NotAllowed(_("这批导入超过30天，底稿已经清掉，不能整批撤销了。"))
        reasons = importer.take_back(applied)
        if reasons:
            shown = "".join(str(reason) for reason in reasons[:5])
            raise NotAllowed(_("没有撤销：%(why)s", why=shown))
        audit.record("import.undo", batch, actor=actor, district=district, detail=batch.counts)
