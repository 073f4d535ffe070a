"""A merge is undone for 30 days: every row goes home, what happened since stays where it happened."""

from __future__ import annotations

import inspect
import threading
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal import clock
from portal.current import registry
from portal.database import Conflict, everything, session, transaction
from portal.identity import people
from portal.members import journal, merging, rights, unmerge_plan, unmerging
from portal.members.models import Affiliation, Member, MemberMerge, Office, Request, StatusEvent
from portal.organizations.models import Organization
from portal.organizations.service import NotAllowed
from portal.plugin import Broken, Objection
from portal.testing import World
from tests.guards.rows import differences, everything_said
from tests.guards.town import Town


@pytest.fixture
def here(world: World):
    return world.district()


def full(world: World, member: Member, organization: Organization) -> None:
    """Give a record something of everything a merge moves."""
    asker = world.account(member)
    with everything(), transaction():
        own = {"district_id": member.district_id, "member_id": member.id}
        session.add(
            Office(**own, organization_id=organization.id, role="secretary", valid_from=date(2024, 1, 1))
        )
        session.add(
            StatusEvent(**own, kind="stage", value="full", on_day=date(2011, 7, 1), recorded_at=clock.now())
        )
        session.add(
            Request(
                **own,
                reference=f"R{member.id}",
                kind="members.claim",
                asked_by=asker.id,
                answer_permission="core.requests.answer",
                subject="申请",
                asked_at=clock.now(),
            )
        )
        session.execute(
            update(Member).where(Member.id == member.id).values(remark="原来的备注", state="suspended")
        )


def merge(kept: Member, absorbed: Member) -> MemberMerge:
    first, second = session.get_one(Member, kept.id), session.get_one(Member, absorbed.id)
    session.refresh(first), session.refresh(second)
    versions = first.version, second.version
    return merging.merge(first, second, versions=versions, reason="重复登记", actor=None)


def undo(merged: MemberMerge, **more: Any) -> unmerge_plan.Plan:
    kept, absorbed = session.get_one(Member, merged.kept_id), session.get_one(Member, merged.absorbed_id)
    session.refresh(merged), session.refresh(kept), session.refresh(absorbed)
    versions = more.pop("versions", (merged.version, kept.version, absorbed.version))
    return unmerging.undo(merged, **{"versions": versions, "reason": "是两个人", "actor": None} | more)


def test_undoing_at_once_leaves_every_row_of_every_table_as_it_was(world: World, app: Flask, here):
    branch, other = world.organization(here), world.organization(here)
    kept, absorbed = world.member(branch), world.member(other)
    full(world, kept, branch), full(world, absorbed, other)
    before = everything_said(app)
    with world.writing(here):
        merged = merge(kept, absorbed)
        assert session.scalars(select(Office.member_id)).all() == [kept.id, kept.id]
        assert merged.journal_sealed is not None and "原来的备注".encode() not in merged.journal_sealed
    session.remove()
    assert {name for name, _row in differences(before, everything_said(app))} == {
        "affiliation", "member", "office", "request", "status_event",
    }  # fmt: skip
    with world.writing(here):
        plan = undo(session.get_one(MemberMerge, merged.id))
        assert (plan.altered, plan.stays, plan.gone) == ([], [], [])
        assert unmerge_plan.summary(plan.back) == [("任职", 1), ("发展和党籍的变动", 1), ("申请", 1)]
    session.remove()
    assert differences(before, everything_said(app)) == []


def test_login_and_search_find_the_restored_record(world: World, here):
    branch = world.organization(here)
    kept, absorbed = world.member(branch), world.member(branch, name="重复人", phone="10055556666")
    desk = world.browser(world.account(role="desk", district=here))
    index = absorbed.phone_index
    assert index is not None

    def found() -> tuple[bool, bool, bool]:
        listed = desk.get(f"/d/{here.code}/desk/members?q=6666").get_data(as_text=True)
        with everything():
            return people.behind(index).unclaimed, people.district_for(index) == here.id, "重复人" in listed

    assert found() == (True, True, True)
    with world.writing(here):
        merged = merge(kept, absorbed)
    assert found() == (False, False, False)
    with world.writing(here):
        undo(session.get_one(MemberMerge, merged.id))
    assert found() == (True, True, True)


