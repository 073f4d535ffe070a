"""Dues of the demo districts: bases, openings, a year of months; people and payments are invented."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from portal.api import BRANCH_KINDS, DistrictRef, clock, session, settings

from . import demo_history, demo_reliefs
from .calculation import explain
from .models import DuesAssessment, DuesBranchOpening, DuesMemberOpening
from .months import first_day, shifted
from .service.owing import MEMBER_STAGES

#: The books begin a year ago, so that every page has a year to show; a large district's other branches came
#: to the portal three months ago, because every payment is a real one and takes its time.
MONTHS_BACK, LATELY = 12, 3
LARGE = 500
#: How far they had paid when they came, in months from now.
PAID_BEFORE = ((-5, -4, -3, -2, -1, 0), (2, 6, 8, 14, 50, 20))


def register(district: DistrictRef, seed: int) -> None:
    """Write the dues of one demo district in the caller's transaction; a seed always gives the same."""
    dice = random.Random(f"dues:{seed}:{district.code}")
    current = clock.month()
    people = demo_history.people_of(MEMBER_STAGES, BRANCH_KINDS)
    with_year = {one.organization_id for one in people if len(people) < LARGE or one.has_account}
    start, lately = shifted(current, -MONTHS_BACK), shifted(current, -LATELY)
    _branches(
        district,
        {one.organization_id: start if one.organization_id in with_year else lately for one in people},
    )
    _openings(
        district,
        [one for one in people if one.organization_id in with_year],
        start,
        ((-1, 0, 1), (70, 20, 10)),
        dice,
    )
    _openings(
        district, [one for one in people if one.organization_id not in with_year], current, PAID_BEFORE, dice
    )
    _assessments(district, people, start, dice)
    demo_reliefs.write(district, people)
    demo_history.write(
        district, [one for one in people if one.organization_id in with_year], start=start, dice=dice
    )


def _branches(district: DistrictRef, starts: Mapping[int, str]) -> None:
    values = {"district_id": district.id, "recorded_at": clock.now(), "version": 1}
    session.execute(
        insert(DuesBranchOpening),
        [
            values | {"organization_id": organization_id, "start_month": month}
            for organization_id, month in starts.items()
        ],
    )


def _openings(
    district: DistrictRef, people: Any, origin: str, months: tuple[Any, Any], dice: random.Random
) -> None:
    """Write down how far each had paid when the branch came, in months from ``origin``."""
    values = {"district_id": district.id, "source": "import", "recorded_at": clock.now(), "version": 1}
    made = [
        values | {"member_id": person.id, "paid_through": shifted(origin, dice.choices(*months)[0])}
        for person in people
        # Whoever joined since then owes from the month of joining on.
        if person.joined_on is None or person.joined_on < first_day(origin)
    ]
    if made:
        session.execute(insert(DuesMemberOpening), made)


def _assessments(district: DistrictRef, people: Any, start: str, dice: random.Random) -> None:
    """Give everybody a base for each year: a little more in the second one, as wages rise."""
    rounding = settings.get(district, "dues.rounding")
    made = []
    for person in people:
        category, base = _category(person, dice)
        for year in range(int(start[:4]), clock.today().year + 1):
            found = explain(category, base, on=first_day(f"{year}-01"), rounding=rounding)
            at = min(datetime(year, 1, 6, 10, tzinfo=clock.SHANGHAI), clock.now())
            made.append(
                {
                    "district_id": district.id,
                    "member_id": person.id,
                    "organization_id": person.organization_id,
                    "from_month": f"{year}-01",
                    "state": "approved",
                    "origin": "opening",
                    "category": category,
                    "base_fen": found.base_fen,
                    "apply_norm": True,
                    "rounding": rounding,
                    "rate_version": found.version,
                    "amount_fen": found.amount_fen,
                    "reason": "",
                    "drafted_at": at,
                    "approved_at": at,
                    "version": 1,
                }
            )
            if base is not None:
                base += base * dice.choice((0, 2, 4)) // 100 // 1_000 * 1_000
    session.execute(insert(DuesAssessment), made)


def _category(person: Any, dice: random.Random) -> tuple[str, int | None]:
    if person.post == "退休" or _years(person.birth_date) >= 60:
        return "retired", dice.randrange(2_400, 5_600, 20) * 100
    roll = dice.random()
    if roll < 0.06:
        return "self_employed", dice.randrange(2_500, 12_000, 50) * 100
    if roll < 0.09:
        return "laid_off_unemployed", None
    return "salaried", int(dice.triangular(2_600, 13_000, 4_800)) // 10 * 1_000


def _years(born: date | None) -> int:
    return 0 if born is None else (clock.today() - born) // timedelta(days=365)
