"""Map, chart and calendar as people meet them: sizes, no JavaScript, keyboard, pointer, policy."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from portal.web import maps
from tests import looks
from tests.browser import Live, Visit

STATIC = Path(__file__).resolve().parents[2] / "static"
MAP, CHART, WEEK = "/dev/components/map", "/dev/components/chart", "/dev/components/week?day=2026-11-23"
PAGES = [MAP, CHART, WEEK, WEEK + "&mode=week", WEEK + "&mode=all"]
NAMES = ["map", "chart", "day", "week", "all"]


def drawn(page: Any) -> Any:
    """Wait until what scripts draw is there."""
    page.wait_for_load_state("networkidle")
    return page


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_a_page_with_a_part_stays_within_300_kib_of_gzip(client: Any, path: str):
    page = client.get(path).data
    files = set(re.findall(r'(?:src|href)="/static/([^"#?]+)', page.decode()))
    total = sum(len(gzip.compress(data, 6)) for data in [page, *((STATIC / f).read_bytes() for f in files)])
    assert total <= 300 * 1024
    assert ("vendor/leaflet.js" in files) == (path == MAP)
    assert ("vendor/echarts.min.js" in files) == (path == CHART)


def test_two_hundred_rooms_for_a_week_are_one_page_of_a_sensible_size(client: Any):
    page = client.get(WEEK + "&mode=all&many=1").data
    assert page.count(b'<tr><th scope="row"') == 200 and page.count(b'class="ev ') == 2000
    assert len(page) < 600_000 and len(gzip.compress(page, 6)) < 80_000


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.parametrize("elder", [False, True], ids=["standard", "elder"])
@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_parts_can_be_read_and_pressed(visit: Visit, path: str, elder: bool):
    page = drawn(visit(path, width=320, elder=elder))
    assert looks.in_every_look(page, elder=elder) == {}


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.parametrize("width", [375, 1366])
@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_without_javascript_all_of_it_can_be_read_and_pressed(visit: Visit, path: str, width: int):
    page = visit(path, width=width, java_script_enabled=False)
    text = page.locator("main").inner_text()
    wanted = {
        MAP: ["邻里党群服务站", "步行约4分钟", "横线长"],
        CHART: ["使用率", "6.5%", "312", "星期"],
    }.get(path, ["09:00–10:30", "主题党日"])
    assert [words for words in wanted if words not in text] == []
    assert page.locator(".leaflet-container, .chart-draw, .week-board").count() == 0
    if path == MAP:
        assert page.locator("#map .map-plan a").count() == page.locator("#map .map-list > li").count() == 4
        links = page.locator("#map .map-plan a .map-no").all_text_contents()
        assert links == page.locator("#map .map-mark").all_inner_texts() == ["1", "2", "3", "4"]


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_nothing_is_refused_by_the_policy_and_nothing_comes_from_elsewhere(
    visit: Visit, live: Live, path: str
):
    page = visit("/", width=1366)
    asked: list[str] = []
    told: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    drawn(page.goto(live.url + path) and page)
    page.mouse.move(500, 500)
    page.mouse.wheel(0, 300)
    page.wait_for_timeout(300)
    assert [url for url in asked if not url.startswith((live.url, "data:"))] == []
    assert told == []


# --- the map ---------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.once
def test_the_map_takes_the_place_of_the_plan_and_is_led_by_keys(visit: Visit):
    page = drawn(visit(MAP, width=1366, reduced_motion="reduce"))
    assert page.locator("#map .map-plan").count() == 0 and page.locator("#map path.map-ring").count() == 2
    spot = page.locator("#map").get_by_role("button", name="1 邻里党群服务站")
    spot.focus()
    page.keyboard.press("Enter")
    page.locator(".leaflet-popup-content").get_by_role("link", name="邻里党群服务站").wait_for()
    page.keyboard.press("Escape")
    ground = page.get_by_role("region", name="附近的活动场地")
    before = spot.bounding_box()
    ground.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "x => document.querySelector('.map-spot').getBoundingClientRect().x < x", arg=before["x"] - 20
    )
    scale = page.locator("#map .leaflet-control-scale-line").inner_text()
    page.keyboard.press("+")
    page.wait_for_function(
        "s => document.querySelector('#map .leaflet-control-scale-line').innerText !== s", arg=scale
    )


@pytest.mark.browser
@pytest.mark.once
def test_one_finger_and_the_wheel_scroll_the_page(visit: Visit):
    page = drawn(visit(MAP, has_touch=True, is_mobile=True))
    assert "pan-y" in page.locator("#map .map-ground").evaluate("el => getComputedStyle(el).touchAction")
    desk = drawn(visit(MAP, width=1366))
    box = desk.locator("#map .map-ground").bounding_box()
    desk.mouse.move(box["x"] + 200, box["y"] + 200)
    desk.mouse.wheel(0, 200)
    for _turn in range(50):  # a waiting expression would be evaluated in the page, which its policy refuses
        if desk.evaluate("scrollY") > 50:
            break
        desk.wait_for_timeout(100)
    assert desk.evaluate("scrollY") > 50


@pytest.mark.browser
@pytest.mark.once
def test_tiles_are_asked_for_only_where_they_are_set(visit: Visit, live: Live):
    def laid() -> maps.Ground:
        maps.allow_image_source("https://tiles.example")
        return maps.Ground(tiles="https://tiles.example/{z}/{x}/{y}.png", credit="测试底图", datum="gcj02")

    live.world.app.jinja_env.globals["map_ground"] = laid
    try:
        page = visit("/", width=1366)
        asked: list[str] = []
        page.route("https://tiles.example/**", lambda route: (asked.append(route.request.url), route.abort()))
        drawn(page.goto(live.url + MAP) and page)
    finally:
        live.world.app.jinja_env.globals["map_ground"] = maps.ground
    assert asked and page.get_by_text("测试底图").first.is_visible()
    lat, lng = maps.to_gcj02(30.7035, 117.4812)
    shown = page.locator("#map-1").evaluate("el => [+el.dataset.lat, +el.dataset.lng]")
    assert shown == pytest.approx([lat, lng])


# --- the chart -------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.once
def test_the_chart_draws_what_its_table_says(visit: Visit):
    page = drawn(visit(CHART, width=1366))
    assert (
        page.locator(".chart-draw > div > svg").count() == 2
        and page.locator(".chart-draw canvas").count() == 0
    )
    assert page.locator("#used .chart-draw").get_attribute("role") == "img"
    assert "数字都在旁边的表里" in page.locator("#used .chart-draw").get_attribute("aria-label")
    assert page.locator("#used .chart-draw").inner_text().count("月") == 3
    colours = page.locator("#used .chart-draw path").evaluate_all(
        "els => els.map(el => el.getAttribute('fill'))"
    )
    assert "#1f6f8b" in colours
    shades = page.locator("#busy td").evaluate_all(
        "els => new Set(els.map(e => getComputedStyle(e).backgroundColor)).size"
    )
    assert shades >= 4


# --- the calendar ----------------------------------------------------------------------------------


def block(page: Any, words: str) -> Any:
    return page.locator(".week-board .ev, .week-all .ev").filter(has_text=words).first


def drag(page: Any, one: Any, dx: float, dy: float, *, bottom: bool = False) -> None:
    one.scroll_into_view_if_needed()
    box = one.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + (box["height"] - 4 if bottom else 12)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    page.mouse.up()


@pytest.mark.browser
@pytest.mark.once
def test_a_block_is_dragged_and_resized_and_sent_after_asking(visit: Visit):
    page = drawn(visit(WEEK, width=1366))
    drag(page, block(page, "主题党日"), 0, 88)
    page.get_by_role("dialog").get_by_text("一楼大厅 10:00–11:30").wait_for()
    page.get_by_role("button", name="改过去").click()
    page.get_by_text("改好了：10:00–11:30").wait_for()
    drawn(page)
    assert "10:00–11:30" in block(page, "主题党日").inner_text()
    drag(page, block(page, "支部委员会"), 0, 44, bottom=True)
    page.get_by_role("dialog").get_by_text("三楼会议室 14:00–15:30").wait_for()
    page.get_by_role("button", name="不改").click()
    assert "14:00–15:00" in block(page, "支部委员会").inner_text()
    assert page.url.count("moved") == 1


@pytest.mark.browser
@pytest.mark.once
def test_what_is_refused_goes_back_and_says_why(visit: Visit):
    page = drawn(visit(WEEK, width=1366))
    one = block(page, "主题党日")
    before = one.bounding_box()
    drag(page, one, 0, -44)
    page.get_by_role("button", name="改过去").click()
    page.locator("#status").get_by_text("9点以前还没开门").wait_for()
    assert one.bounding_box() == before and "09:00–10:30" in one.inner_text()
    page.context.set_offline(True)
    drag(page, one, 0, 88)
    page.get_by_role("button", name="改过去").click()
    page.locator("#status").get_by_text("网络断了").wait_for()
    assert one.bounding_box() == before


@pytest.mark.browser
@pytest.mark.once
def test_what_another_has_changed_goes_back_and_says_so(visit: Visit):
    page = drawn(visit(WEEK + "&mode=all", width=1366))
    one = block(page, "结对帮扶接待")
    drag(page, one, -180, 0)
    page.get_by_role("button", name="改过去").click()
    page.locator("#status").get_by_text("刚才有人先改了").wait_for()
    cell = one.locator("xpath=ancestor::td")
    assert cell.get_attribute("data-label") == "周五 11月27日"


@pytest.mark.browser
@pytest.mark.once
def test_what_is_not_ones_own_stays_and_a_press_opens(visit: Visit):
    page = drawn(visit(WEEK, width=1366))
    drag(page, block(page, "布置会场"), 0, 88)
    assert page.get_by_role("dialog").count() == 0 and "/new" not in page.url
    block(page, "主题党日").click()
    assert page.url.endswith("#b1")


@pytest.mark.browser
@pytest.mark.once
def test_dragging_over_empty_time_leads_to_a_new_one(visit: Visit):
    page = drawn(visit(WEEK, width=1366))
    body = page.locator(".week-body").nth(3)
    box = body.bounding_box()
    x, y = box["x"] + 60, box["y"] + 2 * 88 + 4
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 40)
    page.mouse.move(x, y + 87)
    page.mouse.up()
    page.get_by_text("选了：4 2026-11-23T10:00 2026-11-23T11:00").wait_for()


@pytest.mark.browser
@pytest.mark.once
def test_the_calendar_is_walked_and_changed_by_keyboard(visit: Visit):
    page = drawn(visit(WEEK, width=1366))
    assert page.locator(".week-board [tabindex='0']").count() == 1
    block(page, "主题党日").focus()
    for key, wanted in (
        ("ArrowRight", "10:00–11:00 布置会场"),
        ("ArrowRight", "三楼会议室 10:00 可约"),
        ("ArrowDown", "三楼会议室 10:15 可约"),
        ("ArrowLeft", "10:00–11:00"),
    ):
        page.keyboard.press(key)
        told = page.evaluate(
            "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText)"
        )
        assert wanted.split()[0] in told, (key, told)
    assert page.locator(".week-board [tabindex='0']").count() == 1
    one = block(page, "支部委员会")
    one.focus()
    page.keyboard.press("m")
    page.locator("#status").get_by_text("正在改时间").wait_for()
    page.keyboard.press("ArrowDown")
    page.locator("#status").get_by_text("三楼会议室 14:15–15:15").wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    page.locator("#status").get_by_text("书画室 14:15–15:30").wait_for()
    page.keyboard.press("Escape")
    page.locator("#status").get_by_text("没有改").wait_for()
    assert "14:00–15:00" in one.inner_text() and one.evaluate("el => el === document.activeElement")
    page.keyboard.press("m")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_text("三楼会议室 13:45–14:45").wait_for()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="改过去").press("Enter")
    page.get_by_text("改好了：13:45–14:45").wait_for()


@pytest.mark.browser
@pytest.mark.once
def test_an_empty_slot_is_taken_by_enter(visit: Visit):
    page = drawn(visit(WEEK, width=1366))
    block(page, "支部委员会").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("选了：2 2026-11-23T15:00 2026-11-23T16:00").wait_for()


@pytest.mark.browser
@pytest.mark.once
def test_among_all_rooms_and_days_blocks_change_place_and_keep_their_time(visit: Visit):
    page = drawn(visit(WEEK + "&mode=all", width=1366))
    one = block(page, "支部委员会")
    one.focus()
    for key in ("m", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    page.get_by_role("dialog").get_by_text("三楼会议室 周二 11月24日 14:00–15:00").wait_for()
    page.get_by_role("button", name="改过去").click()
    page.get_by_text("改好了：14:00–15:00").wait_for()
    drawn(page)
    cell = block(page, "支部委员会").locator("xpath=ancestor::td")
    assert cell.get_attribute("data-label") == "周二 11月24日"


@pytest.mark.browser
@pytest.mark.once
def test_a_phone_has_a_list_and_a_phone_on_its_side_a_board(visit: Visit):
    page = drawn(visit(WEEK, width=375))
    assert page.locator(".week-board").count() == 0
    times = [text.split("–")[0] for text in page.locator(".week .ev b").all_inner_texts() if "–" in text]
    assert times == sorted(times) and len(times) >= 4
    page.set_viewport_size({"width": 780, "height": 375})
    page.locator(".week-board").wait_for()
    page.set_viewport_size({"width": 375, "height": 780})
    page.locator(".week-board").wait_for(state="hidden")
    assert page.locator(".week table").is_visible()
