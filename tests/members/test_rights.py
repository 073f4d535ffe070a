"""A person's copy, move, merge and erasure reach every plugin and lose nothing."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from portal import notices
from portal.current import registry
from portal.database import session
from portal.jobs.models import JobRow
from portal.members import merging, requests, rights
from portal.members.models import Affiliation, Member
from portal.organizations.models import Organization
from portal.organizations.service import NotAllowed
from portal.plugin import Broken
from portal.registry import PluginUnavailable
from portal.testing import World


@pytest.fixture
def here(world: World):
    return world.district()


def test_the_copy_holds_the_opened_fields_and_every_plugins_part(world: World, here):
    member = world.member(world.organization(here), phone="10012345678")
    with world.writing(here):
        found = rights.copy_of(session.get_one(Member, member.id))
    assert found["record"]["phone"] == "10012345678"
    assert not any(key.endswith("_index") or key.endswith("_sealed") for key in found["record"])
    asked = {slug for slug, _call in registry().implementers("member_export")}
    assert set(found["plugins"]) == asked, "every plugin that keeps something has its part"


def test_the_copy_holds_the_account_requests_and_messages_and_nobody_elses(world: World, here):
    branch = world.organization(here)
    member, neighbour = world.member(branch, name="赵测试"), world.member(branch, name="钱邻居")
    account = world.account(member, phone="10012345678", password_hash="secret-hash")
    browser, other = world.browser(account), world.account(neighbour)
    with world.writing(here):
        for who, subject in ((account, "我的金额不对"), (other, "邻居的事")):
            requests.ask(
                "test.question",
                district_id=here.id,
                asked_by=who.id,
                subject=subject,
                answer_permission="core.requests.answer",
            )
            notices.notify(
                "core.request",
                account_id=who.id,
                district_id=here.id,
                params={"subject": subject, "number": "1"},
            )
    copy = browser.get(f"/d/{here.code}/me/record.json")
    found, text = copy.json, copy.get_data(as_text=True)
    assert found["account"]["phone"] == "10012345678" and found["account"]["has_password"] is True
    assert [one["subject"] for one in found["requests"]] == ["我的金额不对"]
    assert [one["text"] for one in found["messages"]] == ["“我的金额不对”有了答复，编号1。"]
    assert "邻居" not in text and "secret-hash" not in text


def test_a_broken_plugin_stops_the_copy_instead_of_leaving_its_part_out(world: World, here, app):
    member = world.member(world.organization(here))
    app.extensions["portal.registry"].broken["aid"] = Broken(slug="aid", error="x")
    with world.writing(here), pytest.raises(PluginUnavailable):
        rights.copy_of(session.get_one(Member, member.id))


def test_a_move_ends_one_affiliation_opens_the_next_and_tells_the_plugins(world: World, here):
    old, new = world.organization(here), world.organization(here)
    member = world.member(old)
    with world.writing(here):
        row, target = session.get_one(Member, member.id), session.get_one(Organization, new.id)
        rights.move(row, target, version=1, from_day=date(2026, 3, 1), reason="换单位", actor=None)
        spans = session.execute(
            select(Affiliation.organization_id, Affiliation.valid_from, Affiliation.valid_to).order_by(
                Affiliation.id
            )
        ).all()
        assert spans == [
            (old.id, date(2020, 1, 1), date(2026, 3, 1)),
            (new.id, date(2026, 3, 1), None),
        ]
        assert (row.organization_id, row.version) == (new.id, 2)
        told = session.scalars(select(JobRow.name).where(JobRow.name == "members.moved")).all()
        listening = [slug for slug, _call in registry().implementers("member_moved")]
        assert len(told) == len(listening), "every plugin that listens hears of the move"
        with pytest.raises(NotAllowed):
            rights.move(row, target, version=2, from_day=date(2026, 4, 1), reason="", actor=None)


def test_a_merge_keeps_one_record_and_the_others_history(world: World, here):
    branch = world.organization(here)
    kept, absorbed = world.member(branch), world.member(branch)
    with world.writing(here):
        first, second = session.get_one(Member, kept.id), session.get_one(Member, absorbed.id)
        with pytest.raises(NotAllowed):
            merging.merge(first, second, versions=(1, 1), reason=" ", actor=None)
        merging.merge(first, second, versions=(1, 1), reason="重复登记", actor=None)
        assert second.closed_on is not None and second.state == "left"
        assert first.closed_on is None


def test_erasure_waits_for_the_record_to_be_closed_then_leaves_a_shell(world: World, here):
    member = world.member(world.organization(here), name="标记人")
    with world.writing(here):
        row = session.get_one(Member, member.id)
        with pytest.raises(NotAllowed):
            rights.erase(row, version=1, reason="本人申请", actor=None)
        row.closed_on, row.state = date(2026, 1, 1), "left"
        session.commit()
        rights.erase(row, version=1, reason="本人申请", actor=None)
        assert (row.name, row.phone_sealed, row.phone_index, row.ric_tail) == ("已删除", None, None, "")
