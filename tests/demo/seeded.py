"""A seeded installation and what its dues must be, for the tests of ``portal demo seed``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from plugins.dues.calculation import explain
from plugins.dues.models import DuesAssessment, DuesObligation
from plugins.dues.months import first_day
from plugins.dues.service import assessments, obligations
from portal import clock
from portal.database import in_scope, session
from portal.demo import large
from portal.demo.place import Place
from portal.districts import context
from portal.districts.models import District
from portal.members.models import MEMBER_STAGES, Member

SIZE = large.Size(members=1_500, organizations=600)


def count(model: Any, *where: Any) -> int:
    return int(session.scalar(select(func.count()).select_from(model).where(*where)) or 0)


def seeded(folder: Path, size: large.Size = SIZE) -> list[str]:
    """Seed and return what was said."""
    said: list[str] = []
    folder.mkdir(exist_ok=True)
    large.seed(size, Place(folder), say=said.append)
    return said


def check_dues() -> None:
    """Put the month on the books and draft the next year, once for everybody who owes."""
    stages = Member.stage.in_(MEMBER_STAGES)
    owing = count(Member, stages)
    made, again, year = 0, 0, 0
    for place in session.scalars(select(District.id).where(District.kind == "county")).all():
        with in_scope({place}, write=place):
            made += obligations.create_month(district_id=place, month=clock.month())
            again += obligations.create_month(district_id=place, month=clock.month())
            following = clock.today().year + 1
            year += assessments.draft_year(district=context.ref(place), year=following, by=None)
            again += assessments.draft_year(district=context.ref(place), year=following, by=None)
    assert (made, again, year) == (owing, 0, owing)
    assert count(DuesObligation) == owing and count(DuesAssessment) == 2 * owing


def check_amounts(step: int) -> None:
    """Compare what SQL fixed for every ``step``-th member, now and next year, with what the verb explains."""
    looked: Counter[str] = Counter()
    for one in session.scalars(select(DuesAssessment).where(DuesAssessment.member_id % step == 0)):
        said = explain(
            one.category,
            one.base_fen,
            on=first_day(one.from_month),
            rounding=one.rounding,
            apply_norm=one.apply_norm,
        )
        assert (one.amount_fen, one.rate_version, one.base_fen) == (
            said.amount_fen,
            said.version,
            said.base_fen,
        )
        looked[f"{one.state}, {one.category}"] += 1
    assert len(looked) == 4 and min(looked.values()) > 5, looked
    # What a member owes this month is what was fixed, and the ledger says the same.
    owed = select(DuesObligation.due_fen, DuesAssessment.amount_fen).join(
        DuesAssessment, DuesAssessment.id == DuesObligation.assessment_id
    )
    assert all(due == fixed > 0 for due, fixed in session.execute(owed))
