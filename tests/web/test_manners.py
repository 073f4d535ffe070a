"""htmx shows nothing by itself when things go wrong: ours says so, keeps the text, and sends once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import looks
from tests.browser import Visit

pytestmark = pytest.mark.browser
WORDS = "三楼会议室，下午两点"


@pytest.fixture
def page(visit: Visit) -> Any:
    opened = visit("/dev/components")
    opened.fill("#swap-words", WORDS)
    return opened


def send(page: Any, answer: str) -> None:
    page.select_option("#swap-answer", answer)
    page.get_by_role("button", name="试一试").click()


def said(page: Any, words: str | re.Pattern[str]) -> None:
    """Wait until these words are said: before them, on a slow machine, stands "please wait"."""
    expect(page.locator("#status")).to_have_text(words)


def test_a_good_answer_is_announced_and_the_focus_stays(page: Any):
    send(page, "200")
    said(page, "已保存")
    assert re.match("已保存第", page.locator("#answer").inner_text().strip())
    assert page.evaluate("document.activeElement.textContent.trim()") == "试一试"
    assert page.locator("#answer").get_attribute("aria-busy") is None
    assert looks.held_against(page) == []


def test_an_answer_with_errors_is_shown_with_focus(page: Any):
    send(page, "422")
    page.wait_for_selector("#answer .error-summary")
    said(page, "有几处要改，填的都还在。")
    assert page.evaluate("document.activeElement.className") == "error-summary"
    assert page.input_value("#swap-words") == WORDS


def test_a_conflict_shows_what_changed(page: Any):
    send(page, "409")
    page.get_by_text("张*刚改过").wait_for()
    said(page, "别人刚改过这一项，请看看现在的内容再决定。")
    assert page.input_value("#swap-words") == WORDS


@pytest.mark.parametrize(
    "answer, words", [("500", "系统出了点问题"), ("429", "点得太快了"), ("raised", "刚被别人约走，请换一个")]
)
def test_a_refusal_is_said_and_the_page_stays(page: Any, live: Any, answer: str, words: str):
    send(page, answer)
    said(page, re.compile(words))
    assert page.locator("#answer").inner_text().strip() == ""
    assert page.input_value("#swap-words") == WORDS
    send(page, "200")
    page.get_by_text("已保存第").wait_for()


def test_a_cut_line_is_said_and_the_text_is_still_there(page: Any):
    page.route("**/dev/answer", lambda route: route.abort())
    send(page, "200")
    said(page, "网络断了，内容还没提交，请再点一次。")
    assert page.input_value("#swap-words") == WORDS
    page.unroute("**/dev/answer")
    send(page, "200")
    page.get_by_text("已保存第").wait_for()


def test_offline_nothing_is_sent(page: Any):
    page.context.set_offline(True)
    send(page, "200")
    said(page, re.compile("网络断了"))
    assert page.input_value("#swap-words") == WORDS
    page.context.set_offline(False)


def test_a_time_out_is_said(page: Any):
    page.evaluate("htmx.config.timeout = 300")
    send(page, "slow")
    said(page, "等了很久没有回音，内容还在，请再点一次。")
    assert page.input_value("#swap-words") == WORDS


def test_a_double_tap_sends_once_and_waiting_is_said(page: Any):
    sent: list[Any] = []
    page.route("**/dev/answer", lambda route: sent.append(route))
    page.select_option("#swap-answer", "200")
    page.get_by_role("button", name="试一试").dblclick()
    said(page, "正在提交，请稍等。")
    assert page.locator("#answer").get_attribute("aria-busy") == "true"
    for each in sent:
        each.continue_()
    said(page, "已保存")
    assert re.match("已保存第", page.locator("#answer").inner_text().strip())
    assert len(sent) == 1
