"""Verbs on organizations and units: rules, history, versions, audit."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from portal import audit, clock
from portal.database import Conflict, session
from portal.organizations import service, units
from portal.organizations.models import OrganizationParent, UnitCoverage
from portal.organizations.names import initials, sort_key


@pytest.fixture
def here(world):
    district = world.district()
    with world.writing(district):
        yield district


def make(here, kind, name, **values):
    return service.create_organization(district_id=here.id, kind=kind, name=name, actor=None, **values)


def test_create_puts_it_into_the_tree_and_the_trail(here):
    committee = make(here, "committee", "甲党委", founded_on=date(2015, 7, 1))
    branch = make(here, "branch", "甲党支部", parent=committee)
    assert branch.path == f"/{committee.id}/{branch.id}/" and branch.sort_key == "jia dang zhi bu"
    row = session.scalars(
        select(OrganizationParent).where(OrganizationParent.organization_id == branch.id)
    ).one()
    assert (row.parent_id, row.valid_from, row.valid_to) == (committee.id, clock.today(), None)
    assert [r.action for r in audit.history(subject=("organization", branch.id))] == ["organization.create"]


def test_kind_that_does_not_fit_below_is_refused(here):
    branch = make(here, "branch", "甲党支部")
    with pytest.raises(service.NotAllowed, match="下面不能设"):
        make(here, "committee", "乙党委", parent=branch)


def test_name_taken_is_refused(here):
    make(here, "branch", "甲党支部")
    with pytest.raises(service.NotAllowed, match="已经有叫"):
        make(here, "branch", "甲党支部")


def test_move_keeps_history_and_carries_paths_along(here):
    with clock.frozen(date(2026, 1, 5)):
        old, new = make(here, "committee", "甲党委"), make(here, "committee", "乙党委")
        general = make(here, "general_branch", "丙总支", parent=old)
        branch = make(here, "branch", "丙一支部", parent=general)
    with clock.frozen(date(2026, 3, 1)):
        service.change_organization(general, version=general.version, actor=None, parent=new)
    session.refresh(branch)
    assert branch.path == f"/{new.id}/{general.id}/{branch.id}/"
    rows = session.execute(
        select(OrganizationParent.parent_id, OrganizationParent.valid_from, OrganizationParent.valid_to)
        .where(OrganizationParent.organization_id == general.id)
        .order_by(OrganizationParent.id)
    ).all()
    assert [tuple(r) for r in rows] == [
        (old.id, date(2026, 1, 5), date(2026, 3, 1)),
        (new.id, date(2026, 3, 1), None),
    ]


def test_move_below_itself_is_refused(here):
    top = make(here, "committee", "甲党委")
    low = make(here, "committee", "乙党委", parent=top)
    with pytest.raises(service.NotAllowed, match="自己下面"):
        service.change_organization(top, version=1, actor=None, parent=low)


def test_stale_version_is_a_conflict_and_changes_nothing(here):
    branch = make(here, "branch", "甲党支部")
    service.change_organization(branch, version=1, actor=None, office_phone="1")
    with pytest.raises(Conflict):
        service.change_organization(branch, version=1, actor=None, office_phone="2")
    session.refresh(branch)
    assert (branch.office_phone, branch.version) == ("1", 2)


def test_unit_coverage_is_ended_and_opened(here):
    one, joint = make(here, "branch", "甲党支部"), make(here, "joint_branch", "乙联合党支部")
    with clock.frozen(date(2026, 1, 5)):
        unit = units.create_unit(
            district_id=here.id, kind="social_org", name="丙协会", actor=None, organization=one
        )
    with clock.frozen(date(2026, 3, 1)):
        units.change_unit(unit, version=1, actor=None, organization=joint)
    rows = session.execute(
        select(UnitCoverage.organization_id, UnitCoverage.form, UnitCoverage.valid_to).order_by(
            UnitCoverage.id
        )
    ).all()
    assert [tuple(r) for r in rows] == [(one.id, "single", date(2026, 3, 1)), (joint.id, "joint", None)]


def test_credit_code_taken_is_refused(here):
    units.create_unit(district_id=here.id, kind="other", name="甲", uscc="91350100M000100Y43", actor=None)
    with pytest.raises(service.NotAllowed, match="名下"):
        units.create_unit(district_id=here.id, kind="other", name="乙", uscc="91350100M000100Y43", actor=None)


def test_places_are_found_or_made(here):
    kinds = ("park", "building")
    park = units.place_named(district_id=here.id, name="甲产业园", kinds=kinds, actor=None)
    assert park.kind == "park"
    assert units.place_named(district_id=here.id, name="甲产业园", kinds=kinds, actor=None).id == park.id


def test_sort_keys_read_surnames_rightly():
    assert sort_key("单雄信", person=True) == "shan xiong xin"
    assert initials("解晓东", person=True) == "xxd"
    assert sort_key("ABC科技（枞阳）有限公司").startswith("abc ke ji")
    assert initials("平房区") == "pfq"
