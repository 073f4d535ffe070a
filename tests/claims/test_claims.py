"""A slot has one holder: the key says so, whatever was looked up or locked before."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from portal import claims
from portal.claims import Claim, ClaimUnit, Holder, Want
from portal.database import ScopeError, in_scope, session, transaction
from portal.testing import World

ANN, BEN = Holder("hall.booking", 1), Holder("hall.booking", 2)


def count() -> int:
    found = session.scalar(select(func.count()).select_from(Claim))
    assert found is not None
    return found


def want(unit_id: int, first: int, last: int, kind: str = "use") -> Want:
    return Want(unit_id=unit_id, span=range(first, last), kind=kind)


def test_what_one_has_no_other_gets_and_nothing_is_half_taken(district, unit):
    one, two = unit(), unit()
    claims.reserve(ANN, [want(one, 10, 14)], district_id=district.id)
    with pytest.raises(claims.Taken) as taken:
        claims.reserve(BEN, [want(two, 10, 14), want(one, 13, 16)], district_id=district.id)
    assert [(clash.unit_id, clash.slot, clash.holder) for clash in taken.value.clashes] == [(one, 13, ANN)]
    assert claims.held(BEN) == []
    assert claims.held(ANN) == [(one, slot, "use") for slot in range(10, 14)]


def test_a_refused_claim_leaves_the_verb_around_it_alive(district, unit):
    one = unit()
    claims.reserve(ANN, [want(one, 10, 14)], district_id=district.id)
    with transaction():
        claims.reserve(BEN, [want(one, 14, 15)], district_id=district.id)
        with pytest.raises(claims.Taken):
            claims.reserve(BEN, [want(one, 13, 16)], district_id=district.id)
        claims.reserve(BEN, [want(one, 15, 16)], district_id=district.id)
    assert claims.held(BEN) == [(one, 14, "use"), (one, 15, "use")]


def test_neighbouring_spans_do_not_touch(district, unit):
    one = unit()
    claims.reserve(ANN, [want(one, 10, 14)], district_id=district.id)
    claims.reserve(BEN, [want(one, 14, 18)], district_id=district.id)
    assert count() == 8


def test_taken_spares_whoever_would_let_go(district, unit):
    one = unit()
    claims.reserve(ANN, [want(one, 10, 14), want(one, 14, 15, "buffer")], district_id=district.id)
    assert [clash.kind for clash in claims.taken([want(one, 13, 20)])] == ["use", "buffer"]
    assert claims.taken([want(one, 13, 20)], apart_from=[ANN]) == []
    assert claims.taken([want(one, 15, 20)]) == claims.taken([]) == []


def test_many_spans_are_asked_about_at_once(district, unit):
    one = unit()
    claims.reserve(
        ANN, [want(one, number * 10, number * 10 + 1) for number in range(500)], district_id=district.id
    )
    asked = [want(one, number * 10, number * 10 + 2) for number in range(500)]
    assert [clash.slot for clash in claims.taken(asked)] == [number * 10 for number in range(500)]
    assert claims.taken([want(one, number * 10 + 1, number * 10 + 3) for number in range(500)]) == []


def test_release_lets_go_what_is_named(district, unit):
    one, two = unit(), unit()
    claims.reserve(ANN, [want(one, 10, 14), want(two, 10, 14)], district_id=district.id)
    assert claims.release(ANN, since=12, unit_id=one) == 2
    assert claims.release(ANN, since=13) == 1
    assert claims.release(ANN) == 5
    assert count() == 0


def test_what_is_handed_over_was_never_free(district, unit):
    one = unit()
    claims.reserve(ANN, [want(one, 10, 14, "held")], district_id=district.id)
    claims.hand_over(ANN, BEN, kind="use")
    claims.mark(BEN, outside=range(11, 13), kind="buffer")
    assert [kind for _unit, _slot, kind in claims.held(BEN)] == ["buffer", "use", "use", "buffer"]
    assert claims.held(ANN) == []


def test_busy_names_the_slots_of_each_unit(district, unit):
    one, two, three = unit(), unit(), unit()
    claims.reserve(ANN, [want(one, 10, 12), want(two, 20, 22)], district_id=district.id)
    assert claims.busy([one, two, three], range(11, 21)) == {one: {11}, two: {20}}


def test_the_grid_of_a_unit_is_fixed(district, unit):
    one = unit(30)
    assert claims.lock([one]) == {one: 30}
    with pytest.raises(DBAPIError):
        session.execute(update(ClaimUnit).where(ClaimUnit.id == one).values(grid_minutes=15))
    session.rollback()
    session.execute(update(ClaimUnit).where(ClaimUnit.id == one).values(label="别的名字"))
    session.rollback()


def test_a_grid_that_is_none_is_refused_by_the_table(district, unit):
    with pytest.raises(DBAPIError):
        unit(7)
    session.rollback()


def test_an_unknown_kind_is_refused_and_is_no_clash(district, unit):
    with pytest.raises(DBAPIError):
        claims.reserve(ANN, [want(unit(), 10, 11, "odd")], district_id=district.id)
    session.rollback()


def test_units_of_another_district_are_unknown(world: World, district, unit):
    one = unit()
    other = world.district()
    with in_scope([other.id], write=other.id):
        with pytest.raises(claims.UnknownUnit):
            claims.lock([one])
        with pytest.raises(ScopeError):
            claims.reserve(BEN, [want(one, 10, 11)], district_id=district.id)
        session.rollback()
        assert claims.taken([want(one, 10, 11)]) == []


def test_the_key_alone_keeps_two_apart(district, unit):
    """The constraint, without a line of ours before it (rule K5)."""
    one = unit()
    row = (
        "INSERT INTO claim (unit_id, slot, holder_type, holder_id, kind, district_id) "
        "VALUES (:u, 5, 'x', :h, 'use', :d)"
    )
    session.execute(text(row), {"u": one, "h": 1, "d": district.id})
    with pytest.raises(DBAPIError):
        session.execute(text(row), {"u": one, "h": 2, "d": district.id})
    session.rollback()
