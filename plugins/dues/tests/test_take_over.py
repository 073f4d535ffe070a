"""Many opening positions at once are what they would be one by one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text
from werkzeug.exceptions import Forbidden

from plugins.dues import sheets
from plugins.dues.models import DuesAssessment, DuesMemberOpening
from plugins.dues.service import openings
from plugins.dues.tests.conftest import Branch
from portal.api import Member, MemberRef, session

ROWS: tuple[dict[str, Any], ...] = (
    {"dues_category": "salaried", "dues_base": 630_000, "dues_paid_through": date(2026, 8, 1)},
    {"dues_category": "retired", "dues_base": 386_000},
    {"dues_category": "laid_off_unemployed", "dues_base": 1},
    {"dues_paid_through": date(2026, 10, 1)},
)


def ref(member: Member) -> MemberRef:
    return MemberRef(
        id=member.id,
        uid=member.uid,
        person_id=member.person_id,
        district_id=member.district_id,
        name=member.name,
        organization_id=member.organization_id,
    )


def kept(members: list[Member]) -> list[list[Any]]:
    """Return what was written for each, without ids and instants."""
    left = {"id", "member_id", "drafted_at", "approved_at", "recorded_at", "version"}
    found = []
    for member in members:
        own: list[Any] = []
        for model in (DuesMemberOpening, DuesAssessment):
            table: Any = model.__table__
            for row in session.execute(select(table).where(table.c.member_id == member.id)):
                own.append({name: value for name, value in row._mapping.items() if name not in left})
        found.append(own)
    return found


def test_all_at_once_is_the_same_as_one_by_one(branch: Branch) -> None:
    people = [branch.world.member(branch.organization) for _ in range(8)]
    single, many = people[:4], people[4:]
    with branch.inside():
        for member, values in zip(single, ROWS, strict=True):
            sheets.apply(ref(member), values, None)
        sheets.apply_new([(ref(member), values) for member, values in zip(many, ROWS, strict=True)], None)
        assert kept(many) == kept(single)
        assert [len(own) for own in kept(many)] == [2, 1, 1, 1]


def test_nobody_s_own_row_and_no_slip_of_the_year_goes_in_among_others(branch: Branch) -> None:
    people = [branch.world.member(branch.organization) for _ in range(2)]
    account = branch.world.account(people[1], role="desk", district=branch.district)
    given = [(ref(member), ROWS[0]) for member in people]
    with branch.inside():
        with pytest.raises(Forbidden):
            sheets.apply_new(given, account.id)
        with pytest.raises(openings.TooFarAhead):
            sheets.apply_new([(ref(people[0]), {"dues_paid_through": date(2036, 8, 1)})], None)
        assert kept(people) == [[], []]


def test_what_was_brought_in_is_on_the_books_in_seconds(branch: Branch) -> None:
    people = [branch.world.member(branch.organization) for _ in range(3)]
    waiting = text("select count(*) from job where name = 'dues.months' and district_id = :here")
    with branch.inside():
        session.execute(text("delete from job"))
        sheets.apply_new([(ref(member), ROWS[0]) for member in people], None)
        for member in people:
            sheets.apply(ref(member), {"dues_paid_through": date(2026, 8, 1)}, None)
        # one for each second in which something was decided
        assert 1 <= int(session.scalar(waiting, {"here": branch.district.id}) or 0) <= 2
