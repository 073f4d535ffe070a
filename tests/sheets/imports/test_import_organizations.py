"""Organizations and units from the templates the portal hands out."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import select

from portal.database import session
from portal.organizations.models import Organization, OrganizationParent, Place, Unit, UnitCoverage
from portal.organizations.service import NotAllowed
from portal.sheets.imports.batches import importer_of
from portal.sheets.writing import write_template
from tests.sheets.imports.desk import outcomes, reasons

HEAD = ["序号", "党组织名称*", "组织类别*", "上级党组织", "成立日期", "办公电话", "别名"]
UNITS = [
    "序号",
    "单位名称",
    "单位类别",
    "统一社会信用代码",
    "简称",
    "园区或楼宇",
    "片区",
    "负责的党组织",
    "从业人数",
]


def organizations(desk):
    return session.scalars(
        select(Organization).where(Organization.district_id == desk.district.id).order_by(Organization.id)
    ).all()


def units(desk):
    return session.scalars(select(Unit).where(Unit.district_id == desk.district.id).order_by(Unit.id)).all()


TREE = [
    HEAD,
    ["1", "甲一党支部", "党支部", "甲党总支", "2015.7", "0562-3210000", "甲一、老甲一"],
    ["2", "甲党总支", "党总支", "甲党工委"],
    ["3", "甲党工委", "党工委"],
]


def test_tree_in_any_order_and_twice(desk):
    batch = desk.imported("organizations", TREE)
    assert batch.new == 3
    by_name = {row.name: row for row in organizations(desk)}
    top, middle, low = by_name["甲党工委"], by_name["甲党总支"], by_name["甲一党支部"]
    assert low.path == f"/{top.id}/{middle.id}/{low.id}/"
    assert (low.aliases, low.office_phone, str(low.founded_on)) == (
        ["甲一", "老甲一"],
        "0562-3210000",
        "2015-07-01",
    )
    assert desk.upload("organizations", TREE).counts == {"new": 0, "changed": 0, "same": 3, "refused": 0}


def test_wrong_parents(desk):
    batch = desk.upload(
        "organizations",
        [
            HEAD,
            ["1", "甲党支部", "党支部", "乙党支部"],
            ["2", "乙党支部", "党支部", "甲党支部"],
            ["3", "丙党支部", "党支部", "没有的党委"],
            ["4", "丁党委", "党委", "戊党支部"],
            ["5", "戊党支部", "党支部"],
            ["6", "己党支部", "分店"],
            ["7", "己党支部 ", "党支部"],
        ],
    )
    said = reasons(batch)
    assert "又在它自己下面" in said[2] and "又在它自己下面" in said[3]
    assert said[4] == "上级党组织“没有的党委”在本地没有登记，请核对全称。"
    assert said[5] == "“戊党支部”下面不能设这一类党组织。"
    assert said[7].startswith("组织类别“分店”看不懂，请写：党工委、")
    assert said[8] == "“党组织名称”和第7行重复，请只留一行。"


def test_move_keeps_history_and_undo_puts_it_back(desk):
    desk.imported("organizations", TREE)
    batch = desk.imported(
        "organizations", [HEAD, ["1", "甲一党支部", "党支部", "甲党工委", None, "0562-3219999"]]
    )
    top, low = (next(r for r in organizations(desk) if r.name == n) for n in ("甲党工委", "甲一党支部"))
    assert outcomes(batch)[0]["changes"] == [
        ["上级党组织", "甲党总支", "甲党工委"],
        ["办公电话", "0562-3210000", "0562-3219999"],
    ]
    assert low.parent_id == top.id
    desk.undo(batch)
    session.refresh(low)
    assert low.parent_id != top.id and low.office_phone == "0562-3210000"


def test_undo_of_new_organizations(desk):
    batch = desk.imported("organizations", TREE)
    branch = next(r for r in organizations(desk) if r.name == "甲一党支部")
    desk.undo(batch)
    assert organizations(desk) == []
    assert session.scalars(select(OrganizationParent)).all() == []
    again = desk.imported("organizations", TREE)
    branch = next(r for r in organizations(desk) if r.name == "甲一党支部")
    desk.world.member(branch)
    with pytest.raises(NotAllowed, match="不能整批撤销"):
        desk.undo(again)
    assert len(organizations(desk)) == 3


def test_units_with_coverage_places_and_twice(desk):
    joint = desk.world.organization(desk.district, name="甲联合党支部", kind="joint_branch")
    sheet = [
        UNITS,
        [
            "1",
            "甲有限公司",
            "非公企业",
            "91350100M000100Y43",
            "甲厂",
            "甲产业园",
            "东片区",
            "甲联合党支部",
            "25人",
        ],
        ["2", "乙协会", "社会组织", "91350211M0000XUF46", None, "甲产业园", None, "甲联合党支部"],
        ["3", "丙小店", "个体户"],
    ]
    batch = desk.upload("units", sheet)
    assert batch.counts["new"] == 3 and "校验位对不上" in outcomes(batch)[1]["warnings"][0]
    desk.commit(batch)
    first, second, third = units(desk)
    assert (first.staff, first.aliases, third.kind) == (25, ["甲厂"], "self_employed")
    assert first.place_id == second.place_id
    assert [(p.kind, p.name) for p in session.scalars(select(Place).order_by(Place.id))] == [
        ("park", "甲产业园"),
        ("area", "东片区"),
    ]
    covered = session.execute(
        select(UnitCoverage.unit_id, UnitCoverage.organization_id, UnitCoverage.form)
    ).all()
    assert [tuple(row) for row in covered] == [(first.id, joint.id, "joint"), (second.id, joint.id, "joint")]
    assert desk.upload("units", sheet).counts["same"] == 3
    desk.undo(batch)
    assert units(desk) == []


def test_units_of_one_name_need_their_code(desk):
    desk.imported(
        "units",
        [
            UNITS,
            ["1", "甲公司", "非公企业", "91350100M000100Y43"],
            ["2", "甲公司", "非公企业", "91350211M0000XUF46"],
        ],
    )
    batch = desk.upload(
        "units", [UNITS, ["1", "甲公司", "非公企业"], ["2", "丁公司", "其他"], ["3", "丁公司", "其他"]]
    )
    said = reasons(batch)
    assert "请补上统一社会信用代码" in said[2] and "重复" in said[4]


def test_code_is_added_to_a_unit_known_by_name(desk):
    desk.imported("units", [UNITS, ["1", "甲公司", "非公企业"]])
    desk.imported("units", [UNITS, ["1", "甲公司", "非公企业", "91350100M000100Y43"]])
    [unit] = units(desk)
    assert unit.uscc == "91350100M000100Y43"


def test_another_districts_names_mean_nothing_here(desk, world):
    other = world.district()
    world.organization(other, name="外地党委", kind="committee")
    batch = desk.upload("organizations", [HEAD, ["1", "甲党支部", "党支部", "外地党委"]])
    assert "在本地没有登记" in reasons(batch)[2]
    batch = desk.upload("units", [UNITS, ["1", "甲公司", "非公企业", None, None, None, None, "外地党委"]])
    assert "在本地没有登记" in reasons(batch)[2]


@pytest.mark.parametrize("kind", ["organizations", "units", "members"])
def test_templates_handed_out_are_recognised(desk, kind):
    stream = io.BytesIO()
    write_template(stream, importer_of(kind, desk.ref, None).profile)
    from portal.sheets.errors import SheetError

    with pytest.raises(SheetError, match="表头下面没有数据"):
        desk.upload_bytes(kind, stream.getvalue())
