"""The components as people meet them: sizes, contrast, narrow screens, errors, bad lines, no JavaScript."""

from __future__ import annotations

import pytest

from tests import looks
from tests.browser import Live, Visit

pytestmark = [pytest.mark.browser, pytest.mark.once]
CATALOGUE = "/dev/components"


@pytest.mark.parametrize("elder", [False, True], ids=["standard", "elder"])
def test_catalogue_can_be_read_and_pressed(visit: Visit, elder: bool):
    page = visit(CATALOGUE, width=320, elder=elder)
    assert looks.in_every_look(page, elder=elder, widths=(320, 1366)) == {}


@pytest.mark.parametrize("width", [320, 375])
def test_doubled_text_scrolls_only_down(visit: Visit, width: int):
    page = visit(CATALOGUE, width=width)
    page.evaluate("document.documentElement.style.setProperty('font-size', '212.5%', 'important')")
    assert looks.sideways(page) == []


def test_errors_are_on_top_with_focus_and_beside_the_field_and_nothing_typed_is_lost(visit: Visit):
    page = visit(CATALOGUE)
    page.fill("#phone", "１００ 0000-000")
    page.fill("#birth-month", "13")
    page.get_by_role("button", name="核对并提交").click()
    summary = page.locator(".error-summary")
    summary.wait_for()
    assert summary.evaluate("el => el === document.activeElement")
    assert page.input_value("#phone") == "１００ 0000-000" and page.input_value("#birth-month") == "13"
    assert page.locator("#phone").get_attribute("aria-invalid") == "true"
    described = page.locator("#phone").get_attribute("aria-describedby").split()
    assert "手机号要11位数字，现在是10位" in page.locator(f"#{described[-1]}").inner_text()
    summary.get_by_role("link", name="手机号要11位数字").click()
    assert page.evaluate("document.activeElement.id") == "phone"
    assert looks.held_against(page) == []


def test_every_thing_to_press_is_reached_by_keyboard_and_shows_it(visit: Visit):
    page = visit(CATALOGUE)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = 0
    for _ in range(400):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "() => { const el = document.activeElement; if (el === document.body) return null;"
            " const look = getComputedStyle(el);"
            " return [look.outlineStyle, parseFloat(look.outlineWidth), el.outerHTML.slice(0, 90)] }"
        )
        if found is None:
            break
        seen += 1
        assert found[0] != "none" and found[1] >= 2, found
    else:
        pytest.fail("the keyboard never left the page")
    assert seen > 60


def test_chosen_months_are_added_up(visit: Visit):
    page = visit(CATALOGUE)
    button = page.locator("[data-sum]")
    assert button.inner_text() == "交1个月党费，共94.50元"
    page.get_by_label("2026年7月 94.50元").check()
    assert button.inner_text() == "交2个月党费，共189.00元"


def test_voucher_is_kept_as_a_picture_and_the_reminder_is_copied(visit: Visit):
    page = visit(CATALOGUE, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="存成图片").click()
    image = page.get_by_role("img", name="凭证图片")
    image.wait_for()
    assert image.evaluate("el => el.decode().then(() => [el.naturalWidth, el.naturalHeight > 700])") == [
        750,
        True,
    ]
    with page.expect_download() as download:
        page.get_by_role("link", name="下载图片").click()
    assert download.value.suggested_filename == "PZ-2026-000123.png"
    page.get_by_role("button", name="复制到微信群").click()
    page.get_by_text("已复制，到微信群里粘贴就行。").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("本月党费可以交了。")


def test_elder_mode_is_one_tap_and_one_tap_back_and_is_kept(visit: Visit, live: Live):
    page = visit(CATALOGUE)
    page.get_by_role("button", name="长辈版").click()
    page.wait_for_selector("html[data-mode=elder]")
    assert page.url == live.url + CATALOGUE
    page.goto(live.url + "/")
    assert page.locator("html").get_attribute("data-mode") == "elder"
    assert (
        max(page.locator("h1").evaluate_all("els => els.map(e => parseFloat(getComputedStyle(e).fontSize))"))
        >= 30
    )
    page.get_by_role("button", name="标准版").click()
    page.wait_for_selector("html:not([data-mode])")


def test_without_javascript_nothing_is_out_of_reach(visit: Visit):
    page = visit(CATALOGUE, java_script_enabled=False)
    assert page.get_by_text("长按上面的文字，全选后复制。").is_visible()
    assert not page.get_by_role("button", name="复制到微信群").is_visible()
    page.locator("details.fold summary").first.click()
    assert page.get_by_text("您在这一档").first.is_visible()
    page.get_by_role("button", name="核对并提交").click()
    page.get_by_role("heading", name="有几处要改").wait_for()


def test_nothing_is_asked_of_another_host(visit: Visit, live: Live):
    page = visit("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(live.url + CATALOGUE, wait_until="networkidle")
    assert [url for url in asked if not url.startswith((live.url, "data:"))] == []
    assert complaints == []


def test_print_view_keeps_the_sheet_and_drops_the_frame(visit: Visit):
    page = visit(CATALOGUE)
    page.emulate_media(media="print")
    assert page.locator(".sheet table").is_visible() and page.locator(".tick").first.is_visible()
    assert not page.locator(".top").is_visible() and not page.locator(".foot").is_visible()
