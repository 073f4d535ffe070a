"""Two records parted again: bases, reductions and reminders go home, the books stay where they are."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from plugins.dues.models import (
    DuesAssessment,
    DuesMemberOpening,
    DuesObligation,
    DuesRelief,
    DuesReliefStep,
    DuesReminder,
)
from plugins.dues.queries.statement import statement
from plugins.dues.service import obligations
from plugins.dues.tests.conftest import Branch, agrees, pay
from plugins.dues.tests.test_decisions import somebody
from portal.api import Member, clock, session, transaction
from portal.testing import Browser


@pytest.fixture
def desk(branch: Branch) -> Browser:
    """Return the desk's browser, of a full member, so that bases may be looked at as well."""
    return branch.world.browser(branch.world.account(role="desk", district=branch.district))


def hidden(page: str, **values: str) -> dict[str, str]:
    return {**dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)), **values}


def merge(branch: Branch, desk: Browser, kept: Member, absorbed: Member) -> str:
    """Merge by the page; return the address of the undo."""
    members = f"/d/{branch.district.code}/desk/members/{kept.id}/merge"
    page = desk.get(f"{members}?other={absorbed.uid}").get_data(as_text=True)
    assert desk.post(members, data=hidden(page, reason="重复")).status_code == 303
    listed = desk.get(f"/d/{branch.district.code}/desk/merges").get_data(as_text=True)
    found = re.search(r'href="(/d/\w+/desk/merges/\d+)"', listed)
    assert found is not None
    return found[1]


def undo(desk: Browser, url: str) -> str:
    """Undo by the page; return what it said before."""
    page = desk.get(url).get_data(as_text=True)
    assert desk.post(url, data=hidden(page, reason="是两个人")).status_code == 303
    return page


def held(model: Any) -> list[tuple[Any, ...]]:
    """Return every row of a table but its number and the count of its changes."""
    columns = [column for column in model.__table__.c if column.name not in ("id", "version")]
    return sorted(map(tuple, session.execute(select(*columns))), key=repr)


def reminded(branch: Branch, *members: Member) -> None:
    account = somebody(branch, branch.member())
    for member in members:
        session.add(
            DuesReminder(
                district_id=branch.district.id,
                member_id=member.id,
                organization_id=branch.organization.id,
                month="2026-11",
                way="word",
                reminded_by=account.account_id,
                at=clock.now(),
            )
        )


def relief(branch: Branch, member: Member) -> DuesRelief:
    by = somebody(branch, branch.member()).account_id
    row = DuesRelief(
        district_id=branch.district.id,
        member_id=member.id,
        organization_id=branch.organization.id,
        state="approved",
        chain=["branch"],
        from_month="2026-09",
        to_month="2026-12",
        monthly_fen=0,
        reason="生活困难",
        meeting_on=clock.today(),
        document="支委会2026年9号",
        proposed_by=by,
        proposed_at=clock.now(),
    )
    session.add(row)
    session.flush()
    session.add(
        DuesReliefStep(
            district_id=branch.district.id,
            relief_id=row.id,
            stage="propose",
            accepted=True,
            actor_id=by,
            at=clock.now(),
        )
    )
    return row


MODELS = (DuesMemberOpening, DuesAssessment, DuesRelief, DuesReliefStep, DuesReminder, DuesObligation)


@pytest.mark.parametrize("kept_knows", [True, False], ids=["both have a base", "one has a base"])
def test_undone_at_once_everything_is_as_it_was_also_with_dues_switched_off(
    branch: Branch, desk: Browser, kept_knows: bool
) -> None:
    """What the merge deleted (an opening, a reminder) and what it withdrew (a base) comes back too."""
    kept = branch.member() if kept_knows else branch.member(category=None, paid_through=None)
    absorbed = branch.member(base_fen=500_000, paid_through="2026-06")
    with branch.inside():
        reminded(branch, kept, absorbed)
        relief(branch, absorbed)
    with branch.inside():
        before = [held(model) for model in MODELS]
    url = merge(branch, desk, kept, absorbed)
    with branch.inside():
        openings = session.scalars(select(DuesMemberOpening.member_id)).all()
        assert absorbed.id not in openings and len(openings) == len(set(openings))
        assert session.scalars(select(DuesRelief.member_id)).all() == [kept.id]
    branch.world.switch(branch.district, "dues", on=False)
    page = undo(desk, url)
    assert "党费核定1条" in page and "党费缴至1条" in page and "党费提醒1条" in page and "少交免交1条" in page
    with branch.inside():
        assert [held(model) for model in MODELS] == before
        found = statement(absorbed.id)
    assert found is not None and found.timeline.missing == ()


