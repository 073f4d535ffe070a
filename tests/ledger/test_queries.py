"""Sums of the books: of one account, of those that match, of sealed entries, of the own district only."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.database import everything, in_scope, session
from portal.ledger import (
    Account,
    Kind,
    balance,
    balance_in,
    balances,
    chart,
    entry_by_idem,
    find_book,
    lines_of,
    open_book,
    post,
)
from portal.ledger.models import Entry
from tests.ledger.conftest import DAY

OCTOBER, NOVEMBER = "2026-10", "2026-11"
CASH = Account("1001:cash:1", Kind.CASH)


def income(branch: int, period: str) -> Account:
    return chart.income("4001", organization_id=branch, period=period)


def put(book, idem, lines, day=DAY):
    return post(book=book, idem=idem, kind="test", effective_date=day, lines=lines, actor="system")


@pytest.fixture
def kept(book):
    """Two branches, two members, two months."""
    put(
        book,
        "a",
        [(CASH, 30), (income(5, OCTOBER), -10), (income(5, NOVEMBER), -20)],
        DAY - timedelta(days=1),
    )
    put(book, "b", [(CASH, 40), (income(6, NOVEMBER), -40)])
    put(book, "c", [(CASH, 7), (chart.member_credit(3), -3), (chart.member_credit(4), -4)])
    put(book, "d", [(chart.assessed(3, NOVEMBER), 9), (chart.assessment_control(), -9)])
    other = open_book(district_id=1, purpose="donations")
    put(other, "a", [(CASH, 1000), (income(5, OCTOBER), -1000)])
    far = open_book(district_id=2, purpose="dues")
    put(far, "a", [(CASH, 5000), (income(5, OCTOBER), -5000)])
    return book


def test_a_balance_is_that_of_one_account_in_one_book(kept):
    assert balance(kept, CASH) == 77
    assert balance(kept, income(5, NOVEMBER)) == -20
    assert balance(kept, income(9, NOVEMBER)) == 0
    assert balance_in(district_id=1, purpose="dues", account=CASH) == 77
    assert balance_in(district_id=1, purpose="donations", account=CASH) == 1000
    assert balance_in(district_id=2, purpose="dues", account=CASH) == 5000
    for nothing in ({"district_id": 3, "purpose": "dues"}, {"district_id": 1, "purpose": "prizes"}):
        assert balance_in(account=CASH, **nothing) == 0
    assert balance_in(district_id=1, purpose="dues", account=chart.cash(9)) == 0


def test_balances_are_those_of_the_accounts_that_match(kept):
    assert len(balances(kept)) == 8 and sum(balances(kept).values()) == 0
    assert balances(kept, kind=Kind.CREDIT) == {"2100:credit:3": -3, "2100:credit:4": -4}
    assert balances(kept, member_id=3) == {"2100:credit:3": -3, "9001:assessed:3:2026-11": 9}
    assert balances(kept, organization_id=5) == {"4001:5:2026-10": -10, "4001:5:2026-11": -20}
    assert balances(kept, kind=Kind.INCOME, periods=[NOVEMBER]) == {
        "4001:5:2026-11": -20,
        "4001:6:2026-11": -40,
    }
    assert balances(kept, organization_id=5, periods=(OCTOBER, NOVEMBER), kind=Kind.INCOME) == {
        "4001:5:2026-10": -10,
        "4001:5:2026-11": -20,
    }
    assert balances(kept, periods=[]) == {}
    assert balances(kept, member_id=0) == balances(kept, organization_id=0) == {}


def test_balances_until_a_day_count_that_day_and_no_later_one(kept):
    day_before = DAY - timedelta(days=1)
    assert balances(kept, until=DAY)["1001:cash:1"] == 77
    assert balances(kept, until=day_before) == {
        "1001:cash:1": 30,
        "4001:5:2026-10": -10,
        "4001:5:2026-11": -20,
    }
    assert balances(kept, until=day_before - timedelta(days=1)) == {}


def test_an_entry_without_its_seal_does_not_count(kept):
    whole = session.get_one(Entry, 1)
    session.add(
        Entry(
            district_id=1,
            book_id=kept.id,
            seq=99,
            idem="bare",
            kind="test",
            effective_date=DAY,
            recorded_at=whole.recorded_at,
            actor="x",
            meta={},
        )
    )
    session.flush()
    assert entry_by_idem(kept, "bare") is None
    session.rollback()


def test_an_entry_is_found_by_its_key_in_its_own_book(kept):
    found = entry_by_idem(kept, "a")
    assert found is not None and found.book_id == kept.id and found.seq == 1
    assert lines_of(found) == [("1001:cash:1", 30), ("4001:5:2026-10", -10), ("4001:5:2026-11", -20)]
    assert entry_by_idem(kept, "z") is None


def test_a_book_is_found_by_district_and_purpose(kept):
    assert find_book(district_id=1, purpose="dues").id == kept.id
    assert find_book(district_id=2, purpose="dues").id != kept.id
    assert find_book(district_id=1, purpose="prizes") is find_book(district_id=3, purpose="dues") is None


def test_another_district_s_sums_are_not_seen(kept):
    session.expunge_all()
    with in_scope({2}):
        assert balance_in(district_id=1, purpose="dues", account=CASH) == 0
        assert balance_in(district_id=2, purpose="dues", account=CASH) == 5000
        assert find_book(district_id=1, purpose="dues") is None
        assert balances(kept) == {} and balance(kept, CASH) == 0
    with everything():
        assert balance_in(district_id=1, purpose="dues", account=CASH) == 77
