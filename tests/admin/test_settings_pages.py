"""Settings on a page: own or inherited, checked in words, a secret never shown again."""

from __future__ import annotations

import re
from typing import Any

import pytest

from portal.admin import configuring
from portal.audit.models import AuditRow
from portal.database import everything, session
from portal.districts import service, settings
from portal.districts.models import District, SettingValue
from portal.districts.setting_values import BadValue
from portal.testing import Browser, World, queries
from tests import looks
from tests.browser import Visit
from tests.guards.forms import forms

SECRET = "tencent_sms.secret_key"


@pytest.fixture
def county(world: World) -> District:
    return world.district("990100", name="试验县")


@pytest.fixture
def park(county: District) -> District:
    return service.create(code="990100-kfq", name="开发区", kind="park", parent=county)


@pytest.fixture
def boss(world: World, county: District) -> Browser:
    return world.browser(world.account(role="district_admin", district=county))


def sent(browser: Browser, path: str) -> dict[str, str]:
    """Return the form of a page as a browser sends it when nothing was touched."""
    page = browser.get(path).get_data(as_text=True)
    [fields] = [fields for action, fields, _files in forms(page, path) if action == path]
    for name in fields:
        if name.startswith("set."):
            fields[name] = re.search(rf'name="{re.escape(name)}" value="([^"]*)" checked', page)[1]
        elif name.startswith("value."):
            typed = re.search(rf'name="{re.escape(name)}" type="\w+" value="([^"]*)"', page)
            fields[name] = typed[1] if typed else ""
    return fields


def count(model: Any, **values: Any) -> int:
    with everything():
        return session.query(model).filter_by(**values).count()


def value(world: World, district: District, key: str) -> Any:
    session.rollback()
    settings.forget()
    found = settings.explain(world.ref(district), key)
    session.rollback()
    return found.value, found.source


def test_an_own_value_is_set_shown_below_as_inherited_and_given_back(
    world: World, county: District, park: District, boss: Browser
):
    path = f"/d/{county.code}/admin/settings/dues"
    form = sent(boss, path)
    form = {**form, "set.dues.cash_days": "own", "value.dues.cash_days": " ５ ", "set.dues.rounding": "=jiao"}
    assert boss.post(path, data=form).status_code == 303
    assert value(world, county, "dues.cash_days") == (5, county.id)
    assert value(world, park, "dues.cash_days") == (5, county.id)
    page = boss.get(f"/d/{park.code}/admin/settings").get_data(as_text=True)
    assert '5 <span class="muted">· 继承自试验县</span>' in page and "四舍五入到角" in page
    page = boss.get(path).get_data(as_text=True)
    assert "现在是“5”（本级设置）" in page and "“3”（默认）" in page
    assert "从“跟随上级”改成“5”" in page
    # The same again changes nothing and leaves no line.
    again = boss.post(path, data=sent(boss, path))
    assert again.status_code == 303
    assert count(AuditRow, action="setting.change") == 2
    back = {**sent(boss, path), "set.dues.cash_days": "inherit", "value.dues.cash_days": ""}
    assert boss.post(path, data=back).status_code == 303
    assert value(world, county, "dues.cash_days") == (3, None)
    history = boss.get(f"/d/{county.code}/admin/history").get_data(as_text=True)
    assert "从“5”改成“跟随上级”" in history and "现金最多存放几天" in history


@pytest.mark.parametrize(
    ("key", "typed", "words"),
    [
        ("dues.cash_days", "五天", "请填整数，不小于0。"),
        ("dues.cash_days", "", "请填整数，不小于0。"),
        ("dues.cash_days", "-1", "请填整数，不小于0。"),
        ("dues.cash_days", "99999999999", "请填整数，不小于0。"),
        ("dues.party_day", "31", "请填1到28之间的整数。"),
    ],
)
def test_a_wrong_value_is_refused_in_words_and_kept_on_the_page(
    world: World, county: District, boss: Browser, key: str, typed: str, words: str
):
    path = f"/d/{county.code}/admin/settings/dues"
    answer = boss.post(path, data={**sent(boss, path), f"set.{key}": "own", f"value.{key}": typed})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and page.count(words) == 2
    assert f'name="value.{key}" type="text" value="{typed}"' in page
    assert count(SettingValue) == count(AuditRow) == 0


def test_a_choice_nobody_offered_and_a_value_typed_beside_inherit_are_refused(
    world: World, county: District, boss: Browser
):
    path = f"/d/{county.code}/admin/settings/dues"
    form = sent(boss, path)
    for wrong in (
        {"set.dues.rounding": "=cent"},
        {"set.dues.rounding": "own"},
        {"set.dues.cash_days": "maybe"},
        {"set.dues.cash_days": "inherit", "value.dues.cash_days": "7"},
    ):
        assert boss.post(path, data={**form, **wrong}).status_code == 422, wrong
    assert boss.post(path, data={k: v for k, v in form.items() if k != "seen"}).status_code == 400
    assert count(SettingValue) == 0


