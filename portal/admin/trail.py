"""Who changed switches and settings here and below, read from the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.audit.models import AuditRow
from portal.database import in_scope, session
from portal.database.scope import within_scope
from portal.districts.models import District
from portal.identity.models import Account

SIZE = 50
_A: Any = AuditRow.__table__
_D: Any = District.__table__
_P: Any = Account.__table__


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line: ``who`` is "" when the command line or the system itself did it."""

    id: int
    at: datetime
    who: str
    code: str
    place: str
    action: str
    detail: dict[str, Any]


def of_subject(district_id: int, subject: tuple[str, str], *, limit: int = 10) -> list[Change]:
    """Return the newest changes of one thing in one district."""
    here = _select().where(
        _A.c.district_id == district_id, _A.c.subject_type == subject[0], _A.c.subject_id == subject[1]
    )
    return _read(here.order_by(_A.c.id.desc()).limit(limit))


def below(here: Any, actions: Sequence[str], *, before: int | None = None) -> tuple[list[Change], int | None]:
    """Return a page of the newest changes of a district and all below it, and where the next one begins."""
    inside = session.scalars(select(_D.c.id).where(_D.c.path.startswith(here.path, autoescape=True))).all()
    with in_scope(inside):
        found = _select().where(_A.c.action.in_(actions))
        if before is not None:
            found = found.where(_A.c.id < before)
        rows = _read(found.order_by(_A.c.id.desc()).limit(SIZE + 1))
    return rows[:SIZE], rows[SIZE - 1].id if len(rows) > SIZE else None


def _select() -> Any:
    joined = _A.join(_D, _D.c.id == _A.c.district_id).outerjoin(_P, _P.c.id == _A.c.actor_id)
    columns = select(_A.c.id, _A.c.at, _A.c.action, _A.c.detail, _P.c.display_name, _D.c.code, _D.c.name)
    return within_scope(columns.select_from(joined), _A.c.district_id)


def _read(found: Any) -> list[Change]:
    return [
        Change(
            id=row.id,
            at=row.at,
            who=row.display_name or "",
            code=row.code,
            place=row.name,
            action=row.action,
            detail=row.detail,
        )
        for row in session.execute(found)
    ]
