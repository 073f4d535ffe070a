"""The watch over the order of locks (``order``) sees what it is there for."""

from __future__ import annotations

import pytest

from plugins.dues.models import DuesObligation
from plugins.dues.service import obligations, vouchers
from plugins.dues.tests import order
from plugins.dues.tests.conftest import Branch, create_months, pay, receive

# It watches itself.
pytestmark = pytest.mark.usefixtures("many_in_one")


def test_a_payment_takes_months_series_and_book_and_is_found_right(branch: Branch) -> None:
    with order.watched() as watch:
        pay(branch, branch.member(), 3860, ["2026-09", "2026-12"])
    assert (watch.wrong, watch.steps[-1]) == ([], order.BOOK)


def test_new_months_after_the_book_are_noticed(branch: Branch) -> None:
    branch.member()
    with order.watched() as watch, branch.inside():
        for month in ("2026-09", "2026-10"):
            obligations.create_month(district_id=branch.district.id, month=month)
    assert len(watch.wrong) == 1 and watch.wrong[0].startswith("a new row of step 1 after step 3")


@pytest.mark.postgresql  # SQLite has no locks of rows
@pytest.mark.parametrize("late", ["months", "numbers"])
def test_rows_taken_after_the_book_are_noticed_but_not_those_that_were_held(
    branch: Branch, late: str
) -> None:
    member = branch.member()
    create_months(branch, "2026-09")
    pay(branch, member, 10, ["2026-09"])

    def take(what: str) -> None:
        if what == "months":
            obligations.locked(DuesObligation.member_id == member.id)
        else:
            vouchers.hold_numbers(
                district_id=branch.district.id, organization_ids=[branch.organization.id], year=2026
            )

    with order.watched() as watch, branch.inside():
        take(late)
        receive(branch, member, 10, key="right")
        take(late)
    held = [said for said in watch.wrong if "taken too late" in said]
    with order.watched() as watch, branch.inside():
        receive(branch, member, 10, key="wrong")
        take(late)
    table = {"months": "dues_obligation", "numbers": "dues_voucher_series"}[late]
    found = [said for said in watch.wrong if "taken too late" in said]
    assert held == [] and len(found) == 1 and f"rows of {table} taken too late" in found[0]


def test_a_statement_is_of_the_step_whose_rows_it_takes() -> None:
    assert order.step_of("SELECT id \nFROM dues_obligation WHERE x FOR UPDATE OF dues_obligation") == (
        1,
        False,
    )
    assert order.step_of("SELECT ledger_book.id FROM ledger_book FOR UPDATE") == (3, False)
    assert order.step_of("WITH who AS (SELECT 1) INSERT INTO dues_obligation (id) SELECT 1") == (1, True)
    assert order.step_of("UPDATE dues_voucher_series SET last_number=2") == (2, False)
    assert order.step_of("SELECT id FROM dues_obligation") is None
