"""What a page reads grows with the member or the branch, never with the district (SQLite's own plans)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from portal.testing import plan_of, reads

from .conftest import Branch

# PostgreSQL plans by what is in the tables, and reads small ones whole: `make bench` fills them.
pytestmark = pytest.mark.sqlite

#: Tables with rows for each member and month, or for each payment: never read whole for one person's page.
GROWING = (
    "affiliation|dues_assessment|dues_cash_line|dues_obligation|dues_relief|dues_reminder|dues_voucher|"
    "dues_voucher_line|ledger_entry|ledger_line|ledger_seal|member|payment_attempt|payment_fact|status_event"
)
WHOLE = re.compile(rf"(SCAN ({GROWING})\b|SEARCH ({GROWING}) USING INDEX \S+ \(district_id=\?\)$)")


def whole_tables(seen: dict[str, Any]) -> list[str]:
    return [
        f"{step}: {statement[:120]}"
        for statement, parameters in seen.items()
        for step in plan_of(statement, parameters)
        if WHOLE.match(step)
    ]


@pytest.mark.parametrize("page", ["", "dues/", "dues/history", "me/"])
def test_a_member_s_pages_read_the_member_s_rows(branch: Branch, page: str):
    me = branch.world.browser(branch.world.account(branch.member()))
    with reads() as seen:
        assert me.get(f"/d/{branch.district.code}/{page}").status_code == 200
    assert len(seen) > 3 and whole_tables(seen) == []


def test_the_branch_s_month_reads_the_branch_s_rows(branch: Branch):
    collector = branch.world.browser(
        branch.world.account(branch.member(), role="dues_collector", organization=branch.organization)
    )
    with reads() as seen:
        assert collector.get(f"/d/{branch.district.code}/dues/branch").status_code == 200
    assert len(seen) > 5 and whole_tables(seen) == []


def test_a_whole_table_is_noticed(branch: Branch):
    assert whole_tables({"SELECT * FROM dues_obligation WHERE due_fen > 1": ()}) != []
    assert whole_tables({"SELECT * FROM payment_attempt WHERE district_id = 1 AND amount_fen = 2": ()}) != []
