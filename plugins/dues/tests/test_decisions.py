"""Assessments and reliefs: nobody decides alone, and nothing past is changed by a decision for the future."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.exceptions import Forbidden

from plugins.dues.calculation import BaseRefused
from plugins.dues.models import DuesAssessment, DuesObligation, DuesRelief
from plugins.dues.service import assessments, obligations, openings, reliefs
from plugins.dues.tests.conftest import Branch, agrees, create_months, pay
from plugins.dues.tests.test_allocation import Treasurer
from portal.api import Conflict, Member, session


def somebody(branch: Branch, member: Member | None = None) -> Treasurer:
    account = branch.world.account(member, role="treasurer", district=branch.district)
    return Treasurer(account_id=account.id, member_id=member.id if member else None)


def sums(branch: Branch) -> list[tuple[str, str, int, int, int]]:
    table = DuesObligation
    with branch.inside():
        return [
            tuple(row)
            for row in session.execute(
                select(table.month, table.state, table.due_fen, table.relief_fen, table.paid_fen).order_by(
                    table.month
                )
            )
        ]


def test_a_base_is_confirmed_by_the_member_and_approved_by_somebody_else(branch: Branch) -> None:
    member = branch.member()
    me, collector, treasurer = somebody(branch, member), somebody(branch), somebody(branch)
    with branch.inside():
        row = assessments.draft(
            district=branch.ref,
            member=member,
            category="retired",
            base_fen=600_000,
            from_month="2026-12",
            origin="sheet",
            by=collector.account_id,
        )
        with pytest.raises(Conflict):
            assessments.approve([(row, row.version)], by=treasurer)
        with pytest.raises(Forbidden):
            assessments.confirm(row, version=row.version, by=collector)
        assessments.confirm(row, version=row.version, by=me)
        for wrong in (me, collector):
            with pytest.raises(Forbidden):
                assessments.approve([(row, row.version)], by=wrong)
        with pytest.raises(Conflict):
            assessments.approve([(row, row.version - 1)], by=treasurer)
        assessments.approve([(row, row.version)], by=treasurer)
        assert (row.state, row.amount_fen) == ("approved", 6000)
    create_months(branch, "2026-11", "2026-12")
    assert sums(branch) == [("2026-11", "open", 1930, 0, 0), ("2026-12", "open", 6000, 0, 0)]


@pytest.mark.parametrize("later_first", [True, False])
def test_each_month_owes_by_the_decision_in_force_in_it(branch: Branch, later_first: bool) -> None:
    member = branch.member()
    create_months(branch, "2026-10", "2026-11", "2026-12", "2027-01")
    collector, treasurer, me = somebody(branch), somebody(branch), somebody(branch, member)
    decided = [("2026-11", 600_000), ("2027-01", 700_000)]
    for month, base_fen in reversed(decided) if later_first else decided:
        with branch.inside():
            row = assessments.draft(
                district=branch.ref,
                member=member,
                category="retired",
                base_fen=base_fen,
                from_month=month,
                origin="sheet",
                by=collector.account_id,
            )
            assessments.confirm(row, version=row.version, by=me)
            assessments.approve([(row, row.version)], by=treasurer)
    assert [(month, due) for month, _state, due, *_ in sums(branch)] == [
        ("2026-10", 1930),
        ("2026-11", 6000),
        ("2026-12", 6000),
        ("2027-01", 7000),
    ]


def test_the_database_refuses_an_approval_by_the_drafter(branch: Branch) -> None:
    from sqlalchemy import update
    from sqlalchemy.exc import IntegrityError

    member, collector = branch.member(), somebody(branch)
    with pytest.raises(IntegrityError), branch.inside():
        row = assessments.draft(
            district=branch.ref,
            member=member,
            category="student",
            base_fen=None,
            from_month="2026-12",
            origin="sheet",
            by=collector.account_id,
        )
        session.execute(
            update(DuesAssessment)
            .where(DuesAssessment.id == row.id)
            .values(state="approved", approved_by=collector.account_id)
        )


def test_the_past_is_not_assessed_anew_and_bad_bases_are_refused(branch: Branch) -> None:
    member = branch.member()
    more: dict[str, Any] = {"district": branch.ref, "member": member, "origin": "sheet", "by": None}
    with branch.inside():
        with pytest.raises(Conflict):
            assessments.draft(category="retired", base_fen=1, from_month="2026-10", **more)
        with pytest.raises(BaseRefused):
            assessments.draft(category="farmer", base_fen=500, from_month="2026-12", **more)
        with pytest.raises(ValueError, match="not a month"):
            assessments.draft(category="retired", base_fen=1, from_month="2026-13", **more)


def test_a_month_paid_ahead_owes_the_difference_after_a_rise_and_nothing_is_taken_back(
    branch: Branch,
) -> None:
    member = branch.member(paid_through="2026-11")
    pay(branch, member, 3860, ["2026-12", "2027-01"])
    for base, expected in ((600_000, ("partly_paid", 6000)), (100_000, ("paid", 1930))):
        with branch.inside():
            row = assessments.draft(
                district=branch.ref,
                member=member,
                category="retired",
                base_fen=base,
                from_month="2027-01",
                origin="branch",
                by=None,
            )
            assessments.confirm(row, version=row.version, by=somebody(branch), how="paper")
            assessments.approve([(row, row.version)], by=somebody(branch))
        assert [(month, *rest) for month, *rest in sums(branch)] == [
            ("2026-12", "paid", 1930, 0, 1930),
            ("2027-01", expected[0], expected[1], 0, 1930),
        ]
        agrees(branch)


def test_the_new_year_is_drafted_for_everybody_in_one_statement(branch: Branch) -> None:
    retired = branch.member()
    student = branch.member(category="student", base_fen=None)
    waiting = branch.member()
    with branch.inside():
        assessments.draft(
            district=branch.ref,
            member=waiting,
            category="retired",
            base_fen=1,
            from_month="2027-01",
            origin="declared",
            by=None,
        )
        assert assessments.draft_year(district=branch.ref, year=2027, by=None) == 2
        assert assessments.draft_year(district=branch.ref, year=2027, by=None) == 0
        found = session.execute(
            select(DuesAssessment.member_id, DuesAssessment.amount_fen, DuesAssessment.rate_version)
            .where(DuesAssessment.from_month == "2027-01", DuesAssessment.origin == "branch")
            .order_by(DuesAssessment.member_id)
        ).all()
    assert [tuple(row) for row in found] == [
        (retired.id, 1930, "cn-2017-02"),
        (student.id, 20, "cn-2017-02"),
    ]


def propose(branch: Branch, member: Member, by: Treasurer, **values: Any) -> DuesRelief:
    given: dict[str, Any] = {
        "from_month": "2026-10",
        "to_month": "2026-12",
        "monthly_fen": 0,
        "reason": "家中有变故",
        "meeting_on": date(2026, 10, 8),
        "document": "支部大会记录2026-10",
    }
    return reliefs.propose(district=branch.ref, member=member, by=by, **given | values)


def test_a_waiver_needs_both_stages_and_until_then_the_months_stay_open(branch: Branch) -> None:
    member = branch.member(category="salaried", base_fen=400_000, paid_through="2026-09")
    secretary, other, above = somebody(branch), somebody(branch), somebody(branch)
    with branch.inside():
        obligations.create_month(district_id=branch.district.id, month="2026-10")
        row = propose(branch, member, secretary)
        assert row.chain == ["branch", "committee"]
        with pytest.raises(Forbidden):
            reliefs.decide(row, version=row.version, accept=True, note="", by=secretary)
        reliefs.decide(row, version=row.version, accept=True, note="", by=other)
    assert sums(branch) == [("2026-10", "open", 4000, 0, 0)]
    with branch.inside():
        row = session.get_one(DuesRelief, row.id)
        with pytest.raises(Forbidden):
            reliefs.decide(row, version=row.version, accept=True, note="", by=other)
        reliefs.decide(row, version=row.version, accept=True, note="", by=above)
        with pytest.raises(Conflict):
            reliefs.decide(row, version=row.version, accept=True, note="", by=somebody(branch))
    create_months(branch, "2026-11", "2026-12", "2027-01")
    assert sums(branch) == [
        ("2026-10", "waived", 4000, 4000, 0),
        ("2026-11", "waived", 4000, 4000, 0),
        ("2026-12", "waived", 4000, 4000, 0),
        ("2027-01", "open", 4000, 0, 0),
    ]
    agrees(branch)


def test_a_retired_member_s_reduction_has_one_stage_and_leaves_what_is_paid(branch: Branch) -> None:
    member = branch.member(paid_through="2026-09")
    create_months(branch, "2026-10", "2026-11")
    pay(branch, member, 1500, ["2026-10"])
    with branch.inside():
        row = propose(branch, member, somebody(branch), monthly_fen=1000)
        assert row.chain == ["branch"]
        reliefs.decide(row, version=row.version, accept=True, note="", by=somebody(branch))
    assert sums(branch) == [
        ("2026-10", "paid", 1930, 430, 1500),
        ("2026-11", "reduced", 1930, 930, 0),
    ]
    agrees(branch)


def test_a_refusal_needs_a_reason_and_bad_proposals_are_refused(branch: Branch) -> None:
    member, secretary = branch.member(), somebody(branch)
    with branch.inside():
        row = propose(branch, member, secretary)
        with pytest.raises(ValueError, match="reason"):
            reliefs.decide(row, version=row.version, accept=False, note=" ", by=somebody(branch))
        reliefs.decide(row, version=row.version, accept=False, note="材料不全", by=somebody(branch))
        for wrong, reason in (
            ({"monthly_fen": 1930}, "amount"),
            ({"monthly_fen": -1}, "amount"),
            ({"to_month": "2026-09"}, "months"),
            ({"to_month": "2027-10"}, "months"),
            ({"reason": " "}, "reason"),
            ({"meeting_on": date(2026, 11, 22)}, "meeting"),
        ):
            with pytest.raises(reliefs.ReliefRefused) as refused:
                propose(branch, member, secretary, **wrong)
            assert refused.value.reason == reason
        with pytest.raises(Forbidden):
            propose(branch, member, somebody(branch, member))


def test_the_same_row_of_a_sheet_changes_nothing_and_another_base_waits_for_its_way(branch: Branch) -> None:
    member = branch.member(category="salaried", base_fen=400_000)
    values: dict[str, Any] = {"district": branch.ref, "member": member, "paid_through": "2026-08", "by": None}
    with branch.inside():
        openings.take_over_member(category="salaried", base_fen=400_000, **values)
        openings.take_over_member(category="salaried", base_fen=500_000, **values)
        openings.take_over_member(category="salaried", base_fen=500_000, **values)
        found = session.execute(
            select(DuesAssessment.state, DuesAssessment.base_fen).order_by(DuesAssessment.id)
        ).all()
    assert [tuple(row) for row in found] == [("approved", 400_000), ("draft", 500_000)]


def test_the_branch_s_consent_opens_months_older_than_six(branch: Branch) -> None:
    from plugins.dues.queries.statement import statement
    from plugins.dues.service import consents

    member, collector = branch.member(paid_through="2026-02"), somebody(branch)
    given: dict[str, Any] = {
        "district": branch.ref,
        "member": member,
        "from_month": "2026-03",
        "valid_to": date(2026, 11, 21),
        "note": "住院，支委会已核对",
    }
    with branch.inside():
        found = statement(member.id)
        assert found is not None and found.timeline.ask_branch_first and not found.timeline.choices
        for wrong, error in (
            ({"note": " "}, ValueError),
            ({"valid_to": date(2026, 11, 20)}, ValueError),
            ({"by": somebody(branch, member)}, Forbidden),
        ):
            with pytest.raises(error):
                consents.give(**{**given, "by": collector, **wrong})
        consents.give(**given, by=collector)
        found = statement(member.id)
        assert found is not None and found.timeline.choices[0].through == "2026-03"
