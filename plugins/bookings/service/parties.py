"""Who stands for which party of an agreement, and what every verb on one does besides."""

from __future__ import annotations

from portal.api import Actor, Organization, audit, session
from portal.api import gettext as _

from .. import permissions
from ..models import BookingsAgreement
from ..verdicts import Refusal, Refused


def may_sign_a(by: Actor, owner_path: str) -> bool:
    """Tell whether somebody stands for the owner: a secretary of it, never the district's own staff."""
    reach = by.reach(permissions.MANAGE)
    return bool(owner_path) and not reach.everywhere and reach.covers(owner_path)


def may_sign_b(by: Actor, row: BookingsAgreement) -> bool:
    """Tell whether somebody stands for party B: a secretary of it, as for A, and nobody else.

    A party that is no organization here is the center itself: the district's staff stand for it.
    """
    if row.party_b_id is None:
        return by.reach(permissions.MANAGE).everywhere
    return may_sign_a(by, path_of(row.party_b_id))


def may_stand_in(by: Actor, row: BookingsAgreement) -> bool:
    """Tell whether somebody may sign for an organization that asked the district to; the trail names it."""
    return row.party_b_id is not None and by.reach(permissions.STAND_IN).everywhere


def has_part(by: Actor, row: BookingsAgreement) -> bool:
    """Tell whether somebody may change an agreement at all: the two parties, and the district above them."""
    if by.reach(permissions.MANAGE).everywhere:
        return True
    return may_sign_a(by, path_of(row.party_a_id)) or may_sign_b(by, row)


def path_of(organization_id: int | None) -> str:
    """Return the path of an organization of this district; nothing where there is none."""
    found = session.get(Organization, organization_id) if organization_id is not None else None
    return found.path if found is not None else ""


def said_why(reason: str) -> str:
    """Return the reason, tidied. Raises: Refused where there is none."""
    why = reason.strip()[:200]
    if not why:
        raise Refused([Refusal(code="reason", text=_("请写原因。"), field="reason")])
    return why


def refuse_strangers(by: Actor, row: BookingsAgreement) -> None:
    """Raise PermissionError for somebody who has no part in it."""
    if not has_part(by, row):
        raise PermissionError(permissions.MANAGE)


def record(action: str, row: BookingsAgreement, by: Actor) -> None:
    """Write down who did it."""
    audit.record(f"bookings.agreement_{action}", row, actor=by, district=row.district_id)
