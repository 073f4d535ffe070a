"""The second wall between the districts: PostgreSQL itself refuses, whatever the statement forgot."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.database import Model, connection, db, everything, in_scope, scope, session, transaction
from portal.database.engine import as_owner
from portal.database.policies import APPEND, OPEN, gaps
from portal.members.models import Member
from portal.organizations.models import Organization
from portal.testing import World
from portal.testing.postgresql import before_the_wall, underneath
from tests.guards import walk
from tests.guards.town import Town

pytestmark = pytest.mark.postgresql


def of_districts() -> list[str]:
    """Return the tables of districts, by what the database says."""
    there = inspect(db.engine)
    names = there.get_table_names()
    return sorted(name for name in names if any(c["name"] == "district_id" for c in there.get_columns(name)))


def walled() -> list[str]:
    return [name for name in of_districts() if OPEN not in Model.metadata.tables[name].info]


def count(at: Connection, table: str) -> int:
    return int(at.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one())  # noqa: S608  of the catalogue


@pytest.fixture
def town(world: World, app: Flask) -> Town:
    return Town(world, app)


def test_every_table_of_a_district_has_a_forced_policy_and_the_application_owns_nothing(app: Flask):
    assert len(walled()) > 45
    with db.engine.connect() as at:
        assert gaps(at) == []
    # What has none says why, and is a short list that somebody has read.
    opened = {n: t.info[OPEN] for n, t in Model.metadata.tables.items() if OPEN in t.info}
    assert set(opened) == {"job", "notice", "notice_delivery", "search_entry"} and all(opened.values())
    assert [n for n, t in Model.metadata.tables.items() if APPEND in t.info] == ["audit"]


def test_a_planted_table_view_and_policy_are_found(app: Flask):
    with as_owner() as at:
        at.execute(text("CREATE TABLE planted (id integer, district_id integer)"))
        at.execute(text("CREATE VIEW peephole AS SELECT * FROM member"))
        at.execute(text("CREATE POLICY backdoor ON unit USING (true)"))
        at.execute(text("ALTER TABLE place NO FORCE ROW LEVEL SECURITY"))
    with db.engine.connect() as at:
        assert gaps(at) == [
            "table place belongs to districts and has no policy",
            "table planted belongs to districts and has no policy",
            "table unit belongs to districts and has no policy",
            "view peephole reads with its owner's rights",
        ]


def test_a_role_for_which_no_policy_holds_is_found(app: Flask):
    with underneath() as at:
        assert "the application's role is a superuser, for whom no policy holds" in gaps(at)
    with as_owner() as at:
        assert gaps(at) == ["the application's role owns tables and could take their policies away"]


def test_unset_shows_nothing_and_one_district_nothing_of_the_next(town: Town, app: Flask):
    walk.Walk(town, app)  # puts a row into every table of both districts
    here, there = town.left.district.id, town.right.district.id
    # Shared by all: rows of no district.
    shared = {"audit", "payment_inbox"}

    def counted() -> dict[str, int]:
        with db.engine.connect() as at:
            return {name: count(at, name) for name in walled() if name not in shared}

    assert set(before_the_wall(counted).values()) == {0}
    with everything():
        whole = counted()
    with in_scope([here]):
        left = counted()
    with in_scope([there]):
        right = counted()
    filled = {name for name, number in whole.items() if number}
    assert len(filled) > 40
    assert {name: left[name] + right[name] for name in filled} == {name: whole[name] for name in filled}
    assert sum(left.values()) > 0 and sum(right.values()) > 0


def test_what_is_not_in_scope_is_neither_changed_nor_deleted_nor_written(town: Town):
    here, there = town.left.district.id, town.right.district.id
    with in_scope([here], write=here):
        with transaction():
            done = connection().execute(
                text("UPDATE member SET name = name WHERE district_id = :d"), {"d": there}
            )
            assert done.rowcount == 0
            done = connection().execute(text("DELETE FROM request_step WHERE district_id = :d"), {"d": there})
            assert done.rowcount == 0
        for statement in (
            "INSERT INTO place (district_id, kind, name, version) VALUES (:d, 'park', '越界', 1)",
            "UPDATE organization SET district_id = :d",
        ):
            with pytest.raises(DBAPIError, match="row-level security"), transaction():
                connection().execute(text(statement), {"d": there})
    # Read here and there, write here only.
    with in_scope([here, there], write=here), pytest.raises(DBAPIError, match="row-level"), transaction():
        connection().execute(text("UPDATE organization SET name = name WHERE district_id = :d"), {"d": there})


def test_the_scope_ends_with_the_transaction_and_follows_every_change_within(town: Town):
    here, there = town.left.district.id, town.right.district.id
    told = text("SELECT current_setting('portal.read', true)")

    def alone() -> Any:
        with db.engine.connect() as at:
            return at.execute(told).scalar()

    with in_scope([here]):
        assert alone() == str(here)
    assert before_the_wall(alone) == ""  # the same connection, out of the pool
    with everything(), transaction() as current:
        assert current.execute(told).scalar() == "*"
        with in_scope([there], write=there):
            assert current.execute(told).scalar() == str(there)
            with pytest.raises(DBAPIError), current.begin_nested(), in_scope([here]):
                assert current.execute(told).scalar() == str(here)
                current.execute(text("SELECT 1/0"))
            assert current.execute(told).scalar() == str(there)
        assert current.execute(told).scalar() == "*"


def test_with_the_layer_above_switched_off_nothing_leaks(
    town: Town, app: Flask, monkeypatch: pytest.MonkeyPatch
):
    """A build that forgets every scope: the pages of all roles still hold no word of the next district."""
    walked = walk.Walk(town, app)
    event.remove(Session, "do_orm_execute", scope._narrow)
    monkeypatch.setattr(scope, "criterion", lambda column: None)
    try:
        for kept in scope._every_kept:
            kept.clear()
        with in_scope([town.left.district.id]):
            # It is off indeed: nothing but the server narrows these.
            assert "district_id" not in str(scope.rows(Member).whereclause)
            assert {row.district_id for row in session.scalars(select(Organization))} == {
                town.left.district.id
            }
        session.remove()
        for role in ("all", "member", "secretary", "district_admin"):
            assert walk.leaks(walked, role, walked.rules("GET")) == []
        assert walk.leaks_by_export(walked, "all") == []
    finally:
        event.listen(Session, "do_orm_execute", scope._narrow)
        for kept in scope._every_kept:
            kept.clear()
