"""What the desk searches for: by POST, and no number of a person in an address (ASVS 14.2.1)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.testing import Browser, World
from tests.attack.answers import SECRET
from tests.browser import Visit

NUMBER, LIST = "10000000042", "/d/990001/desk/members"


@pytest.fixture
def here(world: World) -> Any:
    return world.district("990001")


@pytest.fixture
def clerk(world: World, here: Any) -> Any:
    branch = world.organization(here)
    for number in range(60):
        world.member(branch, name=f"孙{number}")
    world.member(branch, name="钱测书", phone=NUMBER)
    return world.account(role="desk", district=here)


def searched(browser: Browser, text: str, **headers: str) -> Any:
    answer = browser.post(f"{LIST}/search", data={"q": text}, headers=headers)
    assert answer.status_code == 303 and answer.location.startswith(LIST)
    return answer


@pytest.mark.parametrize(
    "text",
    [NUMBER, "100 0000 0042", "100-0000-0042", "+86 10000000042", "１０００００００００４２"[:11], "1000000"],
)
def test_a_number_stands_in_no_address_and_is_found(world: World, clerk: Any, text: str) -> None:
    browser = world.browser(clerk)
    target = searched(browser, text).location
    digits = re.sub(r"\D", "", text)
    assert digits not in target and "1000" not in parse_qs(urlsplit(target).query)["q"][0]
    assert not SECRET.search(target)
    page = browser.get(target)
    assert page.status_code == 200 and f'value="{text}"' in page.text
    links = " ".join(re.findall(r'(?:href|action|hx-[a-z]+)="([^"]*)"', page.text))
    assert not SECRET.search(links)


def test_it_finds_pages_sorts_and_exports_as_before(world: World, clerk: Any) -> None:
    browser = world.browser(clerk)
    target = searched(browser, NUMBER).location
    page = browser.get(target).text
    assert "钱测书" in page and "孙1" not in page
    sheet = re.findall(r'action="([^"]*export[^"]*)"', page)[0].replace("&amp;", "&")
    assert not SECRET.search(sheet)
    lines = browser.post(sheet, data={"as": "csv"}).get_data().decode("utf-8-sig")
    assert "钱测书" in lines and "孙1" not in lines
    fragment = browser.get(target, headers={"HX-Request": "true"}).text
    assert "钱测书" in fragment and "<html" not in fragment


def test_a_name_stands_in_the_address_as_it_was_typed(world: World, clerk: Any) -> None:
    browser = world.browser(clerk)
    target = searched(browser, " 钱测书 ").location
    assert parse_qs(urlsplit(target).query) == {"q": ["钱测书"]}
    assert searched(browser, "   ").location == LIST
    tilde = searched(browser, "~abc").location
    assert browser.get(tilde).status_code == 200


def test_what_was_sealed_for_one_account_says_nothing_to_another(world: World, here: Any, clerk: Any) -> None:
    target = searched(world.browser(clerk), NUMBER).location
    other = world.browser(world.account(role="desk", district=here))
    assert other.get(target).status_code == 400
    for made in ("~", "~x", "~" + "A" * 60, "~密", target.split("q=")[1][:-4]):
        assert world.browser(clerk).get(LIST, query_string={"q": made}).status_code == 400


def test_others_do_not_find_the_search(world: World, clerk: Any) -> None:
    elsewhere = world.account(role="desk", district=world.district("990002"))
    assert world.browser(elsewhere).post(f"{LIST}/search", data={"q": "a"}).status_code == 404


@pytest.mark.parametrize("script", [True, False])
def test_typing_a_number_leaves_none_in_a_browser(clerk: Any, visit: Visit, script: bool) -> None:
    page = visit(LIST, account=clerk, java_script_enabled=script)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    box = page.get_by_role("searchbox")
    if script:
        box.press_sequentially(NUMBER, delay=60)
    else:
        box.fill(NUMBER)
        page.get_by_role("button", name="查找").click()
    page.get_by_role("link", name="钱测书").first.wait_for()
    page.get_by_role("link", name="孙1", exact=True).wait_for(state="detached")
    assert asked and not [one for one in [*asked, page.url] if SECRET.search(one) or "100000" in one]
