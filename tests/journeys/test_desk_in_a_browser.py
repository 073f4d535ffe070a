"""The desk of the bookings in a browser, also by keys alone and without JavaScript. Needs bookings."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from plugins.bookings.models import BookingsClosure
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import march, span  # noqa: F401
from plugins.bookings.tests.test_desk_answers import weeks
from plugins.bookings.tests.test_desk_rights import Street
from portal.api import clock, session
from tests import looks
from tests.browser import Live

pytestmark = [pytest.mark.browser, pytest.mark.once]
SHOTS = os.environ.get("DESK_SHOTS", "")


def kept(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


class Desk(Street):
    """A street with a day full of bookings; ``asked`` is a series that waits for an answer."""

    asked: str
    time: str


@pytest.fixture
def street(world: Any, march: None) -> Desk:  # noqa: F811
    made = Desk(world)
    made.setting("approval", "ask")
    with made.inside():
        by = made.accounts["desk"].id
        phone = Contact(name="王测", phone="13900001234")
        series = made.request(*weeks(3), room="培训室", rule="FREQ=WEEKLY;COUNT=3", title="青年学习小组")
        made.asked, made.time = series.uid, made.times(series)[0].uid
        for hour, title, room in (
            (9, "支部学习", "培训室"),
            (10, "书法课", "培训室"),
            (14, "全体大会", "大厅"),
            (11, "退休同志座谈", "西厅"),
        ):
            made.book(span(3, hour, hour + 1), title=title, room=room, contact=phone, by=by)
        made.request(span(3, 16, 17), room="东厅", title="合唱排练", who="member")
        session.commit()
    return made


PAGES = {
    "day": "day?on=2026-03-03",
    "week": "week?from=2026-03-03",
    "print": "print?on=2026-03-03&titles=1",
    "counter": "counter",
    "requests": "requests",
    "list": "list",
    "closures": "closures",
    "closure-new": "closures/new",
    "answer": "{uid}/answer",
    "show": "{uid}",
    "cancel": "{uid}/cancel",
    "move-all": "{uid}/move-all",
    "displace": "{uid}/displace?time={time}",
    "slip": "{uid}/slip",
}


def test_every_page_can_be_read_and_pressed(street: Desk, visit: Any, live: Live):
    page = visit(f"{street.base}/", account=street.accounts["desk"])
    found = {}
    for name, path in PAGES.items():
        page.goto(f"{live.url}{street.base}/{path.format(uid=street.asked, time=street.time)}")
        for width in (375, 1366):
            if complaints := looks.in_every_look(page, widths=(width,), schemes=("light",)):
                found[name] = complaints
            kept(page, f"{name}-{width}")
    assert found == {}


def by_keys(page: Any, words: str, *, most: int = 90) -> None:
    """Go on by Tab until what has the focus says ``words``, as somebody without a mouse does."""
    for _step in range(most):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "(() => { const e = document.activeElement; const l = e.labels && e.labels[0];"
            " return (/^(A|BUTTON)$/.test(e.tagName) ? e.textContent : '') + (l ? l.textContent : ''); })()"
        )
        if words in said:
            return
    raise AssertionError(f"{words} is not reached by Tab")


def states(street: Street) -> list[str]:
    with street.inside():
        found = [row.state for row in street.times()]
        street.owns_its_slots()
    session.remove()
    return found


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("width", [375, 1366])
def test_two_times_of_three_are_approved_and_the_third_is_refused_by_keys_alone(
    street: Desk, visit: Any, width: int, script: bool
):
    page = visit(
        f"{street.base}/requests", account=street.accounts["desk"], width=width, java_script_enabled=script
    )
    by_keys(page, "青年学习小组")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer")
    by_keys(page, "3月23日")
    page.keyboard.press("Space")
    kept(page, f"answer-ticked-{width}")
    by_keys(page, "批准")
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests")
    assert "批准了2个时间" in page.locator("#notice").inner_text()
    assert states(street)[:3] == ["approved", "approved", "requested"]
    by_keys(page, "青年学习小组")
    page.keyboard.press("Enter")
    page.wait_for_url("**/answer")
    by_keys(page, "不批准")
    page.keyboard.press("Enter")
    page.wait_for_selector(".error-summary")
    assert "请写原因" in page.locator(".error-summary").inner_text()
    by_keys(page, "原因")
    if page.evaluate("document.activeElement.tagName") != "TEXTAREA":
        page.keyboard.press("Enter")
    page.locator("#reason").focus()
    page.keyboard.type("那天换灯")
    by_keys(page, "不批准")
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests")
    assert "答复了1个时间" in page.locator("#notice").inner_text()
    assert states(street)[:3] == ["approved", "approved", "refused"]
    if not script:
        the_calendar_is_a_table_to_press(page, street, width)


def the_calendar_is_a_table_to_press(page: Any, street: Street, width: int) -> None:
    """Read a day and a week without script, and go from each to a booking and on to change its time."""
    desk = page.url.rpartition("/")[0]
    for address in ("day?on=2026-03-03", "week?from=2026-03-03"):
        page.goto(f"{desk}/{address}")
        kept(page, f"plain-{address.partition('?')[0]}-{width}")
        assert page.locator("main table").is_visible() and page.locator(".week-board").count() == 0
        row = page.locator("main tr", has=page.get_by_role("link", name="书法课"))
        assert "10:00" in row.inner_text()
        titles = page.locator("main .ev").all_inner_texts()
        for title in ("支部学习", "书法课", "退休同志座谈", "全体大会", "合唱排练"):
            assert [one for one in titles if title in one], (address, title, titles)
        # Axe needs the page's own script; these three do not.
        assert looks.small_text(page) + looks.small_targets(page) + looks.sideways(page) == []
        page.get_by_role("link", name="书法课").press("Enter")
        page.get_by_role("heading", name="书法课").wait_for()
        assert page.get_by_role("link", name="改时间").count() >= 1


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("width", [375, 1366])
def test_a_room_is_closed_with_a_choice_and_opened_again_by_keys_alone(
    street: Desk, visit: Any, width: int, script: bool
):
    page = visit(
        f"{street.base}/closures/new",
        account=street.accounts["admin"],
        width=width,
        java_script_enabled=script,
    )
    for words, said in (
        ("停用哪里", "培训室"),
        ("从哪一天", "2026-03-03"),
        ("到哪一天", "2026-03-03"),
        ("为什么停用", "空调检修"),
    ):
        by_keys(page, words)
        if words == "停用哪里":
            page.keyboard.press("ArrowDown")
            continue
        page.keyboard.press("Control+a")
        page.keyboard.type(said)
    by_keys(page, "看看里面有哪些预约")
    page.keyboard.press("Enter")
    page.wait_for_selector("input[name=every]")
    assert "有2个预约在里面" in page.locator("main").inner_text()
    kept(page, f"closure-preview-{width}")
    assert looks.held_against(page) == [] if script else True
    by_keys(page, "书法课怎么办")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    by_keys(page, "停用，照选的办")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/closures/[0-9A-Z]{26}$"))
    assert "1个预约已经通知到人" in page.locator("#notice").inner_text()
    kept(page, f"closure-{width}")
    assert sorted(states(street)) == sorted(["displaced", *["approved"] * 3, *["requested"] * 4])
    by_keys(page, "恢复使用")
    page.keyboard.press("Enter")
    page.wait_for_url("**/closures")
    assert "恢复使用了" in page.locator("#notice").inner_text()
    with street.inside():
        assert [one.state for one in session.query(BookingsClosure)] == ["lifted"]


def test_a_block_is_moved_by_keys_and_by_hand_after_a_question(street: Desk, visit: Any):
    page = visit(f"{street.base}/day?on=2026-03-03", account=street.accounts["desk"], width=1366)
    page.wait_for_selector("#board[data-ready]")
    block = page.locator(".week-board .ev", has_text="书法课")
    block.focus()
    page.keyboard.press("m")
    for _step in range(4):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert "11:00–12:00" in page.locator(".week-ask").inner_text()
    page.get_by_role("button", name="改过去").press("Enter")
    page.wait_for_selector("#notice")
    assert "11:00—12:00" in page.locator("#notice").inner_text()
    page.wait_for_selector("#board[data-ready]")
    block = page.locator(".week-board .ev", has_text="书法课")
    box, hall = block.bounding_box(), page.locator(".week-col", has_text="大厅").last.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(hall["x"] + 60, box["y"] + 14, steps=6)
    page.mouse.up()
    page.locator(".week-ask [data-yes]").click()
    page.locator("#status").get_by_text("已经有人约了").wait_for()

    def stands() -> list[str]:
        with street.inside():
            street.owns_its_slots()
            (row,) = [one for one in street.times() if one.uid == block.get_attribute("data-i")]
            span = [f"{one.astimezone(clock.SHANGHAI):%H:%M}" for one in (row.starts_at, row.ends_at)]
            found = [street.room_name(row.room_id), *span, row.state]
        session.remove()
        return found

    assert stands() == ["培训室", "11:00", "12:00", "approved"]
    # It went back to where it was; an hour later in another room nobody has: there it stays.
    box, east = block.bounding_box(), page.locator(".week-col", has_text="东厅").first.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(east["x"] + 60, box["y"] + 12 + box["height"], steps=6)
    page.mouse.up()
    assert "东厅" in page.locator(".week-ask").inner_text()
    assert "12:00–13:00" in page.locator(".week-ask").inner_text()
    page.locator(".week-ask [data-yes]").click()
    page.locator("#notice").get_by_text("改好了：东厅").wait_for()
    page.wait_for_selector("#board[data-ready]")
    assert page.locator(".week-col[aria-label='东厅'] .ev", has_text="书法课").count() == 1
    assert page.locator(".week-board .ev", has_text="书法课").count() == 1
    assert stands() == ["东厅", "12:00", "13:00", "approved"]


def test_the_day_is_walked_by_single_keys_and_none_works_while_somebody_types(street: Desk, visit: Any):
    page = visit(f"{street.base}/day?on=2026-03-03", account=street.accounts["desk"], width=1366)
    page.wait_for_selector("#board[data-ready]")
    press, focused = page.keyboard.press, "document.activeElement.textContent"
    press("j")
    first = page.evaluate(focused)
    press("j")
    assert "支部学习" in first and "书法课" in page.evaluate(focused)
    press("k")
    assert page.evaluate(focused) == first
    # The arrows go on from there: one stop of the calendar is in the order of Tab.
    assert page.locator(".week-board [tabindex='0']").count() == 1
    press("?")
    page.locator(".keys dialog[open]").wait_for()
    kept(page, "keys")
    assert "下一个" in page.locator(".keys dialog").inner_text()
    press("j")
    press("?")
    assert page.locator(".keys dialog[open]").count() == 0 and page.evaluate(focused) == first
    press("/")
    field = page.locator("main input[name=on]:not([type=hidden])")
    assert field.evaluate("el => el === document.activeElement")
    press("ControlOrMeta+a")
    for one in ("2", "j", "t", "?"):
        press(one)
    assert field.input_value() == "2jt?" and "on=2026-03-03" in page.url
    page.locator("h1").click()
    press("]")
    page.wait_for_url("**/day?on=2026-03-04")
    press("w")
    page.wait_for_url("**/week?from=2026-03-04")
    page.locator("[data-keys-show]").click()
    page.get_by_role("button", name="关掉快捷键").click()
    page.get_by_text("以后在这个浏览器上也不起作用").wait_for()
    desk = page.url.rpartition("/")[0]
    # Off on this page, and on the next one too, until they are switched on again.
    for address in ("week?from=2026-03-04", "requests"):
        page.goto(f"{desk}/{address}")
        press("d")
        press("?")
        assert page.locator(".keys dialog[open]").count() == 0 and page.url.endswith(address)
    page.locator("[data-keys-show]").click()
    page.get_by_role("button", name="打开快捷键").click()
    page.get_by_text("快捷键打开了").wait_for()
    page.goto(f"{desk}/requests")
    press("k")
    press("Enter")
    page.wait_for_url("**/answer")
    assert "合唱排练" in page.locator("h1").inner_text() or "青年学习小组" in page.locator("h1").inner_text()
