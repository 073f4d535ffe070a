"""What members see: each month and why, what is missing, vouchers; and what strangers do not see."""

from __future__ import annotations

import re

import pytest

from plugins.dues.service import openings
from plugins.dues.tests.conftest import Branch, pay
from portal.api import Member
from portal.testing import Browser, queries


def browser(branch: Branch, member: Member) -> Browser:
    return branch.world.browser(branch.world.account(member))


def text(reply: object) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reply.get_data(as_text=True)))  # type: ignore[attr-defined]


def url(branch: Branch, path: str = "") -> str:
    return f"/d/{branch.district.code}/dues/{path}"


def test_the_statement_says_what_is_owed_and_why(branch: Branch) -> None:
    page = text(browser(branch, branch.member()).get(url(branch)))
    assert "9月、10月的党费还没登记。交过的请找支部核对，没交的可以在这里补交。" in page
    assert "基本养老金每月3860元，不超过5000元，按0.5%算，每月19.30元。" in page
    assert "5000元及以下：0.5% ← 您在这一档" in page
    assert "基数5000元交25.00元，5000.01元交50.00元。" in page
    assert "2026年9月" in page and "2026年11月" in page
    assert "这里还不能网上付款，请交给支部。" in page


def test_what_is_missing_is_said_instead_of_arrears(branch: Branch) -> None:
    unknown = branch.member(paid_through=None)
    page = text(browser(branch, unknown).get(url(branch)))
    assert "还没有登记您的党费缴到哪个月" in page and "还没登记。交过的" not in page
    nothing = branch.member(category=None, paid_through="2026-08")
    assert "还没有核定您每月交多少。" in text(browser(branch, nothing).get(url(branch)))
    quiet = branch.world.organization(branch.district)
    early = branch.member(organization=quiet)
    assert "您的支部还没有开始在这里登记党费。" in text(browser(branch, early).get(url(branch)))


def test_more_than_six_months_asks_the_branch_first(branch: Branch) -> None:
    late = branch.member(paid_through="2026-02")
    reply = browser(branch, late).get(url(branch))
    page = text(reply)
    assert "请先和支部一起核对，这里暂不收款。电话0000-8800000。" in page
    assert 'name="month"' not in reply.get_data(as_text=True)
    assert "自行脱党" not in page


def test_a_page_never_grows_its_queries_with_months(branch: Branch) -> None:
    short, long = branch.member(paid_through="2026-10"), branch.member(paid_through="2026-05")
    pay(branch, long, 1930 * 4, ["2026-06", "2026-07", "2026-08", "2026-09"])
    counts = []
    for member in (short, long):
        mine = browser(branch, member)
        mine.get(url(branch))
        with queries() as seen:
            assert mine.get(url(branch)).status_code == 200
        counts.append(len(seen))
    # Three of the frame; the member, assessments, months, credit, ways to pay, a payment under way, helpers.
    assert counts == [10, 10]


def test_a_gap_between_months_is_refused_in_words(branch: Branch) -> None:
    mine = browser(branch, branch.member())
    for months, said in (
        (["2026-09", "2026-11"], "请从最早没交的月份选起，中间不要空。"),
        ([], "请先选要交的月份。"),
        (["2027-11"], "这几个月现在不能交，请重新选择。"),
        (["abc"], "这几个月现在不能交，请重新选择。"),
    ):
        reply = mine.get(url(branch, "pay"), query_string={"month": months})
        assert reply.status_code == 422 and said in text(reply)


def test_a_voucher_is_mine_and_its_check_is_everybody_s(branch: Branch) -> None:
    member, other = branch.member(name="赵明兰"), branch.member()
    voucher = pay(branch, member, 3860, ["2026-09", "2026-10"])
    mine = browser(branch, member)
    page = mine.get(url(branch, f"voucher/{voucher.token}"))
    number = f"{branch.organization.id:04d}-2026-00001"
    for said in ("赵明兰", number, "2026年9月、10月", "38.60元", "2026年11月21日", "有效"):
        assert said in text(page)
    assert "不是发票，也不代替《党费专用收据》" in text(page) and "<svg" in page.get_data(as_text=True)
    assert number in text(mine.get(url(branch, "history")))
    pdf = mine.get(url(branch, f"voucher/{voucher.token}.pdf"))
    assert pdf.status_code == 200 and pdf.data.startswith(b"%PDF-")
    assert pdf.headers["Content-Disposition"].startswith("attachment")
    stranger = browser(branch, other)
    for path in (f"voucher/{voucher.token}", f"voucher/{voucher.token}.pdf"):
        assert stranger.get(url(branch, path)).status_code == 404
    public = branch.world.browser().get(f"/v/{voucher.token}")
    assert public.status_code == 200
    assert number in text(public) and "赵**" in text(public) and "凭证有效" in text(public)
    assert "38.60" not in text(public) and "赵明兰" not in text(public)
    for wrong in ("x" * 26, "1", voucher.token.lower()):
        assert branch.world.browser().get(f"/v/{wrong}").status_code == 404


