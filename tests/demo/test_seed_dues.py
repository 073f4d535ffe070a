"""What `portal demo seed` made is as good as what the verbs make: to the fen, payable, behind the walls."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from plugins.dues.models import DuesAssessment, DuesObligation
from plugins.dues.service import obligations
from plugins.dues.tests.conftest import Branch, agrees, pay
from portal import clock
from portal.database import Model, in_scope, session, transaction
from portal.database.policies import OPEN
from portal.database.scope import set_scope
from portal.districts.models import District
from portal.members.models import Member
from portal.organizations.models import Organization
from portal.testing import World
from portal.testing.postgresql import before_the_wall

from .seeded import check_amounts, check_dues, count


def test_the_month_and_the_year_follow_for_everybody_to_the_fen(full: Flask):
    check_dues()
    check_amounts(11)


class Begun(Branch):
    """A branch that the seeding made, with its books."""

    def __post_init__(self) -> None:
        """Make nothing."""


def test_whoever_was_seeded_can_pay_and_the_books_agree(full: Flask):
    member = session.scalars(
        select(Member).where(Member.stage == "full").order_by(Member.id.desc()).limit(1)
    ).one()
    organization = session.get_one(Organization, member.organization_id)
    district = session.get_one(District, member.district_id)
    branch = Begun(World(full), clock.month(), district, organization)
    with branch.inside():
        assert obligations.create_month(district_id=district.id, month=clock.month()) > 1
        due = session.scalars(select(DuesObligation).where(DuesObligation.member_id == member.id)).one()
        fen, kept = due.due_fen, due.id
    pay(branch, member, fen, [clock.month()])
    with branch.inside():
        paid = session.get_one(DuesObligation, kept)
        assert (paid.state, paid.paid_fen) == ("paid", fen)
    agrees(branch)


def test_a_fen_too_much_is_noticed(full: Flask):
    check_dues()
    one = session.scalars(select(DuesAssessment).order_by(DuesAssessment.id.desc()).limit(1)).one()
    district = one.district_id
    with in_scope({district}, write=district), transaction():
        wrong = session.get_one(DuesAssessment, one.id)
        wrong.amount_fen += 1
    with pytest.raises(AssertionError):
        check_amounts(1)


def seeded_tables() -> list[str]:
    """Return the tables of districts that hold rows now, by what the models say."""
    return [
        name
        for name, table in Model.metadata.tables.items()
        if "district_id" in table.c
        and OPEN not in table.info
        and session.scalar(select(func.count()).select_from(table))
    ]


def test_one_district_s_scope_shows_that_district_s_rows_only(full: Flask):
    names, places = seeded_tables(), session.scalars(select(District).where(District.kind == "county")).all()
    here, there = places[0].id, places[1].id
    assert {"member", "dues_assessment", "affiliation", "organization", "unit"} <= set(names)
    wanted = count(Member, Member.district_id == here)
    with in_scope({here}, write=here):
        assert count(Member) == wanted > 0
        assert count(Member, Member.district_id == there) == 0
        session.remove()


@pytest.mark.postgresql  # the wall below is PostgreSQL's; SQLite has the one of the models only
def test_the_database_itself_shows_one_district_and_without_a_scope_nothing(full: Flask):
    names, places = seeded_tables(), session.scalars(select(District).where(District.kind == "county")).all()
    assert len(names) > 10
    here, there = places[0].id, places[1].id
    session.remove()

    def seen(name: str) -> set[int | None]:
        asked = f"SELECT DISTINCT district_id FROM {name}"  # noqa: S608  a table of ours
        rows = session.connection().exec_driver_sql(asked)
        found = {row[0] for row in rows}
        session.remove()
        return found

    def seen_in(scope: set[int] | None) -> dict[str, set[int | None]]:
        set_scope(scope)
        return {name: seen(name) for name in names}

    assert before_the_wall(seen_in, None) == dict.fromkeys(names, set())
    one = before_the_wall(seen_in, {here})
    assert all(found <= {here} for found in one.values()), one
    assert one["member"] == one["dues_assessment"] == {here}
    assert before_the_wall(seen_in, {there})["member"] == {there}
