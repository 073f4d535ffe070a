"""A reduction taken back: from a month on, open months only, with a reason the member reads; and undone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from plugins.dues.models import DuesObligation
from plugins.dues.service import obligations
from portal.api import Model, everything, session

from .conftest import Branch, agrees, pay
from .test_cash import key
from .test_reliefs import decide, house, latest, propose, url

__all__ = ["house"]


@pytest.fixture
def relieved(house):
    """A waiver from November to January approved by both stages; November to January on the books."""
    branch, worker, _retired, collector, secretary, above = house
    propose(branch, collector, worker, kind="waive", monthly="")
    decide(branch, secretary)
    decide(branch, above)
    for month in ("2026-12", "2027-01"):
        with branch.inside():
            obligations.create_month(district_id=branch.district.id, month=month)
    return branch, worker, collector, secretary, above


def send(branch: Branch, browser: Any, act: str, **fields: str):
    row = latest()
    form = {"_once": key(), "version": str(row.version), "reason": "已经出院", **fields}
    return browser.post(url(branch, f"reliefs/{row.id}/{act}"), data=form)


def months(member_id: int) -> dict[str, tuple[str, int, int]]:
    session.rollback()
    session.expire_all()
    with everything():
        wanted = select(DuesObligation).where(DuesObligation.member_id == member_id)
        found = session.scalars(wanted.order_by(DuesObligation.month))
        return {row.month[2:]: (row.state, row.relief_fen, row.paid_fen) for row in found}


def notices() -> list[str]:
    table = Model.metadata.tables["notice"]
    session.rollback()
    with everything():
        return list(session.scalars(select(table.c.template).where(table.c.template == "dues.relief")))


def test_it_ends_from_a_month_on_and_the_member_reads_why(relieved):
    branch, worker, _collector, _secretary, above = relieved
    with branch.inside():
        from portal.api import Member

        account = branch.world.account(session.get_one(Member, worker))
    me = branch.world.browser(account)
    assert set(months(worker).values()) == {("waived", 7650, 0)}
    assert send(branch, above, "end", from_month="2026-12").status_code == 303
    assert months(worker) == {
        "26-11": ("waived", 7650, 0), "26-12": ("open", 0, 0), "27-01": ("open", 0, 0)
    }  # fmt: skip
    agrees(branch)
    page = above.get(url(branch, f"reliefs/{latest().id}")).get_data(as_text=True)
    assert "从2026年12月起照原来的数交。原因：已经出院" in page and "撤回错了，恢复" in page
    mine = me.get(url(branch, "base")).get_data(as_text=True)
    assert "从2026年12月起照原来的数交：已经出院" in mine and "本人住院" in mine
    assert notices() == ["dues.relief"]
    with branch.inside():
        obligations.create_month(district_id=branch.district.id, month="2027-01")
    assert months(worker)["27-01"] == ("open", 0, 0), "the job does not bring it back"


def test_a_month_that_is_paid_stays_paid(house):
    branch, worker, _retired, collector, secretary, above = house
    propose(branch, collector, worker)  # 10.00 instead of 76.50
    decide(branch, secretary)
    decide(branch, above)
    with branch.inside():
        obligations.create_month(district_id=branch.district.id, month="2026-12")
        from portal.api import Member

        member = session.get_one(Member, worker)
        session.expunge(member)
    pay(branch, member, 1400, ["2026-11", "2026-12"])
    assert months(worker) == {"26-11": ("paid", 6650, 1000), "26-12": ("partly_paid", 6650, 400)}
    assert send(branch, above, "end", from_month="2026-11").status_code == 303
    assert months(worker) == {"26-11": ("paid", 6650, 1000), "26-12": ("partly_paid", 0, 400)}
    agrees(branch)


def test_taken_back_by_mistake_it_holds_again(relieved):
    branch, worker, _collector, _secretary, above = relieved
    for _turn in range(2):
        assert send(branch, above, "end", from_month="2026-12").status_code == 303
        assert send(branch, above, "end", from_month="2026-12").status_code == 409, "ended already"
        assert months(worker)["26-12"] == ("open", 0, 0)
        assert send(branch, above, "resume", reason="填错了人").status_code == 303
        assert set(months(worker).values()) == {("waived", 7650, 0)}
        assert send(branch, above, "resume").status_code == 409
        agrees(branch)
    page = above.get(url(branch, f"reliefs/{latest().id}")).get_data(as_text=True)
    assert "又恢复。原因：填错了人" in page and "情况变了，不再少交、免交" in page


def test_only_who_could_give_the_last_word_and_never_without_a_reason(relieved):
    branch, worker, collector, secretary, above = relieved
    for other in (collector, secretary):
        assert send(branch, other, "end", from_month="2026-12").status_code == 403
    with branch.inside():
        from portal.api import Member

        own = branch.world.account(
            session.get_one(Member, worker), role="district_admin", district=branch.district
        )
    assert send(branch, branch.world.browser(own), "end", from_month="2026-12").status_code == 403
    refused = send(branch, above, "end", from_month="2026-12", reason=" ")
    assert refused.status_code == 422 and "请写原因，本人能看到。" in refused.get_data(as_text=True)
    for wrong in ("2026-10", "2027-02", "x", ""):
        assert send(branch, above, "end", from_month=wrong).status_code == 400
    assert send(branch, above, "end", from_month="2026-12", version="1").status_code == 409
    assert send(branch, above, "shorten").status_code == 404
    assert set(months(worker).values()) == {("waived", 7650, 0)} and notices() == []


def test_a_proposal_is_withdrawn_before_it_is_decided_and_not_after(house):
    branch, worker, _retired, collector, secretary, above = house
    propose(branch, collector, worker)
    assert send(branch, above, "withdraw").status_code == 403
    assert send(branch, collector, "withdraw", reason="").status_code == 422
    assert "撤回这份提议" in collector.get(url(branch, f"reliefs/{latest().id}")).get_data(as_text=True)
    assert send(branch, collector, "withdraw", reason="写错了月份").status_code == 303
    assert latest().state == "withdrawn"
    assert decide(branch, secretary).status_code == 409
    assert "写错了月份" in collector.get(url(branch, f"reliefs/{latest().id}")).get_data(as_text=True)
    assert send(branch, collector, "withdraw").status_code == 409
