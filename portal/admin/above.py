"""Where else this person may decide: the districts above the one at hand, as far as their roles reach."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from portal import clock
from portal.database import everything, session
from portal.districts.models import District
from portal.districts.queries import ids_of
from portal.identity import permissions
from portal.identity.models import Grant

_D: Any = District.__table__
_G: Any = Grant.__table__


def above(here: Any, actor: Any, permission: str) -> list[tuple[str, str]]:
    """Return (code, name) of the districts above ``here`` where the actor has ``permission``, top first.

    Above one's own top nothing is shown, not even names of what lies between.
    """
    path = ids_of(here.path)[:-1]
    if not path or actor.account_id is None:
        return []
    today = clock.today()
    allowed = permissions.declared()[permission].roles
    held = select(_G.c.district_id).where(
        _G.c.account_id == actor.account_id,
        _G.c.district_id.in_(path),
        _G.c.organization_id.is_(None),
        _G.c.role.in_(sorted(allowed)),
        _G.c.valid_from <= today,
        or_(_G.c.valid_to.is_(None), _G.c.valid_to > today),
    )
    # Grants above lie outside of this page's scope; only the own account's are asked for.
    with everything():
        places = set(session.scalars(held))
    first = next((number for number, place in enumerate(path) if place in places), len(path))
    shown = path[first:]
    if not shown:
        return []
    named = {
        place: (code, name)
        for place, code, name in session.execute(
            select(_D.c.id, _D.c.code, _D.c.name).where(_D.c.id.in_(shown))
        )
    }
    return [named[place] for place in shown]
