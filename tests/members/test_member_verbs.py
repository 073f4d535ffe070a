"""Verbs on members: intake, change, correction; little is kept of a national id."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from portal import audit, clock
from portal.database import Conflict, session
from portal.members import service
from portal.members.models import Affiliation, Member, StatusEvent
from portal.members.sealed import phone_index, unseal
from portal.organizations.service import NotAllowed
from portal.testing import invented_ric

RIC = invented_ric(7)


@pytest.fixture
def branch(world):
    district = world.district()
    made = world.organization(district)
    with world.writing(district):
        yield made


def take_in(branch, ric=RIC, **values):
    values = {"name": "王芳", "stage": "full", "phone": "10000000001", "address": "甲路1号"} | values
    [member] = service.take_in(
        [service.Intake(ric=ric, organization_id=branch.id, values=values)],
        district_id=branch.district_id,
        actor=None,
        keep_ric=values.pop("keep_ric", False),
    )
    return member


def test_intake_seals_what_is_private(branch):
    with clock.frozen(date(2026, 11, 21)):
        member = take_in(branch, joined_on=date(2010, 7, 1), full_on=date(2011, 7, 1))
    assert unseal(member, "phone") == "10000000001" and unseal(member, "address") == "甲路1号"
    assert member.phone_index == phone_index("10000000001") and member.phone_tail == "0001"
    assert member.ric_tail == RIC[-4:] and member.ric_sealed is None
    assert (member.sort_key, member.initials) == ("wang fang", "wf")
    affiliation = session.scalars(select(Affiliation).where(Affiliation.member_id == member.id)).one()
    assert (affiliation.kind, affiliation.valid_from) == ("formal", date(2026, 1, 1))
    event = session.scalars(select(StatusEvent).where(StatusEvent.member_id == member.id)).one()
    assert (event.value, event.on_day) == ("full", date(2011, 7, 1))
    assert [row.action for row in audit.history(subject=("member", member.id))] == ["member.create"]


def test_full_id_is_kept_only_where_it_is_switched_on(branch):
    assert unseal(take_in(branch, keep_ric=True), "ric") == RIC


def test_second_open_record_is_refused(branch):
    take_in(branch)
    with pytest.raises(NotAllowed, match="已经有登记"):
        take_in(branch)


def test_same_person_in_two_districts_is_one_person(world):
    members = []
    for _number in range(2):
        district = world.district()
        branch = world.organization(district)
        with world.writing(district):
            members.append(take_in(branch))
    assert members[0].person_id == members[1].person_id and members[0].id != members[1].id


def test_change_needs_the_version_it_read(branch):
    member = take_in(branch, stage="probationary")
    service.change(member, version=1, actor=None, stage="full", full_on=date(2026, 7, 1), phone="10000000002")
    assert unseal(member, "phone") == "10000000002"
    events = session.scalars(select(StatusEvent.value).order_by(StatusEvent.id)).all()
    assert events == ["probationary", "full"]
    with pytest.raises(Conflict):
        service.change(member, version=1, actor=None, name="李强")
    assert session.scalar(select(Member.name).where(Member.id == member.id)) == "王芳"


def test_correction_of_the_home_branch_needs_a_reason_and_leaves_no_gap(world, branch):
    member = take_in(branch)
    district = session.get(type(world.district()), branch.district_id)
    other = world.organization(district)
    with pytest.raises(NotAllowed, match="原因"):
        service.correct_home(member, other, version=1, reason=" ", actor=None)
    service.correct_home(member, other, version=1, reason="登记时写错", actor=None)
    rows = session.execute(
        select(Affiliation.organization_id, Affiliation.void, Affiliation.valid_from).order_by(Affiliation.id)
    ).all()
    assert [(r[0], r[1]) for r in rows] == [(branch.id, True), (other.id, False)]
    assert rows[0][2] == rows[1][2] and member.organization_id == other.id
