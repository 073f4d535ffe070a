"""PostgreSQL's plans without statistics: a month and a year cost what the members cost, not their square."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from plugins.dues.service import obligations
from plugins.dues.service.carried import carried
from portal.api import session
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


def test_before_the_first_analyze_no_node_goes_through_the_district_once_a_member(branch: Branch):
    # The tables are as a bulk load leaves them: nobody has counted what is in them, or does so meanwhile.
    session.remove()
    with postgresql.underneath() as superuser:
        for table in TABLES:
            superuser.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
    for _ in range(MEMBERS):
        branch.member()
    place = branch.district.id
    with branch.inside():
        counted = text("SELECT max(reltuples) FROM pg_class WHERE relname = ANY (:tables)")
        assert session.scalar(counted, {"tables": list(TABLES)}) <= 0
        for statement in (
            obligations._who_owes(place, "2026-09", None),
            carried(branch.ref, 2027, None, None),
        ):
            touched, node = dearest(statement)
            assert touched <= A_MEMBER * MEMBERS, node
