"""Dissolving an organization and keeping places: rules, history, versions, audit, search."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal import audit, clock
from portal.database import Conflict, session
from portal.organizations import places, service, units
from portal.organizations.dissolving import dissolve_organization
from portal.organizations.find import find
from portal.organizations.models import OrganizationParent, UnitCoverage
from portal.organizations.service import NotAllowed


@pytest.fixture
def here(world):
    district = world.district()
    with world.writing(district):
        yield district


def make(here, name, kind="branch", **values):
    values.setdefault("founded_on", date(2015, 7, 1))
    return service.create_organization(district_id=here.id, kind=kind, name=name, actor=None, **values)


def test_dissolving_ends_coverage_and_place_in_the_tree_and_keeps_both(here):
    branch = make(here, "月季党支部", parent=make(here, "甲党委", "committee"))
    unit = units.create_unit(district_id=here.id, kind="other", name="月季有限公司", actor=None)
    units.cover(unit, branch, actor=None, on=date(2020, 1, 1))
    dissolve_organization(branch, version=branch.version, actor=None)
    assert branch.dissolved_on == clock.today()
    coverage = session.scalars(select(UnitCoverage).where(UnitCoverage.organization_id == branch.id)).one()
    above = session.scalars(
        select(OrganizationParent).where(OrganizationParent.organization_id == branch.id)
    ).one()
    assert coverage.valid_to == above.valid_to == clock.today()
    assert find("月季").lines == ()
    actions = [row.action for row in audit.history(subject=("organization", branch.id))]
    assert actions[0] == "organization.dissolve"


def test_dissolving_with_members_or_organizations_below_is_refused(here, world):
    committee = make(here, "甲党委", "committee")
    branch = make(here, "月季党支部", parent=committee)
    world.member(branch)
    for row in (committee, branch):
        with pytest.raises(NotAllowed):
            dissolve_organization(row, version=row.version, actor=None)
        assert row.dissolved_on is None


@pytest.mark.parametrize("day", [date(2015, 6, 30), clock.today() + timedelta(days=1)])
def test_dissolving_on_a_day_that_does_not_fit_is_refused(here, day):
    branch = make(here, "月季党支部")
    with pytest.raises(NotAllowed):
        dissolve_organization(branch, version=branch.version, actor=None, on=day)


def test_dissolving_twice_or_with_an_old_version_is_refused(here):
    branch = make(here, "月季党支部")
    with pytest.raises(Conflict):
        dissolve_organization(branch, version=branch.version - 1, actor=None)
    dissolve_organization(branch, version=branch.version, actor=None)
    with pytest.raises(NotAllowed):
        dissolve_organization(branch, version=branch.version, actor=None)


def test_name_of_a_dissolved_organization_is_free_again(here):
    old = make(here, "月季党支部")
    dissolve_organization(old, version=old.version, actor=None)
    assert make(here, "月季党支部").id != old.id


def test_place_leads_to_its_organization_and_follows_a_change(here):
    first, second = make(here, "月季党支部"), make(here, "牡丹党支部")
    place = places.create_place(
        district_id=here.id, kind="building", name="百花大厦", actor=None, organization=first
    )
    assert [line.name for line in find("百花").lines] == ["月季党支部"]
    places.change_place(place, version=place.version, actor=None, organization=second, name="千花大厦")
    assert [line.name for line in find("千花").lines] == ["牡丹党支部"] and find("百花").lines == ()
    places.change_place(place, version=place.version, actor=None, address="滨河路9号")
    assert [line.name for line in find("滨河路").lines] == ["牡丹党支部"]


def test_place_that_breaks_a_rule_is_refused(here, world):
    branch = make(here, "月季党支部")
    places.create_place(district_id=here.id, kind="building", name="百花大厦", actor=None)
    foreign = world.organization(world.district())
    dissolve_organization(branch, version=branch.version, actor=None)
    for values in (
        {"kind": "building", "name": "百花大厦"},
        {"kind": "castle", "name": "千花大厦"},
        {"kind": "park", "name": "千花园", "organization": branch},
        {"kind": "park", "name": "千花园", "organization": foreign},
    ):
        with pytest.raises(NotAllowed):
            places.create_place(district_id=here.id, actor=None, **values)


def test_place_with_an_old_version_is_refused(here):
    place = places.create_place(district_id=here.id, kind="park", name="百花园", actor=None)
    with pytest.raises(Conflict):
        places.change_place(place, version=place.version - 1, actor=None, name="千花园")