def test_months_booked_since_stay_and_both_records_keep_what_they_stand_on(
    branch: Branch, desk: Browser
) -> None:
    """The kept record had no base: months were made and paid by the absorbed one's base and reduction."""
    kept, absorbed = branch.member(category=None, paid_through=None), branch.member()
    with branch.inside():
        waived = relief(branch, absorbed).id
    url = merge(branch, desk, kept, absorbed)
    with branch.inside():
        obligations.create_month(district_id=branch.district.id, month="2026-09")
    with branch.inside():
        month = session.scalars(select(DuesObligation).where(DuesObligation.member_id == kept.id)).one()
        assert (month.state, month.relief_id) == ("waived", waived)
    page = undo(desk, url)
    said = re.search(r"退不回，留在保留的登记上，因为合并以后的事按它记了：(.+?)。", page)
    assert said is not None and set(said[1].split("、")) == {"党费核定1条", "少交免交1条"}
    with branch.inside():
        bases = session.execute(
            select(DuesAssessment.member_id, DuesAssessment.base_fen, DuesAssessment.state).where(
                DuesAssessment.member_id.in_([kept.id, absorbed.id])
            )
        )
        assert {tuple(row) for row in bases} == {
            (kept.id, 386_000, "approved"), (absorbed.id, 386_000, "approved"),
        }  # fmt: skip
        assert session.scalars(select(DuesRelief.member_id).order_by(DuesRelief.id)).all() == [
            kept.id, absorbed.id,
        ]  # fmt: skip
        assert session.scalar(select(func.count()).select_from(DuesReliefStep)) == 2
        obligations.create_month(district_id=branch.district.id, month="2026-09")
    with branch.inside():
        months = session.execute(select(DuesObligation.member_id, DuesObligation.state).order_by("id"))
        mine = [tuple(row) for row in months if row.member_id in (kept.id, absorbed.id)]
        assert mine == [(kept.id, "waived"), (absorbed.id, "waived")]
    agrees(branch)


def test_money_paid_since_is_said_before_and_stays_with_who_paid(branch: Branch, desk: Browser) -> None:
    kept, absorbed = branch.member(), branch.member()
    with clock.frozen(clock.today() - timedelta(days=1)):
        pay(branch, kept, 1930, ["2026-09"])
    url = merge(branch, desk, kept, absorbed)
    assert "合并以后交的" not in desk.get(url).get_data(as_text=True).split("撤销以后")[0]
    pay(branch, kept, 1930, ["2026-10"], key="F2")
    page = undo(desk, url)
    assert f"合并以后交的10月党费记在“{kept.name}”这条登记上，账和凭证不改" in page
    with branch.inside():
        obligations.create_month(district_id=branch.district.id, month="2026-10")
    with branch.inside():
        rows = session.execute(
            select(DuesObligation.member_id, DuesObligation.state).where(DuesObligation.month == "2026-10")
        )
        found = {row.member_id: row.state for row in rows}
    assert (found[kept.id], found[absorbed.id]) == ("paid", "open")
    agrees(branch)


def test_a_base_decided_since_goes_home_as_it_is_now(branch: Branch, desk: Browser) -> None:
    kept, absorbed = branch.member(category=None, paid_through=None), branch.member()
    url = merge(branch, desk, kept, absorbed)
    with branch.inside(), transaction():
        base = session.scalars(select(DuesAssessment).where(DuesAssessment.member_id == kept.id)).one()
        base.state = "superseded"
    page = undo(desk, url)
    assert "合并以后改过，按现在的样子退回：党费核定1条。" in page
    with branch.inside():
        found = session.execute(
            select(DuesAssessment.state).where(DuesAssessment.member_id == absorbed.id)
        ).all()
    assert [tuple(row) for row in found] == [("superseded",)]
