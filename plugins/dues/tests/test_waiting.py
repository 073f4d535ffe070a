"""What waits for a person on the start page, and where a payment without an end is seen."""

from __future__ import annotations

import re

from plugins.dues.tests.conftest import Branch
from plugins.dues.tests.test_cash import day, decide, write
from portal.testing import Browser

__all__ = ["day"]


def start(branch: Branch, browser: Browser) -> str:
    return browser.get(f"/d/{branch.district.code}/").get_data(as_text=True)


def places(page: str) -> list[str]:
    """Return where the navigation says one is; a phone's fold names the place once more."""
    return list(dict.fromkeys(re.findall(r'href="([^"]+)" aria-current="page"', page)))


def test_cash_waits_for_the_second_person_and_not_for_the_first(day) -> None:
    branch, members, first, second = day
    assert "现金单等您点钱核对" not in start(branch, second)
    write(branch, first, **{f"take-{members[0].id}": "1"})
    assert "现金单等您点钱核对" not in start(branch, first)
    assert "现金单等您点钱核对" in start(branch, second)


def test_a_sheet_that_was_sent_back_waits_for_whoever_wrote_it(day) -> None:
    branch, members, first, second = day
    write(branch, first, **{f"take-{members[0].id}": "1"})
    assert "被退回" not in start(branch, first)
    decide(branch, second, "back", reason="少一角")
    assert "现金单被退回，等您改好再交" in start(branch, first)
    assert "被退回" not in start(branch, second)
    write(branch, first, **{f"take-{members[0].id}": "1"})
    assert "被退回" not in start(branch, first)


def test_work_for_others_stands_under_the_desk_in_the_navigation(day) -> None:
    branch, _members, first, _second = day
    here = f"/d/{branch.district.code}"
    for path in ("branch", "cash", "bases"):
        assert places(first.get(f"{here}/dues/{path}").get_data(as_text=True)) == [f"{here}/desk/"]
    assert places(first.get(f"{here}/dues/").get_data(as_text=True)) == [f"{here}/dues/"]


def test_a_treasurer_finds_bases_and_deposits_at_the_desk(branch: Branch) -> None:
    treasurer = branch.world.browser(branch.world.account(role="treasurer", district=branch.district))
    page = treasurer.get(f"/d/{branch.district.code}/desk/").get_data(as_text=True)
    assert "党费基数" in page and "现金存银行" in page and ">支部党费<" not in page
