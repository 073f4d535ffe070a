"""PostgreSQL's plans without statistics: a month and a year cost what the members cost, not their square."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select, text

from plugins.dues.service import assessments, obligations
from plugins.dues.service.carried import carried
from plugins.dues.service.owing import who_owes
from portal.api import Member, session
from portal.testing import postgresql

from .conftest import Branch

pytestmark = pytest.mark.postgresql

MEMBERS = 120
TABLES = (
    "affiliation",
    "dues_assessment",
    "dues_branch_opening",
    "dues_member_opening",
    "dues_obligation",
    "member",
    "organization",
)
#: Rows a node of the plan may touch for each member, all its loops together; a square would be MEMBERS.
A_MEMBER = 12


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def dearest(statement: Any) -> tuple[float, str]:
    """Run a statement and return the rows touched by the node that touches most, with its name."""
    dialect = session.get_bind().dialect
    made = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    found = session.connection().exec_driver_sql(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {made}", made.construct_params()
    )
    answer = found.scalar()
    (plan,) = json.loads(answer) if isinstance(answer, str) else answer
    removed = ("Rows Removed by Filter", "Rows Removed by Join Filter", "Rows Removed by Index Recheck")
    return max(
        (
            node["Actual Loops"] * (node["Actual Rows"] + sum(node.get(name, 0) for name in removed)),
            f"{node['Node Type']} {node.get('Relation Name', '')}",
        )
        for node in nodes(plan["Plan"])
    )


@pytest.fixture
def full(branch: Branch) -> Branch:
    """Return a branch whose tables are as a bulk load leaves them: nobody counts what is in them."""
    session.remove()
    with postgresql.underneath() as superuser:
        for table in TABLES:
            superuser.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
    for _ in range(MEMBERS):
        branch.member()
    return branch


def check(branch: Branch, *, owing: int) -> None:
    """Compare what the month's and the year's statement touch, the one branch's too, with the limit."""
    place = branch.district.id
    counted = text("SELECT max(reltuples) FROM pg_class WHERE relname = ANY (:tables)")
    assert session.scalar(counted, {"tables": list(TABLES)}) <= 0
    for statement in (
        who_owes(place, "2026-09", None),
        carried(branch.ref, 2027, None, None),
        carried(branch.ref, 2027, None, [branch.organization.id]),
    ):
        assert len(session.execute(statement).all()) == owing
        touched, node = dearest(statement)
        assert touched <= A_MEMBER * MEMBERS, node


def test_before_the_first_analyze_no_node_goes_through_the_district_once_a_member(full: Branch):
    with full.inside():
        check(full, owing=MEMBERS)


def test_nor_when_the_month_and_the_year_are_there_already(full: Branch):
    with full.inside():
        assert obligations.create_month(district_id=full.district.id, month="2026-09") == MEMBERS
        assert assessments.draft_year(district=full.ref, year=2027, by=None) == MEMBERS
        check(full, owing=0)


def test_a_statement_that_goes_through_it_once_a_member_is_noticed(full: Branch):
    one, other = Member.__table__.alias(), Member.__table__.alias()
    with full.inside():
        touched, _node = dearest(select(one.c.id).join(other, one.c.name <= other.c.name))
        assert touched > A_MEMBER * MEMBERS
