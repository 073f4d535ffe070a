"""A change names the version and the states it starts from; who holds the row sees what became of it."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from portal.database import (
    Conflict,
    everything,
    in_scope,
    insert_rows,
    session,
    swap,
    swap_row,
    transaction,
)
from portal.members.models import Member
from portal.organizations.models import Organization
from portal.testing import World


@pytest.fixture
def row(world: World):
    """A member in state ``normal`` at version 1, in the scope of its district."""
    here = world.district()
    made = world.member(world.organization(here))
    session.expunge_all()
    with in_scope({here.id}, write=here.id):
        yield session.get_one(Member, made.id)


def kept(row: Member) -> tuple[int, str]:
    """Return what the database holds, past the session."""
    where = select(Member.version, Member.remark).where(Member.id == row.id)
    return tuple(session.execute(where).one())


@pytest.mark.parametrize("states", [("normal",), ["suspended", "normal"], iter(["normal", "left"])])
def test_a_state_named_lets_the_change_through(row: Member, states):
    with transaction():
        swap(row, version=1, states=states, remark="a")
    assert (row.version, row.remark) == kept(row) == (2, "a")


@pytest.mark.parametrize("states", [("suspended",), ("suspended", "left"), ()])
def test_another_state_is_a_conflict_and_changes_nothing(row: Member, states):
    for version in (1, None):
        with pytest.raises(Conflict), transaction():
            swap(row, version=version, states=states, remark="a")
        with pytest.raises(Conflict), transaction():
            swap_row(Member, row.id, version=version, states=states, remark="a")
    assert kept(row) == (1, "")


def test_a_conflict_hands_over_the_row_as_it_is_now(row: Member):
    with transaction():
        swap_row(Member, row.id, version=1, remark="others")
    with pytest.raises(Conflict) as refused, transaction():
        swap(row, version=1, remark="mine")
    assert refused.value.current is row
    assert (row.version, row.remark) == kept(row) == (2, "others")


def test_a_step_of_the_system_sees_what_others_changed_meanwhile(row: Member):
    assert row.initials == ""
    with transaction():
        swap_row(Member, row.id, version=1, initials="zc")
        swap(row, version=None, remark="a")
        assert (row.version, row.remark, row.initials) == (3, "a", "zc")


def test_what_the_database_works_out_is_read_back(row: Member):
    name = row.name
    with transaction():
        swap(row, version=1, remark=func.upper("abc"), initials="zc")
        assert (row.version, row.remark, row.initials, row.name) == (2, "ABC", "zc", name)
        assert swap_row(Member, row.id, version=2, remark=func.lower("DEF"), initials="x") == 3
        with pytest.raises(Conflict):
            swap_row(Member, row.id, version=2, remark=func.lower("GHI"))
    assert kept(row) == (3, "def")


def test_a_change_touches_one_row(world: World, row: Member):
    with everything():
        second = world.member(session.get_one(Organization, row.organization_id))
        before = kept(second)
    with transaction():
        swap(row, version=None, remark="a")
    with everything():
        assert kept(second) == before == (1, "")


def test_values_are_the_row_s_own_until_somebody_changes_them(row: Member):
    """What swap puts into the entity is no change to be written once more."""
    with transaction():
        swap(row, version=1, remark="a")
        assert row not in session.dirty
        session.execute(update(Member).where(Member.id == row.id).values(remark="b"))
    session.expire_all()
    assert row.remark == "b"


def test_several_rows_are_written_in_one_statement(world: World, row: Member):
    district = row.district_id
    insert_rows(Organization, [])
    with transaction():
        insert_rows(
            Organization,
            [{"district_id": district, "kind": "branch", "name": name, "path": "x"} for name in ("甲", "乙")],
        )
    found = session.scalars(select(Organization.name).where(Organization.path == "x"))
    assert sorted(found) == ["乙", "甲"]


def test_a_conflict_that_a_verb_survives_shows_the_row_as_it_is_now(row: Member):
    assert row.remark == ""
    with transaction():
        swap_row(Member, row.id, version=1, remark="others")
        with pytest.raises(Conflict):
            swap(row, version=1, remark="mine")
        assert (row.version, row.remark) == (2, "others")
