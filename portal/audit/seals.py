"""Chain the rows of the trail, and find out whether somebody touched them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import func, insert, select

from portal import crypto
from portal.audit.models import AuditRow, AuditSeal
from portal.audit.service import row_mac
from portal.database import everything, is_postgresql, session, transaction
from portal.jobs import job

ROWS: Any = AuditRow.__table__
SEALS: Any = AuditSeal.__table__
BATCH = 500
MARGIN = 2000
_LOCK = 0x5EA1


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Something wrong with one row: ``changed``, ``missing``, ``inserted`` or ``seal`` (the chain itself)."""

    kind: str
    chain: int
    uid: str


@dataclass
class Report:
    """What ``verify`` found; ``waiting`` rows are not sealed yet, which lasts seconds."""

    sealed: int = 0
    waiting: int = 0
    problems: list[Problem] = field(default_factory=list)


def _unsealed(*, everywhere: bool = False) -> Any:
    known = select(SEALS.c.id).where(SEALS.c.audit_uid == ROWS.c.uid)
    found = select(ROWS).where(~known.exists()).order_by(ROWS.c.id)
    if everywhere:
        return found
    # Look near the newest seal only, not through years of sealed rows. On PostgreSQL a transaction may
    # commit a lower id late, hence the margin; the nightly run looks everywhere.
    newest = select(SEALS.c.audit_uid).order_by(SEALS.c.id.desc()).limit(1).scalar_subquery()
    near = select(ROWS.c.id - MARGIN).where(ROWS.c.uid == newest).scalar_subquery()
    return found.where(ROWS.c.id > func.coalesce(near, 0))


def _genuine(row: Any) -> bool:
    return crypto.same(row["mac"], row_mac(row))


@everything()  # the chains of every district, here and below
def waiting() -> bool:
    """Tell whether a row waits for its seal."""
    return session.execute(_unsealed().limit(1)).first() is not None


@everything()
def seal(*, everywhere: bool = False) -> int:
    """Chain the new rows (``everywhere``: any without a seal) and return how many; safe to run at any time.

    A row that was not written by the portal gets no seal; ``verify`` names it.
    """
    count, last = 0, 0
    while True:
        with transaction() as current:
            if is_postgresql():
                # One sealer at a time; SQLite's one write lock says the same.
                current.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            found = (
                current.execute(_unsealed(everywhere=everywhere).where(ROWS.c.id > last).limit(BATCH))
                .mappings()
                .all()
            )
            genuine = sorted((row for row in found if _genuine(row)), key=lambda row: _chain(row))
            for chain, rows in groupby(genuine, key=_chain):
                count += _seal_chain(chain, list(rows))
        if len(found) < BATCH:
            return count
        last = found[-1]["id"]


def _chain(row: Any) -> int:
    return row["district_id"] or 0


def _seal_chain(chain: int, rows: list[Any]) -> int:
    head = select(SEALS.c.number, SEALS.c.digest).where(SEALS.c.chain == chain)
    last, digest = session.execute(head.order_by(SEALS.c.number.desc()).limit(1)).first() or (0, "")
    links = []
    for number, row in enumerate(rows, start=last + 1):
        digest = _digest(digest, chain, number, row["uid"], row["mac"])
        links.append(
            {
                "chain": chain,
                "number": number,
                "audit_uid": row["uid"],
                "audit_mac": row["mac"],
                "digest": digest,
            }
        )
    session.execute(insert(AuditSeal), links)
    return len(links)


def _digest(before: str, chain: int, number: int, uid: str, row: str) -> str:
    return crypto.mac("audit.seal", f"{before}|{chain}|{number}|{uid}|{row}".encode())


def heads() -> dict[int, tuple[int, str]]:
    """Return the newest (number, digest) of each chain, to be kept outside the database."""
    newest = (
        select(SEALS.c.chain, func.max(SEALS.c.number).label("number")).group_by(SEALS.c.chain).subquery()
    )
    found = select(SEALS.c.chain, SEALS.c.number, SEALS.c.digest).join(
        newest, (SEALS.c.chain == newest.c.chain) & (SEALS.c.number == newest.c.number)
    )
    return {chain: (number, digest) for chain, number, digest in session.execute(found)}


@everything()
def verify(*, kept_heads: Mapping[int, tuple[int, str]] | None = None) -> Report:
    """Check every row and every link; ``kept_heads``, an earlier ``heads()``, shows a cut-off tail too."""
    report = Report()
    links = select(SEALS, ROWS.c.id.label("row_id")).outerjoin(ROWS, ROWS.c.uid == SEALS.c.audit_uid)
    seen: dict[int, tuple[int, str]] = {}
    wanted = {(chain, number): digest for chain, (number, digest) in (kept_heads or {}).items()}
    ordered = links.order_by(SEALS.c.chain, SEALS.c.number).execution_options(yield_per=BATCH)
    for link in session.execute(ordered).mappings():
        chain, number, uid = link["chain"], link["number"], link["audit_uid"]
        last, before = seen.get(chain, (0, ""))
        report.sealed += 1
        right = _digest(before, chain, number, uid, link["audit_mac"])
        expected = wanted.pop((chain, number), link["digest"])
        if number != last + 1 or link["digest"] != right or link["digest"] != expected:
            report.problems.append(Problem(kind="seal", chain=chain, uid=uid))
        if link["row_id"] is None:
            report.problems.append(Problem(kind="missing", chain=chain, uid=uid))
        seen[chain] = (number, link["digest"])
    for chain, _number in wanted:
        report.problems.append(Problem(kind="missing", chain=chain, uid="tail"))
    _verify_rows(report)
    return report


def _verify_rows(report: Report) -> None:
    joined = select(ROWS, SEALS.c.audit_mac, SEALS.c.chain).outerjoin(SEALS, SEALS.c.audit_uid == ROWS.c.uid)
    ordered = joined.order_by(ROWS.c.id).execution_options(yield_per=BATCH)
    for row in session.execute(ordered).mappings():
        if row["audit_mac"] is None and _genuine(row):
            report.waiting += 1
        elif row["audit_mac"] is None:
            report.problems.append(Problem(kind="inserted", chain=_chain(row), uid=row["uid"]))
        elif not _genuine(row) or row["mac"] != row["audit_mac"] or row["chain"] != _chain(row):
            report.problems.append(Problem(kind="changed", chain=row["chain"], uid=row["uid"]))


@job("audit.seal", every=timedelta(seconds=5), due=waiting)
def _seal(payload: Mapping[str, Any]) -> None:
    seal()


@job("audit.seal_late", daily=time(3, 20))
def _seal_late(payload: Mapping[str, Any]) -> None:
    seal(everywhere=True)
