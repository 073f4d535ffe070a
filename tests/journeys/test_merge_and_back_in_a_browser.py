"""In a real browser: a merge is seen and taken back, and the hidden rows of a sheet are seen and chosen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from portal.database import everything, session
from portal.members.models import Member
from portal.testing import World
from tests import looks
from tests.browser import Visit
from tests.members.test_unmerging import full
from tests.sheets.imports.test_import_hidden import list_of_two_branches

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "javascript"), [(375, True), (375, False), (1366, True)])
def test_a_merge_is_taken_back_from_the_list(
    world: World, visit: Visit, width: int, javascript: bool, shot: Any
) -> None:
    here = world.district(name="甲区")
    branch = world.organization(here, name="甲区开发区第一联合党支部")
    kept, absorbed = world.member(branch, name="王小明"), world.member(branch, name="王晓明")
    full(world, absorbed, branch)
    desk = world.account(role="desk", district=here)
    merging = f"/d/{here.code}/desk/members/{kept.id}/merge?other={absorbed.uid}"
    page = visit(merging, account=desk, width=width, java_script_enabled=javascript)
    page.get_by_label("原因").fill("名字写错，登记了两次")
    shot(page, "merge")
    page.get_by_role("button", name="合并重复的登记").click()
    page.wait_for_url(f"**/desk/members/{kept.id}")
    assert "30天内可以在“合并过的登记”里撤销" in page.content()
    page.goto(page.url.replace(f"members/{kept.id}", ""))
    page.get_by_role("link", name="合并过的登记").click()
    shot(page, "merges")
    held(page, javascript)
    page.get_by_role("link", name="“王晓明”并入“王小明”").click()
    page.get_by_label("原因").wait_for()
    shot(page, "preview")
    held(page, javascript)
    page.get_by_role("button", name="撤销合并").click()
    page.get_by_text("请写明撤销合并的原因").first.wait_for()
    page.get_by_label("原因").fill("是同名的两个人")
    page.get_by_role("button", name="撤销合并").click()
    page.wait_for_url(f"**/desk/members/{absorbed.id}")
    assert "合并已撤销，“王晓明”的登记恢复了。" in page.content()
    page.goto(page.url.replace(f"/members/{absorbed.id}", "/merges"))
    shot(page, "undone")
    with everything():
        session.rollback()
        assert session.get_one(Member, absorbed.id).closed_on is None


@pytest.mark.parametrize(("width", "javascript"), [(375, True), (375, False), (1366, True)])
def test_hidden_rows_are_seen_and_chosen(
    world: World, visit: Visit, width: int, javascript: bool, tmp_path: Path, shot: Any
) -> None:
    here = world.district(name="甲区")
    for name in ("甲党支部", "乙党支部"):
        world.organization(here, name=name)
    sheet = tmp_path / "名单.xlsx"
    sheet.write_bytes(list_of_two_branches())
    desk = world.account(role="desk", district=here)
    page = visit(
        f"/d/{here.code}/desk/import/members", account=desk, width=width, java_script_enabled=javascript
    )
    page.get_by_label("选表格文件").set_input_files(sheet)
    page.get_by_role("button", name="上传并核对").click()
    page.get_by_role("heading", name="表里有2行是隐藏的").wait_for()
    shot(page, "hidden")
    held(page, javascript)
    page.get_by_role("button", name="隐藏的2行也要导入").click()
    page.get_by_text("现在连它们一起导入").wait_for()
    shot(page, "hidden-in")
    assert page.get_by_role("button", name="不要隐藏的2行").is_visible()
    held(page, javascript)


def held(page: Any, javascript: bool) -> None:
    """Hold the page against the measures, where scripts can measure."""
    if javascript:
        assert looks.held_against(page) == []


@pytest.fixture
def shot(request: pytest.FixtureRequest) -> Any:
    """Take pictures where ``SHOTS`` names a folder, to be looked at."""
    folder = os.environ.get("SHOTS")

    def take(page: Any, name: str) -> None:
        if folder:
            page.screenshot(path=f"{folder}/{name}-{request.node.callspec.id}.png", full_page=True)

    return take
