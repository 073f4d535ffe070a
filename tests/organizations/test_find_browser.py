"""The search in a real browser: while typing, by button without JavaScript, inside WeChat, on a bad line."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from portal.database import session
from tests.browser import WECHAT, Visit
from tests.looks import in_every_look

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def filled(town):
    """Put the town into the database before the browser comes, and let go of the write lock."""
    session.remove()
    return town


def test_typing_shows_the_answer_says_it_and_keeps_focus_and_address(visit: Visit):
    page = visit("/find")
    page.locator("#q").click()
    page.keyboard.type("双强", delay=30)
    expect(page.locator("#found")).to_contain_text("您单位自己的党支部")
    expect(page.locator("#status")).to_have_text("查到2个党组织")
    expect(page.locator("#q")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/find\?q=%E5%8F%8C%E5%BC%BA$"))


def test_several_strokes_ask_once(visit: Visit):
    page, asked = visit("/find"), []
    page.on("request", lambda request: asked.append(request.url) if "/find?q=" in request.url else None)
    page.locator("#q").click()
    page.keyboard.type("shuangqiang", delay=20)
    expect(page.locator("#found")).to_contain_text("双强科技党支部")
    assert len(asked) == 1


def test_back_from_a_result_leads_to_the_search_as_it_was(visit: Visit):
    page = visit("/find")
    page.locator("#q").fill("双强")
    page.locator("#found a").first.click()
    expect(page.locator("h1")).to_have_text("双强科技党支部")
    page.go_back()
    expect(page.locator("#q")).to_have_value("双强")
    expect(page.locator("#found")).to_contain_text("双强科技党支部")


@pytest.mark.parametrize("context", [{"java_script_enabled": False}, {"user_agent": WECHAT}])
def test_button_searches_without_javascript_and_inside_wechat(visit: Visit, context):
    page = visit("/find", **context)
    page.locator("#q").fill("莲花社区")
    page.get_by_role("button", name="查找").click()
    expect(page.locator("#found")).to_contain_text("您常住社区的党组织")
    page.locator("#found a").first.click()
    expect(page.locator("h1")).to_have_text("莲花社区党支部")


def test_lost_line_says_so_and_keeps_what_was_typed(visit: Visit):
    page = visit("/find")
    page.context.set_offline(True)
    page.locator("#q").fill("双强")
    expect(page.locator("#status")).to_contain_text("网络断了")
    expect(page.locator("#q")).to_have_value("双强")
    page.context.set_offline(False)
    page.get_by_role("button", name="查找").click()
    expect(page.locator("#found")).to_contain_text("双强科技党支部")


def test_nobody_leaves_with_nothing_a_question_is_left_at_the_desk(visit: Visit):
    page = visit("/find?q=冥王星矿业")
    expect(page.locator("#results")).to_contain_text("没查到。换公司全称、楼名或社区名试试。")
    page.get_by_role("link", name=re.compile("留个话")).click()
    expect(page.get_by_label("单位、楼名或社区")).to_have_value("冥王星矿业")
    page.get_by_role("button", name="交给服务台").click()
    expect(page.locator(".error-summary")).to_be_focused()
    page.get_by_label("怎么打给您").fill("１００ ００００ ０００１")
    page.locator("#consent").check()
    page.get_by_role("button", name="交给服务台").click()
    expect(page.locator("h1")).to_have_text("已交给服务台")
    page.reload()
    expect(page.locator("h1")).to_have_text("已交给服务台")


@pytest.mark.parametrize("elder", [False, True])
def test_pages_can_be_read_and_pressed(visit: Visit, town, elder: bool):
    code = town.district.code
    for path in ("/find?q=双强", f"/d/{code}/center", f"/d/{code}/organizations/2", f"/d/{code}/find/ask"):
        page = visit(path, elder=elder)
        assert in_every_look(page, elder=elder, widths=(320, 1366), schemes=("light",)) == {}, path
