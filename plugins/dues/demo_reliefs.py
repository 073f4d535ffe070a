"""Reductions and waivers of the demo: one that ended, one in force, one that waits for the next level."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from portal.api import DistrictRef, Grant, clock, rows, session

from .limits import relief_chain
from .models import DuesAssessment, DuesRelief, DuesReliefStep
from .months import first_day, shifted
from .rate_files import rate_tables

#: First and last month counted from now, how many parts of two stay to be paid, why, who has agreed.
PLANNED = (
    (-9, -4, 0, "本人住院治疗，自费部分较多，家庭困难", ("propose", "branch", "committee")),
    (-1, 4, 1, "企业停产，收入减少", ("propose", "branch", "committee")),
    (1, 6, 1, "家属重病，开支较大", ("propose",)),
)
#: Which demo role stands behind each stage of an approval.
ROLES = {"propose": "dues_collector", "branch": "secretary", "committee": "district_admin"}


def write(district: DistrictRef, people: Sequence[Any]) -> None:
    """Write the decisions before the months they act on come onto the books."""
    offices = _offices()
    home = next((place for role, place in offices if role == "dues_collector" and place), None)
    if home is None or not all(any(role == known for known, _place in offices) for role in ROLES.values()):
        return
    actors = {
        stage: next(found for (known, _place), found in offices.items() if known == role)
        for stage, role in ROLES.items()
    }
    members = [one.id for one in people if one.organization_id == home and not one.has_account]
    for assessed, planned in zip(_assessed(members), PLANNED, strict=False):
        _relief(district, assessed, planned, actors)


def _offices() -> dict[tuple[str, int | None], int]:
    """Return the account behind each role and place, the first one granted."""
    found = session.execute(
        rows(Grant, Grant.role, Grant.organization_id, Grant.account_id).order_by(Grant.id.desc())
    )
    return {(row.role, row.organization_id): row.account_id for row in found}


def _assessed(members: Sequence[int]) -> Sequence[Any]:
    """Return the newest base of each of those whose reduction two levels decide."""
    table: Any = DuesAssessment.__table__.c
    found = session.execute(
        rows(DuesAssessment)
        .where(table.member_id.in_(members), table.category == "salaried")
        .order_by(table.member_id, table.from_month)
    ).all()
    return list({row.member_id: row for row in found}.values())


def _relief(district: DistrictRef, assessed: Any, planned: Any, actors: dict[str, int]) -> None:
    first, last, parts, reason, stages = planned
    now = clock.month()
    chain = relief_chain(rate_tables().on(clock.today()), assessed.category)
    done = [stage for stage in stages if stage == "propose" or stage in chain]
    meeting = min(first_day(shifted(now, first)) - timedelta(days=8), clock.today() - timedelta(days=3))
    at = datetime.combine(meeting, time(16), tzinfo=clock.SHANGHAI)
    row = DuesRelief(
        district_id=district.id,
        member_id=assessed.member_id,
        organization_id=assessed.organization_id,
        state="approved" if done[-1] == chain[-1] else "proposed",
        chain=list(chain),
        from_month=shifted(now, first),
        to_month=shifted(now, last),
        monthly_fen=assessed.amount_fen * parts // 2 // 50 * 50,
        reason=reason,
        meeting_on=meeting,
        document=f"支部大会〔{meeting.year}〕{meeting.month}号",
        proposed_by=actors["propose"],
        proposed_at=at,
    )
    session.add(row)
    session.flush()
    session.add_all(
        DuesReliefStep(
            district_id=district.id,
            relief_id=row.id,
            stage=stage,
            accepted=True,
            actor_id=actors[stage],
            at=at + timedelta(days=number),
        )
        for number, stage in enumerate(done)
    )
    session.flush()
