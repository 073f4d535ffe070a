"""Members from the official sheet: verdicts, commit, same again, undo, other districts."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from portal import audit
from portal.database import Conflict, session
from portal.members import service
from portal.members.models import Affiliation, Member, Person
from portal.members.sealed import unseal
from portal.organizations.service import NotAllowed
from portal.sheets.errors import SheetError
from portal.sheets.imports import commit
from portal.sheets.imports.models import ImportRow
from portal.testing import invented_ric
from tests.sheets.files import xlsx
from tests.sheets.imports.desk import member_row, member_sheet, outcomes, reasons


def members(desk):
    return session.scalars(
        select(Member).where(Member.district_id == desk.district.id).order_by(Member.id)
    ).all()


def test_official_sheet_from_upload_to_record(desk, branch):
    batch = desk.upload("members", member_sheet(member_row(1, 出生日期="1985.7"), member_row(2)))
    assert (batch.state, batch.counts) == ("ready", {"new": 2, "changed": 0, "same": 0, "refused": 0})
    assert members(desk) == []
    desk.commit(batch)
    first, second = members(desk)
    assert (first.name, first.organization_id, first.stage) == ("王芳", branch.id, "full")
    assert first.birth_date == date(1985, 7, 1)
    assert second.birth_date and second.sex in "12"
    assert (first.joined_on, first.education, first.nation) == (date(2005, 7, 1), "20", "01")
    assert unseal(first, "phone") == member_row(1)[12]
    assert first.ric_sealed is None and first.ric_tail == invented_ric(1)[-4:]
    assert session.scalar(select(func.count()).select_from(Affiliation)) == 2
    assert [row.action for row in audit.history(subject=("import_batch", batch.id))] == [
        "import.commit",
        "import.upload",
    ]


def test_same_file_twice_changes_nothing(desk, branch):
    sheet = member_sheet(
        member_row(1, 工作岗位="会计", 家庭住址="甲路1号", 固定电话="010-12345678"), member_row(2)
    )
    desk.imported("members", sheet)
    again = desk.upload("members", sheet)
    assert again.counts == {"new": 0, "changed": 0, "same": 2, "refused": 0}
    before = [(m.id, m.version) for m in members(desk)]
    desk.commit(again)
    assert [(m.id, m.version) for m in members(desk)] == before


def test_changed_fields_are_listed_and_empty_cells_change_nothing(desk, branch):
    desk.imported("members", member_sheet(member_row(1, 工作岗位="会计")))
    batch = desk.upload("members", member_sheet(member_row(1, 手机号="139 0000 0099", 民族=None)))
    [outcome] = outcomes(batch)
    assert outcome["verdict"] == "changed"
    assert outcome["changes"] == [["手机号", member_row(1)[12], "13900000099"]]
    desk.commit(batch)
    [member] = members(desk)
    assert (unseal(member, "phone"), member.post, member.nation) == ("13900000099", "会计", "01")


def test_wrong_rows_have_their_reasons_and_the_rest_goes_in(desk, branch):
    batch = desk.upload(
        "members",
        member_sheet(
            member_row(1, 出生日期="1985.13"),
            member_row(2, 所在党支部="没有的党支部"),
            member_row(3, 公民身份证号="110105491231002"),
            member_row(4, 加入党组织日期="1960-01-01"),
            member_row(5, 转为正式党员日期="2004-07-01"),
            member_row(6, 人员类别="预备党员"),
            member_row(7, 姓名=None),
            member_row(8, 加入党组织日期="2099-01-01"),
            member_row(9),
        ),
    )
    assert reasons(batch) == {
        4: "出生日期“1985.13”看不懂，请改成1985-03这样的写法。",
        5: "所在党支部“没有的党支部”在本地没有登记，请核对全称。",
        6: "公民身份证号是15位旧号码，请填写现在的18位号码。",
        7: "加入党组织时不满18周岁，请核对出生日期和加入党组织日期。",
        8: "转为正式党员日期早于加入党组织日期，请核对。",
        9: "还不是正式党员，却填了转为正式党员日期，请核对。",
        10: "没有填“姓名”。",
        11: "加入党组织日期在今天之后，请核对。转为正式党员日期早于加入党组织日期，请核对。",
    }
    desk.commit(batch)
    assert len(members(desk)) == 1


def test_branch_names_match_in_any_width_but_not_by_half(desk):
    made = desk.world.organization(desk.district, name="甲公司（枞阳）党支部")
    batch = desk.upload(
        "members",
        member_sheet(member_row(1, 所在党支部="甲公司(枞阳) 党支部"), member_row(2, 所在党支部="甲公司")),
    )
    assert list(reasons(batch)) == [5]
    desk.commit(batch)
    assert [m.organization_id for m in members(desk)] == [made.id]


def test_half_a_branch_name_is_refused_with_the_name_it_may_mean(desk, world):
    for name in ("莲湖产业园联合党支部", "桥东产业园联合党支部"):
        world.organization(desk.district, name=name)
    batch = desk.upload(
        "members",
        member_sheet(
            member_row(1, 所在党支部="莲湖支部"),
            member_row(2, 所在党支部="联合党支部"),
            member_row(3, 所在党支部="西山支部"),
        ),
    )
    said = reasons(batch)
    assert "是不是“莲湖产业园联合党支部”？" in said[4]
    assert "是不是“莲湖产业园联合党支部”“桥东产业园联合党支部”？" in said[5]
    assert said[6].endswith("在本地没有登记，请核对全称。")


def test_ambiguous_branch_is_a_row_error(desk):
    for name in ("乙（一）党支部", "乙(一)党支部"):
        desk.world.organization(desk.district, name=name)
    batch = desk.upload("members", member_sheet(member_row(1, 所在党支部="乙（一）党支部")))
    assert "有2个，分不清" in reasons(batch)[4]


def test_branch_is_not_moved_by_a_sheet(desk, branch):
    desk.imported("members", member_sheet(member_row(1)))
    desk.world.organization(desk.district, name="乙党支部")
    batch = desk.upload("members", member_sheet(member_row(1, 所在党支部="乙党支部")))
    assert "请办组织关系转接" in reasons(batch)[4]


def test_another_district_is_never_matched_or_shown(desk, branch, world):
    other = world.district()
    foreign = world.organization(other, name="外地党支部")
    world.member(foreign, name="张外地", ric=invented_ric(1), phone="10077777777")
    batch = desk.upload(
        "members", member_sheet(member_row(1), member_row(2, 所在党支部="外地党支部", 工作单位="外地公司"))
    )
    assert [o["verdict"] for o in outcomes(batch)] == ["new", "refused"]
    assert "张外地" not in str(outcomes(batch)) and "在本地没有登记" in reasons(batch)[5]
    desk.commit(batch)
    # the same human being: one person, two districts' records
    [member] = members(desk)
    assert member.name == "王芳"
    assert session.scalar(select(func.count()).select_from(Person)) == 1


def test_two_clicks_commit_once(desk, branch):
    batch = desk.upload("members", member_sheet(member_row(1)))
    version = batch.version
    commit.commit(batch, version=version, district=desk.ref, actor=desk.actor)
    with pytest.raises(Conflict):
        commit.commit(batch, version=version, district=desk.ref, actor=desk.actor)
    assert len(members(desk)) == 1


def test_same_form_twice_is_one_batch(desk, branch):
    sheet = member_sheet(member_row(1))
    data = xlsx({"表": sheet})
    first = desk.upload_bytes("members", data, key="same-form")
    assert desk.upload_bytes("members", data, key="same-form").id == first.id
    with pytest.raises(Conflict):
        desk.upload_bytes("members", xlsx({"表": member_sheet(member_row(2))}), key="same-form")


def test_register_changed_since_the_dry_run_commits_nothing(desk, branch):
    batch = desk.upload("members", member_sheet(member_row(1), member_row(2)))
    desk.imported("members", member_sheet(member_row(2)))
    with pytest.raises(commit.Stale):
        desk.commit(batch)
    session.refresh(batch)
    assert batch.state == "ready" and len(members(desk)) == 1


def test_undo_takes_new_people_away_and_puts_changes_back(desk, branch):
    desk.imported("members", member_sheet(member_row(1, 工作岗位="会计")))
    batch = desk.imported(
        "members", member_sheet(member_row(1, 工作岗位="出纳", 手机号="13900000099"), member_row(2))
    )
    desk.undo(batch)
    [member] = members(desk)
    assert (batch.state, member.post, unseal(member, "phone")) == ("undone", "会计", member_row(1)[12])
    assert session.scalar(select(func.count()).select_from(Person)) == 1
    assert session.scalar(select(func.count()).select_from(Affiliation)) == 1


def test_undo_is_refused_whole_where_something_leans_on_it(desk, branch, world):
    batch = desk.imported("members", member_sheet(member_row(1), member_row(2)))
    first, second = members(desk)
    world.account(second)
    with pytest.raises(NotAllowed, match="已经用手机登录过"):
        desk.undo(batch)
    service.change(first, version=1, actor=None, post="会计")
    with pytest.raises(NotAllowed, match="第4行：导入以后又有人改过。"):
        desk.undo(batch)
    assert len(members(desk)) == 2 and session.get_one(type(batch), batch.id).state == "committed"


def test_full_ids_are_sealed_in_the_batch_and_forgotten(desk, branch):
    from portal.sheets.imports.background import forget

    batch = desk.upload("members", member_sheet(member_row(1)))
    kept = session.scalars(select(ImportRow)).one()
    assert invented_ric(1).encode() not in bytes(kept.cells_sealed)
    batch.created_at = batch.created_at.replace(year=2020)
    session.commit()
    forget({})
    assert session.scalar(select(func.count()).select_from(ImportRow)) == 0


def test_whole_ids_are_kept_only_where_the_district_says_so(desk, branch):
    from flask import g

    from portal.districts import settings

    with desk.world.writing(desk.district):
        settings.put(desk.district.id, "core.keep_national_id", True, by=None)
    g.pop("setting_rows", None)
    desk.imported("members", member_sheet(member_row(1)))
    assert unseal(members(desk)[0], "ric") == invented_ric(1)


def test_renamed_column_is_asked_for_and_then_judged(desk, branch):
    from portal.sheets.imports import batches

    sheet = member_sheet(member_row(1))
    sheet[2][1] = "同志"
    batch = desk.upload("members", sheet)
    assert batch.state == "mapping"
    chosen = {i: name for i, name in enumerate(["number", "name", "branch", "ric"])} | {8: "stage"}
    batches.choose_columns(batch, chosen, version=batch.version, district=desk.ref, actor=desk.actor)
    assert (batch.state, batch.new) == ("ready", 1)


def test_refused_file_leaves_nothing(desk, branch):
    with pytest.raises(SheetError):
        desk.upload("members", [["随便"], ["什么"]])
    with pytest.raises(SheetError, match="没有数据"):
        desk.upload("members", member_sheet())
    assert session.scalar(select(func.count()).select_from(ImportRow)) == 0


def test_everyday_headers_are_understood_and_a_contact_number_is_a_mobile(desk, branch):
    row = member_row(1)
    headers = ["姓名", "支部", "身份证", "人员类别", "联系电话"]
    batch = desk.upload("members", [headers, [row[1], row[2], row[3], row[8], row[12]]])
    assert (batch.state, batch.counts["new"]) == ("ready", 1), reasons(batch)
    desk.commit(batch)
    assert unseal(members(desk)[0], "phone") == row[12]