def test_a_secret_is_kept_encrypted_never_shown_again_and_not_in_the_trail(
    world: World, county: District, park: District, boss: Browser
):
    path = f"/d/{county.code}/admin/settings/tencent_sms"
    form = {**sent(boss, path), f"set.{SECRET}": "own"}
    empty = boss.post(path, data=form)
    assert empty.status_code == 422 and "请填写，或选“跟随上级”。" in empty.get_data(as_text=True)
    wrong = {**form, f"value.{SECRET}": "s3cret", "set.tencent_sms.app_id": "x"}
    assert "s3cret" not in boss.post(path, data=wrong).get_data(as_text=True)
    assert boss.post(path, data={**form, f"value.{SECRET}": "s3cret"}).status_code == 303
    assert value(world, county, SECRET) == ("s3cret", county.id)
    for page in (path, f"/d/{county.code}/admin/settings", f"/d/{park.code}/admin/settings/tencent_sms"):
        text = boss.get(page).get_data(as_text=True)
        assert "s3cret" not in text and "已设置" in text
    with everything():
        assert "s3cret" not in str(session.query(SettingValue).one().value)
        assert "s3cret" not in str([row.detail for row in session.query(AuditRow)])
    # Left empty it stays as it was.
    session.rollback()
    kept = boss.post(
        path, data={**sent(boss, path), "set.tencent_sms.sign": "own", "value.tencent_sms.sign": "某"}
    )
    assert kept.status_code == 303 and value(world, county, SECRET) == ("s3cret", county.id)
    gone = boss.post(path, data={**sent(boss, path), f"set.{SECRET}": "inherit"})
    assert gone.status_code == 303 and value(world, county, SECRET) == ("", None)


def test_what_somebody_changed_meanwhile_is_told_and_not_overwritten(
    world: World, county: District, boss: Browser
):
    path = f"/d/{county.code}/admin/settings/dues"
    form = {**sent(boss, path), "set.dues.cash_days": "own", "value.dues.cash_days": "9"}
    with world.writing(county):
        configuring.change(county.id, "dues.cash_days", 7, actor=None)
    answer = boss.post(path, data=form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409 and "刚有人改过这些设置" in page
    assert "现在是“7”（本级设置）" in page and 'value="9"' in page
    assert value(world, county, "dues.cash_days") == (7, county.id)


@pytest.mark.parametrize("role", ["", "secretary", "desk", "treasurer", "auditor"])
def test_others_do_not_find_the_settings(world: World, county: District, role: str):
    browser = world.browser(world.account(role=role, district=county))
    path = f"/d/{county.code}/admin/settings"
    assert browser.get(path).status_code == browser.get(f"{path}/dues").status_code == 404
    assert browser.post(f"{path}/dues", data={"seen": "x", "_once": "a" * 12}).status_code == 404


def test_an_undeclared_setting_raises_and_an_unknown_owner_is_no_page(
    world: World, county: District, boss: Browser
):
    with pytest.raises(settings.UndeclaredSetting):
        settings.put(county.id, "dues.typo", 1, by=None)
    with pytest.raises(BadValue):
        settings.put(county.id, "dues.cash_days", True, by=None)
    assert boss.get(f"/d/{county.code}/admin/settings/wall").status_code == 404


def test_a_page_costs_the_same_queries_however_many_values(world: World, county: District, boss: Browser):
    counts = []
    for key in ("dues.cash_days", "dues.cash_back_days", "dues.cash_limit_fen"):
        settings.put(county.id, key, 9, by=None)
        boss.get(f"/d/{county.code}/admin/settings")
        with queries() as seen:
            boss.get(f"/d/{county.code}/admin/settings")
        counts.append(len(seen))
    assert len(set(counts)) == 1 and counts[0] <= 8


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("width", [375, 1366])
def test_in_a_browser(world: World, visit: Visit, county: District, width: int, script: bool):
    account = world.account(role="district_admin", district=county)
    page = visit(f"/d/{county.code}/admin/settings", account=account, width=width, java_script_enabled=script)
    page.get_by_role("link", name="修改党费的设置").click()
    page.locator("#dues-cash_days-own").check()
    page.locator("#dues-cash_days-value").fill("5")
    page.get_by_role("button", name="保存").click()
    page.get_by_text("已保存，改了1项。").wait_for()
    page.get_by_text("现在是“5”（本级设置）").wait_for()


@pytest.mark.once
@pytest.mark.parametrize("elder", [False, True])
def test_the_pages_can_be_read_and_pressed(world: World, visit: Visit, county: District, elder: bool):
    account = world.account(role="district_admin", district=county, elder=elder)
    for path in ("settings", "settings/tencent_sms", "settings/dues"):
        page = visit(f"/d/{county.code}/admin/{path}", account=account, width=320, elder=elder)
        assert looks.held_against(page, elder=elder) == [], path


@pytest.mark.parametrize(
    ("written", "kept"),
    [("800", 80_000), ("99.5", 9_950), ("１,２００.05元", 120_005), ("¥ 0", 0)],
)
def test_an_amount_is_read_and_typed_in_yuan_and_kept_in_fen(
    world: World, county: District, boss: Browser, written: str, kept: int
):
    path = f"/d/{county.code}/admin/settings/dues"
    form = sent(boss, path) | {"set.dues.cash_limit_fen": "own", "value.dues.cash_limit_fen": written}
    assert boss.post(path, data=form).status_code == 303
    assert value(world, county, "dues.cash_limit_fen") == (kept, county.id)
    again = sent(boss, path)
    assert boss.post(path, data=again).status_code == 303
    assert value(world, county, "dues.cash_limit_fen") == (kept, county.id)
    shown = boss.get(f"/d/{county.code}/admin/settings").get_data(as_text=True)
    assert f"{kept // 100:,}.{kept % 100:02d}元" in shown


@pytest.mark.parametrize("written", ["99.505", "-1", "1e3", "五百", "99999999999", "1.", ""])
def test_what_is_no_amount_is_refused_in_words_and_kept_on_the_page(
    county: District, boss: Browser, written: str
):
    path = f"/d/{county.code}/admin/settings/dues"
    form = sent(boss, path) | {"set.dues.cash_limit_fen": "own", "value.dues.cash_limit_fen": written}
    answer = boss.post(path, data=form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "最多写到分" in page and f'value="{written}"' in page
