"""What a page reads grows with the member or the branch, never with the district (SQLite's own plans)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from plugins.dues.service import assessments, obligations
from plugins.dues.service.carried import carried
from portal.api import session
from portal.testing import plan_of, reads

from .conftest import Branch, put_on_books

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


#: Whatever is asked of one member: by an index that goes on with the member, or by the row's number.
EACH = re.compile(
    r"(SCAN (affiliation|dues_\w+|other)\b|"
    r"SEARCH (affiliation|dues_\w+|other) USING (COVERING )?INDEX \S+ \(district_id=\?\)$)"
)


def asked(seen: dict[str, Any]) -> dict[str, Any]:
    return {one: seen[one] for one in seen if one.startswith("WITH who") or ") AS who" in one}


def read_whole(seen: dict[str, Any]) -> list[str]:
    return [
        f"{step}: {statement[:80]}"
        for statement, parameters in asked(seen).items()
        for step in plan_of(statement, parameters)
        if EACH.match(step)
    ]


def test_the_month_and_the_year_look_each_member_up(branch: Branch):
    branch.member()
    with branch.inside(), reads() as seen:
        assert obligations.create_month(district_id=branch.district.id, month="2026-09") == 1
        assert len(session.execute(carried(branch.ref, 2027, None, None)).all()) == 1
        assert assessments.draft_year(district=branch.ref, year=2027, by=None) == 1
    assert len(asked(seen)) == 2
    assert read_whole(seen) == []


def test_a_table_read_whole_is_noticed_in_them_too(branch: Branch):
    assert read_whole({"WITH who AS (SELECT id FROM dues_assessment) SELECT * FROM who": ()}) != []


def test_a_month_of_one_member_reads_the_member_only(branch: Branch):
    one = branch.member()
    with branch.inside(), reads() as seen:
        put_on_books(branch, one, "2026-09")
    assert len(seen) > 1 and whole_tables(seen) == [] and read_whole(seen) == []
