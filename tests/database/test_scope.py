"""The scope fails closed, for entities, columns, counts, bulk statements, Core rows and writes."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, func, select, update

from portal.database import (
    Conflict,
    ScopeError,
    everything,
    in_scope,
    prepared,
    rows,
    session,
    swap,
    transaction,
)
from portal.database.core import reading
from portal.organizations.models import Organization
from portal.testing import World


@pytest.fixture
def two(world: World):
    here, there = world.district(), world.district()
    own, foreign = world.organization(here), world.organization(there)
    session.expunge_all()
    return here, there, own, foreign


def seen() -> tuple[int, ...]:
    return (
        len(session.scalars(select(Organization)).all()),
        session.scalar(select(func.count()).select_from(Organization)),
        len(session.execute(select(Organization.id)).all()),
        len(session.execute(rows(Organization)).all()),
    )


def test_no_scope_means_no_rows(two):
    assert seen() == (0, 0, 0, 0)


def test_a_district_sees_its_own_rows_only(two):
    here, there, own, foreign = two
    with in_scope({here.id}):
        assert seen() == (1, 1, 1, 1)
        assert session.get(Organization, foreign.id) is None
    with in_scope({here.id, there.id}):
        assert seen() == (2, 2, 2, 2)
    with everything():
        assert seen() == (2, 2, 2, 2)


@prepared
def _count():
    return rows(Organization, func.count()).where(Organization.__table__.c.name != bindparam("not_named"))


def test_a_prepared_statement_asks_for_the_scope_at_hand(two):
    here, there, own, foreign = two
    ways = {(): 0, (here.id,): 1, (there.id,): 1, (here.id, there.id): 2}
    for _twice in range(2):
        with everything():
            assert session.execute(_count(), {"not_named": ""}).scalar() == 2
        for scope, seen in ways.items():
            with in_scope(scope):
                assert session.execute(_count(), {"not_named": ""}).scalar() == seen
        assert session.execute(_count(), {"not_named": ""}).scalar() == 0  # no scope at all
    with in_scope((there.id,)):
        assert session.execute(_count(), {"not_named": foreign.name}).scalar() == 0
        assert _count() is _count()


def test_a_statement_taken_from_one_scope_fails_closed_in_a_wider_one(two):
    here, there, *_ = two
    with in_scope((here.id,)):
        kept = _count()
    with in_scope((here.id, there.id)), pytest.raises(Exception, match="too many values"):
        session.execute(kept, {"not_named": ""})
    session.rollback()
    assert session.execute(kept, {"not_named": ""}).scalar() == 0


def test_bulk_update_stays_inside(two):
    here, _there, _own, foreign = two
    with in_scope({here.id}, write=here.id):
        assert session.execute(update(Organization).values(office_phone="1")).rowcount == 1
        session.commit()
    with everything():
        assert session.get_one(Organization, foreign.id).office_phone != "1"


def test_a_foreign_row_is_not_flushed(two):
    here, there, *_ = two
    with in_scope({here.id, there.id}, write=here.id), pytest.raises(ScopeError), transaction():
        session.add(Organization(district_id=there.id, kind="branch", name="别处"))


def test_swap_refuses_a_stale_version_a_wrong_state_and_a_foreign_row(two):
    here, _there, own, foreign = two
    with in_scope({here.id}, write=here.id):
        row = session.get_one(Organization, own.id)
        with transaction():
            swap(row, version=1, office_phone="2")
        assert (row.version, row.office_phone) == (2, "2")
        with pytest.raises(Conflict), transaction():
            swap(row, version=1, office_phone="3")
    with everything():
        other = session.get_one(Organization, foreign.id)
    with in_scope({here.id}, write=here.id), pytest.raises(Conflict), transaction():
        swap(other, version=1, office_phone="4")


def test_a_get_cannot_write(two):
    session.rollback()
    mark = reading.set(True)
    try:
        with (
            pytest.raises(Exception, match="readonly database|read-only transaction"),
            everything(),
            transaction(),
        ):
            session.execute(update(Organization).values(office_phone="5"))
    finally:
        reading.reset(mark)
        session.remove()
