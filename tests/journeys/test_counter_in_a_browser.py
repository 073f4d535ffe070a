"""Somebody stands at the counter: booked by keys alone, and how long that takes. Needs bookings."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import march, span  # noqa: F401
from plugins.bookings.tests.test_desk_rights import Street
from portal.api import session
from tests import looks
from tests.journeys.test_desk_in_a_browser import by_keys, kept

pytestmark = [pytest.mark.browser, pytest.mark.once]


@pytest.fixture
def street(world: Any, march: None) -> Street:  # noqa: F811
    """Return a center whose training room somebody with a known number has from nine to eleven."""
    made = Street(world)
    made.setting("approval", "ask")
    with made.inside():
        phone, by = Contact(name="王测", phone="13900001234"), made.accounts["desk"].id
        for hour, title in ((9, "支部学习"), (10, "书法课")):
            made.book(span(3, hour, hour + 1), title=title, contact=phone, by=by)
        session.commit()
    return made


@pytest.mark.parametrize("width", [375, 1366])
def test_somebody_at_the_counter_is_booked_by_keys_and_a_taken_time_by_one_more(
    street: Street, visit: Any, width: int
):
    page = visit(f"{street.base}/counter", account=street.accounts["desk"], width=width)
    page.wait_for_load_state("networkidle")
    page.locator("#phone").focus()
    page.keyboard.type("139 0000 1234")
    page.keyboard.press("Tab")
    page.wait_for_selector("#known .field-hint")
    assert "这个号码来过：王测" in page.locator("#known").inner_text()
    page.keyboard.press("Tab")
    page.keyboard.type("8")
    by_keys(page, "哪一天")
    page.keyboard.press("Control+a")
    page.keyboard.type("2026-03-03")
    by_keys(page, "几点开始")
    page.keyboard.press("Control+a")
    page.keyboard.type("9")
    by_keys(page, "几点结束")
    page.keyboard.press("Control+a")
    page.keyboard.type("10")
    page.keyboard.press("Enter")
    page.wait_for_selector("#others")
    kept(page, f"counter-taken-{width}")
    assert looks.held_against(page) == []
    by_keys(page, "培训室", most=4)
    page.keyboard.press("Enter")
    page.wait_for_url("**/slip")
    kept(page, f"slip-{width}")
    assert "签到码" in page.locator("main").inner_text()


class Clerk:
    """Hands on a keyboard, counted by the keystroke-level model.

    Card, Moran and Newell, "The keystroke-level model for user performance time with interactive systems"
    (CACM 23:7, 1980): 0.28 seconds a key for an average typist who is no professional, 1.35 seconds to think
    before each thing that is to be said.
    """

    KEY, THOUGHT = 0.28, 1.35

    def __init__(self, page: Any) -> None:
        self._page, self.keys, self.thoughts = page, 0, 0

    def think(self) -> None:
        self.thoughts += 1

    def press(self, *names: str) -> None:
        for name in names:
            self._page.keyboard.press(name)
            self.keys += 1

    def type(self, text: str) -> None:
        self._page.keyboard.type(text)
        self.keys += len(text)

    def compose(self, text: str, keys: str) -> None:
        """Type a word by its pinyin, as an input method takes it, with the key that accepts it."""
        self._page.keyboard.insert_text(text)
        self.keys += len(keys) + 1

    @property
    def seconds(self) -> float:
        return self.keys * self.KEY + self.thoughts * self.THOUGHT


#: Seconds of the twenty that are left to the page: to look up the number, to book, to show the slip.
MACHINE = 2.0


@pytest.mark.parametrize("known", [False, True])
def test_somebody_at_the_counter_is_booked_within_twenty_seconds(street: Street, visit: Any, known: bool):
    """Somebody new, or who came before: number, name, room and time on another day than today."""
    page = visit(f"{street.base}/counter", account=street.accounts["desk"], width=1366)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.activeElement.id") == "phone"
    clerk = Clerk(page)
    clerk.think()
    clerk.type("13900001234" if known else "13900005678")
    clerk.press("Tab")
    if known:
        page.wait_for_selector("#known .field-hint")
        clerk.press("Tab")
    else:
        clerk.think()
        clerk.compose("岑小岚", "cenxiaolan")
        clerk.press("Tab")
    clerk.type("8")
    while page.evaluate("document.activeElement.id") != "room":
        clerk.press("Tab")
    clerk.think()
    clerk.press("ArrowDown", "Tab")
    clerk.think()
    clerk.type("3-4")
    clerk.press("Tab")
    clerk.type("14")
    clerk.press("Tab")
    clerk.type("16")
    clerk.press("Enter")
    page.wait_for_url("**/slip")
    said = page.locator("main").inner_text()
    assert all(word in said for word in ("王*" if known else "岑*", "3月4日", "14:00—16:00", "签到码")), said
    assert clerk.seconds + MACHINE <= 20, (clerk.keys, clerk.thoughts)
