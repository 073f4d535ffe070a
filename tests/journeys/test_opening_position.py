"""Members come in with their dues' opening position (needs plugins/dues): sheet, desk, statement's ground."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from portal import clock
from portal.database import session
from portal.members.models import Member
from portal.organizations.service import NotAllowed
from portal.sheets.imports import batches, commit
from tests.sheets.files import OFFICIAL
from tests.sheets.imports.desk import Desk, member_row, outcomes, reasons


@pytest.fixture
def desk(world):
    if "dues" not in world.app.extensions["portal.registry"].plugins:
        pytest.skip("plugins/dues is not installed")
    district = world.district(name="甲区")
    world.organization(district, name="甲党支部")
    account = world.account(role="desk", district=district)
    with world.writing(district):
        yield Desk(world, district, world.ref(district), account.id)


def sheet(*rows):
    return [[*OFFICIAL, "党费类别", "党费基数", "党费缴至"], *rows]


def test_columns_of_dues_come_in_with_the_members_and_twice_changes_nothing(desk):
    rows = sheet(
        [*member_row(1), "在职", "5,100.00", "2026年5月"],
        [*member_row(2), "退休", 3860, "2026.6"],
        [*member_row(3), "土豪", "1", "2026-05"],
        [*member_row(4), None, "5100", "2026-05"],
        [*member_row(5), None, None, None],
    )
    batch = desk.upload("members", rows)
    assert batch.counts == {"new": 3, "changed": 0, "same": 0, "refused": 2}, reasons(batch)
    assert reasons(batch)[4].startswith("党费类别“土豪”看不懂，请写：") and "党费类别" in reasons(batch)[5]
    desk.commit(batch)
    again = desk.upload("members", rows)
    assert again.counts == {"new": 0, "changed": 0, "same": 3, "refused": 2}, outcomes(again)
    changed = desk.upload("members", sheet([*member_row(1), "在职", "6300", "2026-05"]))
    assert outcomes(changed)[0]["changes"] == [["党费基数", "5100.00", "6300.00"]]


def test_nobody_writes_down_how_far_they_themselves_have_paid(desk, world):
    """K12: the opening position is taken over as it stands in the sheet; so it is not one's own."""
    desk.imported("members", sheet([*member_row(1), None, None, None], [*member_row(2), None, None, None]))
    found = session.scalars(select(Member).order_by(Member.id)).all()
    own = next(one for one in found if one.ric_tail == member_row(1)[OFFICIAL.index("公民身份证号")][-4:])
    desk.actor = world.account(own, role="desk", district=desk.district).id
    batch = desk.upload(
        "members",
        sheet([*member_row(1), "退休", "0", "2026-12"], [*member_row(2), "退休", "3860", "2026-05"]),
    )
    assert reasons(batch) == {2: "这是您本人的登记，这几栏请另一位同志导入。"}
    same = desk.upload("members", sheet([*member_row(1, 学历="大学专科"), None, None, None]))
    assert same.changed == 1 and not reasons(same)


def test_batch_with_dues_is_taken_back_whole_or_not_at_all(desk):
    batch = desk.imported("members", sheet([*member_row(1), "在职", "5100", "2026-05"]))
    try:
        commit.undo(batch, version=batch.version, district=desk.ref, actor=desk.actor)
    except NotAllowed as refused:
        assert "没有撤销" in str(refused)
        assert session.get_one(type(batch), batch.id).state == "committed"
    else:
        assert batch.state == "undone"
        assert desk.upload("members", sheet([*member_row(1), "在职", "5100", "2026-05"])).new == 1


def test_template_carries_the_columns_only_where_dues_are_on(desk, world):
    headers = [c.header for c in batches.importer_of("members", desk.ref, None).profile.columns]
    assert headers[-3:] == ["党费类别", "党费基数", "党费缴至"]
    off = world.district(plugins=())
    for slug in world.app.extensions["portal.registry"].plugins:
        from portal.districts import service

        service.switch(off, slug, on=False)
    headers = [c.header for c in batches.importer_of("members", world.ref(off), None).profile.columns]
    assert "党费基数" not in headers


def test_paid_through_years_ahead_is_a_row_error(desk):
    """A slip of the year would free somebody of ten years' dues."""
    with clock.frozen(date(2026, 11, 21)):
        rows = sheet([*member_row(1), "退休", 3860, "2036-05"], [*member_row(2), "退休", 3860, "2027-05"])
        batch = desk.upload("members", rows)
        assert reasons(batch) == {
            2: "党费缴至写得太远。党费最多预交6个月，今天最晚只能写到2027年5月，请核对年份和月份。"
        }
        assert batch.counts["new"] == 1


def test_a_record_that_comes_in_new_is_one_s_own_too(desk, world):
    """She belongs to another district, and brings herself in here with nothing to pay."""
    elsewhere = world.district(name="乙区")
    there = Desk(world, elsewhere, world.ref(elsewhere), None)
    world.organization(elsewhere, name="甲党支部")
    with world.writing(elsewhere):
        there.imported("members", [[*OFFICIAL], member_row(1)])
        own = session.scalars(select(Member)).one()
    desk.actor = world.account(own, role="desk", district=desk.district).id
    with world.writing(desk.district):
        batch = desk.upload("members", sheet([*member_row(1), "退休", "0", "2026-05"]))
        assert reasons(batch) == {2: "这是您本人的登记，这几栏请另一位同志导入。"}
        assert desk.upload("members", sheet([*member_row(1), None, None, None])).new == 1
