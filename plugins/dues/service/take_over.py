"""The opening position of records an import has just made, all of them in a few statements.

The same rows one by one (``openings.take_over_member``) cost seven milliseconds each, and on SQLite nobody
else writes meanwhile. A test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert
from werkzeug.exceptions import Forbidden

from portal.api import Conflict, DistrictRef, MemberRef, audit, clock, session, settings, transaction
from portal.api import gettext as _

from ..calculation import explain
from ..models import DuesAssessment, DuesMemberOpening
from ..months import first_day, shifted
from ..queries.cash import person_of
from . import obligations, openings


def take_over_new(
    given: Sequence[tuple[MemberRef, Mapping[str, Any]]], *, district: DistrictRef, by: int | None
) -> None:
    """Write down category, base and 党费缴至 of new records; ``given`` has no member twice.

    Values are ``category``, ``base_fen`` and ``paid_through`` (a month), each or None. Raises what
    ``openings.take_over_member`` raises for a single one of them; then nothing of it stays.
    """
    own = person_of(by) if by is not None else None
    if own is not None and any(member.person_id == own for member, _values in given):
        raise Forbidden("own opening")
    for month in {values["paid_through"] for _member, values in given if values["paid_through"]}:
        openings.not_too_far(month)
    with transaction():
        _openings(given, district, by)
        _assessments([pair for pair in given if pair[1]["category"] is not None], district, by)
        obligations.create_soon(district.id)


def _openings(given: Sequence[tuple[MemberRef, Mapping[str, Any]]], district: DistrictRef, by: Any) -> None:
    paid = [(member, values["paid_through"]) for member, values in given if values["paid_through"]]
    if not paid:
        return
    shared = {"district_id": district.id, "source": "import", "recorded_by": by, "recorded_at": clock.now()}
    session.execute(
        insert(DuesMemberOpening),
        [shared | {"member_id": member.id, "paid_through": month, "version": 1} for member, month in paid],
    )
    audit.record_each(
        "dues.opening.member",
        [("member", member.id) for member, _month in paid],
        actor=by,
        district=district,
        details=[{"paid_through": month} for _member, month in paid],
    )


def _assessments(
    given: Sequence[tuple[MemberRef, Mapping[str, Any]]], district: DistrictRef, by: Any
) -> None:
    if not given:
        return
    rounding, now = settings.get(district, "dues.rounding"), clock.now()
    rows = []
    for member, values in given:
        if member.organization_id is None:
            raise Conflict(_("这位党员还不在哪个支部。请先在党员登记里写上支部，再来核定。"))
        through = values["paid_through"]
        begins = shifted(through, 1) if through else f"{clock.today().year}-01"
        found = explain(values["category"], values["base_fen"], on=first_day(begins), rounding=rounding)
        rows.append(
            {
                "district_id": district.id,
                "member_id": member.id,
                "organization_id": member.organization_id,
                "from_month": begins,
                # It records a decision made on paper; it does not make one.
                "state": "approved",
                "origin": "opening",
                "category": values["category"],
                "base_fen": found.base_fen,
                "rounding": found.rounding,
                "rate_version": found.version,
                "amount_fen": found.amount_fen,
                "drafted_by": by,
                "drafted_at": now,
                "approved_at": now,
                "version": 1,
            }
        )
    made = session.scalars(insert(DuesAssessment).returning(DuesAssessment.id), rows).all()
    audit.record_each(
        "dues.assessment.draft",
        [("dues_assessment", row_id) for row_id in made],
        actor=by,
        district=district,
    )
