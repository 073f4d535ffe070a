"""What is read of the district tree: by code, along a path, and what was decided there."""

from __future__ import annotations

import pytest

from portal.database import everything, in_scope, read_scope, session, transaction, write_scope
from portal.districts import context, queries, service
from portal.districts.models import District, SettingValue
from portal.districts.switch import Effective, Row, effective, plugins_on, said, state_of, turned, with_state
from portal.identity.models import RolePermission
from portal.testing import World

DEFAULTS = {"dues": True, "wall": False}


@pytest.fixture
def tree(app):
    """Two levels and a place beside."""
    above = service.create(code="999100", name="试验市", kind="city", source_note="演示", demo=True)
    here = service.create(code="999101", name="试验县", kind="county", parent=above)
    beside = service.create(code="999102", name="邻县", kind="county", parent=above)
    return above, here, beside


def test_a_district_is_found_by_its_code(tree):
    above, here, _beside = tree
    assert queries.by_code("999101") is here and queries.by_code("999999") is None
    row = queries.place("999100")
    assert (row.id, row.name, row.path) == (above.id, "试验市", above.path)
    assert queries.place("999999") is None


def test_a_path_is_read_from_the_root_down():
    assert queries.ids_of("/1/5/19/") == [1, 5, 19] and queries.ids_of("/") == queries.ids_of("") == []
    assert District(path="/1/5/19/").ancestor_ids == [1, 5, 19]


def test_switches_come_from_the_whole_path_and_from_nowhere_else(tree):
    above, here, beside = tree
    service.switch(above, "wall", on=True)
    service.switch(here, "dues", on=False)
    service.switch(beside, "dues", on=True)
    service.switch(beside, "wall", on=False)
    assert queries.decisions(here.ancestor_ids, DEFAULTS).plugins_on == {"wall"}
    assert queries.decisions(above.ancestor_ids, DEFAULTS).plugins_on == {"dues", "wall"}
    service.switch(above, "wall", on=False, locked=True)
    with everything():
        service.force(here.id, "wall", on=True, locked=False, by=None)
    assert queries.decisions(here.ancestor_ids, DEFAULTS).plugins_on == set()


def test_what_roles_may_is_decided_in_the_district_itself(tree):
    above, here, beside = tree
    with everything(), transaction():
        for place, permission, allowed in (
            (here, "core.export", False),
            (here, "core.import", True),
            (above, "core.audit", True),
            (beside, "core.queue", True),
        ):
            session.add(
                RolePermission(district_id=place.id, role="desk", permission=permission, allowed=allowed)
            )
    found = queries.decisions(here.ancestor_ids, DEFAULTS)
    assert found.overrides == {("desk", "core.export"): False, ("desk", "core.import"): True}
    assert found.plugins_on == {"dues"}


def test_own_values_of_settings_come_from_the_whole_path(tree):
    from portal import clock

    above, here, beside = tree
    with everything(), transaction():
        for place, value in ((above, {"a": [1]}), (here, "近处"), (beside, 7)):
            session.add(SettingValue(district_id=place.id, key="x.y", value=value, changed_at=clock.now()))
    found = queries.decisions(here.ancestor_ids, DEFAULTS)
    assert found.settings == {(above.id, "x.y"): {"a": [1]}, (here.id, "x.y"): "近处"}
    assert (
        found.overrides == {} and queries.decisions(beside.ancestor_ids, {}).settings[beside.id, "x.y"] == 7
    )


def test_decisions_are_read_from_inside_another_scope_and_leave_it_alone(tree):
    above, here, _beside = tree
    service.switch(above, "wall", on=True)
    with in_scope({here.id}, write=here.id):
        assert queries.decisions(here.ancestor_ids, DEFAULTS).plugins_on == {"dues", "wall"}
        assert (read_scope(), write_scope()) == ({here.id}, here.id)


def test_hooks_see_a_frozen_copy(tree):
    above, _here, _beside = tree
    seen = queries.reference(above, frozenset({"dues"}))
    assert (seen.id, seen.code, seen.name, seen.kind) == (above.id, "999100", "试验市", "city")
    assert (seen.path, seen.plugins_on, seen.source_note) == (above.path, {"dues"}, "演示")
    assert seen.is_demo is True
    with pytest.raises(AttributeError):
        seen.name = "x"


def test_a_job_finds_its_district_and_where_a_plugin_is_on(tree, world: World):
    above, here, beside = tree
    known = context.defaults()
    assert known == {
        slug: one.on_by_default for slug, one in world.app.extensions["portal.registry"].plugins.items()
    }
    service.switch(above, "dues", on=False)
    service.switch(here, "dues", on=True)
    found = context.ref(here.id)
    assert (found.id, found.code, "dues" in found.plugins_on) == (here.id, here.code, True)
    assert "dues" not in context.ref(beside.id).plugins_on
    assert list(context.where_on("dues")) == [here.id]
    assert list(context.where_on(None)) == [above.id, here.id, beside.id]
    assert list(context.where_on("unheard")) == []


def test_looking_at_a_district_ends_with_the_look(tree):
    from flask import g

    above, here, _beside = tree
    first, second = context.ref(above.id), context.ref(here.id)
    with context.looking_at(first):
        assert context.ref(above.id) is first and context.ref(here.id).id == here.id
        with pytest.raises(RuntimeError), context.looking_at(second):
            assert (g.district, read_scope(), write_scope()) == (second, {here.id}, None)
            raise RuntimeError("planted")
        assert (g.district, read_scope()) == (first, {above.id})
    assert g.district is None and read_scope() is None


def test_the_nearest_explicit_row_decides_and_says_from_where():
    rows = {
        (1, "x"): Row(1, "x", True, False),
        (2, "x"): Row(2, "x", False, True),
        (3, "x"): Row(3, "x", True, True),
    }
    assert effective("x", False, [1], rows) == Effective(on=True, source=1, locked=False)
    assert effective("x", True, [1, 2, 3], rows) == Effective(on=False, source=2, locked=True)
    assert effective("x", False, [9, 3], rows) == Effective(on=True, source=3, locked=True)
    assert effective("y", True, [1, 2], rows) == Effective(on=True, source=None, locked=False)
    assert effective("y", False, [], rows) == Effective(on=False, source=None, locked=False)
    assert plugins_on({"x": False, "y": True, "z": False}, [1], rows.values()) == {"x", "y"}


def test_each_state_means_one_row_and_is_put_in_its_place():
    assert {state: said(state) for state in ("inherit", "on", "off", "locked-on", "locked-off")} == {
        "inherit": (None, False),
        "on": (True, False),
        "off": (False, False),
        "locked-on": (True, True),
        "locked-off": (False, True),
    }
    assert [state_of(row) for row in (None, Row(1, "x", True, True), Row(1, "x", False, False))] == [
        "inherit",
        "locked-on",
        "off",
    ]
    rows = {
        (1, "x"): Row(1, "x", True, False),
        (2, "x"): Row(2, "x", True, False),
        (1, "y"): Row(1, "y", True, True),
    }
    assert with_state(rows, 1, "x", "inherit") == {(2, "x"): rows[2, "x"], (1, "y"): rows[1, "y"]}
    assert with_state(rows, 1, "x", "locked-off") == {**rows, (1, "x"): Row(1, "x", False, True)}
    paths = {1: [1], 2: [1, 2], 3: [1, 3], 4: [4]}
    assert turned("x", False, paths, {}, rows) == ([], [1, 2, 3])
    assert turned("x", True, paths, rows, with_state(rows, 1, "x", "off")) == ([1, 3], [])