def test_the_absorbed_records_own_login_sees_it_again(world: World, here):
    """An account stays with its person: the merge says so before, the undo needs nothing."""
    branch = world.organization(here)
    kept, absorbed = world.member(branch), world.member(branch)
    own = world.browser(world.account(absorbed))
    desk = world.browser(world.account(role="desk", district=here))
    page = f"/d/{here.code}/desk/members/{kept.id}/merge?other={absorbed.uid}"
    mine = f"/d/{here.code}/me/record.json"
    assert "请给本人打印首次登录码" in desk.get(page).get_data(as_text=True)
    world.account(kept)
    assert "合并后本人请用保留的那条登记的账户登录" in desk.get(page).get_data(as_text=True)
    assert own.get(mine).json["record"]["uid"] == absorbed.uid
    with world.writing(here):
        merged = merge(kept, absorbed)
    assert own.get(mine).status_code != 200
    with world.writing(here):
        undo(session.get_one(MemberMerge, merged.id))
    assert own.get(mine).json["record"]["uid"] == absorbed.uid


def test_what_happened_since_stays_and_a_changed_row_goes_back_as_it_is(world: World, here):
    branch = world.organization(here)
    kept, absorbed = world.member(branch), world.member(branch)
    full(world, absorbed, branch)
    with world.writing(here):
        merged = merge(kept, absorbed)
        with transaction():
            session.execute(update(Office).values(valid_to=date(2026, 11, 1)))
            own = {"district_id": here.id, "organization_id": branch.id}
            session.add(Office(**own, member_id=kept.id, role="org_officer", valid_from=date(2026, 11, 2)))
        plan = undo(merged)
        assert unmerge_plan.summary(plan.altered) == [("任职", 1)] and plan.stays == []
        offices = session.execute(select(Office.member_id, Office.role, Office.valid_to).order_by(Office.id))
        assert [tuple(row) for row in offices] == [
            (absorbed.id, "secretary", date(2026, 11, 1)), (kept.id, "org_officer", None),
        ]  # fmt: skip


def test_a_chain_is_taken_apart_from_its_end(world: World, app: Flask, here):
    branch = world.organization(here)
    one, two, three = (world.member(branch) for _ in range(3))
    for member in (one, two, three):
        full(world, member, branch)
    before = everything_said(app)
    with world.writing(here):
        first = merge(two, one)
        second = merge(three, two)
        assert session.scalars(select(Office.member_id).distinct()).all() == [three.id]
        with pytest.raises(NotAllowed, match="请先撤销那一次合并"):
            undo(first)
        assert undo(second).altered == []
        assert undo(first).altered == [], "what the second merge moved there and back counts as untouched"
    session.remove()
    assert differences(before, everything_said(app)) == []


def test_after_thirty_days_it_is_too_late_and_the_journal_is_emptied(world: World, here):
    branch = world.organization(here)
    kept, absorbed = world.member(branch), world.member(branch)
    desk = world.account(role="desk", district=here)
    with world.writing(here):
        merged = merge(kept, absorbed)
    url = f"/d/{here.code}/desk/merges/{merged.id}"
    with clock.moved(timedelta(days=29, hours=23)):
        merging.forget_old({})
        assert "<textarea" in world.browser(desk).get(url).get_data(as_text=True)
    with clock.moved(timedelta(days=30, minutes=1)):
        page = world.browser(desk).get(url).get_data(as_text=True)
        assert "合并已过30天，不能再撤销" in page and "<textarea" not in page
        assert "最近没有合并过" in world.browser(desk).get(f"/d/{here.code}/desk/merges").get_data(
            as_text=True
        )
        with world.writing(here), pytest.raises(NotAllowed, match="合并已过30天"):
            undo(session.get_one(MemberMerge, merged.id))
        merging.forget_old({})
    with everything():
        session.rollback()
        assert session.scalars(select(MemberMerge.journal_sealed)).all() == [None]


