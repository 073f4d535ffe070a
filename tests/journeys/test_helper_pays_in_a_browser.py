"""A daughter asks, the secretary consents, she pays, her mother stops it. Needs dues and wechatpay."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import update

from paysim.testing import credentials, paysim, paysim_process  # noqa: F401
from plugins.dues.months import shifted
from plugins.dues.service import openings
from portal import clock
from portal.database import everything, session, transaction
from portal.identity import accounts as people
from portal.identity import notice
from portal.identity.models import Account
from portal.organizations.names import sort_key
from portal.payments import accounts
from portal.testing import World
from tests.looks import held_against

pytestmark = pytest.mark.browser

PHONE = "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/116.0.0.0 Mobile Safari/537.36"
NAME = "赵明兰"


@pytest.fixture
def family(live: Any, world: World, paysim: Any) -> Any:  # noqa: F811
    """A mother who owes three months, her daughter without a record, and the secretary of her branch."""
    world.app.config["PUBLIC_URL"] = live.url
    paysim.set_portal(live.url)
    district = world.district()
    branch = world.organization(district)
    mother = world.member(branch, name=NAME, sort_key=sort_key(NAME, person=True))
    here = world.ref(district)
    with world.writing(district), transaction():
        openings.start_branch(
            district=here, organization=branch, start_month=shifted(clock.month(), -2), by=None
        )
        openings.take_over_member(
            district=here,
            member=mother,
            category="retired",
            base_fen=386_000,
            paid_through=shifted(clock.month(), -3),
            by=None,
        )
        accounts.create_account(
            district_id=district.id, purpose="dues", **credentials(paysim, "dues-a", "测试党费专户")
        )
    daughter, _new = people.open_account(
        name="王小妹", phone="10099990001", username=None, password=None, by=None
    )
    with everything(), transaction():
        read = update(Account).where(Account.id == daughter.id)
        session.execute(read.values(agreed=notice.everything_agreed()))
    found = SimpleNamespace(
        home=f"/d/{district.code}/",
        tail=mother.ric_tail,
        mother=world.account(mother, elder=True),
        daughter=daughter,
        secretary=world.account(world.member(branch), role="secretary", organization=branch),
    )
    session.remove()
    return found


@pytest.mark.parametrize("script", [True, False])
def test_from_the_question_to_the_end(family: Any, visit: Any, script: bool) -> None:
    def look(page: Any) -> None:
        assert not script or held_against(page) == []

    more = {"java_script_enabled": script}
    hers = visit(f"{family.home}me/", account=family.daughter, user_agent=PHONE, **more)
    hers.get_by_role("link", name="请人代办").click()
    hers.get_by_role("link", name="我想替家人或同志办").click()
    hers.get_by_label("要帮的人的姓名").fill(NAME)
    hers.get_by_label("他的身份证号后4位").fill(family.tail)
    look(hers)
    hers.get_by_role("button", name="提交，请本人和支部同意").click()
    hers.get_by_text("请选你们的关系。").first.wait_for()
    assert hers.get_by_label("要帮的人的姓名").input_value() == NAME
    hers.get_by_text("父母").click()
    hers.get_by_role("button", name="提交，请本人和支部同意").click()
    hers.get_by_text("等答复").first.wait_for()
    look(hers)

    desk = visit(f"{family.home}desk/helping", account=family.secretary, width=1280, **more)
    desk.get_by_role("link", name=NAME).click()
    desk.get_by_text("书记当面同意").click()
    desk.get_by_role("button", name="支部同意，今天开始").click()
    desk.get_by_text("请选本人是怎么同意的。").first.wait_for()
    look(desk)
    desk.locator("input[name=agreed_how][value=phone]").check()
    desk.locator("input[name=consented_how][value=in_person]").check()
    desk.get_by_role("button", name="支部同意，今天开始").click()
    desk.get_by_text("双方都会收到消息").first.wait_for()
    look(desk)

    hers.goto(hers.url)
    hers.get_by_role("link", name="赵**").click()
    hers.get_by_role("link", name="代交党费").wait_for()
    look(hers)
    hers.get_by_role("link", name="代交党费").click()
    hers.get_by_text("替赵**交党费").first.wait_for()
    look(hers)
    mine = hers.url
    hers.locator(".pay-bar button").click()
    hers.get_by_text("核对后付款").first.wait_for()
    look(hers)
    hers.get_by_role("button", name="代交3个月党费，共57.90元").click()
    if not script:
        hers.get_by_role("link", name="去微信付款").click()
    hers.locator("button[value=pay]").click()
    hers.wait_for_url("**?back=1")
    if not script and not hers.get_by_text("已交费").count():
        hers.get_by_role("button", name="查一下付款结果").click()
    hers.get_by_text("已交费").first.wait_for()
    hers.get_by_role("link", name="看缴费凭证").click()
    hers.locator("#voucher").get_by_text("57.90元").wait_for()
    look(hers)
    assert NAME not in hers.content()

    mother = visit(f"{family.home}dues/", account=family.mother, **more)
    mother.locator("#helped").get_by_text("由王小妹代交").wait_for()
    look(mother)
    mother.goto(mother.url.replace("/dues/", "/me/helping"))
    mother.get_by_role("link", name="王小妹").click()
    mother.get_by_role("button", name="不要他替我办了").wait_for()
    look(mother)
    mother.get_by_role("button", name="不要他替我办了").click()
    mother.get_by_text("已停止，马上生效。").first.wait_for()
    look(mother)

    answer = hers.goto(mine)
    assert answer is not None and answer.status == 404
