"""Money pays the oldest months, the rest is the same member's credit, and every sum is the ledger's."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from plugins.dues.models import DuesObligation, DuesVoucher
from plugins.dues.queries import vouchers as reads
from plugins.dues.queries.statement import statement
from plugins.dues.service import allocation, books, vouchers
from plugins.dues.tests.conftest import Branch, agrees, pay
from portal.api import Actor, Conflict, ledger, session

MONTHS = ["2026-09", "2026-10", "2026-11"]


def states(branch: Branch) -> dict[str, str]:
    with branch.inside():
        found = session.execute(
            select(DuesObligation.month, DuesObligation.state).order_by(DuesObligation.month)
        )
        return {month: state for month, state in found}


def test_three_months_are_paid_once_with_one_voucher(branch: Branch) -> None:
    member = branch.member()
    voucher = pay(branch, member, 5790, MONTHS)
    assert states(branch) == dict.fromkeys(MONTHS, "paid")
    with branch.inside():
        book = books.book(branch.district.id)
        income = ledger.balances(book, kind=ledger.Kind.INCOME, organization_id=branch.organization.id)
        place = branch.organization.id
        assert income == {
            f"4001:dues:{place}:2026-11": -1930,
            f"4002:back:{place}:2026-09": -1930,
            f"4002:back:{place}:2026-10": -1930,
        }
        assert books.credit_of(branch.district.id, member.id) == 0
        found = reads.by_token(voucher.token)
        assert found is not None
        assert found.months == tuple((month, 1930) for month in MONTHS)
        assert (found.total_fen, found.credit_fen, found.state) == (5790, 0, "valid")
        assert statement(member.id).timeline.paid_through == "2026-11"  # type: ignore[union-attr]
    agrees(branch)


def test_part_of_a_month_leaves_the_rest_owed_and_more_becomes_credit(branch: Branch) -> None:
    member = branch.member()
    pay(branch, member, 3000, MONTHS[:2], key="F1")
    assert states(branch) == {"2026-09": "paid", "2026-10": "partly_paid"}
    with branch.inside():
        assert statement(member.id).timeline.owed_fen == 860 + 1930  # type: ignore[union-attr]
    voucher = pay(branch, member, 1500, MONTHS[:2], key="F2")
    assert voucher.credit_fen == 640
    with branch.inside():
        found = statement(member.id)
        assert found is not None and found.credit_fen == 640
    agrees(branch)


def test_the_exact_rest_of_a_month_closes_it(branch: Branch) -> None:
    member = branch.member()
    pay(branch, member, 1000, MONTHS[:1], key="F1")
    assert states(branch) == {"2026-09": "partly_paid"}
    voucher = pay(branch, member, 930, MONTHS[:1], key="F2")
    assert states(branch) == {"2026-09": "paid"}
    with branch.inside():
        found = reads.by_token(voucher.token)
        assert found is not None
        assert (found.months, found.credit_fen) == ((("2026-09", 930),), 0)
        month = session.scalars(select(DuesObligation).where(DuesObligation.month == "2026-09")).one()
        assert (month.paid_fen, month.version) == (1930, 3) and month.settled_at is not None
    agrees(branch)


def test_paid_twice_leaves_the_second_money_as_credit_of_the_same_member(branch: Branch) -> None:
    member, other = branch.member(), branch.member()
    pay(branch, member, 5790, MONTHS, key="F1")
    second = pay(branch, member, 5790, MONTHS, key="F2")
    assert (second.total_fen, second.credit_fen, second.number) == (5790, 5790, 2)
    with branch.inside():
        assert books.credit_of(branch.district.id, member.id) == 5790
        assert books.credit_of(branch.district.id, other.id) == 0
        used = allocation.use_credit(
            district_id=branch.district.id,
            member_id=member.id,
            months=["2026-12", "2027-01"],
            source_key="credit:1",
            actor="account:1",
        )
        again = allocation.use_credit(
            district_id=branch.district.id,
            member_id=member.id,
            months=["2026-12", "2027-01"],
            source_key="credit:1",
            actor="account:1",
        )
        assert used.id == again.id and (used.total_fen, used.credit_fen) == (3860, 0)
        assert books.credit_of(branch.district.id, member.id) == 1930
        with pytest.raises(Conflict):
            allocation.use_credit(
                district_id=branch.district.id,
                member_id=other.id,
                months=MONTHS,
                source_key="credit:2",
                actor="account:1",
            )
    agrees(branch)


def test_voucher_numbers_have_no_gaps_per_branch_and_year(branch: Branch) -> None:
    first, second = branch.member(), branch.member()
    for number, member in enumerate((first, second, first), start=1):
        assert pay(branch, member, 10, MONTHS, key=f"F{number}").number == number
    with pytest.raises(RuntimeError), branch.inside():
        vouchers._next_number(branch.district.id, branch.organization.id, 2026)
        raise RuntimeError("rolled back")
    assert pay(branch, second, 10, MONTHS, key="F9").number == 4


def test_a_void_voucher_keeps_its_number_and_opens_its_months(branch: Branch) -> None:
    member = branch.member()
    voucher = pay(branch, member, 3860, MONTHS[:2])
    treasurer = Treasurer(account_id=branch.world.account(role="treasurer", district=branch.district).id)
    with branch.inside():
        row = session.get_one(DuesVoucher, voucher.id)
        with pytest.raises(ValueError, match="reason"):
            vouchers.void(row, version=row.version, reason=" ", by=treasurer)
        vouchers.void(row, version=row.version, reason="录错了人", by=treasurer)
        with pytest.raises(Conflict):
            vouchers.void(row, version=row.version, reason="再一次", by=treasurer)
    assert states(branch) == {"2026-09": "open", "2026-10": "open"}
    with branch.inside():
        assert books.credit_of(branch.district.id, member.id) == 3860
        check = reads.public_check(voucher.token)
        assert check is not None and not check.valid
    assert pay(branch, member, 1930, MONTHS[:1], key="F2").number == 2
    agrees(branch)


class Treasurer(Actor):
    """An actor who may do everything here; what roles may is tested where roles are."""

    def can(self, permission: str, at: str | None = None) -> bool:
        return True