def test_what_stands_in_the_way_is_said_and_nothing_happens(world: World, app: Flask, here, monkeypatch):
    branch = world.organization(here)
    kept, absorbed = world.member(branch), world.member(branch)
    with world.writing(here):
        merged = merge(kept, absorbed)
        with pytest.raises(NotAllowed, match="请写明"):
            undo(merged, reason=" ")
        again = world.member(branch)
        with everything(), transaction():
            session.execute(update(Member).where(Member.id == again.id).values(person_id=absorbed.person_id))
        with pytest.raises(NotAllowed, match="后来又登记了一次"):
            undo(merged)
        with everything(), transaction():
            session.execute(update(Member).where(Member.id == again.id).values(closed_on=clock.today()))
        waits = Objection(code="x", text="先等一等。")
        monkeypatch.setattr(unmerging, "objections", lambda *_all: [waits])
        with pytest.raises(NotAllowed, match="先等一等"):
            undo(merged)
        monkeypatch.undo()
        registry().broken["aid"] = Broken(slug="aid", error="x")
        with pytest.raises(NotAllowed, match="没有装好"):
            undo(merged)
        registry().broken.clear()
        session.refresh(merged)
        assert merged.state == "merged" and merged.journal_sealed is not None


def test_the_constraint_alone_refuses_a_second_open_record(world: World, here, monkeypatch):
    """The person is registered anew while the undo is under way: the look before it saw nothing (rule K5)."""
    branch = world.organization(here)
    kept, absorbed, again = (world.member(branch) for _ in range(3))
    with world.writing(here):
        merged = merge(kept, absorbed)
        with everything(), transaction():
            session.execute(update(Member).where(Member.id == again.id).values(person_id=absorbed.person_id))
        monkeypatch.setattr(unmerging, "hindrance", lambda *_all: "")
        with pytest.raises(Conflict):
            undo(merged)
        session.rollback()
        assert session.scalars(select(MemberMerge.state)).all() == ["merged"]
        assert session.get_one(Member, absorbed.id, populate_existing=True).closed_on is not None


def test_a_journal_that_names_an_unknown_table_is_not_half_undone(world: World, here, monkeypatch):
    """A plugin whose rows were moved may have been taken out since: nothing goes back without them."""
    known, branch = journal.model_of, world.organization(here)
    kept, absorbed = world.member(branch), world.member(branch)
    full(world, absorbed, branch)
    with world.writing(here):
        merged = merge(kept, absorbed)

        def without_offices(table: str) -> Any:
            if table == "office":
                raise LookupError(table)
            return known(table)

        monkeypatch.setattr(journal, "model_of", without_offices)
        with pytest.raises(NotAllowed, match="没有装上"):
            undo(merged)
        assert session.scalars(select(Office.member_id)).all() == [kept.id]


def test_an_erased_record_is_not_brought_back(world: World, here):
    branch = world.organization(here)
    kept, absorbed = world.member(branch), world.member(branch)
    with world.writing(here):
        merged = merge(kept, absorbed)
        gone = session.get_one(Member, absorbed.id)
        rights.erase(gone, version=gone.version, reason="本人申请", actor=None)
        session.refresh(merged)
        assert merged.journal_sealed is None
        with pytest.raises(NotAllowed, match="个人资料已经删除"):
            undo(merged)


