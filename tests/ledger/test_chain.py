"""The text and the hash of an entry, written down literally: old books must verify with new code."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from portal.ledger import Account, Kind, chain, chart

SHANGHAI = timezone(timedelta(hours=8))
ENTRY = {
    "book_uid": "01BOOK",
    "idem": "alloc:01FACT:0",
    "kind": "allocation",
    "effective_date": date(2026, 11, 21),
    "occurred_at": datetime(2026, 11, 21, 8, 30, tzinfo=SHANGHAI),
    "recorded_at": datetime(2026, 11, 21, 0, 31, 2, 345, tzinfo=UTC),
    "actor": "account:7",
    "reverses": None,
    "case_uid": "01CASE",
    "meta": {"说明": "补交", "reference": "2026-11"},
    "lines": [("2100:credit:3", 2000), ("4001:5:2026-11", -2000)],
}
TEXT = (
    '{"actor":"account:7","book":"01BOOK","case":"01CASE","date":"2026-11-21","idem":"alloc:01FACT:0",'
    '"kind":"allocation","lines":[["2100:credit:3",2000],["4001:5:2026-11",-2000]],'
    '"meta":{"reference":"2026-11","说明":"补交"},"occurred":"2026-11-21T00:30:00.000000+00:00",'
    '"recorded":"2026-11-21T00:31:02.000345+00:00","reverses":null}'
)


def test_an_entry_is_written_down_in_one_way_only():
    assert chain.canonical(**ENTRY).decode() == TEXT
    turned = {**ENTRY, "meta": dict(reversed(ENTRY["meta"].items()))}
    assert chain.canonical(**turned) == chain.canonical(**ENTRY)
    assert json.loads(TEXT)["reverses"] is None


def test_each_part_of_an_entry_is_in_its_text():
    for name, other in {"reverses": "alloc:0", "occurred_at": None, "case_uid": None, "lines": []}.items():
        assert chain.canonical(**{**ENTRY, name: other}) != chain.canonical(**ENTRY)


def test_a_chain_begins_with_its_book_and_each_link_holds_the_one_before():
    begin = chain.origin("01BOOK")
    assert begin == "9c6b7fedc8eeea45774cb4c7b20df34779c220452fd76bb08aee6be513a5ec84"
    assert (
        chain.link(begin, TEXT.encode()) == "80f6fd51d1a0ed273207dd7d00979aa1434eac753926344b82dcd88a3615d688"
    )


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (lambda: chart.cash(7), Account("1001:cash:7", Kind.CASH)),
        (lambda: chart.bank("a1"), Account("1002:bank:a1", Kind.BANK)),
        (lambda: chart.channel("shop"), Account("1010:channel:shop", Kind.CHANNEL)),
        (lambda: chart.member_credit(3), Account("2100:credit:3", Kind.CREDIT, 3)),
        (lambda: chart.suspense("01C"), Account("2300:suspense:01C", Kind.SUSPENSE)),
        (
            lambda: chart.income("4001", organization_id=5, period="2026-11"),
            Account("4001:5:2026-11", Kind.INCOME, None, 5, "2026-11"),
        ),
        (
            lambda: chart.assessed(3, "2026-11"),
            Account("9001:assessed:3:2026-11", Kind.MEMO, 3, None, "2026-11"),
        ),
        (chart.assessment_control, Account("9002:control", Kind.MEMO)),
    ],
)
def test_an_account_s_code_never_changes(name: Callable[[], Account], wanted: Account):
    assert name() == wanted
