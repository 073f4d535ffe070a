"""The desk's and the imports' pages in a real browser: sizes, contrast, narrow screens, the walk by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from portal.database import session
from portal.organizations import units
from portal.sheets.imports import commit, intake
from tests.looks import in_every_look
from tests.sheets.files import xlsx
from tests.sheets.imports.desk import member_row, member_sheet

pytestmark = pytest.mark.browser


@pytest.fixture
def town(live):
    """A district with everything on these pages: batches in three states, people, an organization, a unit."""
    world = live.world
    district = world.district(name="甲区")
    branch = world.organization(district, name="甲产业园区第一联合党支部", kind="joint_branch")
    clerk = world.account(role="district_admin", district=district)
    elder = world.account(role="district_admin", district=district, elder=True)
    member = world.member(branch, name="王芳")
    ref = world.ref(district)

    def upload(key: str, sheet: list[list[Any]]) -> Any:
        data = xlsx({"表": sheet})
        return intake.upload("members", data, f"{key}名单.xlsx", form_key=key * 9, district=ref, actor=None)

    with world.writing(district):
        unit = units.create_unit(district_id=district.id, kind="other", name="甲公司", actor=None)
        own = {"所在党支部": branch.name}
        done = upload("a", member_sheet(member_row(1, **own)))
        commit.commit(done, version=done.version, district=ref, actor=None)
        ready = upload(
            "b",
            member_sheet(
                member_row(1, 工作岗位="会计", **own),
                member_row(2, 出生日期="1985.13", **own),
                member_row(3, **own),
            ),
        )
        renamed = member_sheet(member_row(4, **own))
        renamed[2][1] = "同志"
        mapping = upload("c", renamed)
        base = f"/d/{district.code}/desk"
        paths = {
            "import": f"{base}/import",
            "upload": f"{base}/import/members",
            "columns": f"{base}/import/batches/{mapping.uid}",
            "verdicts": f"{base}/import/batches/{ready.uid}",
            "committed": f"{base}/import/batches/{done.uid}",
            "members": f"{base}/members",
            "nobody": f"{base}/members?q=zzz",
            "member": f"{base}/members/{member.id}",
            "new-member": f"{base}/members/new",
            "organizations": f"{base}/organizations",
            "organization": f"{base}/organizations/{branch.id}",
            "units": f"{base}/units?status=operating",
            "unit": f"{base}/units/{unit.id}/edit",
        }  # fmt: skip
    for account in (clerk, elder):
        session.refresh(account)
        session.expunge(account)
    session.remove()
    return (clerk, elder), paths


@pytest.mark.once
@pytest.mark.parametrize("elder", [False, True])
def test_pages_hold(town, visit, live, elder):
    (clerk, old), paths = town
    page = visit("/", account=old if elder else clerk, elder=elder)
    problems = {}
    for name, path in paths.items():
        page.goto(live.url + path)
        for width in (375, 1280):
            if found := in_every_look(page, elder=elder, widths=(width,), schemes=("light",)):
                problems[name] = found
            if folder := os.environ.get("PORTAL_SCREENSHOTS"):
                look = f"{name}-{width}{'-elder' if elder else ''}.png"
                page.screenshot(path=Path(folder) / look, full_page=True)
    assert problems == {}


@pytest.mark.parametrize("script", [True, False])
def test_import_on_a_phone_with_and_without_javascript(town, visit, tmp_path, script):
    (clerk, _elder), paths = town
    sheet = tmp_path / "新来的.xlsx"
    own = {"所在党支部": "甲产业园区第一联合党支部"}
    sheet.write_bytes(xlsx({"表": member_sheet(member_row(11, **own), member_row(12, 手机号="12", **own))}))
    page = visit(paths["upload"], account=clerk, java_script_enabled=script)
    page.get_by_label("选表格文件").set_input_files(sheet)
    page.get_by_role("button", name="上传并核对").click()
    page.get_by_text("手机号“12”应是11位手机号，请改正。").wait_for()
    page.get_by_role("button", name="导入：新增1条").click()
    page.get_by_text("有1行没通过。请选先改好再来，还是跳过这些行。").first.wait_for()
    page.get_by_text("跳过它们，先导入通过的").click()
    page.get_by_role("button", name="导入：新增1条").click()
    page.get_by_text("已导入：新增1条，修改0条。").wait_for()
    page.get_by_role("button", name="整批撤销").click()
    page.get_by_text("已整批撤销，名册回到导入以前。").wait_for()


def test_a_select_looks_the_same_when_its_answer_is_wrong(visit, live):
    """The framework's two icons of a wrong answer were stretched over the arrow."""
    district = live.world.district()
    page = visit(
        f"/d/{district.code}/desk/units/new", account=live.world.account(role="desk", district=district)
    )
    arrow = (
        "one => { const s = getComputedStyle(one); return [s.backgroundSize, s.backgroundImage.length > 9] }"
    )
    before = page.locator("[name=kind]").evaluate(arrow)
    page.get_by_role("button", name="保存").click()
    page.locator("[name=kind].is-invalid").wait_for()
    assert page.locator("[name=kind]").evaluate(arrow) == before
