"""A district's administrator in a real browser: on a phone, on a desktop, by keyboard, without JavaScript."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from portal.admin import switchboard
from portal.database import session
from portal.districts import service as districts
from portal.districts.models import District
from portal.identity.models import Account
from portal.testing import World
from tests import looks
from tests.browser import Visit

WIDTHS = (375, 1366)


@pytest.fixture
def county(world: World) -> District:
    made = world.district("990100", name="试验县")
    town = districts.create(code="990100-a", name="东风镇", kind="town", parent=made)
    switchboard.switch(town, "wechatpay", state="locked-off", actor=None)
    return made


def admin_of(world: World, county: District, **values: object) -> Account:
    return world.account(role="district_admin", district=county, **values)


def states(county: District) -> str:
    path = county.ancestor_ids
    session.rollback()
    found = next(line.own for line in switchboard.board(path) if line.slug == "dues")
    # The test's own reading must not hold the lock against the next click.
    session.rollback()
    return found


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("width", WIDTHS)
def test_switching_off_is_previewed_and_taken_back(
    world: World, visit: Visit, county: District, width: int, script: bool
):
    page = visit(
        "/d/990100/admin/plugins",
        account=admin_of(world, county),
        width=width,
        java_script_enabled=script,
    )
    page.get_by_role("link", name="党费").first.click()
    page.locator("input[value=off]").check()
    page.get_by_role("button", name="下一步，先看影响").click()
    page.get_by_text("2个地区").wait_for()
    assert states(county) == "on"
    page.get_by_role("button", name="确定，关闭").click()
    page.get_by_text("“党费”已关闭。数据都在").wait_for()
    assert states(county) == "off"
    page.get_by_role("button", name="撤销，改回“打开”").click()
    page.get_by_text("“党费”已打开。").wait_for()
    assert states(county) == "on"


def go_to(page: Any, text: str) -> None:
    """Press Tab until what has the focus, or the label around it or of it, says ``text``."""
    said = (
        "[document.activeElement.closest('label,a,button')?.innerText, "
        "document.activeElement.labels?.[0]?.innerText].join(' ')"
    )
    for _step in range(60):
        page.keyboard.press("Tab")
        if text in page.evaluate(said):
            return
    raise AssertionError(f"{text} is not reached by Tab")


def choose(page: Any, name: str) -> None:
    """Find somebody whose account it is about, and go on with them, by keyboard."""
    go_to(page, "姓名、手机号后4位")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=name).wait_for()
    go_to(page, name)
    page.keyboard.press("Enter")


@pytest.mark.parametrize("width", WIDTHS)
def test_switching_off_by_keyboard_alone(world: World, visit: Visit, county: District, width: int):
    page = visit("/d/990100/admin/plugins/dues", account=admin_of(world, county), width=width)
    go_to(page, "打开")
    page.keyboard.press("ArrowDown")
    go_to(page, "下一步")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="改成“关闭”").wait_for()
    go_to(page, "确定，关闭")
    page.keyboard.press("Enter")
    page.get_by_text("“党费”已关闭。数据都在").wait_for()
    assert states(county) == "off"
    go_to(page, "撤销")
    page.keyboard.press("Enter")
    page.get_by_text("“党费”已打开。").wait_for()


def test_a_setting_by_keyboard_alone(world: World, visit: Visit, county: District):
    page = visit("/d/990100/admin/settings/dues", account=admin_of(world, county), width=375)
    while page.evaluate("document.activeElement.id") != "dues-cash_days":
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    page.get_by_text("已保存，改了1项。").wait_for()


def test_a_role_by_keyboard_alone(world: World, visit: Visit, county: District):
    world.account(world.member(world.organization(county, name="甲党支部"), name="钱测书"))
    page = visit("/d/990100/admin/roles/find", account=admin_of(world, county), width=375)
    choose(page, "钱测书")
    page.get_by_role("heading", name="给“钱测书”一个角色").wait_for()
    go_to(page, "支部书记")
    page.keyboard.press("Space")
    go_to(page, "理由")
    page.keyboard.type("支部换届")
    page.keyboard.press("Enter")
    page.get_by_text("“钱测书”现在是“支部书记”").wait_for()
    go_to(page, "钱测书")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="结束", exact=True).wait_for()
    go_to(page, "马上")
    page.keyboard.press("Space")
    go_to(page, "理由")
    page.keyboard.type("填错了人")
    page.keyboard.press("Enter")
    page.get_by_text("已结束“钱测书”的“支部书记”。").wait_for()


def test_the_filter_swaps_the_tree_alone_and_the_address_keeps_it(
    world: World, visit: Visit, county: District
):
    page = visit("/d/990100/admin/plugins", account=admin_of(world, county), width=1366)
    page.get_by_label("状态").select_option("locked")
    page.get_by_role("button", name="筛选").click()
    page.get_by_role("link", name="全部去掉").wait_for()
    assert "state=locked" in page.url and page.get_by_text("本级设置，已锁定").count() == 1
    page.go_back()
    page.get_by_role("link", name="全部去掉").wait_for(state="detached")


@pytest.mark.once
@pytest.mark.parametrize("elder", [False, True])
def test_the_pages_can_be_read_and_pressed(world: World, visit: Visit, county: District, elder: bool):
    account = admin_of(world, county, elder=elder)
    for path in ("plugins?under=1&own=1", "plugins/dues", "plugins/dues?to=locked-off", "history"):
        for width in (320, 1366):
            page = visit(f"/d/990100/admin/{path}", account=account, width=width, elder=elder)
            assert looks.held_against(page, elder=elder) == [], (path, width)


@pytest.mark.parametrize("script", [True, False])
def test_an_account_is_disabled_and_let_in_again_by_keyboard_alone(
    world: World, visit: Visit, county: District, script: bool
):
    branch = world.organization(county, name="甲党支部")
    world.account(world.member(branch, name="周书记"), role="secretary", organization=branch)
    first, second = admin_of(world, county), admin_of(world, county)
    page = visit("/d/990100/admin/stops", account=first, width=375, java_script_enabled=script)
    go_to(page, "停用一个账号")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="停用一个账号").wait_for()
    choose(page, "周书记")
    page.get_by_role("heading", name="停用“周书记”的账号").wait_for()
    go_to(page, "停用这个账号")
    page.keyboard.press("Enter")
    page.locator(".error-summary a").wait_for()
    if not script:  # else the summary has the focus already, and the link in it is the next
        go_to(page, "请写明理由")
    else:
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.type("手机被偷")
    go_to(page, "停用这个账号")
    page.keyboard.press("Enter")
    page.get_by_text("“周书记”的账号已停用，所有设备都已退出。").wait_for()
    go_to(page, "为什么恢复")
    page.keyboard.type("本人带身份证来过")
    go_to(page, "原来的密码一并作废")
    page.keyboard.press("Space")
    go_to(page, "提出恢复")
    page.keyboard.press("Enter")
    page.get_by_text("已提出恢复。").wait_for()

    page = visit(urlsplit(page.url).path, account=second, java_script_enabled=script)
    page.get_by_text("一并作废").wait_for()
    go_to(page, "已核对，恢复这个账号")
    page.keyboard.press("Enter")
    page.get_by_text("恢复了，本人会收到消息。").wait_for()
