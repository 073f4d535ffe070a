"""Switching a service: acts on the next request, says where it comes from, loses nothing."""

from __future__ import annotations

import re

import pytest

from portal.admin import effects, switchboard
from portal.audit.models import AuditRow
from portal.current import registry
from portal.database import Conflict, everything, session
from portal.districts import service as districts
from portal.districts.models import District
from portal.districts.service import SwitchLocked
from portal.districts.switch import STATES, Row, effective, said, state_of, turned, with_state
from portal.plugin import Hidden
from portal.testing import World, token

PLUGIN = "dues"


def line_of(place: District, slug: str = PLUGIN) -> switchboard.Line:
    return next(line for line in switchboard.board(place.ancestor_ids) if line.slug == slug)


def park_of(world: World, above: District, code: str = "990000-x", name: str = "园区") -> District:
    return districts.create(code=code, name=name, kind="park", parent=above)


def test_effective_walks_root_to_leaf_and_a_lock_ends_the_walk():
    rows = {(1, "x"): Row(1, "x", True, False), (3, "x"): Row(3, "x", False, False)}
    assert effective("x", False, [1, 2], rows).on
    assert not effective("x", False, [1, 2, 3], rows).on
    assert effective("x", False, [1, 2, 3], rows).source == 3
    locked = {**rows, (1, "x"): Row(1, "x", True, True)}
    assert effective("x", False, [1, 2, 3], locked).on
    assert effective("y", True, [1], rows) == effective("y", True, [], {})


def test_a_state_is_said_and_read_back():
    for state in STATES:
        on, locked = said(state)
        assert state_of(None if on is None else Row(1, "x", on, locked)) == state
    with pytest.raises(ValueError):
        said("maybe")


def test_turned_names_the_districts_whose_answer_changes():
    rows = {(1, "x"): Row(1, "x", True, False), (3, "x"): Row(3, "x", False, False)}
    paths = {1: [1], 2: [1, 2], 3: [1, 3]}
    assert turned("x", False, paths, rows, with_state(rows, 1, "x", "off")) == ([1, 2], [])
    assert turned("x", False, paths, rows, with_state(rows, 1, "x", "locked-on")) == ([], [3])


def test_switching_off_hides_the_routes_on_the_next_request(world: World):
    here = world.district()
    boss = world.browser(world.account(role="district_admin", district=here))
    board = boss.get(f"/d/{here.code}/admin/plugins")
    assert board.status_code == 200 and "已打开" in board.get_data(as_text=True)
    url = f"/d/{here.code}/admin/plugins/{PLUGIN}"
    assert boss.get(f"{url}?to=off").status_code == 200
    answer = boss.post(url, data={"to": "off", "seen": "on", "_once": "a" * 12})
    assert answer.status_code == 303
    session.rollback()
    assert PLUGIN not in world.ref(here).plugins_on
    with everything():
        row = session.query(AuditRow).filter_by(action="plugin.switch").one()
    assert row.detail == {"plugin": PLUGIN, "before": "on", "after": "off"}
    assert boss.get(f"/d/{here.code}/{PLUGIN}/").status_code == 404


def test_one_press_takes_a_switching_off_back_and_both_are_in_the_history(world: World):
    here = world.district()
    account = world.account(role="district_admin", district=here)
    boss, url = world.browser(account), f"/d/{here.code}/admin/plugins/{PLUGIN}"
    boss.post(url, data={"to": "off", "seen": "on", "_once": "a" * 12})
    page = boss.get(url).get_data(as_text=True)
    assert "撤销，改回“打开”" in page and account.display_name in page
    assert boss.post(url, data={"to": "on", "seen": "off", "_once": "b" * 12}).status_code == 303
    session.rollback()
    assert PLUGIN in world.ref(here).plugins_on
    # Back again would hide the service: that is shown before it is asked.
    assert "改回“关闭”，先看影响" in boss.get(url).get_data(as_text=True)
    history = boss.get(f"/d/{here.code}/admin/history").get_data(as_text=True)
    assert history.index("从“关闭”改成“打开”") < history.index("从“打开”改成“关闭”")


def test_what_somebody_changed_meanwhile_is_told_and_not_overwritten(world: World):
    here = world.district()
    boss = world.browser(world.account(role="district_admin", district=here))
    switchboard.switch(here, PLUGIN, state="locked-on", actor=None)
    answer = boss.post(
        f"/d/{here.code}/admin/plugins/{PLUGIN}", data={"to": "off", "seen": "on", "_once": "a" * 12}
    )
    assert answer.status_code == 409 and "现在是“打开并锁定”" in answer.get_data(as_text=True)
    session.rollback()
    assert line_of(here).own == "locked-on"
    with pytest.raises(Conflict):
        switchboard.switch(here, PLUGIN, state="off", seen="inherit", actor=None)


@pytest.mark.parametrize("data", [{"to": "off"}, {"to": "off", "seen": "x"}, {"to": "perhaps", "seen": "on"}])
def test_a_form_by_hand_without_what_was_seen_is_refused(world: World, data: dict[str, str]):
    here = world.district()
    boss = world.browser(world.account(role="district_admin", district=here))
    answer = boss.post(f"/d/{here.code}/admin/plugins/{PLUGIN}", data={**data, "_once": "a" * 12})
    assert answer.status_code == 400
    assert PLUGIN in world.ref(here).plugins_on


