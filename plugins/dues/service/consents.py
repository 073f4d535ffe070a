"""The branch agrees that a member pays back more than the usual months (经党支部同意)."""

from __future__ import annotations

from datetime import date

from werkzeug.exceptions import Forbidden

from portal.api import Actor, DistrictRef, Member, audit, clock, transaction

from ..models import DuesConsent
from ..months import parse_month
from .places import path_of


def give(
    *, district: DistrictRef, member: Member, from_month: str, valid_to: date, note: str, by: Actor
) -> DuesConsent:
    """Open the months from ``from_month`` on for back-payment until ``valid_to``, its last day.

    Raises ``Forbidden`` for the member and whoever does not collect in the branch, ValueError without a
    reason or for a day that is over.
    """
    parse_month(from_month)
    if member.organization_id is None or not by.can("dues.collect", path_of(member.organization_id)):
        raise Forbidden("dues.collect")
    if by.member_id == member.id:
        raise Forbidden("own consent")
    if not note.strip() or valid_to < clock.today():
        raise ValueError("reason or day")
    with transaction() as current:
        row = DuesConsent(
            district_id=district.id,
            member_id=member.id,
            organization_id=member.organization_id,
            kind="back_payment",
            from_month=from_month,
            valid_to=valid_to,
            note=note.strip(),
            given_by=by.account_id,
            given_at=clock.now(),
        )
        current.add(row)
        current.flush()
        audit.record("dues.consent.give", ("member", member.id), actor=by, district=district)
    return row
