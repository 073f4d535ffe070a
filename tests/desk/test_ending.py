"""Dissolving an organization at the desk and taking it back: what stands in the way, words, rights."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from portal import clock
from portal.audit.models import AuditRow
from portal.database import everything, session, transaction
from portal.organizations.models import Organization, Unit, UnitCoverage
from portal.testing import World
from tests import looks
from tests.browser import Visit


@pytest.fixture
def here(world: World):
    return world.district(name="甲区")


@pytest.fixture
def branch(world: World, here):
    return world.organization(here, name="甲党支部")


@pytest.fixture
def desk(world: World, here):
    return world.account(role="desk", district=here)


def path(here, branch, act="dissolve"):
    return f"/d/{here.code}/desk/organizations/{branch.id}/{act}".rstrip("/")


def form(html, **typed):
    found = dict(re.findall(r'name="(_once|version)" value="([^"]+)"', html))
    return {"day": clock.today().isoformat(), "reason": "〔2026〕1号"} | found | typed


def dissolved_on(branch):
    session.rollback()
    with everything():
        return session.scalar(select(Organization.dissolved_on).where(Organization.id == branch.id))


def audits(action):
    with everything():
        return session.scalar(select(func.count()).select_from(AuditRow).where(AuditRow.action == action))


def test_dissolve_and_restore_are_done_once_and_are_on_record(world, here, branch, desk):
    browser = world.browser(desk)
    start = browser.get(path(here, branch, "")).text
    assert "撤销这个党组织" in start
    page = browser.get(path(here, branch)).text
    sent = form(page)
    done = browser.post(path(here, branch), data=sent)
    again = browser.post(path(here, branch), data=sent)
    assert done.status_code == again.status_code == 303 and audits("organization.dissolve") == 1
    assert dissolved_on(branch) == clock.today()
    shown = browser.get(done.location).text
    assert "不能再改" in shown and "恢复这个党组织" in shown and "/edit" not in shown
    base = f"/d/{here.code}/desk/organizations"
    assert "甲党支部" not in browser.get(base).text
    assert "甲党支部" in browser.get(f"{base}?state=dissolved").text
    assert browser.get(path(here, branch)).status_code == 303
    assert browser.get(path(here, branch, "edit")).status_code == 303
    back = browser.get(path(here, branch, "restore")).text
    assert browser.post(path(here, branch, "restore"), data=form(back, reason="办错了")).status_code == 303
    assert dissolved_on(branch) is None and audits("organization.restore") == 1
    assert "甲党支部" in browser.get(base).text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"day": "2026.13"}, "撤销日期“2026.13”看不懂"),
        ({"day": ""}, "请填撤销日期。"),
        ({"day": "2099-01-01"}, "撤销日期不能晚于今天。"),
        ({"reason": " "}, "请写原因或批准文件。"),
    ],
)
def test_wrong_answers_are_said_beside_the_field_and_kept(world, here, branch, desk, typed, words):
    browser = world.browser(desk)
    sent = form(browser.get(path(here, branch)).text, **typed)
    answer = browser.post(path(here, branch), data=sent)
    assert answer.status_code == 422 and answer.text.count(words) == 2
    assert sent["reason"].strip() in answer.text and f'value="{sent["day"]}"' in answer.text
    assert dissolved_on(branch) is None


def test_day_in_other_forms_is_taken(world, here, branch, desk):
    browser = world.browser(desk)
    today = clock.today()
    typed = f"{today.year}年{today.month}月{today.day}日"
    sent = form(browser.get(path(here, branch)).text, day=typed)
    assert browser.post(path(here, branch), data=sent).status_code == 303
    assert dissolved_on(branch) == today


def test_members_and_organizations_stand_in_the_way_in_words(world, here, branch, desk):
    browser = world.browser(desk)
    sent = form(browser.get(path(here, branch)).text)
    committee = world.organization(here, kind="committee", name="乙党委")
    world.organization(here, name="乙党支部", parent=committee)
    world.member(branch)
    page = browser.get(path(here, branch)).text
    assert "这里还有1名党员" in page and "btn-danger" not in page
    assert "下面还有“乙党支部”" in browser.get(path(here, committee)).text
    answer = browser.post(path(here, branch), data=sent)
    assert answer.status_code == 422 and "这里还有1名党员" in answer.text
    assert dissolved_on(branch) is None


def test_units_and_posts_are_shown_before(world, here, branch, desk):
    world.account(role="secretary", organization=branch)
    with world.writing(here), transaction():
        unit = Unit(district_id=here.id, kind="other", name="月季公司")
        session.add(unit)
        session.flush()
        session.add(
            UnitCoverage(
                district_id=here.id,
                organization_id=branch.id,
                unit_id=unit.id,
                form="single",
                valid_from=clock.today().replace(day=1),
            )
        )
    page = world.browser(desk).get(path(here, branch)).text
    assert "月季公司" in page and "还有1人在这里任职" in page and "btn-danger" in page


def test_old_version_is_a_conflict_with_what_is_now(world, here, branch, desk):
    browser = world.browser(desk)
    sent = form(browser.get(path(here, branch)).text)
    with world.writing(here), transaction():
        row = session.get_one(Organization, branch.id)
        row.version += 1
    late = browser.post(path(here, branch), data=sent)
    assert late.status_code == 409 and "别人先改了" in late.text and "〔2026〕1号" in late.text
    assert dissolved_on(branch) is None
    assert browser.post(path(here, branch), data=form(late.text)).status_code == 303


def test_who_reaches_a_branch_only_does_not_dissolve_it(world, here, branch):
    secretary = world.browser(world.account(world.member(branch), role="secretary", organization=branch))
    assert secretary.get(path(here, branch)).status_code == 404
    assert secretary.post(path(here, branch), data={"_once": "x" * 20, "version": "1"}).status_code == 404


def test_export_never_holds_a_dissolved_one(world, here, branch, desk):
    with world.writing(here), transaction():
        session.get_one(Organization, branch.id).dissolved_on = clock.today()
    browser = world.browser(desk)
    base = f"/d/{here.code}/desk/organizations"
    answer = browser.post(f"{base}/export?state=dissolved", data={"as": "csv"})
    assert answer.status_code == 200 and "甲党支部" not in answer.get_data().decode("utf-8-sig")


@pytest.mark.browser
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_dissolve_and_restore_on_a_phone(visit: Visit, here, branch, desk, script: bool) -> None:
    page = visit(path(here, branch), account=desk, width=375, java_script_enabled=script)
    if script:
        assert looks.held_against(page) == []
    page.get_by_role("button", name="撤销“甲党支部”").click()
    page.get_by_role("link", name="请写原因或批准文件。").wait_for()
    page.get_by_label("原因或批准文件").fill("〔2026〕1号")
    page.get_by_role("button", name="撤销“甲党支部”").click()
    page.get_by_role("link", name="恢复这个党组织").click()
    page.get_by_label("为什么恢复").fill("办错了")
    if script:
        assert looks.held_against(page) == []
    page.get_by_role("button", name="恢复“甲党支部”").click()
    page.get_by_text("“甲党支部”已恢复。").wait_for()
