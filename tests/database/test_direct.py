"""Rows written by Core beside the unit of work obey the same scope, defaults and constraints."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from portal.database import (
    Conflict,
    ScopeError,
    everything,
    forget,
    glance,
    in_scope,
    insert_row,
    insert_rows,
    session,
    swap_row,
    transaction,
)
from portal.organizations.models import Organization
from portal.testing import World


@pytest.fixture
def two(world: World):
    here, there = world.district(), world.district()
    own = world.organization(here)
    foreign = world.organization(there)
    session.expunge_all()
    return here, there, own, foreign


def test_a_row_of_this_district_is_written_with_the_defaults_of_its_columns(two):
    here, *_ = two
    with in_scope({here.id}, write=here.id):
        with transaction():
            made = insert_row(Organization, district_id=here.id, kind="branch", name="近处", path="x")
        row = session.get_one(Organization, made)
        assert (row.name, row.version, row.district_id) == ("近处", 1, here.id)


def test_a_foreign_row_is_refused_alone_and_among_others(two):
    here, there, *_ = two
    own = {"district_id": here.id, "kind": "branch", "name": "近处"}
    with in_scope({here.id, there.id}, write=here.id):
        with pytest.raises(ScopeError), transaction():
            insert_row(Organization, district_id=there.id, kind="branch", name="别处")
        with pytest.raises(ScopeError), transaction():
            insert_rows(Organization, [own, {**own, "district_id": there.id}])
    with in_scope({here.id}), pytest.raises(ScopeError), transaction():
        insert_row(Organization, **own)
    with pytest.raises(ScopeError), transaction():
        insert_row(Organization, **own)


def test_a_constraint_refuses_as_ever(two):
    here, *_ = two
    with in_scope({here.id}, write=here.id), pytest.raises(IntegrityError), transaction():
        insert_row(Organization, district_id=here.id, kind="branch", name=None, path="x")


def test_a_swap_without_the_entity_asks_for_version_state_and_scope(two):
    here, _there, own, foreign = two
    with in_scope({here.id}, write=here.id):
        held = session.get_one(Organization, own.id)
        with transaction():
            assert swap_row(Organization, own.id, version=1, office_phone="2") == 2
        assert held.office_phone != "2"
        forget(Organization, own.id)
        assert (held.office_phone, held.version) == ("2", 2)
        with pytest.raises(Conflict), transaction():
            swap_row(Organization, own.id, version=1, office_phone="3")
        with pytest.raises(Conflict), transaction():
            swap_row(Organization, foreign.id, version=1, office_phone="3")
    with everything():
        assert session.get_one(Organization, foreign.id).office_phone != "3"


def test_a_glance_reads_while_somebody_writes(two):
    """No lock: a stranger's post to a callback's address stops nobody's payment."""
    here, _there, own, _foreign = two
    count = select(func.count()).select_from(Organization.__table__)
    with in_scope({here.id}, write=here.id):
        with transaction():
            insert_row(Organization, district_id=here.id, kind="branch", name="近处", path="x")
            with everything(), glance() as connection:
                assert connection.execute(count).scalar() == 2
        assert session.get_one(Organization, own.id) is not None
    with glance() as connection:
        assert connection.execute(count).scalar() == 3


def test_a_glance_without_a_connection_leaves_the_next_verb_whole(two, monkeypatch):
    """A verb without its BEGIN would keep half of what it wrote."""
    here, *_ = two

    def refused(*_args):
        raise OperationalError("", {}, Exception("unable to open database file"))

    with monkeypatch.context() as patch:
        patch.setattr("sqlalchemy.engine.Engine.connect", refused)
        with pytest.raises(OperationalError), glance():
            pass
    session.rollback()
    with in_scope({here.id}, write=here.id):
        with pytest.raises(RuntimeError), transaction():
            insert_row(Organization, district_id=here.id, kind="branch", name="近处", path="x")
            raise RuntimeError("planted")
        assert session.scalars(select(Organization.name).where(Organization.name == "近处")).all() == []