def test_a_wrong_amount_becomes_a_question_for_the_branch(branch: Branch) -> None:
    from sqlalchemy import select

    from portal.api import Request, session

    mine = browser(branch, branch.member())
    form = {"_once": "k" * 20, "said": " "}
    assert mine.post(url(branch, "wrong"), data=form).status_code == 422
    form["said"] = "我三月退休了"
    for _again in range(2):
        assert mine.post(url(branch, "wrong"), data=form).status_code == 303
    with branch.inside():
        found = session.scalars(select(Request)).all()
    assert [(row.kind, row.organization_id, row.payload["said"]) for row in found] == [
        ("dues.wrong_amount", branch.organization.id, "我三月退休了")
    ]


def test_a_member_confirms_the_base_once_and_only_their_own(branch: Branch) -> None:
    member, other = branch.member(), branch.member()
    with branch.inside():
        openings.take_over_member(
            district=branch.ref,
            member=member,
            category="retired",
            base_fen=600_000,
            paid_through=None,
            by=None,
        )
    mine = browser(branch, member)
    page = mine.get(url(branch, "base")).get_data(as_text=True)
    assert "基本养老金每月6000元，超过5000元，按1%算，每月60.00元。" in page
    path = re.search(r'action="([^"]+/confirm)"', page)
    assert path is not None
    form = {"_once": "k" * 20, "version": "1"}
    assert browser(branch, other).post(path[1], data=form).status_code == 404
    assert mine.post(path[1], data={"_once": "j" * 20}).status_code == 400
    assert mine.post(path[1], data=form).status_code == 303
    assert mine.post(path[1], data=form | {"_once": "l" * 20}).status_code == 409
    assert "等支部核定" in text(mine.get(url(branch, "base")))


def test_credit_pays_the_oldest_month_once(branch: Branch) -> None:
    member = branch.member()
    pay(branch, member, 1930 * 3, ["2026-09"])
    mine = browser(branch, member)
    assert "您有38.60元还没用上" in text(mine.get(url(branch)))
    form = {"_once": "k" * 20}
    for _again in range(2):
        assert mine.post(url(branch, "credit"), data=form).status_code == 303
    page = text(mine.get(url(branch)))
    assert "到这个月的党费都交了。" in page and "还没用上" not in page
    assert mine.post(url(branch, "credit"), data={"_once": "l" * 20}).status_code == 409


@pytest.mark.parametrize("path", ["", "pay", "history", "base", "wrong"])
def test_strangers_and_residents_see_nothing(branch: Branch, path: str) -> None:
    assert branch.world.browser().get(url(branch, path)).status_code == 303
    resident = branch.world.browser(branch.world.account())
    assert resident.get(url(branch, path)).status_code == 404


def test_the_start_page_says_what_i_owe(branch: Branch) -> None:
    page = text(browser(branch, branch.member()).get(f"/d/{branch.district.code}/"))
    assert "57.90元" in page and "9月、10月的党费还没登记" in page and "每月19.30元" in page


def test_the_start_page_says_what_is_missing_and_nothing_to_who_owes_nothing_here(branch: Branch) -> None:
    unknown = branch.member(paid_through=None)
    home = f"/d/{branch.district.code}/"
    assert "还没有登记您的党费缴到哪个月" in text(browser(branch, unknown).get(home))
    activist = branch.member(stage="activist", category=None, paid_through=None)
    assert "card-dues" not in browser(branch, activist).get(home).get_data(as_text=True)


def test_the_panel_is_for_the_member_and_the_collectors_of_the_branch(branch: Branch) -> None:
    member = branch.member()
    path = url(branch, f"panel/{member.uid}")
    collector = branch.world.account(role="dues_collector", organization=branch.organization)
    elsewhere = branch.world.account(
        role="dues_collector", organization=branch.world.organization(branch.district)
    )
    assert "57.90元" in text(branch.world.browser(collector).get(path))
    assert "3860" not in text(branch.world.browser(collector).get(path))
    assert browser(branch, member).get(path).status_code == 200
    assert branch.world.browser(elsewhere).get(path).status_code == 404
    assert browser(branch, branch.member()).get(path).status_code == 404
