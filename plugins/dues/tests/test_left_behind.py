"""What dues say before a branch is dissolved: what is on its way stops it, unpaid months do not."""

from __future__ import annotations

from datetime import date

import pytest

from plugins.dues.left_behind import objections
from plugins.dues.models import DuesCashSheet, DuesRelief
from plugins.dues.service import obligations
from portal.api import Organization, clock, session

from .conftest import TODAY, Branch


def said(branch: Branch) -> list[tuple[str, bool, str]]:
    with branch.inside():
        return [(one.code, one.blocks, str(one.text)) for one in objections(branch.organization.id)]


def sheet(branch: Branch, state: str) -> None:
    two = [branch.world.account().id for _ in range(2)]
    with branch.inside():
        session.add(
            DuesCashSheet(
                uid=state.ljust(26, "x"),
                district_id=branch.district.id,
                organization_id=branch.organization.id,
                day=TODAY,
                state=state,
                collected_by=two[0],
                confirmed_by=two[1] if state == "confirmed" else None,
                created_at=clock.now(),
            )
        )


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("draft", [("dues.cash", True, "1张现金登记单还没核对完")]),
        ("handed_over", [("dues.cash", True, "1张现金登记单还没核对完")]),
        ("confirmed", [("dues.deposit", True, "1张现金登记单的钱还没存到银行")]),
        ("cancelled", []),
    ],
)
def test_cash_on_its_way_stops_it(branch: Branch, state, found):
    sheet(branch, state)
    assert said(branch) == found


def test_decision_that_waits_stops_it(branch: Branch):
    member = branch.member()
    with branch.inside():
        session.add(
            DuesRelief(
                district_id=branch.district.id,
                organization_id=branch.organization.id,
                member_id=member.id,
                chain=["branch"],
                from_month="2026-09",
                to_month="2026-12",
                monthly_fen=0,
                reason="有困难",
                meeting_on=date(2026, 9, 1),
                document="纪要1号",
                proposed_by=branch.world.account().id,
                proposed_at=clock.now(),
            )
        )
    assert said(branch) == [("dues.relief", True, "1件少交免交还没审批完")]


def test_unpaid_months_are_said_and_stop_nothing(branch: Branch):
    branch.member()
    for month in ("2026-09", "2026-10"):
        with branch.inside():
            obligations.create_month(district_id=branch.district.id, month=month)
    [(code, blocks, text)] = said(branch)
    assert (code, blocks) == ("dues.unpaid", False) and "2个月" in text and "38.60" in text


def test_the_page_says_it_and_the_verb_refuses(branch: Branch):
    sheet(branch, "draft")
    browser = branch.world.browser(branch.world.account(role="desk", district=branch.district))
    path = f"/d/{branch.district.code}/desk/organizations/{branch.organization.id}/dissolve"
    assert "1张现金登记单还没核对完" in browser.get(path).get_data(as_text=True)
    with branch.inside():
        row = session.get_one(Organization, branch.organization.id)
        form = {"_once": "k" * 20, "version": str(row.version), "day": TODAY.isoformat(), "reason": "撤并"}
    assert browser.post(path, data=form).status_code == 422
    with branch.inside():
        assert session.get_one(Organization, branch.organization.id).dissolved_on is None
