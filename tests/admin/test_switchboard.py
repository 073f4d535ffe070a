"""Switching a service: acts on the next request, says where it comes from, loses nothing."""

from __future__ import annotations

import pytest

from portal.admin import switchboard
from portal.audit.models import AuditRow
from portal.database import session
from portal.districts import service as districts
from portal.districts.service import SwitchLocked
from portal.districts.switch import Row, effective
from portal.testing import World, token

PLUGIN = "dues"


def test_effective_walks_root_to_leaf_and_a_lock_ends_the_walk():
    rows = {(1, "x"): Row(1, "x", True, False), (3, "x"): Row(3, "x", False, False)}
    assert effective("x", False, [1, 2], rows).on
    assert not effective("x", False, [1, 2, 3], rows).on
    assert effective("x", False, [1, 2, 3], rows).source == 3
    locked = {**rows, (1, "x"): Row(1, "x", True, True)}
    assert effective("x", False, [1, 2, 3], locked).on
    assert effective("y", True, [1], rows) == effective("y", True, [], {})


def test_switching_off_hides_the_routes_on_the_next_request(world: World):
    here = world.district()
    boss = world.browser(world.account(role="district_admin", district=here))
    board = boss.get(f"/d/{here.code}/admin/plugins")
    assert board.status_code == 200 and "已打开" in board.get_data(as_text=True)
    url = f"/d/{here.code}/admin/plugins/{PLUGIN}"
    assert boss.get(f"{url}?to=off").status_code == 200
    answer = boss.post(url, data={"to": "off", "_once": "a" * 12})
    assert answer.status_code == 303
    session.rollback()
    assert PLUGIN not in world.ref(here).plugins_on
    row = session.query(AuditRow).filter_by(action="plugin.switch").one()
    assert row.detail == {"plugin": PLUGIN, "on": False, "locked": False}
    assert boss.get(f"/d/{here.code}/{PLUGIN}/").status_code == 404


def test_a_lock_above_refuses_below(world: World):
    above = world.district()
    below = districts.create(code="990000-x", name="园区", kind="park", parent=above)
    switchboard.switch(above, PLUGIN, on=False, locked=True, actor=None)
    with pytest.raises(SwitchLocked):
        switchboard.switch(below, PLUGIN, on=True, actor=None)
    line = next(line for line in switchboard.board(below) if line.slug == PLUGIN)
    assert (line.on, line.source, line.locked_above) == (False, above.name, True)
    boss = world.browser(world.account(role="district_admin", district=below))
    answer = boss.post(f"/d/{below.code}/admin/plugins/{PLUGIN}", data={"to": "on", "_once": "b" * 12})
    assert answer.status_code == 409 and "由上级统一管理" in answer.get_data(as_text=True)


@pytest.mark.parametrize("role", ["", "secretary", "desk", "treasurer"])
def test_others_do_not_find_the_switchboard(world: World, role: str):
    here = world.district()
    browser = world.browser(world.account(role=role, district=here))
    assert browser.get(f"/d/{here.code}/admin/plugins").status_code == 404
    answer = browser.post(f"/d/{here.code}/admin/plugins/{PLUGIN}", data={"to": "off", "_once": "c" * 12})
    assert answer.status_code == 404
    assert PLUGIN in world.ref(here).plugins_on


def test_a_switch_of_a_plugin_that_is_not_installed_is_kept_and_shown(world: World):
    here = world.district(plugins=())
    districts.switch(here, "gone", on=True)
    line = next(line for line in switchboard.board(here) if line.slug == "gone")
    assert (line.loaded, line.on) == (False, True)
    with pytest.raises(switchboard.UnknownPlugin):
        switchboard.switch(here, "never", on=True, actor=None)


def test_a_post_without_csrf_is_refused(world: World):
    here = world.district()
    boss = world.browser(world.account(role="district_admin", district=here))
    url = f"/d/{here.code}/admin/plugins/{PLUGIN}"
    assert token(boss, f"{url}?to=off")
    answer = boss.post(url, data={"to": "off", "_once": "d" * 12}, csrf=False)
    assert answer.status_code == 400
    assert PLUGIN in world.ref(here).plugins_on
