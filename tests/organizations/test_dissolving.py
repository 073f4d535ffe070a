"""Dissolving an organization and keeping places: rules, history, versions, audit, search."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal import audit, clock
from portal.database import Conflict, everything, session
from portal.members.models import Affiliation
from portal.organizations import places, service, units
from portal.organizations.dissolving import dissolve_organization
from portal.organizations.find import find
from portal.organizations.models import OrganizationParent, UnitCoverage
from portal.organizations.restoring import hindrance, restore_organization, units_back
from portal.organizations.service import NotAllowed

WHY = "〔2026〕1号"


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
    dissolve_organization(branch, version=branch.version, actor=None, reason=WHY)
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
            dissolve_organization(row, version=row.version, actor=None, reason=WHY)
        assert row.dissolved_on is None


@pytest.mark.parametrize("tomorrow", [True, False])
def test_dissolving_on_a_day_that_does_not_fit_is_refused(here, tomorrow):
    branch = make(here, "月季党支部")
    with clock.frozen(date(2026, 3, 9)):
        day = clock.today() + timedelta(days=1) if tomorrow else date(2015, 6, 30)
        with pytest.raises(NotAllowed):
            dissolve_organization(branch, version=branch.version, actor=None, reason=WHY, on=day)


def test_dissolving_twice_or_with_an_old_version_is_refused(here):
    branch = make(here, "月季党支部")
    with pytest.raises(Conflict):
        dissolve_organization(branch, version=branch.version - 1, actor=None, reason=WHY)
    dissolve_organization(branch, version=branch.version, actor=None, reason=WHY)
    with pytest.raises(NotAllowed):
        dissolve_organization(branch, version=branch.version, actor=None, reason=WHY)


def test_name_of_a_dissolved_organization_is_free_again(here):
    old = make(here, "月季党支部")
    dissolve_organization(old, version=old.version, actor=None, reason=WHY)
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
    dissolve_organization(branch, version=branch.version, actor=None, reason=WHY)
    for values in (
        {"kind": "building", "name": "百花大厦"},
        {"kind": "castle", "name": "千花大厦"},
        {"kind": "park", "name": "千花园", "organization": branch},
        {"kind": "park", "name": "千花园", "organization": foreign},
    ):
        with everything():
            session.refresh(foreign)  # a refusal forgets what was read
        with pytest.raises(NotAllowed):
            places.create_place(district_id=here.id, actor=None, **values)


def test_place_with_an_old_version_is_refused(here):
    place = places.create_place(district_id=here.id, kind="park", name="百花园", actor=None)
    with pytest.raises(Conflict):
        places.change_place(place, version=place.version - 1, actor=None, name="千花园")


# --- what is asked of it, and what it leaves ------------------------------------------------------


def test_dissolving_without_a_reason_is_refused(here):
    branch = make(here, "月季党支部")
    for reason in ("", "  ", "长" * 121):
        with pytest.raises(NotAllowed) as refused:
            dissolve_organization(branch, version=branch.version, actor=None, reason=reason)
        assert refused.value.field == "reason" and branch.dissolved_on is None


def test_day_before_the_last_member_or_unit_left_is_refused(here, world):
    branch, other = make(here, "月季党支部"), make(here, "牡丹党支部")
    unit = units.create_unit(district_id=here.id, kind="other", name="月季有限公司", actor=None)
    units.cover(unit, branch, actor=None, on=date(2020, 1, 1))
    units.cover(unit, other, actor=None, on=date(2024, 3, 1))
    with pytest.raises(NotAllowed, match="2024-03-01"):
        dissolve_organization(branch, version=branch.version, actor=None, reason=WHY, on=date(2024, 2, 29))
    dissolve_organization(branch, version=branch.version, actor=None, reason=WHY, on=date(2024, 3, 1))
    assert branch.dissolved_on == date(2024, 3, 1)


def test_a_guest_with_the_home_elsewhere_stands_in_the_way_too(here, world):
    branch, home = make(here, "月季党支部"), make(here, "牡丹党支部")
    member = world.member(home)
    session.add(
        Affiliation(
            district_id=here.id,
            member_id=member.id,
            organization_id=branch.id,
            kind="floating",
            valid_from=date(2026, 1, 1),
        )
    )
    session.flush()
    with pytest.raises(NotAllowed, match="还有1名党员"):
        dissolve_organization(branch, version=branch.version, actor=None, reason=WHY)


def test_dissolved_one_is_changed_no_more_and_takes_nothing_in(here):
    committee = make(here, "甲党委", "committee")
    branch = make(here, "月季党支部")
    unit = units.create_unit(district_id=here.id, kind="other", name="月季有限公司", actor=None)
    for row in (committee, branch):
        dissolve_organization(row, version=row.version, actor=None, reason=WHY)
    with pytest.raises(NotAllowed, match="不能再改"):
        service.change_organization(branch, version=branch.version, actor=None, name="丁香党支部")
    with pytest.raises(NotAllowed, match="已经撤销"):
        make(here, "丁香党支部", parent=committee)
    with pytest.raises(NotAllowed, match="已经撤销"):
        units.cover(unit, branch, actor=None)


def dissolved(here, *, day=None):
    committee = make(here, "甲党委", "committee")
    branch = make(here, "月季党支部", parent=committee)
    covered = []
    for name in ("月季有限公司", "玫瑰有限公司"):
        unit = units.create_unit(district_id=here.id, kind="other", name=name, actor=None)
        units.cover(unit, branch, actor=None, on=date(2020, 1, 1))
        covered.append(unit)
    dissolve_organization(branch, version=branch.version, actor=None, reason=WHY, on=day)
    return committee, branch, covered


def test_restoring_brings_back_tree_search_and_the_units_nobody_took(here):
    _committee, branch, (first, second) = dissolved(here)
    other = make(here, "牡丹党支部")
    units.cover(second, other, actor=None)
    assert [unit.id for unit in units_back(branch)] == [first.id]
    restore_organization(branch, version=branch.version, actor=None, reason="办错了")
    assert branch.dissolved_on is None
    opened = session.scalars(select(UnitCoverage).where(UnitCoverage.valid_to.is_(None))).all()
    assert {(row.unit_id, row.organization_id) for row in opened} == {
        (first.id, branch.id),
        (second.id, other.id),
    }
    above = session.scalars(
        select(OrganizationParent).where(OrganizationParent.organization_id == branch.id)
    ).one()
    assert above.valid_to is None and above.valid_from == date(2015, 7, 1)
    assert [line.name for line in find("月季").lines][:1] == ["月季党支部"]
    rows = audit.history(subject=("organization", branch.id))
    assert [row.action for row in rows][:2] == ["organization.restore", "organization.dissolve"]


def test_restoring_an_organization_of_one_day_gives_it_its_place_again(here):
    committee = make(here, "甲党委", "committee")
    branch = make(here, "月季党支部", parent=committee, founded_on=clock.today())
    dissolve_organization(branch, version=branch.version, actor=None, reason=WHY)
    restore_organization(branch, version=branch.version, actor=None, reason="办错了")
    above = session.scalars(
        select(OrganizationParent).where(OrganizationParent.organization_id == branch.id)
    ).one()
    assert (above.parent_id, above.valid_from, above.valid_to) == (committee.id, clock.today(), None)


def test_restoring_is_refused_when_name_or_parent_is_gone_and_when_stale(here):
    committee, branch, _units = dissolved(here)
    with pytest.raises(NotAllowed, match="请写原因"):
        restore_organization(branch, version=branch.version, actor=None, reason=" ")
    with pytest.raises(Conflict):
        restore_organization(branch, version=branch.version - 1, actor=None, reason="办错了")
    dissolve_organization(committee, version=committee.version, actor=None, reason=WHY)
    assert "甲党委" in str(hindrance(branch))
    restore_organization(committee, version=committee.version, actor=None, reason="办错了")
    assert hindrance(branch) is None
    taken = make(here, "月季党支部")
    with pytest.raises(NotAllowed, match="已经有叫"):
        restore_organization(branch, version=branch.version, actor=None, reason="办错了")
    assert "没有撤销" in str(hindrance(taken))
