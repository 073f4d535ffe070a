"""A whole-page form keeps what was typed on a cut line, an error, a conflict; and works without script."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import Live, Visit

pytestmark = pytest.mark.browser
WORDS = "三楼会议室，下午两点"


def send(page: Any, answer: str) -> None:
    page.fill("#keep-words", WORDS)
    page.select_option("#keep-answer", answer)
    page.get_by_role("button", name="整页交一次").click()


def said(page: Any, words: str | re.Pattern[str]) -> None:
    expect(page.locator("#status")).to_have_text(words)


@pytest.fixture
def page(visit: Visit) -> Any:
    return visit("/dev/components")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_good_answer_leads_on_and_the_notice_is_shown_once(visit: Visit, live: Live, script: bool):
    page = visit("/dev/components", java_script_enabled=script)
    send(page, "303")
    page.wait_for_url(live.url + "/")
    assert page.get_by_text(f"收到：{WORDS}").is_visible()
    page.reload()
    assert not page.get_by_text(f"收到：{WORDS}").is_visible()
    page.go_back()
    assert page.url == live.url + "/dev/components"


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_page_as_the_answer_is_shown_and_back_leads_to_the_form(visit: Visit, live: Live, script: bool):
    page = visit("/dev/components", java_script_enabled=script)
    send(page, "200")
    page.get_by_text(f"收到：{WORDS}").wait_for()
    assert page.url == live.url + "/dev/keep"
    page.go_back()
    page.locator("#keep-words").wait_for()
    assert page.url == live.url + "/dev/components"
    assert not page.get_by_text(f"收到：{WORDS}").is_visible()
    if script:
        assert page.input_value("#keep-words") == WORDS  # nobody types it again
        page.go_forward()
        page.get_by_text(f"收到：{WORDS}").wait_for()


def test_errors_come_back_with_the_text(page: Any):
    send(page, "422")
    page.locator("#keep-words-error").wait_for()
    assert page.input_value("#keep-words") == WORDS


@pytest.mark.parametrize(
    "answer, words",
    [("500", "系统出了点问题"), ("429", "点得太快了"), ("409", "刚才有人先改了")],
)
def test_a_refusal_is_said_and_the_text_stays(page: Any, answer: str, words: str):
    send(page, answer)
    said(page, re.compile(words))
    assert page.input_value("#keep-words") == WORDS


def test_waiting_is_said_while_it_lasts_and_no_longer(page: Any):
    """A page with errors says nothing in the live region: "please wait" stood on for eight seconds."""
    waiting: list[Any] = []
    page.route("**/dev/keep", lambda route: waiting.append(route))
    send(page, "422")
    said(page, "正在提交，请稍等。")
    waiting[0].continue_()
    page.locator("#keep-words-error").wait_for()
    assert page.locator("#status").inner_text() == ""


def test_a_cut_line_is_said_and_the_second_try_arrives(page: Any, live: Live):
    page.route("**/dev/keep", lambda route: route.abort())
    send(page, "303")
    said(page, "网络断了，内容还没提交，请再点一次。")
    assert page.input_value("#keep-words") == WORDS
    page.unroute("**/dev/keep")
    page.get_by_role("button", name="整页交一次").click()
    page.wait_for_url(live.url + "/")


def test_a_file_as_the_answer_is_saved(page: Any):
    with page.expect_download() as download:
        send(page, "file")
    assert download.value.suggested_filename == "kept.csv"
    assert download.value.path().read_text(encoding="utf-8") == WORDS


def test_a_double_tap_sends_once(page: Any, live: Live):
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.fill("#keep-words", WORDS)
    page.get_by_role("button", name="整页交一次").dblclick()
    page.wait_for_url(live.url + "/")
    assert len(sent) == 1