def test_a_lock_above_refuses_below_and_says_who(world: World):
    above = world.district()
    below = park_of(world, above)
    switchboard.switch(above, PLUGIN, state="locked-off", actor=None)
    with pytest.raises(SwitchLocked):
        switchboard.switch(below, PLUGIN, state="on", actor=None)
    line = line_of(below)
    assert (line.on, line.source, line.locked_above) == (False, above.name, True)
    boss = world.browser(world.account(role="district_admin", district=below))
    url = f"/d/{below.code}/admin/plugins/{PLUGIN}"
    page = boss.get(f"{url}?to=on").get_data(as_text=True)
    assert f"由{above.name}统一管理" in page and 'method="post" action="/d/' not in page
    answer = boss.post(url, data={"to": "on", "seen": "inherit", "_once": "b" * 12})
    assert answer.status_code == 409 and "由上级统一管理" in answer.get_data(as_text=True)
    # Whoever locked it unlocks it, and what the lower level had said acts again.
    switchboard.switch(above, PLUGIN, state="inherit", actor=None)
    switchboard.switch(below, PLUGIN, state="on", actor=None)
    switchboard.switch(above, PLUGIN, state="locked-off", actor=None)
    assert (line_of(below).own, line_of(below).on) == ("on", False)
    switchboard.switch(above, PLUGIN, state="off", actor=None)
    assert line_of(below).on


def test_the_preview_counts_what_would_be_hidden_in_every_district_below(world: World, monkeypatch):
    above = world.district()
    parks = [park_of(world, above, f"990000-p{number}", f"园{number}") for number in range(3)]
    switchboard.switch(parks[2], PLUGIN, state="off", actor=None)
    asked: list[str] = []

    def warn(district):
        asked.append(district.code)
        return [Hidden(text=f"{len(asked)}个预约", count=len(asked)), Hidden(text="0个房间", count=0)]

    monkeypatch.setattr(registry(), "implementers", lambda hook: [(PLUGIN, warn), ("other", None)])
    effect = effects.of_switch(above, PLUGIN, "off")
    assert sorted(asked) == sorted([above.code, parks[0].code, parks[1].code])
    assert (effect.off, effect.on, effect.count) == (3, 0, 1 + 2 + 3)
    assert [loss.count for loss in effect.losses] == [3, 2, 1]
    part = effects.of_switch(above, PLUGIN, "off", most=1)
    assert (part.off, part.unasked, len(part.losses)) == (3, 2, 1)
    # A forced "on" hides nothing, and reaches the park that had it off.
    assert effects.of_switch(above, PLUGIN, "locked-on") == effects.Effect(off=0, on=1)


def test_a_plugin_that_fails_when_asked_can_still_be_switched_off(world: World, monkeypatch):
    here = world.district()

    def broken(district):
        raise RuntimeError("no table")

    monkeypatch.setattr(registry(), "implementers", lambda hook: [(PLUGIN, broken)])
    monkeypatch.setattr(registry(), "strict", False)
    boss = world.browser(world.account(role="district_admin", district=here))
    page = boss.get(f"/d/{here.code}/admin/plugins/{PLUGIN}?to=off")
    assert page.status_code == 200 and "没能说清" in page.get_data(as_text=True)


@pytest.mark.parametrize("role", ["", "secretary", "desk", "treasurer"])
def test_others_do_not_find_the_switchboard(world: World, role: str):
    here = world.district()
    browser = world.browser(world.account(role=role, district=here))
    for page in ("plugins", f"plugins/{PLUGIN}", "history"):
        assert browser.get(f"/d/{here.code}/admin/{page}").status_code == 404
    answer = browser.post(
        f"/d/{here.code}/admin/plugins/{PLUGIN}", data={"to": "off", "seen": "on", "_once": "c" * 12}
    )
    assert answer.status_code == 404
    assert PLUGIN in world.ref(here).plugins_on


def test_a_switch_of_a_plugin_that_is_not_installed_is_kept_and_shown(world: World):
    here = world.district(plugins=())
    districts.switch(here, "gone", on=True)
    line = line_of(here, "gone")
    assert (line.loaded, line.on) == (False, True)
    with pytest.raises(switchboard.UnknownPlugin):
        switchboard.switch(here, "never", state="on", actor=None)
    boss = world.browser(world.account(role="district_admin", district=here))
    page = boss.get(f"/d/{here.code}/admin/plugins").get_data(as_text=True)
    assert re.search(r"gone.*本级设置，没有安装", page, re.DOTALL)
    assert "现在没有安装" in boss.get(f"/d/{here.code}/admin/plugins/gone").get_data(as_text=True)
    assert boss.get(f"/d/{here.code}/admin/plugins/never").status_code == 404


def test_a_quarantined_plugin_is_shown_with_its_error(world: World, monkeypatch):
    here = world.district()
    monkeypatch.setattr(registry(), "strict", False)
    registry().quarantine("tencent_sms", ImportError("no module"), where="load")
    boss = world.browser(world.account(role="district_admin", district=here))
    assert "没有装好" in boss.get(f"/d/{here.code}/admin/plugins").get_data(as_text=True)
    page = boss.get(f"/d/{here.code}/admin/plugins/tencent_sms").get_data(as_text=True)
    assert "ImportError: no module" in page


def test_a_post_without_csrf_is_refused(world: World):
    here = world.district()
    boss = world.browser(world.account(role="district_admin", district=here))
    url = f"/d/{here.code}/admin/plugins/{PLUGIN}"
    assert token(boss, f"{url}?to=off")
    answer = boss.post(url, data={"to": "off", "seen": "on", "_once": "d" * 12}, csrf=False)
    assert answer.status_code == 400
    assert PLUGIN in world.ref(here).plugins_on