def test_an_old_page_is_a_conflict(world: World, here):
    """Undone twice, or one of the records changed since the preview: 409, and nothing happens (rule K3)."""
    branch = world.organization(here)
    kept, absorbed, third = (world.member(branch) for _ in range(3))
    with world.writing(here):
        merged = merge(kept, absorbed)
        first = (merged.version, *(session.get_one(Member, one.id).version for one in (kept, absorbed)))
        merge(kept, third)
        with pytest.raises(Conflict):
            undo(merged, versions=first)
        assert session.get_one(Member, absorbed.id).closed_on is not None
        done = (merged.version, *(session.get_one(Member, one.id).version for one in (kept, absorbed)))
        undo(merged)
        with pytest.raises(Conflict):
            undo(merged, versions=done)


def test_a_record_can_be_merged_again_after_the_undo(world: World, here):
    branch = world.organization(here)
    kept, absorbed = world.member(branch), world.member(branch)
    with world.writing(here):
        for _again in range(2):
            undo(merge(kept, absorbed))
        merge(kept, absorbed)
        states = session.scalars(select(MemberMerge.state).order_by(MemberMerge.id)).all()
        assert states == ["undone", "undone", "merged"]
        open_homes = select(Affiliation.member_id).where(Affiliation.valid_to.is_(None), ~Affiliation.void)
        assert session.scalars(open_homes).all() == [kept.id]


def test_two_undos_and_a_merge_at_once_leave_one_truth(world: World, app: Flask, here):
    """Ten at once: five undo, five merge the survivor on. Whoever was second changed nothing."""
    branch = world.organization(here)
    kept, absorbed, third = (world.member(branch) for _ in range(3))
    with world.writing(here):
        merged = merge(kept, absorbed)
        seen = {one.id: session.get_one(Member, one.id).version for one in (kept, absorbed, third)}
    session.remove()
    start, done = threading.Barrier(10), []

    def act(number: int) -> None:
        with app.app_context(), world.writing(here):
            row = session.get_one(MemberMerge, merged.id)
            one, other = session.get_one(Member, third.id), session.get_one(Member, kept.id)
            session.rollback()
            start.wait()
            try:
                if number % 2:
                    versions = (1, seen[kept.id], seen[absorbed.id])
                    unmerging.undo(row, versions=versions, reason="是两个人", actor=None)
                else:
                    versions = (seen[third.id], seen[kept.id])
                    merging.merge(one, other, versions=versions, reason="又一次", actor=None)
                done.append("undone" if number % 2 else "merged")
            except (Conflict, NotAllowed):
                pass
            finally:
                session.remove()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    with everything():
        homes = select(Affiliation.member_id).where(Affiliation.valid_to.is_(None), ~Affiliation.void)
        expected = {kept.id, absorbed.id, third.id} if done == ["undone"] else {third.id}
        assert set(session.scalars(homes)) == expected


def test_every_plugins_rows_come_back_and_a_plugin_that_writes_past_the_journal_is_found(
    world: World, app: Flask, monkeypatch
):
    """Into a record with every plugin's demo data: whoever hears of a merge moves rows by the journal only.

    Records with books of their own are not absorbed; what a plugin moves of others, its own tests show.
    """
    for slug, _call in registry().implementers("member_merged"):
        assert "journal" in inspect.signature(registry().plugins[slug].member_merged).parameters, slug
    side = Town(world, app).left
    absorbed = world.member(side.branch)
    full(world, absorbed, side.branch)
    before = everything_said(app)

    def there_and_back() -> set[str]:
        with world.writing(side.district):
            undo(merge(side.members[0], absorbed))
        session.remove()
        return {name for name, _row in differences(before, everything_said(app))}

    assert there_and_back() == set()
    ask = type(registry()).ask

    def careless(self: Any, hook: str, **arguments: Any) -> Any:
        if hook == "member_merged":
            mine = Request.member_id == arguments["kept"].id
            session.execute(update(Request).where(mine).values(subject="改了"))
        return ask(self, hook, **arguments)

    monkeypatch.setattr(type(registry()), "ask", careless)
    assert there_and_back() == {"request"}
