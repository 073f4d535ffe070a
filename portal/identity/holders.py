"""Who may do something here: asked of every holder of a role by the same function that the pages ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select, table
from sqlalchemy.sql import column

from portal import clock
from portal.database import in_scope, session
from portal.districts.models import District
from portal.districts.queries import decisions, ids_of
from portal.identity.actor import Actor, Held
from portal.identity.models import Account, Grant
from portal.plugin import DistrictRef

_A: Any = Account.__table__
_G: Any = Grant.__table__
_D: Any = District.__table__
# Owned by the organizations room above; only these columns are read here.
_ORGANIZATION = table("organization", column("id"), column("name"), column("path"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """A person who may, and by which role held where."""

    account_id: int
    name: str
    role: str
    place: str


def holders(
    permission: str,
    here: DistrictRef,
    *,
    overrides: Mapping[tuple[str, str], bool],
    path: str | None = None,
) -> list[Holder]:
    """Return who has ``permission`` in a district today, by roles held here or above.

    ``path`` is an organization's: only those whose reach covers it. Without it: anywhere in the district.
    What a person may by being the member concerned is not in it.
    """
    found = []
    for row in in_force(here):
        held = Held(row.role, row.path if row.organization_id is not None else None, row.organization_id)
        # Each role by itself, so that it is said which one opens the door.
        actor = Actor(
            account_id=row.account_id, held=(held,), plugins_on=here.plugins_on, overrides=overrides
        )
        if _opens(actor, permission, path):
            found.append(
                Holder(
                    account_id=row.account_id,
                    name=row.display_name,
                    role=row.role,
                    place=row.organization or row.district,
                )
            )
    return found


def who_may(permission: str, here: DistrictRef, *, path: str = "") -> list[Holder]:
    """Return who has ``permission`` over what belongs to an organization's ``path``, by a role held today.

    An empty path is the district's own: whoever holds it for branches only is not in it. For jobs and
    notices, which have nobody logged in.
    """
    overrides = decisions(list(ids_of(here.path)), {}).overrides
    return holders(permission, here, overrides=overrides, path=path)


def _opens(actor: Actor, permission: str, path: str | None) -> bool:
    nobody = Actor(account_id=actor.account_id, plugins_on=actor.plugins_on, overrides=actor.overrides)
    if nobody.can(permission):
        return False  # anybody with an account may: that is no role's doing
    return actor.can(permission, path) if path is not None else actor.can(permission)


def in_force(here: DistrictRef) -> list[Any]:
    """Return the roles held today in a district: its own, its branches', and those of the levels above."""
    path, today = ids_of(here.path), clock.today()
    joined = (
        _G.join(_A, _A.c.id == _G.c.account_id)
        .join(_D, _D.c.id == _G.c.district_id)
        .outerjoin(_ORGANIZATION, _ORGANIZATION.c.id == _G.c.organization_id)
    )
    found = (
        select(
            _A.c.id.label("account_id"),
            _A.c.display_name,
            _G.c.role,
            _G.c.organization_id,
            _ORGANIZATION.c.path,
            _ORGANIZATION.c.name.label("organization"),
            _D.c.name.label("district"),
        )
        .select_from(joined)
        .where(
            _G.c.district_id.in_(path),
            or_(_G.c.organization_id.is_(None), _G.c.district_id == here.id),
            _G.c.valid_from <= today,
            or_(_G.c.valid_to.is_(None), _G.c.valid_to > today),
            _A.c.disabled_at.is_(None),
        )
        .order_by(_D.c.path, _G.c.role, _A.c.display_name, _A.c.id)
    )
    # Those above are outside of the page's scope; their grants reach down to here.
    with in_scope(path):
        return list(session.execute(found))
