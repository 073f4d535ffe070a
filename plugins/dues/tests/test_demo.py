"""The demo's dues are a district that works: bases, months, some cash with vouchers, and books that agree."""

from __future__ import annotations

from sqlalchemy import func, select

from plugins.dues import demo
from plugins.dues.models import DuesAssessment, DuesObligation, DuesVoucher
from plugins.dues.queries.statement import statement
from plugins.dues.tests.conftest import Branch, agrees
from portal.api import session
from portal.testing import World


def test_the_demo_gives_everybody_a_base_and_some_have_paid(world: World, november: None) -> None:
    district = world.district()
    organization = world.organization(district)
    people = [world.member(organization) for _ in range(12)]
    for member in people[:2]:
        world.account(member, role="dues_collector", organization=organization)
    place = Branch.__new__(Branch)
    place.world, place.district, place.organization = world, district, organization
    with place.inside():
        demo.register(world.ref(district), 7)
        assert session.scalar(select(func.count()).select_from(DuesAssessment)) == 12
        paid = session.scalar(
            select(func.count()).select_from(DuesObligation).where(DuesObligation.state == "paid")
        )
        assert paid and paid > 0
        assert session.scalar(select(func.count()).select_from(DuesVoucher)) <= 10
        collector = statement(people[0].id)
        assert collector is not None and collector.timeline.owed_fen > 0 and not collector.timeline.missing
    agrees(place)
