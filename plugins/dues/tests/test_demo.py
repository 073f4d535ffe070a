"""The demo's dues are a district that works: a year of months, paid in every way, and books that agree."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from plugins.dues import demo
from plugins.dues.models import (
    DuesAssessment,
    DuesCashDeposit,
    DuesCashSheet,
    DuesObligation,
    DuesRelief,
    DuesVoucher,
)
from plugins.dues.months import shifted
from plugins.dues.queries.statement import statement
from plugins.dues.tests.conftest import Branch, agrees
from portal.api import session
from portal.testing import World

# It is written in one transaction, before anybody is there to be waited for.
pytestmark = pytest.mark.usefixtures("many_in_one")


def _count(model: type, *where: Any) -> int:
    return int(session.scalar(select(func.count()).select_from(model).where(*where)) or 0)


def test_the_demo_has_a_year_mostly_paid_with_reliefs_and_some_arrears(world: World, november: None) -> None:
    district = world.district()
    organization = world.organization(district)
    people = [world.member(organization) for _ in range(24)]
    for member in people[:2]:
        world.account(member, role="dues_collector", organization=organization)
    world.account(people[2], role="secretary", organization=organization)
    plain = world.account(people[3])
    for role in ("desk", "treasurer", "district_admin"):
        world.account(role=role, district=district)
    place = Branch.__new__(Branch)
    place.world, place.district, place.organization = world, district, organization
    with place.inside():
        demo.register(world.ref(district), 7)
        months = set(session.scalars(select(DuesObligation.month)))
        assert {"2025-12", "2026-06", "2026-11"} <= months
        assert _count(DuesAssessment) == 24 * 2  # a base for each of the two years
        past = DuesObligation.month < "2026-11"
        paid, owed = (
            _count(DuesObligation, past, DuesObligation.state == "paid"),
            _count(DuesObligation, past),
        )
        assert 0.75 * owed < paid < owed
        # vouchers bear the day of their payment, not of the demo's first start
        years = set(session.scalars(select(DuesVoucher.year)))
        assert years == {2025, 2026}
        assert {row.state for row in session.scalars(select(DuesRelief))} == {"approved", "proposed"}
        assert _count(DuesObligation, DuesObligation.state == "waived") > 0
        # cash was counted by the other collector and brought to the bank, but for the newest
        sheets = session.scalars(select(DuesCashSheet)).all()
        assert sheets and {sheet.state for sheet in sheets} == {"confirmed"}
        assert all(sheet.confirmed_by != sheet.collected_by for sheet in sheets)
        assert all(sheet.deposit_id for sheet in sheets if sheet.day < date(2026, 11, 1))
        assert _count(DuesCashDeposit) > 0
        # whoever tries the demo has something to pay, and nobody a month the branch must be asked about
        for member, unpaid in ((people[0], 1), (people[3], 4)):
            found = statement(member.id)
            assert found is not None and not found.timeline.missing
            assert [line.month for line in found.timeline.lines if line.open_fen and line.ahead <= 0] == [
                shifted("2026-11", back) for back in range(1 - unpaid, 1)
            ]
        assert plain.person_id == people[3].person_id
    agrees(place)


def test_a_newcomer_owes_from_the_month_of_joining(world: World, november: None) -> None:
    district = world.district()
    organization = world.organization(district)
    member = world.member(organization, joined_on=date(2026, 8, 20), stage="probationary")
    place = Branch.__new__(Branch)
    place.world, place.district, place.organization = world, district, organization
    with place.inside():
        demo.register(world.ref(district), 7)
        found = session.scalars(
            select(DuesObligation.month)
            .where(DuesObligation.member_id == member.id)
            .order_by(DuesObligation.month)
        ).all()
        assert found == ["2026-08", "2026-09", "2026-10", "2026-11"]
