"""The branch's month: who sees it, what it says, what it costs."""

from __future__ import annotations

import pytest

from plugins.dues.queries import branch as queries
from plugins.dues.service import obligations
from portal.testing import queries as counted

from .conftest import Branch, pay

MONTH = "2026-11"


@pytest.fixture
def collector(branch: Branch):
    member = branch.member(name="收款人")
    return branch.world.browser(
        branch.world.account(member, role="dues_collector", organization=branch.organization)
    )


def books(branch: Branch) -> None:
    for month in ("2026-09", "2026-10", MONTH):
        with branch.inside():
            obligations.create_month(district_id=branch.district.id, month=month)


def url(branch: Branch, rest: str = "") -> str:
    return f"/d/{branch.district.code}/dues/branch{rest}"


def test_the_month_tells_paid_from_unpaid_and_how(branch: Branch, collector):
    payer, other = branch.member(name="钱已交"), branch.member(name="孙没交")
    unfixed = branch.member(name="李未定", category=None, base_fen=None)
    books(branch)
    pay(branch, payer, 5790, ["2026-09", "2026-10", MONTH])
    page = collector.get(url(branch, f"?month={MONTH}")).get_data(as_text=True)
    for name in (payer.name, other.name, unfixed.name, "收款人"):
        assert name in page
    assert "19.30元" in page and "还没核定" in page and "凭证2026-0001" in page
    with branch.inside():
        found = queries.totals(branch.organization.id, MONTH)
    assert (found.people, found.paid, found.unpaid, found.not_fixed) == (4, 1, 2, 1)
    assert (found.due_fen, found.paid_fen) == (3 * 1930, 1930)
    assert "3860" not in page and "3,860" not in page, "a base is not for this page"


def test_unpaid_only_and_search_are_in_the_address(branch: Branch, collector):
    payer, other = branch.member(name="钱已交"), branch.member(name="孙没交")
    books(branch)
    pay(branch, payer, 5790, ["2026-09", "2026-10", MONTH])
    page = collector.get(url(branch, "?unpaid=1")).get_data(as_text=True)
    assert other.name in page and payer.name not in page
    page = collector.get(url(branch, "?q=钱")).get_data(as_text=True)
    assert payer.name in page and other.name not in page
    assert collector.get(url(branch, "?q=%25_'\"")).status_code == 200


@pytest.mark.parametrize("month", ["2026-13", "x", "2026-1", "1999-01"])
def test_a_month_that_is_none_is_404(branch: Branch, collector, month: str):
    assert collector.get(url(branch, f"?month={month}")).status_code == 404


def test_pages_of_the_month_follow_each_other_without_gap(branch: Branch, collector):
    for number in range(7):
        branch.member(name=f"周{number}")
    books(branch)
    with branch.inside():
        names, after = [], ""
        for _page in range(9):
            shown, more = queries.lines(branch.organization.id, MONTH, after=after, limit=2)
            names += [line.member_id for line in shown]
            if not more:
                break
            after = shown[-1].cursor
    assert len(names) == len(set(names)) == 8


def test_only_the_own_branch_is_shown(branch: Branch, collector):
    world = branch.world
    other = world.organization(branch.district)
    world.member(other, name="别的支部")
    assert collector.get(url(branch, f"?branch={other.id}")).status_code == 404
    assert "别的支部" not in collector.get(url(branch)).get_data(as_text=True)
    plain = world.browser(world.account(branch.member()))
    assert plain.get(url(branch)).status_code == 404
    there = Branch(world)
    foreign = world.browser(
        world.account(there.member(), role="dues_collector", organization=there.organization)
    )
    assert foreign.get(url(there, f"?branch={branch.organization.id}")).status_code == 404
    assert foreign.get(url(branch)).status_code == 404


def test_a_month_costs_the_same_queries_for_one_and_three_rows(branch: Branch, collector):
    books(branch)
    collector.get(url(branch))
    with counted() as one:
        collector.get(url(branch))
    for name in ("钱一", "钱二"):
        branch.member(name=name)
    books(branch)
    with counted() as three:
        collector.get(url(branch))
    assert (len(one), len(three)) == (7, 7), "\n".join(three)


def test_the_printed_sheet_has_every_name(branch: Branch, collector):
    branch.member(name="吴打印")
    books(branch)
    page = collector.get(url(branch, "/print")).get_data(as_text=True)
    assert "吴打印" in page and "本人签字" in page
