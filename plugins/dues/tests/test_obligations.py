"""Months come onto the books once, for whoever owes them, and the ledger agrees."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select, update

from plugins.dues.models import DuesObligation
from plugins.dues.queries.statement import statement
from plugins.dues.service import books, obligations, openings
from plugins.dues.tests.conftest import Branch, create_months, put_on_books
from portal.api import Member, ledger, session


def on_books(branch: Branch) -> list[tuple[int, str, str, int]]:
    with branch.inside():
        return [
            tuple(row)
            for row in session.execute(
                select(
                    DuesObligation.member_id,
                    DuesObligation.month,
                    DuesObligation.state,
                    DuesObligation.due_fen,
                ).order_by(DuesObligation.member_id, DuesObligation.month)
            )
        ]


def test_the_monthly_job_makes_each_month_once(branch: Branch) -> None:
    one, two = branch.member(), branch.member(category="student", base_fen=None)
    with branch.inside():
        assert obligations.create_month(district_id=branch.district.id, month="2026-09") == 2
    with branch.inside():
        assert obligations.create_month(district_id=branch.district.id, month="2026-09") == 0
        book = books.book(branch.district.id)
        assert ledger.balance(book, ledger.chart.assessed(one.id, "2026-09")) == 1930
        assert ledger.balance(book, ledger.chart.assessed(two.id, "2026-09")) == 20
    assert on_books(branch) == [(one.id, "2026-09", "open", 1930), (two.id, "2026-09", "open", 20)]


def test_nobody_owes_before_the_start_or_what_was_paid(branch: Branch) -> None:
    branch.member(paid_through="2026-09")
    late = branch.member(paid_through="2025-06")
    unknown = branch.member(paid_through=None)
    joined = branch.member(paid_through=None, joined_on=date(2026, 9, 30), stage="probationary")
    for month in ("2025-12", "2026-09"):
        with branch.inside():
            obligations.create_month(district_id=branch.district.id, month=month)
    assert [(row[0], row[1]) for row in on_books(branch)] == [
        (late.id, "2026-09"),
        (joined.id, "2026-09"),
    ]
    with branch.inside():
        assert statement(unknown.id).timeline.missing == ("paid_through",)  # type: ignore[union-attr]


def test_a_temporary_branch_suspended_members_and_applicants_owe_nothing(branch: Branch) -> None:
    temporary = branch.world.organization(branch.district, kind="temporary_branch")
    with branch.inside():
        openings.start_branch(district=branch.ref, organization=temporary, start_month="2026-01", by=None)
    branch.member(organization=temporary)
    branch.member(state="suspended")
    branch.member(stage="activist")
    nobody = branch.member(category=None)
    with branch.inside():
        assert obligations.create_month(district_id=branch.district.id, month="2026-09") == 0
        assert statement(nobody.id).timeline.missing == ("assessment",)  # type: ignore[union-attr]


def test_a_due_of_nothing_is_settled_without_an_entry(branch: Branch) -> None:
    poor = branch.member(category="salaried", base_fen=1)
    with branch.inside():
        obligations.create_month(district_id=branch.district.id, month="2026-09")
        assert ledger.balances(books.book(branch.district.id), member_id=poor.id) == {}
    assert on_books(branch) == [(poor.id, "2026-09", "settled", 0)]


def test_a_month_belongs_to_the_branch_of_its_first_day(branch: Branch) -> None:
    from portal.api import Affiliation

    other = branch.world.organization(branch.district)
    with branch.inside():
        openings.start_branch(district=branch.ref, organization=other, start_month="2026-01", by=None)
    moved = branch.member()
    with branch.inside():
        session.execute(
            update(Affiliation).where(Affiliation.member_id == moved.id).values(valid_to=date(2026, 9, 12))
        )
        session.execute(update(Member).where(Member.id == moved.id).values(organization_id=other.id))
        session.add(
            Affiliation(
                district_id=branch.district.id,
                member_id=moved.id,
                organization_id=other.id,
                kind="formal",
                valid_from=date(2026, 9, 12),
            )
        )
    create_months(branch, "2026-09", "2026-10")
    with branch.inside():
        found = session.execute(
            select(DuesObligation.month, DuesObligation.organization_id).order_by(DuesObligation.month)
        ).all()
    assert [tuple(row) for row in found] == [("2026-09", branch.organization.id), ("2026-10", other.id)]


def test_the_statement_shows_months_before_they_are_on_the_books(branch: Branch) -> None:
    member = branch.member()
    with branch.inside():
        found = statement(member.id)
        assert found is not None
        assert found.timeline.owed_fen == 3 * 1930
        assert found.current is not None and found.current.sentence == (
            "基本养老金每月3860元，不超过5000元，按0.5%算，每月19.30元。"
        )
        put_on_books(branch, member, "2026-09", "2026-10")
        again = statement(member.id)
    assert again is not None
    assert [(line.month, line.due_fen, line.open_fen) for line in again.timeline.lines] == [
        (line.month, line.due_fen, line.open_fen) for line in found.timeline.lines
    ]


def test_another_district_sees_nothing(branch: Branch) -> None:
    member = branch.member()
    elsewhere = branch.world.district()
    with branch.world.writing(elsewhere):
        assert statement(member.id) is None
