"""Large imports as jobs, and forgetting what is no longer needed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from sqlalchemy import delete, select

from portal import clock
from portal.database import Conflict, everything, session, swap, transaction
from portal.districts import context
from portal.jobs import job
from portal.organizations.service import NotAllowed
from portal.sheets.imports import batches, commit
from portal.sheets.imports.models import ImportBatch, ImportRow


@job("sheets.judge")
def judge_batch(payload: Mapping[str, Any]) -> None:
    """Judge a large batch; one that was discarded or judged meanwhile is left alone."""
    batch = session.get(ImportBatch, payload["batch"])
    if batch is not None and batch.state == "checking":
        batches.judge(batch, district=context.ref(batch.district_id), actor=batch.created_by)


@job("sheets.commit")
def commit_batch(payload: Mapping[str, Any]) -> None:
    """Commit a large batch; when the register changed meanwhile, judge it again and let a person look."""
    batch = session.get(ImportBatch, payload["batch"])
    if batch is None or batch.state != "committing":
        return
    district = context.ref(batch.district_id)
    try:
        commit.write(
            batch, version=batch.version, states=("committing",), district=district, actor=payload["actor"]
        )
    except (commit.Stale, NotAllowed):
        session.refresh(batch)
        with transaction():
            swap(batch, version=batch.version, states=("committing",), state="checking", done=0)
        batches.judge(batch, district=district, actor=batch.created_by)
    except Conflict:
        return  # another worker was faster


@job("sheets.forget", daily=time(3, 20))
def forget(_payload: Mapping[str, Any]) -> None:
    """Delete the rows of batches older than 30 days: a sheet holds national ids."""
    with everything(), transaction():
        old = select(ImportBatch.id).where(ImportBatch.created_at < clock.now() - commit.KEPT)
        session.execute(delete(ImportRow).where(ImportRow.batch_id.in_(old)))
