"""Work that waits because the account of whoever did it is disabled: shown to the branch, not handed on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select

from portal import clock
from portal.current import district
from portal.database import rows, session
from portal.identity.actor import Reach
from portal.identity.models import Account, Grant
from portal.organizations.models import Organization

MOST = 200
_A: Any = Account.__table__
_G: Any = Grant.__table__
_O: Any = Organization.__table__


@dataclass(frozen=True, slots=True)
class Waiting:
    """A role whose holder is shut out; ``others`` hold the same one at the same place."""

    name: str
    role: str
    place: str
    since: datetime
    others: int


def waiting(reach: Reach) -> list[Waiting]:
    """Return the roles within reach whose holders are disabled: their work is somebody else's now."""
    found = _held(reach).limit(MOST)
    return [
        Waiting(row.display_name, row.role, row.place or district().name, row.disabled_at, row.others)
        for row in session.execute(found.order_by(_A.c.disabled_at.desc(), _G.c.id))
    ]


def count(reach: Reach) -> int:
    """Return how many there are."""
    return int(session.scalar(select(func.count()).select_from(_held(reach).subquery())) or 0)


def _held(reach: Reach) -> Select[Any]:
    other, account = _G.alias("other"), _A.alias("somebody")
    same_place = or_(
        other.c.organization_id == _G.c.organization_id,
        _G.c.organization_id.is_(None) & other.c.organization_id.is_(None),
    )
    others = (
        select(func.count(other.c.account_id.distinct()))
        .join(account, account.c.id == other.c.account_id)
        .where(
            other.c.district_id == _G.c.district_id,
            other.c.role == _G.c.role,
            same_place,
            account.c.disabled_at.is_(None),
            *_in_force(other),
        )
        .scalar_subquery()
    )
    found = (
        rows(
            Grant,
            _G.c.id,
            _G.c.role,
            _O.c.name.label("place"),
            _A.c.display_name,
            _A.c.disabled_at,
            others.label("others"),
        )
        .join(_A, _A.c.id == _G.c.account_id)
        .outerjoin(_O, _O.c.id == _G.c.organization_id)
        .where(_A.c.disabled_at.is_not(None), *_in_force(_G))
    )
    if reach.everywhere:
        return found
    below = [_O.c.path.startswith(path, autoescape=True) for path in reach.paths]
    return found.where(_G.c.organization_id.is_not(None), or_(*below) if below else _G.c.id.is_(None))


def _in_force(grant: Any) -> tuple[Any, ...]:
    today = clock.today()
    return grant.c.valid_from <= today, or_(grant.c.valid_to.is_(None), grant.c.valid_to > today)
