"""The next year from the bases of this one: for a branch whose wages have not changed."""

from __future__ import annotations

from sqlalchemy import select
from werkzeug.exceptions import Forbidden

from portal.api import Account, Actor, DistrictRef, Member, clock, transaction

from ..messages import base_waits
from ..models import DuesAssessment
from . import assessments
from .places import path_of


def coming_year() -> int:
    """Return the calendar year after this one: a year's bases count from its January on."""
    return clock.today().year + 1


def carry(*, district: DistrictRef, organization_id: int, year: int, actor: Actor) -> int:
    """Propose the base in force for ``year`` to everybody of a branch; return to how many.

    Nothing is approved by it: each member confirms, somebody else approves. Whoever has a proposal already is
    left alone, so asked again it does nothing. Raises ``Forbidden`` outside the actor's reach.
    """
    if not actor.can("dues.assess", path_of(organization_id)):
        raise Forbidden("dues.assess")
    with transaction() as current:
        made = assessments.draft_year(
            district=district, year=year, by=actor.account_id, organization_ids=[organization_id]
        )
        drafted = current.execute(
            select(DuesAssessment, Account.id)
            .join(Member, Member.id == DuesAssessment.member_id)
            .join(Account, Account.person_id == Member.person_id)
            .where(
                DuesAssessment.organization_id == organization_id,
                DuesAssessment.from_month == f"{year}-01",
                DuesAssessment.state == "draft",
            )
        )
        # Told once each, whoever was drafted before included: the message carries the proposal's key.
        for row, account_id in drafted:
            base_waits(row, account_id=account_id, district=district)
    return made
